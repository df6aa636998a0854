// Blocks outlive the thread that allocated them: others read, resize and free them.
#include "check.h"
#include <pthread.h>

enum { COUNT = 2000 };
static unsigned char *blocks[COUNT];
static size_t sizes[COUNT];

static void *allocates(void *seed) {
    uint64_t state = (uintptr_t)seed;
    for (int i = 0; i < COUNT; i++) {
        sizes[i] = random_size(&state, i % 100 ? 40000 : 3 << 20);
        CHECK((blocks[i] = malloc(sizes[i])));
        fill(blocks[i], sizes[i], (unsigned)i);
    }
    return NULL;
}

static void *frees_half(void *unused) {
    for (int i = 0; i < COUNT; i += 2) {
        CHECK(holds(blocks[i], sizes[i], (unsigned)i));
        free(blocks[i]);
    }
    return unused;
}

static void in_thread(void *(*function)(void *), uintptr_t argument) {
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, function, (void *)argument) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
}

int main(void) {
    for (uintptr_t round = 1; round <= 10; round++) {
        in_thread(allocates, round);
        in_thread(frees_half, 0);
        for (int i = 1; i < COUNT; i += 2) {
            CHECK((blocks[i] = realloc(blocks[i], 2 * sizes[i])));
            CHECK(holds(blocks[i], sizes[i], (unsigned)i));
            free(blocks[i]);
        }
    }
    return 0;
}
