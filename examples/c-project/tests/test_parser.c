#include "../src/fold.h"
#include "../src/parser.h"
#include "../src/print.h"
#include "check.h"

#include <string.h>

static int becomes(const char *line, const char *tree, int folded)
{
    Arena arena = {0};
    Error error = {0};
    Text text = {0};
    Node *node = parse_line(line, &arena, &error);
    if (node != NULL && folded)
        fold(node);
    if (node != NULL)
        print_tree(node, &text);
    else
        text_format(&text, "%zu: %s", error.column, error.message);
    int same = strcmp(text.data, tree) == 0;
    if (!same)
        fprintf(stderr, "%s gives %s\n", line, text.data);
    text_free(&text);
    arena_free(&arena);
    return same;
}

int main(void)
{
    CHECK(becomes("1 + 2 * x", "(+ 1 (* 2 x))", 0));
    CHECK(becomes("(1 + 2) * x", "(* (+ 1 2) x)", 0));
    CHECK(becomes("8 - 4 - 2", "(- (- 8 4) 2)", 0));
    CHECK(becomes("2 ^ 3 ^ 2", "(^ 2 (^ 3 2))", 0));
    CHECK(becomes("-2 ^ 2", "(- (^ 2 2))", 0));
    CHECK(becomes("y = max(1, 2, x)", "(= y (max 1 2 x))", 0));
    CHECK(becomes("2 * 3 + x", "(+ 6 x)", 1));
    CHECK(becomes("1 / 0", "(/ 1 0)", 1));
    CHECK(becomes("1 +", "3: expected a number, a name or '(', not the end", 0));
    CHECK(becomes("(1", "2: expected ')', not the end", 0));
    CHECK(becomes("1 $ 2", "2: expected the end, not an unknown character", 0));
    DONE();
}
