#ifndef ARENA_H
#define ARENA_H
#include <stddef.h>

/* Memory that is given back all at once. */
typedef struct ArenaBlock ArenaBlock;
typedef struct {
    ArenaBlock *head;
} Arena;

void *arena_alloc(Arena *arena, size_t size);
char *arena_copy(Arena *arena, const char *text, size_t length);
void arena_free(Arena *arena);
#endif
