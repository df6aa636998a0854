// Without being asked the library prints nothing, however much was done.
#include "check.h"
#include <pthread.h>

static void *cycle(void *unused) {
    for (int i = 0; i < 100000; i++) free(malloc(1 + (size_t)i % 40000));
    return unused;
}

int main(void) {
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, cycle, NULL) == 0 && pthread_join(thread, NULL) == 0);
    cycle(NULL);
    return 0;
}
