/* The mid-large benchmark: blocks of 8 to 32 KiB, many threads (churn.h says what one operation is).
 *
 * usage: bench_mid_large_mt [THREADS [OPS [WORKING_SET [SEED]]]] [--verify]
 * OPS counts the operations of each thread; an operation is a malloc or a free. Defaults: 8 40000 2048 42.
 */
#include "churn.h"

int main(int argc, char **argv)
{
    struct churn_plan plan = {.threads = 8, .ops_per_thread = 40000, .working_set = 2048, .seed = 42};
    const struct sizes sizes = {8 * 1024, 32 * 1024, 0};
    return run_churn(argc, argv, &plan, NULL, &sizes);
}
