// Keys of threads are made and set before the first malloc, in .preinit_array: from the 33rd on
// pthread_setspecific allocates itself. All of them keep their values, also in other threads.
// usage: keys_first
#include "process.h"

enum { KEYS = 64 };
static pthread_key_t keys[KEYS];

static void sets(void) {
    for (uintptr_t i = 0; i < KEYS; i++)
        if (pthread_key_create(&keys[i], NULL) != 0 || pthread_setspecific(keys[i], (void *)(i + 1)) != 0) _exit(9);
}
__attribute__((section(".preinit_array"), used)) static void (*first)(void) = sets;

static void *checks(void *is_new) {
    if (is_new) sets();
    walk_sizes(NULL);
    for (uintptr_t i = 0; i < KEYS; i++) CHECK(pthread_getspecific(keys[i]) == (void *)(i + 1));
    return NULL;
}

int main(void) {
    pthread_t threads[4];
    checks(NULL);
    for (int i = 0; i < KEYS; i++) CHECK(pthread_key_delete(keys[i]) == 0);
    start(threads, 4, checks);
    join(threads, 4);
    return 0;
}
