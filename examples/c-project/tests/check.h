#ifndef CHECK_H
#define CHECK_H
#include <stdio.h>

static int checks, failures;

#define CHECK(condition)                                                             \
    do {                                                                             \
        checks++;                                                                    \
        if (!(condition)) {                                                          \
            failures++;                                                              \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);  \
        }                                                                            \
    } while (0)

#define DONE()                                                       \
    do {                                                             \
        printf("%d checks, %d failures\n", checks, failures);        \
        return failures ? 1 : 0;                                     \
    } while (0)
#endif
