// vm.overcommit_memory=2: the program starts, gets 512 MiB in blocks of all sizes from four threads, and
// NULL and ENOMEM for more than the machine may promise.
#include "setting.h"

static void again(void) {
    execl("/proc/self/exe", "overcommit_never", "limited", (char *)NULL);
    _exit(9);
}

static void *fill_up(void *seed) {
    uint64_t state = (uintptr_t)seed;
    void **last = NULL;
    for (size_t bytes = 0; bytes < (size_t)128 << 20;) {
        size_t size = random_size(&state, 3 << 20) + sizeof(void *);
        void **block = malloc(size);
        CHECK(block);
        *block = last;
        last = block;
        bytes += size;
    }
    for (void **block; last; last = block) {
        block = *last;
        free(last);
    }
    return NULL;
}

int main(int argc, char **argv) {
    if (argc < 2) {
        run_with("/proc/sys/vm/overcommit_memory", "2", again);
        return 0;
    }
    CHECK(strcmp(argv[1], "limited") == 0);
    pthread_t threads[4];
    start(threads, 4, fill_up);
    join(threads, 4);
    errno = 0;
    void *too_much = malloc((size_t)sysconf(_SC_PHYS_PAGES) * 4 * (size_t)sysconf(_SC_PAGESIZE));
    CHECK(!too_much && errno == ENOMEM);
    return 0;
}
