// The process exits while other threads allocate and free: no crash, no hang.
// repeat: 20
#include "check.h"
#include <pthread.h>

static void *shared[64];

static void *churn(void *seed) {
    uint64_t state = (uintptr_t)seed;
    for (;;) {
        void **place = &shared[next_random(&state) % 64];
        free(__atomic_exchange_n(place, malloc(random_size(&state, 200000)), __ATOMIC_ACQ_REL));
    }
    return NULL;
}

int main(void) {
    for (uintptr_t i = 1; i <= 4; i++) {
        pthread_t thread;
        CHECK(pthread_create(&thread, NULL, churn, (void *)i) == 0);
    }
    usleep(30000);
    exit(0);
}
