/* The small-size benchmark: blocks of 16 bytes to 1 KiB (churn.h says what one operation is).
 *
 * usage: bench_random_mixed [THREADS [OPS [WORKING_SET [SEED]]]] [--verify]
 * OPS counts the operations of each thread. Defaults: 1 10000000 8192 42.
 */
#include "churn.h"

int main(int argc, char **argv)
{
    struct churn_plan plan = {
        .name = "bench_random_mixed",
        .threads = 1,
        .ops_per_thread = 10000000,
        .working_set = 8192,
        .seed = 42,
        .smallest_bytes = 16,
        .largest_bytes = 1024,
    };
    const struct argument arguments[] = {
        {"THREADS", &plan.threads, 1, MAX_THREADS},
        {"OPS", &plan.ops_per_thread, 1, MAX_OPS},
        {"WORKING_SET", &plan.working_set, 1, MAX_WORKING_SET},
        {"SEED", &plan.seed, 0, UINT32_MAX},
    };
    plan.verify = parse_arguments(argc, argv, arguments, 4, "--verify");
    return run_churn(&plan);
}
