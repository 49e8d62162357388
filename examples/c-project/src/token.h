#ifndef TOKEN_H
#define TOKEN_H
#include <stddef.h>

typedef enum {
    TOKEN_END,
    TOKEN_NUMBER,
    TOKEN_NAME,
    TOKEN_PLUS,
    TOKEN_MINUS,
    TOKEN_STAR,
    TOKEN_SLASH,
    TOKEN_POWER,
    TOKEN_OPEN,
    TOKEN_CLOSE,
    TOKEN_COMMA,
    TOKEN_ASSIGN,
    TOKEN_BAD
} TokenKind;

typedef struct {
    TokenKind kind;
    size_t column, length;
    double number;
} Token;

const char *token_name(TokenKind kind);
#endif
