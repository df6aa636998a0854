/* Random lifetimes of blocks from calloc, 16 B to 1 MiB, most of them small (churn.h says what one
 * operation is). An allocator that knows what is zero already has less to write.
 *
 * usage: bench_calloc [THREADS [OPS [WORKING_SET [SEED]]]] [--verify]
 * OPS counts the operations of each thread; an operation is a calloc or a free. Defaults: 1 4000000 8192 42.
 */
#include "churn.h"

int main(int argc, char **argv)
{
    struct churn_plan plan = {.threads = 1, .ops_per_thread = 4000000, .working_set = 8192, .seed = 42, .is_zeroed = 1};
    const struct sizes sizes = PARETO_SIZES;
    return run_churn(argc, argv, &plan, NULL, &sizes);
}
