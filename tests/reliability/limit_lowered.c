// A program that lowers its own RLIMIT_AS to 128 MiB, of which 64 MiB are for the allocator, can still
// map 8 MiB, start four threads, and allocate; beyond the limit malloc gives NULL and ENOMEM.
#include "process.h"
#include <sys/mman.h>
#include <sys/resource.h>

enum { LIMIT_MIB = 128, THREADS = 4 };

int main(void) {
    free(malloc(100));
    struct rlimit limit = {(rlim_t)LIMIT_MIB << 20, RLIM_INFINITY};
    CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
    void *own = mmap(NULL, 8 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(own != MAP_FAILED);
    pthread_t threads[THREADS];
    start(threads, THREADS, walk_sizes);
    join(threads, THREADS);
    CHECK(munmap(own, 8 << 20) == 0);
    size_t had = 0;
    void **last = NULL, **block;
    while ((block = malloc(10000))) {
        memset(block, 1, 10000);
        *block = last;
        last = block;
        had += 10000;
    }
    CHECK(errno == ENOMEM);
    printf("%zu MiB\n", had >> 20);
    while (last) {
        block = *last;
        free(last);
        last = block;
    }
    start(threads, THREADS, walk_sizes);
    join(threads, THREADS);
    return 0;
}
