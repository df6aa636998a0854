// free(NULL) does nothing, in any thread, at any time.
#include "check.h"
#include <pthread.h>

static void *frees_null(void *unused) {
    errno = 33;
    free(NULL);
    CHECK(errno == 33);
    return unused;
}

int main(void) {
    pthread_t thread;
    frees_null(NULL);
    CHECK(pthread_create(&thread, NULL, frees_null, NULL) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    frees_null(NULL);
    return 0;
}
