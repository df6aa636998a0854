/* What fills the batches of a ring, and takes them out and empties them. */
#ifndef HAKMEM_BENCH_BATCHES_H
#define HAKMEM_BENCH_BATCHES_H

#include "ring.h"
#include "sizes.h"

/* Blocks as messages between threads have them. */
static const struct sizes message_sizes = {16, 512, 0};

static inline void allocate_batch(struct batch *batch, const struct sizes *sizes, struct rng *rng)
{
    for (int i = 0; i < BATCH_BLOCKS; i++) {
        uint64_t random = rng_next(rng);
        batch->blocks[i] = block_make(random_size(sizes, (uint32_t)(random >> 32)), random);
    }
    batch->count = BATCH_BLOCKS;
}

static inline void free_batch(struct batch *batch)
{
    for (uint64_t i = 0; i < batch->count; i++) {
        block_read(batch->blocks[i]);
        block_free(batch->blocks[i]);
    }
}

/* Waits for the next batch; returns how many blocks were in it. */
static inline uint64_t take_batch(struct ring *ring)
{
    unsigned looks = 0;
    struct batch *batch;
    while ((batch = ring_look(ring)) == NULL) {
        wait_a_little(&looks);
    }
    uint64_t count = batch->count;
    free_batch(batch);
    ring_taken(ring);
    return count;
}

#endif
