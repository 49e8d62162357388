#include "../src/eval.h"
#include "../src/parser.h"
#include "check.h"

#include <string.h>

static Map variables;
static Error error;

static double value(const char *line)
{
    Arena arena = {0};
    error = (Error){0};
    Node *node = parse_line(line, &arena, &error);
    double result = node ? eval(node, &variables, &error) : 0;
    arena_free(&arena);
    return result;
}

int main(void)
{
    CHECK(value("1 + 2 * 3") == 7);
    CHECK(value("-2 ^ 2") == -4);
    CHECK(value("x = sqrt(16)") == 4 && value("x * x") == 16);
    CHECK(value("min(3, 1, 2) + max(3, 1, 2)") == 4);
    CHECK(value("hypot(3, 4)") == 5);
    value("1 / (x - 4)");
    CHECK(error.set && error.column == 2 && strcmp(error.message, "division by zero") == 0);
    value("nothing");
    CHECK(error.set && strcmp(error.message, "no variable is called 'nothing'") == 0);
    value("hypot(1)");
    CHECK(error.set && strcmp(error.message, "'hypot' does not take 1 arguments") == 0);
    map_free(&variables);
    DONE();
}
