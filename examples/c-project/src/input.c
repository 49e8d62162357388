#include "input.h"

#include "text.h"

#include <string.h>

static Text buffer;

const char *input_line(FILE *file)
{
    char piece[128];
    buffer.length = 0;
    while (fgets(piece, sizeof piece, file) != NULL) {
        size_t length = strlen(piece);
        bool whole = length > 0 && piece[length - 1] == '\n';
        if (whole)
            piece[length - 1] = '\0';
        text_add(&buffer, piece);
        if (whole)
            return buffer.data;
    }
    return buffer.length ? buffer.data : NULL;
}

void input_free(void)
{
    text_free(&buffer);
}
