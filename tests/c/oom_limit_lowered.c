// A program lowers its own limit to what it has and 64 MiB: it can still map, start threads and
// allocate what it has room for, and no call ends it.
#include "check.h"
#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>

static void *thread(void *unused) {
    for (size_t size = 16; size < 1000000; size *= 3) free(malloc(size));
    return unused;
}

int main(void) {
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    CHECK(file && fscanf(file, "%ld", &pages) == 1 && fclose(file) == 0);
    rlim_t now = (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE);
    struct rlimit limit = {now + ((rlim_t)64 << 20), RLIM_INFINITY};
    CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
    void *own = mmap(NULL, 8 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(own != MAP_FAILED);
    pthread_t id;
    CHECK(pthread_create(&id, NULL, thread, NULL) == 0 && pthread_join(id, NULL) == 0);
    void *block = malloc(10 << 20);
    CHECK(block);
    errno = 0;
    void *too_much = malloc((size_t)1 << 40);
    CHECK(!too_much && errno == ENOMEM);
    free(block);
    return 0;
}
