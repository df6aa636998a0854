// Printing a message is no cancellation point either.
// env: HAKMEM_FOREIGN_FREE=warn
// expect-stderr: "hakmem: *0x*"
// hakmem-only
#include "check.h"
#include <pthread.h>

static int reached;

static void *cancelled(void *foreign) {
    CHECK(pthread_cancel(pthread_self()) == 0);
    free(foreign);
    reached = 1;
    pthread_testcancel();
    return NULL;
}

int main(void) {
    void *(*libc_malloc)(size_t) = (void *(*)(size_t))libc_function("malloc");
    pthread_t thread;
    void *result = NULL;
    CHECK(pthread_create(&thread, NULL, cancelled, libc_malloc(64)) == 0);
    CHECK(pthread_join(thread, &result) == 0);
    CHECK(reached && result == PTHREAD_CANCELED);
    return 0;
}
