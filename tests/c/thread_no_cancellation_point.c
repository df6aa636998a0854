// No call of the allocator is a cancellation point: a thread with a pending cancellation allocates
// and frees every kind of block and ends only at its pthread_testcancel.
#include "check.h"
#include <pthread.h>

static int reached;

static void *cancelled(void *unused) {
    CHECK(pthread_cancel(pthread_self()) == 0);
    for (int round = 0; round < 20; round++)
        for (size_t size = 16; size <= (size_t)64 << 20; size *= 2) {
            char *block = malloc(size);
            CHECK(block);
            block[size - 1] = 1;
            block = realloc(block, size + size / 2);
            CHECK(block);
            free(block);
            free(calloc(1, size));
        }
    malloc_trim(0);
    reached = 1;
    pthread_testcancel();
    return unused;
}

int main(void) {
    pthread_t thread;
    void *result = NULL;
    CHECK(pthread_create(&thread, NULL, cancelled, NULL) == 0);
    CHECK(pthread_join(thread, &result) == 0);
    CHECK(reached && result == PTHREAD_CANCELED);
    free(malloc(100));
    return 0;
}
