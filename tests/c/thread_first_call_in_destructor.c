// A thread whose very first malloc happens in a key destructor, while it ends; thousands of them
// leave nothing behind.
#include "check.h"
#include <pthread.h>
#include <sys/resource.h>

static pthread_key_t key;

static void destructor(void *round) {
    char *block = malloc(20000);
    CHECK(block);
    memset(block, 1, 20000);
    free(block);
    free(malloc(100));
    if ((uintptr_t)round < 3) CHECK(pthread_setspecific(key, (char *)round + 1) == 0);
}

static void *thread(void *unused) {
    CHECK(pthread_setspecific(key, (void *)1) == 0);
    return unused;
}

int main(void) {
    struct rusage usage;
    CHECK(pthread_key_create(&key, destructor) == 0);
    for (int i = 0; i < 5000; i++) {
        pthread_t id;
        CHECK(pthread_create(&id, NULL, thread, NULL) == 0 && pthread_join(id, NULL) == 0);
    }
    CHECK(getrusage(RUSAGE_SELF, &usage) == 0 && usage.ru_maxrss < 60 * 1024);
    return 0;
}
