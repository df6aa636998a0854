/* What every benchmark here shares: a random source, a clock, and arguments.
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

/* One positional argument: its name, where it goes, and what it may be. */
struct argument {
    const char *name;
    uint64_t *value; /* holds the default before parsing */
    uint64_t minimum;
    uint64_t maximum;
};

/* Parses a decimal number within the argument's bounds, or exits with 2. */
static inline void parse_number(const char *program, const struct argument *argument, const char *text)
{
    char *end = NULL;
    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    int is_digits = text[0] >= '0' && text[0] <= '9' && *end == '\0';
    if (!is_digits || errno != 0 || number < argument->minimum || number > argument->maximum) {
        fail(EXIT_BAD_ARGUMENTS, "%s: %s must be a number from %" PRIu64 " to %" PRIu64 ", not '%s'",
             program, argument->name, argument->minimum, argument->maximum, text);
    }
    *argument->value = number;
}

/* Fills `arguments` from argv in order; those left out keep their default.
 * `flag` (for example "--verify"; NULL for none) may stand anywhere; returns 1 when given. */
static inline int parse_arguments(int argc, char **argv, const struct argument *arguments,
                                  int argument_count, const char *flag)
{
    int next = 0;
    int flag_given = 0;
    for (int i = 1; i < argc; i++) {
        if (flag != NULL && strcmp(argv[i], flag) == 0) {
            flag_given = 1;
        } else if (argv[i][0] == '-') {
            fail(EXIT_BAD_ARGUMENTS, "%s: unknown option '%s'%s%s", argv[0], argv[i],
                 flag != NULL ? "; the only one is " : "", flag != NULL ? flag : "");
        } else if (next == argument_count) {
            fail(EXIT_BAD_ARGUMENTS, "%s: '%s' is one argument too many; %s is the last", argv[0],
                 argv[i], arguments[argument_count - 1].name);
        } else {
            parse_number(argv[0], &arguments[next], argv[i]);
            next++;
        }
    }
    return flag_given;
}

#endif
