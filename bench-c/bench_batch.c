/* Batches: COUNT blocks of one size are allocated, then all are freed in the same, the reverse or a
 * shuffled order; again and again. The block last freed is not the one needed next, and a batch of
 * many blocks fits into no cache of free blocks.
 *
 * usage: bench_batch [ORDER [COUNT [SIZE [ROUNDS]]]] [--verify]
 * ORDER is same, reverse or shuffled. An operation is a malloc or a free. Defaults: same 1000 64 10000.
 */
#include "run.h"

enum { MAX_COUNT = 1 << 24, MAX_SIZE_BYTES = 1 << 20 };
enum order { SAME, REVERSE, SHUFFLED };

/* Which block is freed when: turns[i] is the index of the one freed as number i. */
static uint32_t *make_turns(enum order order, uint32_t count)
{
    uint32_t *turns = table_of(count, sizeof *turns);
    for (uint32_t i = 0; i < count; i++) {
        turns[i] = order == REVERSE ? count - 1 - i : i;
    }
    struct rng rng = rng_from_seed(42);
    for (uint32_t i = count - 1; order == SHUFFLED && i > 0; i--) {
        uint32_t other = scale_to((uint32_t)rng_next(&rng), i + 1);
        uint32_t turn = turns[i];
        turns[i] = turns[other];
        turns[other] = turn;
    }
    return turns;
}

static void run_batch(void **blocks, const uint32_t *turns, uint32_t count, size_t size_bytes)
{
    for (uint32_t i = 0; i < count; i++) {
        blocks[i] = block_make(size_bytes, i);
    }
    for (uint32_t i = 0; i < count; i++) {
        block_free(blocks[turns[i]]);
    }
}

int main(int argc, char **argv)
{
    const char *const orders[] = {"same", "reverse", "shuffled", NULL};
    uint64_t order = SAME, count = 1000, size_bytes = 64, rounds = 10000;
    const struct argument arguments[] = {
        word("ORDER", &order, orders),
        number("COUNT", &count, 1, MAX_COUNT),
        number("SIZE", &size_bytes, MIN_BLOCK_BYTES, MAX_SIZE_BYTES),
        number("ROUNDS", &rounds, 1, MAX_OPS),
    };
    begin_run(argc, argv, arguments, COUNT_OF(arguments));
    void **blocks = table_of(count, sizeof *blocks);
    uint32_t *turns = make_turns((enum order)order, (uint32_t)count);
    double started_s = now_seconds();
    for (uint64_t round = 0; round < rounds; round++) {
        run_batch(blocks, turns, (uint32_t)count, size_bytes);
    }
    double elapsed_s = now_seconds() - started_s;
    free(turns);
    free(blocks);
    return finish_run(arguments, COUNT_OF(arguments), 2 * count * rounds, elapsed_s);
}
