/* What every workload does first and last: its arguments, and its one line of result. */
#ifndef HAKMEM_BENCH_RUN_H
#define HAKMEM_BENCH_RUN_H

#include "arguments.h"
#include "block.h"

static inline void begin_run(int argc, char **argv, const struct argument *arguments, int argument_count)
{
    is_verifying = parse_arguments(argc, argv, arguments, argument_count, "--verify");
}

/* One line of name=value pairs, for people and scripts alike. Returns main's status. */
static inline int finish_run(const struct argument *arguments, int argument_count, uint64_t total_ops, double elapsed_s)
{
    print_arguments(arguments, argument_count);
    printf(" total_ops=%" PRIu64, total_ops);
    if (is_verifying) {
        printf(" verify=ok verified_blocks=%" PRIu64 "\n", (uint64_t)verified_blocks);
    } else {
        printf(" elapsed_s=%.6f ops_per_s=%.0f\n", elapsed_s, (double)total_ops / elapsed_s);
    }
    /* a result that nobody gets is no result: the disk may be full, or the descriptor closed */
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fail(EXIT_FAILURE, "%s: cannot write the result: %s", program_invocation_short_name, strerror(errno));
    }
    return EXIT_SUCCESS;
}

#endif
