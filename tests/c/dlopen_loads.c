// The library is loaded by dlopen instead of preloaded: static TLS suffices, its functions work in
// threads that were there before, and after dlclose.
// preload: no
// args: {lib}
// hakmem-only
#include "check.h"
#include <pthread.h>

static void *(*allocate)(size_t);
static void (*release)(void *);
static pthread_barrier_t barrier;

static void *cycle(void *unused) {
    for (size_t size = 1; size < 5000000; size = size * 2 + 1) {
        char *block = allocate(size);
        CHECK(block && is_aligned(block, 16));
        memset(block, 1, size);
        release(block);
    }
    return unused;
}

static void *early_thread(void *unused) {
    pthread_barrier_wait(&barrier);
    return cycle(unused);
}

int main(int argc, char **argv) {
    pthread_t early, late;
    CHECK(argc == 2 && pthread_barrier_init(&barrier, NULL, 2) == 0);
    CHECK(pthread_create(&early, NULL, early_thread, NULL) == 0);
    void *library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    if (!library) check_failed(dlerror(), __LINE__, "dlopen");
    allocate = (void *(*)(size_t))dlsym(library, "malloc");
    release = (void (*)(void *))dlsym(library, "free");
    CHECK(allocate && release && (void *)allocate != dlsym(RTLD_DEFAULT, "malloc"));
    pthread_barrier_wait(&barrier);
    cycle(NULL);
    CHECK(pthread_join(early, NULL) == 0);
    CHECK(dlclose(library) == 0);
    CHECK(pthread_create(&late, NULL, cycle, NULL) == 0 && pthread_join(late, NULL) == 0);
    cycle(NULL);
    return 0;
}
