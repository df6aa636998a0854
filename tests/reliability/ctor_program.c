// Runs beside ctor_library.so, and allocates in a destructor and at exit itself.
#include "process.h"

static void cycle(void) { walk_sizes(NULL); }
__attribute__((destructor)) static void ends(void) { cycle(); }

int main(void) {
    pthread_t threads[2];
    CHECK(getenv("CTOR_LIBRARY_BEGAN") && atexit(cycle) == 0);
    start(threads, 2, walk_sizes);
    join(threads, 2);
    return 0;
}
