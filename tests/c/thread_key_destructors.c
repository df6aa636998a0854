// Destructors of thread keys allocate and free, in every round that POSIX grants, also those that
// run after the allocator's own key; keys of 32 and more make pthread_setspecific allocate.
#include "check.h"
#include <limits.h>
#include <pthread.h>

enum { KEYS = 200 };
static pthread_key_t keys[KEYS];
static int runs;

static void destructor(void *block) {
    CHECK(holds(block, 300, 8));
    free(block);
    for (size_t size = 10; size < 400000; size *= 7) free(malloc(size));
    void *next = malloc(300);
    CHECK(next);
    fill(next, 300, 8);
    int run = __atomic_add_fetch(&runs, 1, __ATOMIC_RELAXED);
    if (run % KEYS < KEYS / 2) CHECK(pthread_setspecific(keys[run % KEYS], next) == 0);  // another round
    else free(next);
}

static void *thread(void *unused) {
    for (int i = KEYS - 1; i >= 0; i--) {
        void *block = malloc(300);
        CHECK(block);
        fill(block, 300, 8);
        CHECK(pthread_setspecific(keys[i], block) == 0);
    }
    return unused;
}

int main(void) {
    for (int i = 0; i < KEYS; i++) CHECK(pthread_key_create(&keys[i], destructor) == 0);
    for (int round = 0; round < 50; round++) {
        pthread_t id;
        CHECK(pthread_create(&id, NULL, thread, NULL) == 0 && pthread_join(id, NULL) == 0);
    }
    CHECK(runs >= 50 * KEYS);
    return 0;
}
