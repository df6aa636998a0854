// A block is resized by a thread that did not allocate it, round after round.
#include "check.h"
#include <pthread.h>

static unsigned char *block;
static size_t size;

static void *resizes(void *seed) {
    uint64_t state = (uintptr_t)seed;
    for (int i = 0; i < 40; i++) {
        size_t wanted = random_size(&state, i % 8 ? 50000 : 8 << 20);
        block = realloc(block, wanted);
        CHECK(block && holds(block, size < wanted ? size : wanted, 1));
        size = wanted;
        fill(block, size, 1);
    }
    return NULL;
}

int main(void) {
    for (uintptr_t round = 1; round <= 60; round++) {
        pthread_t thread;
        CHECK(pthread_create(&thread, NULL, resizes, (void *)round) == 0);
        CHECK(pthread_join(thread, NULL) == 0);
        resizes((void *)(round + 1000));
    }
    free(block);
    return 0;
}
