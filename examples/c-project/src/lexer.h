#ifndef LEXER_H
#define LEXER_H
#include "token.h"

/* Cuts one line into tokens; `source` has to outlive the lexer. */
typedef struct {
    const char *source;
    size_t at;
} Lexer;

Token lexer_next(Lexer *lexer);
#endif
