#ifndef STATS_H
#define STATS_H
#include "vec.h"

double stats_mean(const double *items, size_t count);
double stats_deviation(const double *items, size_t count); /* of a sample */
double stats_median(Vec *vec);                             /* sorts it */
#endif
