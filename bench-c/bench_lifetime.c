/* Random lifetimes of other sizes than bench_random_mixed and bench_mid_large_mt have (churn.h says
 * what one operation is): mid, 8 to 64 KiB; or pareto, 16 B to 1 MiB, most of them small.
 *
 * usage: bench_lifetime [SIZES [THREADS [OPS [WORKING_SET [SEED]]]]] [--verify]
 * SIZES is mid or pareto. OPS counts the operations of each thread; an operation is a malloc or a free.
 * Defaults: pareto 1 4000000 8192 42.
 */
#include "churn.h"

int main(int argc, char **argv)
{
    struct churn_plan plan = {.threads = 1, .ops_per_thread = 4000000, .working_set = 8192, .seed = 42};
    const char *const words[] = {"pareto", "mid", NULL};
    const struct sizes sizes[] = {PARETO_SIZES, {8 * 1024, 64 * 1024, 0}};
    return run_churn(argc, argv, &plan, words, sizes);
}
