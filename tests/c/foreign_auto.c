// Blocks that glibc's own malloc gave out are handed to glibc's free (HAKMEM_FOREIGN_FREE=auto, the
// default): really freed, in any thread, errno kept.
#include "check.h"
#include <pthread.h>
#include <sys/resource.h>

static void *(*libc_malloc)(size_t);

static void *frees_foreign(void *unused) {
    for (int i = 0; i < 20000; i++) {
        char *block = libc_malloc(i % 100 ? 1 + i % 5000 : 300000);
        CHECK(block);
        memset(block, 1, 1);
        memset(block + 1, 2, i % 100 ? i % 5000 : 299999);
        errno = 66;
        free(block);
        CHECK(errno == 66);
    }
    return unused;
}

int main(void) {
    void *(*libc_memalign)(size_t, size_t) = (void *(*)(size_t, size_t))libc_function("memalign");
    pthread_t thread;
    struct rusage usage;
    libc_malloc = (void *(*)(size_t))libc_function("malloc");
    frees_foreign(NULL);
    for (size_t align = 16; align <= 1 << 21; align *= 2)
        for (size_t size = 1; size < 1000000; size = size * 3 + 1) free(libc_memalign(align, size));
    CHECK(pthread_create(&thread, NULL, frees_foreign, NULL) == 0 && pthread_join(thread, NULL) == 0);
    CHECK(getrusage(RUSAGE_SELF, &usage) == 0);
    CHECK(usage.ru_maxrss < 60 * 1024);  // KiB; 220 MB went through
    return 0;
}
