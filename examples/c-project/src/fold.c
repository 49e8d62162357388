#include "fold.h"

#include "arith.h"

void fold(Node *node)
{
    for (size_t i = 0; i < node->count; i++)
        fold(node->children[i]);
    double number;
    if (node->kind == NODE_NEGATE && node->children[0]->kind == NODE_NUMBER) {
        number = -node->children[0]->number;
    } else if (node->kind == NODE_BINARY && node->children[0]->kind == NODE_NUMBER &&
               node->children[1]->kind == NODE_NUMBER) {
        if (!arith(node->operator, node->children[0]->number, node->children[1]->number, &number))
            return;
    } else {
        return;
    }
    node->kind = NODE_NUMBER;
    node->number = number;
    node->count = 0;
}
