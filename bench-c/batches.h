/* What fills and empties the batches of a ring. */
#ifndef HAKMEM_BENCH_BATCHES_H
#define HAKMEM_BENCH_BATCHES_H

#include "ring.h"
#include "sizes.h"

/* Blocks as messages between threads have them. */
static const struct sizes message_sizes = {16, 512, 0};

static inline void allocate_batch(struct batch *batch, struct rng *rng)
{
    for (int i = 0; i < BATCH_BLOCKS; i++) {
        uint64_t random = rng_next(rng);
        batch->blocks[i] = block_make(random_size(&message_sizes, (uint32_t)(random >> 32)), random);
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

#endif
