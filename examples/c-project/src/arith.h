#ifndef ARITH_H
#define ARITH_H
#include "token.h"

#include <stdbool.h>

/* One operation on two numbers; false for a division by zero. */
bool arith(TokenKind operator, double left, double right, double *result);
#endif
