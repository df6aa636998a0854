/* A bounded ring of batches from one thread to one other.
 *
 * A batch is filled and emptied in place: a block crosses as one word of an
 * array, and the two counters that the threads share move once for a batch, so
 * that what is measured is the allocator and not the ring. Each counter has
 * lines of its own. Who finds the ring full or empty spins shortly, then yields
 * at every look: two cores with 64 threads get on.
 */
#ifndef HAKMEM_BENCH_RING_H
#define HAKMEM_BENCH_RING_H

#include <sched.h>
#include <stdatomic.h>

#include "bench_common.h"

enum { BATCH_BLOCKS = 63, RING_BATCHES = 8, SPINS_BEFORE_YIELD = 64, LINE_PAIR_BYTES = 128 };

struct batch {
    uint64_t count; /* 0 says that no more will come */
    void *blocks[BATCH_BLOCKS];
};

struct ring {
    _Alignas(LINE_PAIR_BYTES) _Atomic uint64_t given; /* written by the giver alone */
    _Alignas(LINE_PAIR_BYTES) _Atomic uint64_t taken; /* written by the taker alone */
    _Alignas(LINE_PAIR_BYTES) struct batch batches[RING_BATCHES];
};

static inline struct ring *make_rings(size_t count)
{
    struct ring *rings = aligned_alloc(LINE_PAIR_BYTES, count * sizeof *rings);
    if (rings == NULL) {
        fail(EXIT_FAILURE, "%s: no memory for %zu rings", program_invocation_short_name, count);
    }
    memset(rings, 0, count * sizeof *rings);
    return rings;
}

/* One look that found nothing; `looks` counts them since the last success. */
static inline void wait_a_little(unsigned *looks)
{
    if (++*looks < SPINS_BEFORE_YIELD) {
        __builtin_ia32_pause();
    } else {
        sched_yield();
    }
}

/* The giver: the next batch to fill, once there is room. */
static inline struct batch *ring_room(struct ring *ring)
{
    uint64_t given = atomic_load_explicit(&ring->given, memory_order_relaxed);
    unsigned looks = 0;
    /* acquire pairs with ring_taken: the batch has been read */
    while (given - atomic_load_explicit(&ring->taken, memory_order_acquire) == RING_BATCHES) {
        wait_a_little(&looks);
    }
    return &ring->batches[given % RING_BATCHES];
}

/* The giver: hands over the batch of ring_room. */
static inline void ring_given(struct ring *ring)
{
    uint64_t given = atomic_load_explicit(&ring->given, memory_order_relaxed);
    /* release pairs with ring_look */
    atomic_store_explicit(&ring->given, given + 1, memory_order_release);
}

/* The giver: waits until all that it has given is taken. */
static inline void ring_drained(struct ring *ring)
{
    uint64_t given = atomic_load_explicit(&ring->given, memory_order_relaxed);
    unsigned looks = 0;
    /* acquire pairs with ring_taken: the blocks have been freed */
    while (given != atomic_load_explicit(&ring->taken, memory_order_acquire)) {
        wait_a_little(&looks);
    }
}

/* The taker: the oldest batch, or NULL when there is none. */
static inline struct batch *ring_look(struct ring *ring)
{
    uint64_t taken = atomic_load_explicit(&ring->taken, memory_order_relaxed);
    /* acquire pairs with ring_given: the batch has been filled */
    if (taken == atomic_load_explicit(&ring->given, memory_order_acquire)) {
        return NULL;
    }
    return &ring->batches[taken % RING_BATCHES];
}

/* The taker: gives the room of ring_look's batch back. */
static inline void ring_taken(struct ring *ring)
{
    uint64_t taken = atomic_load_explicit(&ring->taken, memory_order_relaxed);
    /* release pairs with ring_room */
    atomic_store_explicit(&ring->taken, taken + 1, memory_order_release);
}

#endif
