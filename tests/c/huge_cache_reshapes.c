// A freed mapping serves a block of another size: it is cut or stretched, and its pages are used again.
// hakmem-only
#include "check.h"

#include <sys/resource.h>

enum { ROUNDS = 40, PAGE = 4096 };

static long page_faults(void) {
    struct rusage usage;
    CHECK(getrusage(RUSAGE_SELF, &usage) == 0);
    return usage.ru_minflt;
}

static long peak_bytes(void) {
    struct rusage usage;
    CHECK(getrusage(RUSAGE_SELF, &usage) == 0);
    return usage.ru_maxrss * 1024;
}

static unsigned char *make(size_t bytes, unsigned char value) {
    unsigned char *block = malloc(bytes);
    CHECK(block);
    memset(block, value, bytes);
    return block;
}

int main(void) {
    const size_t low = 18 << 20, high = 26 << 20;
    free(make(high, 1));
    long faults_before = page_faults(), peak_before = peak_bytes();
    uint64_t state = 7;
    for (int round = 0; round < ROUNDS; round++) {
        size_t bytes = low + next_random(&state) % (high - low);
        unsigned char *block = make(bytes, (unsigned char)round);
        CHECK(block[0] == (unsigned char)round && block[bytes - 1] == (unsigned char)round);
        CHECK(malloc_usable_size(block) >= bytes && malloc_usable_size(block) < bytes + bytes / 8 + PAGE);
        free(block);
    }
    // a mapping that is made anew each time takes 18 MiB of faults each time, and stands beside the old one
    CHECK((page_faults() - faults_before) * PAGE < (long)(ROUNDS * low / 2));
    CHECK(peak_bytes() - peak_before < (long)(low / 2));
    unsigned char *zero = calloc(1, low + 12345);
    CHECK(zero);
    for (size_t i = 0; i < low + 12345; i++) CHECK(zero[i] == 0);
    free(zero);
    return 0;
}
