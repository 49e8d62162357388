#include "builtins.h"

#include "stats.h"

#include <math.h>
#include <string.h>

typedef double Function(const double *arguments, size_t count);

static double f_sqrt(const double *a, size_t n) { (void)n; return sqrt(a[0]); }
static double f_abs(const double *a, size_t n) { (void)n; return fabs(a[0]); }
static double f_round(const double *a, size_t n) { (void)n; return round(a[0]); }
static double f_hypot(const double *a, size_t n) { (void)n; return hypot(a[0], a[1]); }

static double f_min(const double *a, size_t n)
{
    double least = a[0];
    for (size_t i = 1; i < n; i++)
        least = fmin(least, a[i]);
    return least;
}

static double f_max(const double *a, size_t n)
{
    double most = a[0];
    for (size_t i = 1; i < n; i++)
        most = fmax(most, a[i]);
    return most;
}

static double f_mean(const double *a, size_t n) { return stats_mean(a, n); }

static const struct {
    const char *name;
    Function *function;
    size_t least, most;
} table[] = {
    {"sqrt", f_sqrt, 1, 1},   {"abs", f_abs, 1, 1}, {"round", f_round, 1, 1}, {"hypot", f_hypot, 2, 2},
    {"min", f_min, 1, 8},     {"max", f_max, 1, 8}, {"mean", f_mean, 1, 8},
};

double builtin_call(const char *name, const double *arguments, size_t count, size_t column, Error *error)
{
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (strcmp(table[i].name, name) != 0)
            continue;
        if (count >= table[i].least && count <= table[i].most)
            return table[i].function(arguments, count);
        error_set(error, column, "'%s' does not take %zu arguments", name, count);
        return 0;
    }
    error_set(error, column, "no function is called '%s'", name);
    return 0;
}
