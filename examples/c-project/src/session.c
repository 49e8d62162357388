#include "session.h"

#include "eval.h"
#include "fold.h"
#include "number.h"
#include "parser.h"
#include "print.h"
#include "stats.h"

static void complain(Session *session, const char *line, const Error *error)
{
    fprintf(session->err, "%s\n%*s^ %s\n", line, (int)error->column, "", error->message);
}

bool session_line(Session *session, const char *line)
{
    Arena arena = {0};
    Error error = {0};
    Text text = {0};
    char number[NUMBER_SIZE];
    Node *tree = parse_line(line, &arena, &error);
    if (tree != NULL && session->tree) {
        fold(tree);
        print_tree(tree, &text);
        fprintf(session->out, "%s\n", text.data);
    } else if (tree != NULL) {
        double value = eval(tree, &session->variables, &error);
        if (!error.set) {
            vec_push(&session->values, value);
            fprintf(session->out, "%s\n", number_format(value, number));
        }
    }
    if (error.set)
        complain(session, line, &error);
    text_free(&text);
    arena_free(&arena);
    return !error.set;
}

void session_summary(Session *session)
{
    const Vec *values = &session->values;
    char mean[NUMBER_SIZE], median[NUMBER_SIZE], deviation[NUMBER_SIZE];
    fprintf(session->out, "n=%zu mean=%s median=%s deviation=%s\n", values->count,
            number_format(stats_mean(values->items, values->count), mean),
            number_format(stats_median(&session->values), median),
            number_format(stats_deviation(values->items, values->count), deviation));
}

void session_free(Session *session)
{
    map_free(&session->variables);
    vec_free(&session->values);
}
