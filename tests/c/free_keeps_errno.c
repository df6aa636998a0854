// free keeps errno whatever it calls: bins that overflow, spans, unmapping, other threads' blocks.
#include "check.h"
#include <pthread.h>

enum { COUNT = 3000 };
static void *blocks[COUNT];

static void *free_all(void *unused) {
    for (int i = 0; i < COUNT; i++) {
        errno = 1000 + i;
        free(blocks[i]);
        CHECK(errno == 1000 + i);
    }
    return unused;
}

int main(void) {
    pthread_t thread;
    uint64_t state = 5;
    for (int round = 0; round < 6; round++) {
        for (int i = 0; i < COUNT; i++) {
            blocks[i] = malloc(random_size(&state, i % 100 ? 70000 : (size_t)20 << 20));
            CHECK(blocks[i]);
        }
        if (round % 2) {
            CHECK(pthread_create(&thread, NULL, free_all, NULL) == 0);
            CHECK(pthread_join(thread, NULL) == 0);
        } else {
            free_all(NULL);
        }
    }
    return 0;
}
