// Eight threads allocate and free the same sizes at once; each block holds what its owner wrote.
#include "check.h"
#include <pthread.h>

enum { THREADS = 8, LIVE = 200, STEPS = 20000 };

static void *work(void *seed) {
    uint64_t state = (uintptr_t)seed;
    unsigned char *blocks[LIVE] = {0};
    size_t sizes[LIVE];
    for (int step = 0; step < STEPS; step++) {
        unsigned k = next_random(&state) % LIVE;
        if (blocks[k]) {
            CHECK(holds(blocks[k], sizes[k], k + (unsigned)(uintptr_t)seed));
            free(blocks[k]);
        }
        sizes[k] = random_size(&state, step % 100 ? 2000 : 300000);
        CHECK((blocks[k] = malloc(sizes[k])));
        fill(blocks[k], sizes[k], k + (unsigned)(uintptr_t)seed);
    }
    for (int k = 0; k < LIVE; k++) free(blocks[k]);
    return NULL;
}

int main(void) {
    pthread_t threads[THREADS];
    for (uintptr_t i = 0; i < THREADS; i++) CHECK(pthread_create(&threads[i], NULL, work, (void *)(i + 1)) == 0);
    for (int i = 0; i < THREADS; i++) CHECK(pthread_join(threads[i], NULL) == 0);
    return 0;
}
