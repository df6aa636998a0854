/* The shortest path: malloc and free of one size, again and again.
 *
 * usage: bench_pair [OPS [SIZE]] [--verify]
 * An operation is a malloc and its free, of SIZE bytes. Defaults: 20000000 64. One more block of that size
 * lives throughout, as it would in a program: allocators that give a page back
 * when its last block goes would otherwise do so at each free. The blocks are
 * not written, unless they are verified: then SIZE must be at least 16.
 */
#include "run.h"

#define MAX_SIZE_BYTES (UINT64_C(1) << 39)

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

static void verify_pairs(uint64_t ops, size_t size_bytes)
{
    if (size_bytes < MIN_BLOCK_BYTES) {
        fail(EXIT_BAD_ARGUMENTS, "bench_pair: SIZE must be at least %d with --verify", MIN_BLOCK_BYTES);
    }
    void *neighbour = block_make(size_bytes, 0);
    for (uint64_t op = 0; op < ops; op++) {
        block_free(block_make(size_bytes, op));
    }
    block_free(neighbour);
}

int main(int argc, char **argv)
{
    uint64_t ops = 20000000;
    uint64_t size_bytes = 64;
    const struct argument arguments[] = {
        number("OPS", &ops, 1, MAX_OPS),
        number("SIZE", &size_bytes, 0, MAX_SIZE_BYTES),
    };
    begin_run(argc, argv, arguments, COUNT_OF(arguments));
    if (is_verifying) {
        verify_pairs(ops, size_bytes);
        return finish_run(arguments, COUNT_OF(arguments), ops, 0);
    }
    void *neighbour = block_or_fail(malloc(size_bytes), size_bytes);
    keep_pointer(neighbour);
    double started_s = now_seconds();
    run_pairs(ops, size_bytes);
    double elapsed_s = now_seconds() - started_s;
    free(neighbour);
    return finish_run(arguments, COUNT_OF(arguments), ops, elapsed_s);
}
