// A block was freed by a thread that has ended since; another thread frees it again.
// expect: abort "hakmem: double free of {ptr}" "hakmem: invalid free of {ptr}: *"
// each-args: 16 64 200 1024 5000 20000 65536 200000
// hakmem-only
#include "../check.h"
#include <pthread.h>

static size_t size;
static void *kept[20];

static void *allocates(void *unused) {
    for (int i = 0; i < 20; i++) kept[i] = malloc(size);
    void *block = malloc(size);
    free(block);
    return unused ? NULL : block;
}

int main(int argc, char **argv) {
    pthread_t thread;
    void *block;
    CHECK(argc == 2);
    size = (size_t)atol(argv[1]);
    CHECK(pthread_create(&thread, NULL, allocates, NULL) == 0 && pthread_join(thread, &block) == 0);
    say_pointer(block);
    free(block);
    for (int i = 0; i < 20; i++) free(kept[i]);
    for (int i = 0; i < 5000; i++) opaque(malloc(size));
    return 0;
}
