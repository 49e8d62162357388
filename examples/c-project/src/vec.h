#ifndef VEC_H
#define VEC_H
#include <stddef.h>

/* A dynamic array of numbers. */
typedef struct {
    double *items;
    size_t count, room;
} Vec;

void vec_push(Vec *vec, double item);
void vec_sort(Vec *vec);
void vec_free(Vec *vec);
#endif
