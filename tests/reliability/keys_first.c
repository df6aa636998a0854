// Keys of threads are made and set before the first malloc, in .preinit_array: from the 33rd on
// pthread_setspecific allocates itself. Other threads do the same with their first calls.
// usage: keys_first
#include "process.h"

enum { KEYS = 64 };
static pthread_key_t keys[KEYS];

static void sets(void) {
    for (uintptr_t i = 0; i < KEYS; i++)
        if (pthread_setspecific(keys[i], (void *)(i + 1)) != 0) _exit(9);
}

static void makes_and_sets(void) {
    for (int i = 0; i < KEYS; i++)
        if (pthread_key_create(&keys[i], NULL) != 0) _exit(9);
    sets();
}
__attribute__((section(".preinit_array"), used)) static void (*first)(void) = makes_and_sets;

static void *checks(void *is_new) {
    if (is_new) sets();
    walk_sizes(NULL);
    for (uintptr_t i = 0; i < KEYS; i++) CHECK(pthread_getspecific(keys[i]) == (void *)(i + 1));
    return NULL;
}

int main(void) {
    pthread_t threads[4];
    checks(NULL);
    start(threads, 4, checks);
    join(threads, 4);
    return 0;
}
