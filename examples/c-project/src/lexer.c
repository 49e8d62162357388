#include "lexer.h"

#include <ctype.h>
#include <stdlib.h>

static TokenKind sign(char c)
{
    switch (c) {
    case '+': return TOKEN_PLUS;
    case '-': return TOKEN_MINUS;
    case '*': return TOKEN_STAR;
    case '/': return TOKEN_SLASH;
    case '^': return TOKEN_POWER;
    case '(': return TOKEN_OPEN;
    case ')': return TOKEN_CLOSE;
    case ',': return TOKEN_COMMA;
    case '=': return TOKEN_ASSIGN;
    default: return TOKEN_BAD;
    }
}

Token lexer_next(Lexer *lexer)
{
    const char *source = lexer->source;
    while (isspace((unsigned char)source[lexer->at]))
        lexer->at++;
    Token token = {.kind = TOKEN_END, .column = lexer->at};
    unsigned char c = (unsigned char)source[lexer->at];
    if (c == '\0' || c == '#')
        return token;
    size_t end = lexer->at + 1;
    if (isdigit(c) || (c == '.' && isdigit((unsigned char)source[end]))) {
        char *after;
        token.kind = TOKEN_NUMBER;
        token.number = strtod(source + lexer->at, &after);
        end = (size_t)(after - source);
    } else if (isalpha(c) || c == '_') {
        token.kind = TOKEN_NAME;
        while (isalnum((unsigned char)source[end]) || source[end] == '_')
            end++;
    } else {
        token.kind = sign((char)c);
    }
    token.length = end - lexer->at;
    lexer->at = end;
    return token;
}
