#ifndef OPTIONS_H
#define OPTIONS_H
#include <stdbool.h>

typedef struct {
    bool tree;    /* show the folded tree instead of the value */
    bool summary; /* statistics over all values at the end */
    bool version;
    int first;    /* index of the first expression; argc when there is none */
} Options;

/* False for an unknown option, which is then `argv[options->first]`. */
bool options_parse(int argc, char **argv, Options *options);
#endif
