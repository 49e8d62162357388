#include "../src/stats.h"
#include "check.h"

#include <math.h>

int main(void)
{
    Vec vec = {0};
    CHECK(stats_median(&vec) == 0);
    for (int i = 0; i < 8; i++)
        vec_push(&vec, (double[]){2, 4, 4, 4, 5, 5, 7, 9}[i]);
    CHECK(stats_mean(vec.items, vec.count) == 5);
    CHECK(fabs(stats_deviation(vec.items, vec.count) - 2.13809) < 1e-5);
    CHECK(stats_median(&vec) == 4.5);
    vec_free(&vec);
    DONE();
}
