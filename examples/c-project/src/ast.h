#ifndef AST_H
#define AST_H
#include "arena.h"
#include "token.h"

typedef enum { NODE_NUMBER, NODE_NAME, NODE_NEGATE, NODE_BINARY, NODE_CALL, NODE_ASSIGN } NodeKind;

enum { MAX_ARGUMENTS = 8 };

typedef struct Node Node;
struct Node {
    NodeKind kind;
    size_t column;
    TokenKind operator;                /* of NODE_BINARY */
    double number;                     /* of NODE_NUMBER */
    const char *name;                  /* of NODE_NAME, NODE_CALL, NODE_ASSIGN */
    Node *children[MAX_ARGUMENTS];
    size_t count;
};

Node *ast_number(Arena *arena, size_t column, double number);
Node *ast_name(Arena *arena, NodeKind kind, size_t column, const char *name, size_t length);
Node *ast_unary(Arena *arena, size_t column, Node *operand);
Node *ast_binary(Arena *arena, size_t column, TokenKind operator, Node *left, Node *right);
#endif
