#include "../src/arena.h"
#include "../src/map.h"
#include "../src/text.h"
#include "../src/vec.h"
#include "check.h"

#include <string.h>

int main(void)
{
    Map map = {0};
    char name[16];
    double value = 0;
    CHECK(!map_get(&map, "absent", &value));
    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof name, "name%d", i);
        map_set(&map, name, i);
    }
    map_set(&map, "name7", -7);
    CHECK(map.count == 1000);
    CHECK(map_get(&map, "name999", &value) && value == 999);
    CHECK(map_get(&map, "name7", &value) && value == -7);
    map_free(&map);

    Vec vec = {0};
    for (int i = 0; i < 100; i++)
        vec_push(&vec, 99 - i);
    vec_sort(&vec);
    CHECK(vec.count == 100 && vec.items[0] == 0 && vec.items[99] == 99);
    vec_free(&vec);

    Arena arena = {0};
    char *big = arena_alloc(&arena, 100000);
    CHECK(big[99999] == 0);
    CHECK(strcmp(arena_copy(&arena, "abcdef", 3), "abc") == 0);
    arena_free(&arena);

    Text text = {0};
    text_add(&text, "a");
    text_format(&text, "%d", 12);
    CHECK(strcmp(text.data, "a12") == 0);
    text_free(&text);
    DONE();
}
