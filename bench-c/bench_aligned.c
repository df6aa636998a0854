/* Aligned blocks: the block of a random slot is freed and an aligned one put there, by posix_memalign and
 * aligned_alloc in turn, and its usable size is asked for, as containers do that would rather fill a block
 * than grow it. Sizes are 16 B to 1 KiB, rounded up to the alignment, which is 32 B for half of the
 * blocks, 64 B for a quarter, and so on to 4 KiB.
 *
 * usage: bench_aligned [OPS [SLOTS]] [--verify]
 * An operation is one slot: a free (once the slot is full), an aligned allocation and the question for
 * its size. Defaults: 4000000 4096.
 */
#include <malloc.h>

#include "run.h"
#include "sizes.h"

enum { SMALLEST_ALIGNMENT = 32, MOST_DOUBLINGS = 7 };

static const struct sizes sizes = {16, 1024, 0};

static void *allocate(size_t alignment, size_t size_bytes, uint64_t turn)
{
    void *block = NULL;
    if (turn % 2 == 0) {
        block = aligned_alloc(alignment, size_bytes);
    } else if (posix_memalign(&block, alignment, size_bytes) != 0) {
        block = NULL;
    }
    return block_or_fail(block, size_bytes);
}

/* With --verify all usable bytes are filled, so that a usable size that is too large is noticed. */
static void *make_aligned(uint64_t random, uint64_t turn)
{
    int doublings = __builtin_ctz((uint32_t)random | 1 << MOST_DOUBLINGS);
    size_t alignment = (size_t)SMALLEST_ALIGNMENT << doublings;
    size_t size_bytes = (random_size(&sizes, (uint32_t)(random >> 32)) + alignment - 1) & ~(alignment - 1);
    void *block = allocate(alignment, size_bytes, turn);
    size_t usable_bytes = malloc_usable_size(block);
    if ((uintptr_t)block % alignment != 0 || usable_bytes < size_bytes) {
        fail(EXIT_FAILURE, "%s: block %p of %zu bytes, %zu usable, is not as asked for: %zu bytes aligned to %zu",
             program_invocation_short_name, block, size_bytes, usable_bytes, size_bytes, alignment);
    }
    block_fill(block, is_verifying ? usable_bytes : size_bytes, turn);
    return block;
}

static void replace(void **slot, uint64_t random, uint64_t turn)
{
    if (*slot != NULL) {
        block_free(*slot);
    }
    *slot = make_aligned(random, turn);
}

int main(int argc, char **argv)
{
    uint64_t ops = 4000000, slot_count = 4096;
    const struct argument arguments[] = {
        number("OPS", &ops, 1, MAX_OPS),
        number("SLOTS", &slot_count, 1, MAX_SLOTS),
    };
    begin_run(argc, argv, arguments, COUNT_OF(arguments));
    void **slots = table_of(slot_count, sizeof *slots);
    struct rng rng = rng_from_seed(42);
    double started_s = now_seconds();
    for (uint64_t op = 0; op < ops; op++) {
        uint64_t slot = scale_to((uint32_t)rng_next(&rng), (uint32_t)slot_count);
        replace(&slots[slot], rng_next(&rng), op);
    }
    double elapsed_s = now_seconds() - started_s;
    free_slots(slots, slot_count);
    return finish_run(arguments, COUNT_OF(arguments), ops, elapsed_s);
}
