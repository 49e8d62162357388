#ifndef BUILTINS_H
#define BUILTINS_H
#include "error.h"

#include <stddef.h>

/* Calls a function by name; sets `error` when there is none or it takes another number of arguments. */
double builtin_call(const char *name, const double *arguments, size_t count, size_t column, Error *error);
#endif
