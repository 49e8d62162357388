#include "print.h"

#include "number.h"

static const char *symbol(TokenKind kind)
{
    switch (kind) {
    case TOKEN_PLUS: return "+";
    case TOKEN_MINUS: return "-";
    case TOKEN_STAR: return "*";
    case TOKEN_SLASH: return "/";
    default: return "^";
    }
}

void print_tree(const Node *node, Text *text)
{
    char number[NUMBER_SIZE];
    switch (node->kind) {
    case NODE_NUMBER:
        text_add(text, number_format(node->number, number));
        return;
    case NODE_NAME:
        text_add(text, node->name);
        return;
    case NODE_NEGATE:
        text_add(text, "(-");
        break;
    case NODE_BINARY:
        text_format(text, "(%s", symbol(node->operator));
        break;
    case NODE_CALL:
        text_format(text, "(%s", node->name);
        break;
    case NODE_ASSIGN:
        text_format(text, "(= %s", node->name);
        break;
    }
    for (size_t i = 0; i < node->count; i++) {
        text_add(text, " ");
        print_tree(node->children[i], text);
    }
    text_add(text, ")");
}
