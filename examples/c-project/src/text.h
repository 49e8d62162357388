#ifndef TEXT_H
#define TEXT_H
#include <stddef.h>

/* A text that grows; always ends in NUL once something was added. */
typedef struct {
    char *data;
    size_t length, room;
} Text;

void text_add(Text *text, const char *piece);
void text_format(Text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_free(Text *text);
#endif
