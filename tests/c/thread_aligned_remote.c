// Aligned, large and huge blocks are freed by a thread that did not allocate them.
#include "check.h"
#include <pthread.h>

enum { COUNT = 300 };
static unsigned char *blocks[COUNT];
static size_t sizes[COUNT];

static void *frees(void *unused) {
    for (int i = 0; i < COUNT; i++) {
        CHECK(blocks[i][0] == (unsigned char)i && blocks[i][sizes[i] - 1] == (unsigned char)i);
        free(blocks[i]);
    }
    return unused;
}

int main(void) {
    uint64_t state = 11;
    for (int round = 0; round < 30; round++) {
        for (int i = 0; i < COUNT; i++) {
            size_t alignment = (size_t)16 << (next_random(&state) % 14);
            sizes[i] = random_size(&state, (size_t)4 << 20);
            CHECK((blocks[i] = memalign(alignment, sizes[i])) && is_aligned(blocks[i], alignment));
            blocks[i][0] = blocks[i][sizes[i] - 1] = (unsigned char)i;
        }
        pthread_t thread;
        CHECK(pthread_create(&thread, NULL, frees, NULL) == 0 && pthread_join(thread, NULL) == 0);
    }
    return 0;
}
