#ifndef ERROR_H
#define ERROR_H
#include <stdbool.h>
#include <stddef.h>

/* The first thing that went wrong in a line, and the column (from 0) where it did. */
typedef struct {
    bool set;
    size_t column;
    char message[128];
} Error;

void error_set(Error *error, size_t column, const char *format, ...) __attribute__((format(printf, 3, 4)));
#endif
