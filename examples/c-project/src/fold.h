#ifndef FOLD_H
#define FOLD_H
#include "ast.h"

/* Computes what is constant in a tree, in place: `2 * 3 + x` becomes `6 + x`. */
void fold(Node *node);
#endif
