#ifndef INPUT_H
#define INPUT_H
#include <stdbool.h>
#include <stdio.h>

/* The next line without its newline, in a buffer that the next call uses again; NULL at the end. */
const char *input_line(FILE *file);
void input_free(void);
#endif
