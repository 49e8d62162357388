#ifndef SESSION_H
#define SESSION_H
#include "map.h"
#include "vec.h"

#include <stdbool.h>
#include <stdio.h>

/* What lasts from line to line: the variables and all values so far. */
typedef struct {
    Map variables;
    Vec values;
    bool tree;
    FILE *out, *err;
} Session;

bool session_line(Session *session, const char *line);
void session_summary(Session *session);
void session_free(Session *session);
#endif
