#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void text_add(Text *text, const char *piece)
{
    size_t more = strlen(piece);
    if (text->length + more + 1 > text->room) {
        text->room = (text->length + more + 1) * 2;
        char *data = realloc(text->data, text->room);
        if (data == NULL) {
            fputs("out of memory\n", stderr);
            exit(70);
        }
        text->data = data;
    }
    memcpy(text->data + text->length, piece, more + 1);
    text->length += more;
}

void text_format(Text *text, const char *format, ...)
{
    char piece[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(piece, sizeof piece, format, arguments);
    va_end(arguments);
    text_add(text, piece);
}

void text_free(Text *text)
{
    free(text->data);
    *text = (Text){0};
}
