/* What every program here shares: how it ends on an error, a clock, and a random source.
 *
 * Everything is static inline, so that a benchmark is one translation unit and
 * the compiler sees the whole timed loop. The build passes -fno-builtin-malloc
 * and its kin; keep_pointer() below makes sure no block is optimised away.
 */
#ifndef HAKMEM_BENCH_COMMON_H
#define HAKMEM_BENCH_COMMON_H

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { EXIT_BAD_ARGUMENTS = 2 };
#define MIB_BYTES (UINT64_C(1) << 20)

#define COUNT_OF(array) ((int)(sizeof(array) / sizeof((array)[0])))

/* Tells the compiler that `pointer` and what it points to are read and written. */
static inline void keep_pointer(void *pointer)
{
    __asm__ volatile("" : : "g"(pointer) : "memory");
}

/* Ends the run with one line on stderr. */
__attribute__((format(printf, 2, 3), noreturn))
static inline void fail(int status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(status);
}

/* Memory of the benchmark itself, zeroed: `count` entries of `size_bytes`. */
static inline void *table_of(size_t count, size_t size_bytes)
{
    void *table = calloc(count, size_bytes);
    if (table == NULL) {
        fail(EXIT_FAILURE, "%s: no memory for %zu entries", program_invocation_short_name, count);
    }
    return table;
}

/* xorshift64*: three shifts and a multiplication, period 2^64 - 1. */
struct rng {
    uint64_t state;
};

/* Spreads neighbouring seeds apart; the state of a xorshift must not be 0. */
static inline struct rng rng_from_seed(uint64_t seed)
{
    uint64_t mixed = (seed + 1) * UINT64_C(0x9E3779B97F4A7C15);
    mixed = (mixed ^ (mixed >> 32)) * UINT64_C(0xD6E8FEB86659FD93);
    mixed ^= mixed >> 32;
    return (struct rng){mixed != 0 ? mixed : 1};
}

static inline uint64_t rng_next(struct rng *rng)
{
    uint64_t state = rng->state;
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    rng->state = state;
    return state * UINT64_C(0x2545F4914F6CDD1D);
}

/* Maps 32 random bits onto 0 .. bound-1 without a division. */
static inline uint32_t scale_to(uint32_t random, uint32_t bound)
{
    return (uint32_t)(((uint64_t)random * bound) >> 32);
}

/* Seconds on the monotonic clock. */
static inline double now_seconds(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

#endif
