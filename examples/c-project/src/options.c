#include "options.h"

#include <string.h>

bool options_parse(int argc, char **argv, Options *options)
{
    *options = (Options){.first = 1};
    for (; options->first < argc; options->first++) {
        const char *word = argv[options->first];
        if (strncmp(word, "--", 2) != 0)
            return true;
        if (strcmp(word, "--") == 0) {
            options->first++;
            return true;
        }
        if (strcmp(word, "--tree") == 0)
            options->tree = true;
        else if (strcmp(word, "--summary") == 0)
            options->summary = true;
        else if (strcmp(word, "--version") == 0)
            options->version = true;
        else
            return false;
    }
    return true;
}
