// A program that has 100 MiB at a time, in blocks of one size after the other, small and huge ones, never has twice as
// much resident: what is kept of one kind does not stand beside the next.
// timeout: 60
#include "check.h"
#include <sys/resource.h>

enum { LIVE_BYTES = 100 << 20, MOST_KIB = 190 << 10 };

static void rise_and_fall(size_t size) {
    void **last = NULL;
    for (size_t bytes = 0; bytes < LIVE_BYTES; bytes += size) {
        void **block = malloc(size);
        CHECK(block);
        memset(block, 1, size);
        *block = last;
        last = block;
    }
    for (void **block; last; last = block) {
        block = *last;
        free(last);
    }
}

int main(void) {
    static const size_t sizes[] = {40, 700, 11000, 180000, 1500000};
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) rise_and_fall(sizes[i]);
    }
    struct rusage usage;
    CHECK(getrusage(RUSAGE_SELF, &usage) == 0);
    if (usage.ru_maxrss >= MOST_KIB) fprintf(stderr, "peak: %ld KiB\n", usage.ru_maxrss);
    CHECK(usage.ru_maxrss < MOST_KIB);
    return 0;
}
