#include "number.h"

#include <stdio.h>
#include <stdlib.h>

const char *number_format(double number, char buffer[NUMBER_SIZE])
{
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(buffer, NUMBER_SIZE, "%.*g", digits, number);
        if (strtod(buffer, NULL) == number)
            break;
    }
    return buffer;
}
