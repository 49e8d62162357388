#include "eval.h"

#include "arith.h"
#include "builtins.h"

static double call(const Node *node, Map *variables, Error *error)
{
    double arguments[MAX_ARGUMENTS];
    for (size_t i = 0; i < node->count; i++)
        arguments[i] = eval(node->children[i], variables, error);
    return error->set ? 0 : builtin_call(node->name, arguments, node->count, node->column, error);
}

double eval(const Node *node, Map *variables, Error *error)
{
    double value = 0, right;
    switch (node->kind) {
    case NODE_NUMBER:
        return node->number;
    case NODE_NAME:
        if (!map_get(variables, node->name, &value))
            error_set(error, node->column, "no variable is called '%s'", node->name);
        return value;
    case NODE_NEGATE:
        return -eval(node->children[0], variables, error);
    case NODE_BINARY:
        value = eval(node->children[0], variables, error);
        right = eval(node->children[1], variables, error);
        if (!error->set && !arith(node->operator, value, right, &value))
            error_set(error, node->column, "division by zero");
        return value;
    case NODE_CALL:
        return call(node, variables, error);
    case NODE_ASSIGN:
        value = eval(node->children[0], variables, error);
        if (!error->set)
            map_set(variables, node->name, value);
        return value;
    }
    return value;
}
