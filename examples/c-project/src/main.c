#include "input.h"
#include "options.h"
#include "session.h"
#include "version.h"

int main(int argc, char **argv)
{
    Options options;
    if (!options_parse(argc, argv, &options)) {
        fprintf(stderr, "calc: unknown option '%s'\n", argv[options.first]);
        return 2;
    }
    if (options.version) {
        puts("calc " CALC_VERSION);
        return 0;
    }
    Session session = {.tree = options.tree, .out = stdout, .err = stderr};
    bool well = true;
    const char *line;
    if (options.first < argc)
        for (int i = options.first; i < argc; i++)
            well = session_line(&session, argv[i]) && well;
    else
        while ((line = input_line(stdin)) != NULL)
            well = session_line(&session, line) && well;
    if (options.summary)
        session_summary(&session);
    session_free(&session);
    input_free();
    return well ? 0 : 1;
}
