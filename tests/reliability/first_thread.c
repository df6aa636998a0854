// The first to use the library is not the main thread, and the main thread does not stay.
// usage: first_thread loads LIBRARY   a second thread loads the library by dlopen, and ends; main uses it
//        first_thread races           eight threads make the first calls of the process at the same time
//        first_thread leaves          the main thread ends by pthread_exit, the others go on
#include "process.h"

enum { THREADS = 8 };
static void *(*allocate)(size_t);
static void (*release)(void *);
static const char *library;
static pthread_barrier_t together;
static int finished;

static void *loads(void *unused) {
    void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    CHECK(handle);
    allocate = (void *(*)(size_t))dlsym(handle, "malloc");
    release = (void (*)(void *))dlsym(handle, "free");
    CHECK(allocate && release);
    for (size_t size = 1; size < 3000000; size *= 2) release(allocate(size));
    return unused;
}

static void *races(void *unused) {
    pthread_barrier_wait(&together);
    return walk_sizes(unused);
}

static void *outlives_main(void *unused) {
    usleep(20000);
    walk_sizes(NULL);
    if (__atomic_add_fetch(&finished, 1, __ATOMIC_ACQ_REL) == THREADS) exit(0);
    pause();
    return unused;
}

int main(int argc, char **argv) {
    static pthread_t threads[THREADS];
    CHECK(argc > 1 && pthread_barrier_init(&together, NULL, THREADS) == 0);
    if (strcmp(argv[1], "loads") == 0) {
        CHECK(argc > 2);
        library = argv[2];
        start(threads, 1, loads);
        join(threads, 1);
        for (size_t size = 1; size < 3000000; size *= 2) release(allocate(size));
    } else if (strcmp(argv[1], "races") == 0) {
        start(threads, THREADS, races);
        join(threads, THREADS);
    } else {
        char *block = malloc(100000);
        CHECK(block);
        start(threads, THREADS, outlives_main);
        free(block);
        pthread_exit(NULL);
    }
    return 0;
}
