#include "stats.h"

#include <math.h>

double stats_mean(const double *items, size_t count)
{
    double total = 0;
    for (size_t i = 0; i < count; i++)
        total += items[i];
    return count ? total / (double)count : 0;
}

double stats_deviation(const double *items, size_t count)
{
    if (count < 2)
        return 0;
    double mean = stats_mean(items, count), squares = 0;
    for (size_t i = 0; i < count; i++)
        squares += (items[i] - mean) * (items[i] - mean);
    return sqrt(squares / (double)(count - 1));
}

double stats_median(Vec *vec)
{
    if (vec->count == 0)
        return 0;
    vec_sort(vec);
    size_t middle = vec->count / 2;
    return vec->count % 2 ? vec->items[middle] : (vec->items[middle - 1] + vec->items[middle]) / 2;
}
