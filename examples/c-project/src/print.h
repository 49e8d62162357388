#ifndef PRINT_H
#define PRINT_H
#include "ast.h"
#include "text.h"

/* A tree as an S-expression: `1 + 2 * x` is `(+ 1 (* 2 x))`. */
void print_tree(const Node *node, Text *text);
#endif
