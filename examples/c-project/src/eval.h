#ifndef EVAL_H
#define EVAL_H
#include "ast.h"
#include "error.h"
#include "map.h"

/* The value of a tree; assignments change `variables`. */
double eval(const Node *node, Map *variables, Error *error);
#endif
