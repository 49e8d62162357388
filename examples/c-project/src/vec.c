#include "vec.h"

#include <stdio.h>
#include <stdlib.h>

void vec_push(Vec *vec, double item)
{
    if (vec->count == vec->room) {
        vec->room = vec->room ? vec->room * 2 : 8;
        double *items = realloc(vec->items, vec->room * sizeof *items);
        if (items == NULL) {
            fputs("out of memory\n", stderr);
            exit(70);
        }
        vec->items = items;
    }
    vec->items[vec->count++] = item;
}

static int ascending(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

void vec_sort(Vec *vec)
{
    if (vec->count > 1)
        qsort(vec->items, vec->count, sizeof *vec->items, ascending);
}

void vec_free(Vec *vec)
{
    free(vec->items);
    *vec = (Vec){0};
}
