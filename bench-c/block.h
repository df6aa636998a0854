/* The blocks of the workloads: made, looked at, and freed.
 *
 * A timed run writes the first and the last word of each new block. With
 * --verify nothing is timed: each block is filled whole with a pattern made
 * from its address, its size and its turn, checked whole before it is freed,
 * and wiped then, so that a block handed out twice is noticed by whoever frees
 * it second. The first word of a filled block says its size and turn, so any
 * thread can check a block that it is given. A block has at least 16 bytes.
 */
#ifndef HAKMEM_BENCH_BLOCK_H
#define HAKMEM_BENCH_BLOCK_H

#include <stdatomic.h>

#include "bench_common.h"

enum { MIN_BLOCK_BYTES = 16, WORD_BYTES = 8, TURN_SHIFT = 40, WIPED_BYTE = 0xDD };

static int is_verifying; /* set before threads start */
static _Atomic uint64_t verified_blocks;

/* Word `index` of a block that was filled at `origin`; word 0 is the tag itself. */
static inline uint64_t pattern_word(uintptr_t origin, uint64_t tag, size_t index)
{
    return index == 0 ? tag : ((uint64_t)origin + index * UINT64_C(0x9E3779B97F4A7C15)) ^ tag;
}

__attribute__((noinline)) static void fill_pattern(unsigned char *block, size_t size_bytes, uint64_t turn)
{
    if ((uintptr_t)block % 16 != 0) {
        fail(EXIT_FAILURE, "%s: block %p is not aligned to 16 bytes", program_invocation_short_name, (void *)block);
    }
    uint64_t tag = size_bytes | turn << TURN_SHIFT;
    size_t offset = 0;
    for (; offset + WORD_BYTES <= size_bytes; offset += WORD_BYTES) {
        uint64_t word = pattern_word((uintptr_t)block, tag, offset / WORD_BYTES);
        memcpy(block + offset, &word, WORD_BYTES);
    }
    uint64_t word = pattern_word((uintptr_t)block, tag, offset / WORD_BYTES);
    memcpy(block + offset, &word, size_bytes - offset);
}

__attribute__((noreturn)) static inline void fail_overwritten(const void *block, size_t offset)
{
    fail(EXIT_FAILURE, "%s: block %p was overwritten at offset %zu", program_invocation_short_name, block, offset);
}

/* Checks a block that was filled at address `origin`; realloc may have moved it, and cut it to
 * `limit_bytes`. Returns how many bytes it checked. */
__attribute__((noinline)) static size_t check_pattern(const unsigned char *block, uintptr_t origin, size_t limit_bytes)
{
    uint64_t tag, second;
    memcpy(&tag, block, WORD_BYTES);
    memcpy(&second, block + WORD_BYTES, WORD_BYTES);
    /* before the tag is believed: the second word depends on it */
    if (second != pattern_word(origin, tag, 1)) {
        fail_overwritten(block, 0);
    }
    size_t filled_bytes = tag & ((UINT64_C(1) << TURN_SHIFT) - 1);
    size_t size_bytes = filled_bytes < limit_bytes ? filled_bytes : limit_bytes;
    size_t offset = 2 * WORD_BYTES;
    for (; offset + WORD_BYTES <= size_bytes; offset += WORD_BYTES) {
        uint64_t word = pattern_word(origin, tag, offset / WORD_BYTES);
        if (memcmp(block + offset, &word, WORD_BYTES) != 0) {
            fail_overwritten(block, offset);
        }
    }
    uint64_t word = pattern_word(origin, tag, offset / WORD_BYTES);
    if (memcmp(block + offset, &word, size_bytes - offset) != 0) {
        fail_overwritten(block, offset);
    }
    atomic_fetch_add_explicit(&verified_blocks, 1, memory_order_relaxed);
    return size_bytes;
}

/* Writes a new block, or one that has a new size. */
static inline void block_fill(void *block, size_t size_bytes, uint64_t turn)
{
    if (is_verifying) {
        fill_pattern(block, size_bytes, turn);
        return;
    }
    keep_pointer(block);
    memcpy(block, &turn, WORD_BYTES);
    memcpy((char *)block + size_bytes - WORD_BYTES, &turn, WORD_BYTES);
}

static inline void *block_or_fail(void *block, size_t size_bytes)
{
    if (block == NULL) {
        fail(EXIT_FAILURE, "%s: no block of %zu bytes", program_invocation_short_name, size_bytes);
    }
    return block;
}

static inline void *block_make(size_t size_bytes, uint64_t turn)
{
    void *block = block_or_fail(malloc(size_bytes), size_bytes);
    block_fill(block, size_bytes, turn);
    return block;
}

/* realloc: what was in the block must be in the new one. */
static inline void *block_resize(void *block, size_t size_bytes, uint64_t turn)
{
    uintptr_t origin = (uintptr_t)block;
    block = block_or_fail(realloc(block, size_bytes), size_bytes);
    if (is_verifying) {
        check_pattern(block, origin, size_bytes);
    }
    block_fill(block, size_bytes, turn);
    return block;
}

/* What stands before every free. */
static inline void block_check(void *block)
{
    if (is_verifying) {
        memset(block, WIPED_BYTE, check_pattern(block, (uintptr_t)block, SIZE_MAX));
    }
    keep_pointer(block);
}

static inline void block_free(void *block)
{
    block_check(block);
    free(block);
}

/* What a workload with slots does last, off the clock: frees the blocks in them, and the table itself. */
static inline void free_slots(void **slots, uint64_t slot_count)
{
    for (uint64_t i = 0; i < slot_count; i++) {
        if (slots[i] != NULL) {
            block_free(slots[i]);
        }
    }
    free(slots);
}

/* Reads the block as its last user would: the line is in this thread's cache when it is freed. */
static inline void block_read(void *block)
{
    uint64_t word = *(volatile uint64_t *)block;
    (void)word;
}

#endif
