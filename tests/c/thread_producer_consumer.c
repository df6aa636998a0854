// One thread allocates, another frees, without end: content arrives whole and memory is reused.
#include "check.h"
#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>

enum { RING = 1024, TOTAL = 400000 };
static unsigned char *ring[RING];

static size_t size_of(unsigned i) { return i % 1000 == 0 ? 100000 : i % 50 == 0 ? 10000 : 16 + i % 500; }

static void *consumer(void *unused) {
    for (unsigned i = 0; i < TOTAL; i++) {
        unsigned char *block;
        while (!(block = __atomic_exchange_n(&ring[i % RING], NULL, __ATOMIC_ACQ_REL))) sched_yield();
        CHECK(holds(block, size_of(i), i));
        free(block);
    }
    return unused;
}

int main(void) {
    pthread_t thread;
    struct rusage usage;
    CHECK(pthread_create(&thread, NULL, consumer, NULL) == 0);
    for (unsigned i = 0; i < TOTAL; i++) {
        unsigned char *block = malloc(size_of(i));
        CHECK(block);
        fill(block, size_of(i), i);
        while (__atomic_load_n(&ring[i % RING], __ATOMIC_ACQUIRE)) sched_yield();
        __atomic_store_n(&ring[i % RING], block, __ATOMIC_RELEASE);
    }
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK(getrusage(RUSAGE_SELF, &usage) == 0);
    CHECK(usage.ru_maxrss < 100 * 1024);  // KiB; 240 MB went through
    return 0;
}
