/* The small-size benchmark: blocks of 16 bytes to 1 KiB (churn.h says what one operation is).
 *
 * usage: bench_random_mixed [THREADS [OPS [WORKING_SET [SEED]]]] [--verify]
 * OPS counts the operations of each thread; an operation is a malloc or a free. Defaults: 1 10000000 8192 42.
 */
#include "churn.h"

int main(int argc, char **argv)
{
    struct churn_plan plan = {.threads = 1, .ops_per_thread = 10000000, .working_set = 8192, .seed = 42};
    const struct sizes sizes = {16, 1024, 0};
    return run_churn(argc, argv, &plan, NULL, &sizes);
}
