#ifndef HASH_H
#define HASH_H
#include <stdint.h>

/* FNV-1a of a string. */
uint64_t hash_text(const char *text);
#endif
