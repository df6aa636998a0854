/* The shortest path: malloc and free of one size, again and again.
 *
 * usage: bench_pair [OPS [SIZE]]
 * OPS pairs of SIZE bytes. Defaults: 20000000 64. One more block of that size
 * lives throughout, as it would in a program: allocators that give a page back
 * when its last block goes would otherwise do so at each free.
 */
#include "bench_common.h"

#define MAX_OPS (UINT64_C(1) << 40)
#define MAX_SIZE_BYTES (UINT64_C(1) << 40)

/* A function of its own, so that scripts/pair-instructions can tell this loop
 * from what malloc and free do. */
__attribute__((noinline)) static void run_pairs(uint64_t ops, size_t size_bytes)
{
    for (uint64_t op = 0; op < ops; op++) {
        void *block = malloc(size_bytes);
        keep_pointer(block);
        free(block);
    }
}

int main(int argc, char **argv)
{
    uint64_t ops = 20000000;
    uint64_t size_bytes = 64;
    const struct argument arguments[] = {
        {"OPS", &ops, 1, MAX_OPS},
        {"SIZE", &size_bytes, 0, MAX_SIZE_BYTES},
    };
    parse_arguments(argc, argv, arguments, 2, NULL);
    void *neighbour = malloc(size_bytes);
    if (neighbour == NULL) {
        fail(EXIT_FAILURE, "bench_pair: malloc(%" PRIu64 ") returned NULL", size_bytes);
    }
    keep_pointer(neighbour);
    double started_s = now_seconds();
    run_pairs(ops, size_bytes);
    double elapsed_s = now_seconds() - started_s;
    printf("bench_pair ops=%" PRIu64 " size=%" PRIu64 " elapsed_s=%.6f ops_per_s=%.0f ns_per_pair=%.3f\n", ops,
           size_bytes, elapsed_s, (double)ops / elapsed_s, elapsed_s * 1e9 / (double)ops);
    free(neighbour);
    return EXIT_SUCCESS;
}
