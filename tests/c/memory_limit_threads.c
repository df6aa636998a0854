// HAKMEM_MEMORY_LIMIT in MiB: three threads, each with at most 14 MiB of spans at a time, are never refused one,
// though what they free is kept, purged and joined by each for all of them.
// env: HAKMEM_MEMORY_LIMIT=64
// hakmem-only
#include "check.h"
#include <pthread.h>

enum { THREADS = 3, ROUNDS = 80000, MOST_KIB = 14 * 1024, SLOT_KIB = 64 };

static void *churn(void *seed) {
    unsigned state = (unsigned)(size_t)seed * 7919 + 1;
    void *blocks[MOST_KIB / SLOT_KIB];
    for (int round = 0; round < ROUNDS; round++) {
        int count = 0;
        for (unsigned left = MOST_KIB;;) {
            state = state * 1103515245u + 12345u;
            unsigned kib = (1 + (state >> 16) % 12) * SLOT_KIB;
            if (kib > left) break;
            left -= kib;
            char *block = malloc(kib * 1024 - 100);
            CHECK(block);
            *block = 1;
            blocks[count++] = block;
        }
        while (count > 0) free(blocks[--count]);
    }
    return NULL;
}

int main(void) {
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++) CHECK(pthread_create(&threads[i], NULL, churn, (void *)i) == 0);
    for (int i = 0; i < THREADS; i++) CHECK(pthread_join(threads[i], NULL) == 0);
    return 0;
}
