#include "ast.h"

static Node *node(Arena *arena, NodeKind kind, size_t column)
{
    Node *made = arena_alloc(arena, sizeof *made);
    made->kind = kind;
    made->column = column;
    return made;
}

Node *ast_number(Arena *arena, size_t column, double number)
{
    Node *made = node(arena, NODE_NUMBER, column);
    made->number = number;
    return made;
}

Node *ast_name(Arena *arena, NodeKind kind, size_t column, const char *name, size_t length)
{
    Node *made = node(arena, kind, column);
    made->name = arena_copy(arena, name, length);
    return made;
}

Node *ast_unary(Arena *arena, size_t column, Node *operand)
{
    Node *made = node(arena, NODE_NEGATE, column);
    made->children[made->count++] = operand;
    return made;
}

Node *ast_binary(Arena *arena, size_t column, TokenKind operator, Node *left, Node *right)
{
    Node *made = node(arena, NODE_BINARY, column);
    made->operator = operator;
    made->children[0] = left;
    made->children[1] = right;
    made->count = 2;
    return made;
}
