/* Random sizes of blocks. */
#ifndef HAKMEM_BENCH_SIZES_H
#define HAKMEM_BENCH_SIZES_H

#include "block.h"

/* All sizes of smallest..largest alike; or, with octaves, a Pareto distribution of exponent 1 from
 * `smallest` on: each octave half as likely as the one below it, all sizes within one alike. */
struct sizes {
    uint32_t smallest_bytes; /* at least MIN_BLOCK_BYTES */
    uint32_t largest_bytes;
    uint32_t octaves;        /* 0 for uniform; at most 16 */
};

/* 16 B to 1 MiB, the mean about 200 B: most blocks are small, most bytes are not. */
#define PARETO_SIZES ((struct sizes){16, 1 << 20, 16})

static inline uint32_t random_size(const struct sizes *sizes, uint32_t random)
{
    if (sizes->octaves == 0) {
        return sizes->smallest_bytes + scale_to(random, sizes->largest_bytes - sizes->smallest_bytes + 1);
    }
    /* the set bit bounds the octave; the lowest 16 bits say where in it */
    uint32_t octave = (uint32_t)__builtin_clz(random | UINT32_C(1) << (32 - sizes->octaves));
    uint32_t base = sizes->smallest_bytes << octave;
    return base + (uint32_t)(((uint64_t)base * (random & 0xFFFF)) >> 16);
}

#endif
