// Ten thousand threads come and go, each leaves a block behind that another frees: the memory of
// the dead is used again.
#include "check.h"
#include <pthread.h>
#include <sys/resource.h>

static void *thread(void *old) {
    free(old);
    for (size_t size = 16; size < 70000; size *= 4) free(malloc(size));
    char *block = malloc(5000);
    CHECK(block);
    memset(block, 1, 5000);
    return block;
}

int main(void) {
    void *block = NULL;
    struct rusage usage;
    for (int i = 0; i < 10000; i++) {
        pthread_t id;
        CHECK(pthread_create(&id, NULL, thread, block) == 0 && pthread_join(id, &block) == 0);
    }
    free(block);
    CHECK(getrusage(RUSAGE_SELF, &usage) == 0);
    CHECK(usage.ru_maxrss < 60 * 1024);  // KiB
    return 0;
}
