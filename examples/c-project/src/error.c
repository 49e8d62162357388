#include "error.h"

#include <stdarg.h>
#include <stdio.h>

void error_set(Error *error, size_t column, const char *format, ...)
{
    if (error->set)
        return;
    error->set = true;
    error->column = column;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
}
