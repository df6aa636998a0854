// Runs under shim.so, and calls what it stands before.
#include "process.h"
#include <fcntl.h>
#include <sys/mman.h>

int main(void) {
    pthread_t threads[4];
    int *calls = dlsym(RTLD_DEFAULT, "shim_calls");
    CHECK(calls && *calls > 0);  // getenv of check.h
    start(threads, 4, walk_sizes);
    for (int round = 0; round < 200; round++) {
        char *block = malloc(2 << 20), *mapping = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        CHECK(block && mapping != MAP_FAILED && madvise(mapping, 4096, MADV_DONTNEED) == 0);
        CHECK(munmap(mapping, 4096) == 0);
        int file = open("/dev/null", O_RDONLY);
        CHECK(file >= 0 && close(file) == 0);
        free(block);
        malloc_trim(0);
    }
    join(threads, 4);
    return 0;
}
