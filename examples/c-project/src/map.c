#include "map.h"

#include "hash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *must(void *memory)
{
    if (memory == NULL) {
        fputs("out of memory\n", stderr);
        exit(70);
    }
    return memory;
}

static MapSlot *find(const Map *map, const char *name)
{
    size_t at = hash_text(name) & (map->room - 1);
    while (map->slots[at].name != NULL && strcmp(map->slots[at].name, name) != 0)
        at = (at + 1) & (map->room - 1);
    return &map->slots[at];
}

static void grow(Map *map)
{
    Map bigger = {.room = map->room ? map->room * 2 : 16, .count = map->count};
    bigger.slots = must(calloc(bigger.room, sizeof *bigger.slots));
    for (size_t i = 0; i < map->room; i++)
        if (map->slots[i].name != NULL)
            *find(&bigger, map->slots[i].name) = map->slots[i];
    free(map->slots);
    *map = bigger;
}

void map_set(Map *map, const char *name, double value)
{
    if ((map->count + 1) * 4 > map->room * 3)
        grow(map);
    MapSlot *slot = find(map, name);
    if (slot->name == NULL) {
        size_t size = strlen(name) + 1;
        slot->name = memcpy(must(malloc(size)), name, size);
        map->count++;
    }
    slot->value = value;
}

bool map_get(const Map *map, const char *name, double *value)
{
    if (map->room == 0)
        return false;
    const MapSlot *slot = find(map, name);
    if (slot->name == NULL)
        return false;
    *value = slot->value;
    return true;
}

void map_free(Map *map)
{
    for (size_t i = 0; i < map->room; i++)
        free(map->slots[i].name);
    free(map->slots);
    *map = (Map){0};
}
