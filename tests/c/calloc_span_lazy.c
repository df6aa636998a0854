// calloc of a block that was in use before does not make all of it resident where the program uses little of such
// blocks; it reads as zero whatever was written to it, and where.
// hakmem-only
#include "check.h"
#include <sys/mman.h>
#include <time.h>

enum { BYTES = 900000, PAGE = 4096, MOST_PAGES = 8 };
enum { PAGES_AT_ONCE = 32768, PAGES_PER_MS = 32 };  // src/policy/large.rs

static size_t resident_pages(unsigned char *block) {
    unsigned char resident[BYTES / PAGE + 1];
    unsigned char *from = (unsigned char *)((uintptr_t)block & ~(uintptr_t)(PAGE - 1));
    CHECK(mincore(from, BYTES, resident) == 0);
    size_t pages = 0;
    for (size_t i = 0; i < BYTES / PAGE; i++) pages += resident[i] & 1;
    return pages;
}

static long now_ms(void) {
    struct timespec now;
    CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void free_and_again(unsigned char **block) {
    free(*block);
    *block = calloc(1, BYTES);
    CHECK(*block);
}

static void must_be_zero(const unsigned char *block) {
    for (size_t i = 0; i < BYTES; i++) CHECK(block[i] == 0);
}

int main(void) {
    unsigned char *block = malloc(BYTES);
    CHECK(block);
    for (size_t at = 0; at < BYTES; at += 100003) {
        block[at] = 1;
        block[BYTES - 1] = 1;
        free_and_again(&block);
        CHECK(resident_pages(block) <= MOST_PAGES);
        must_be_zero(block);
    }
    // a program that uses such blocks from end to end finds zeros written, as one does, after a while, that writes zeros
    memset(block, 1, BYTES);
    free_and_again(&block);
    CHECK(resident_pages(block) == BYTES / PAGE);
    must_be_zero(block);
    int went_back = 0;
    long begun_ms = now_ms();
    for (int round = 0; round < 400; round++) {
        memset(block, 0, BYTES);
        free_and_again(&block);
        went_back += resident_pages(block) <= MOST_PAGES;
        must_be_zero(block);
    }
    CHECK(went_back <= (PAGES_AT_ONCE + (now_ms() - begun_ms + 20) * PAGES_PER_MS) / (BYTES / PAGE) + 1);
    for (size_t at = 0; at < BYTES; at += BYTES / 50) {
        block[at] = 1;
        free_and_again(&block);
        must_be_zero(block);
    }
    return 0;
}
