/* The mid-large benchmark: blocks of 8 to 32 KiB, many threads (churn.h says what one operation is).
 *
 * usage: bench_mid_large_mt [THREADS [OPS [WORKING_SET [SEED]]]] [--verify]
 * OPS counts the operations of each thread. Defaults: 8 40000 2048 42.
 */
#include "churn.h"

int main(int argc, char **argv)
{
    struct churn_plan plan = {
        .name = "bench_mid_large_mt",
        .threads = 8,
        .ops_per_thread = 40000,
        .working_set = 2048,
        .seed = 42,
        .smallest_bytes = 8 * 1024,
        .largest_bytes = 32 * 1024,
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
