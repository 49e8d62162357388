#include "token.h"

const char *token_name(TokenKind kind)
{
    static const char *const names[] = {
        [TOKEN_END] = "the end",  [TOKEN_NUMBER] = "a number", [TOKEN_NAME] = "a name",
        [TOKEN_PLUS] = "'+'",     [TOKEN_MINUS] = "'-'",       [TOKEN_STAR] = "'*'",
        [TOKEN_SLASH] = "'/'",    [TOKEN_POWER] = "'^'",       [TOKEN_OPEN] = "'('",
        [TOKEN_CLOSE] = "')'",    [TOKEN_COMMA] = "','",       [TOKEN_ASSIGN] = "'='",
        [TOKEN_BAD] = "an unknown character",
    };
    return names[kind];
}
