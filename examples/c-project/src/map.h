#ifndef MAP_H
#define MAP_H
#include <stdbool.h>
#include <stddef.h>

/* A hash map from names to numbers: open addressing, grows at 3/4. The names are copied. */
typedef struct {
    char *name;
    double value;
} MapSlot;

typedef struct {
    MapSlot *slots;
    size_t count, room;
} Map;

void map_set(Map *map, const char *name, double value);
bool map_get(const Map *map, const char *name, double *value);
void map_free(Map *map);
#endif
