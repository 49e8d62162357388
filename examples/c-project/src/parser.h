#ifndef PARSER_H
#define PARSER_H
#include "ast.h"
#include "error.h"

/* The tree of one line, NULL for an empty one or after an error. Nodes live in `arena`. */
Node *parse_line(const char *line, Arena *arena, Error *error);
#endif
