#include "arith.h"

#include <math.h>

bool arith(TokenKind operator, double left, double right, double *result)
{
    switch (operator) {
    case TOKEN_PLUS: *result = left + right; return true;
    case TOKEN_MINUS: *result = left - right; return true;
    case TOKEN_STAR: *result = left * right; return true;
    case TOKEN_SLASH:
        if (right == 0)
            return false;
        *result = left / right;
        return true;
    default: *result = pow(left, right); return true;
    }
}
