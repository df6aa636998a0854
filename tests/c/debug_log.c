// HAKMEM_SS_ACQUIRE_DEBUG=1 prints a line for each slot handed out, from any thread, on stderr only.
// env: HAKMEM_SS_ACQUIRE_DEBUG=1
// expect-stderr: "[SP_ACQUIRE_STAGE*] class=* slot (ss=0x* slab=*)"
// expect-stderr-lines: any
// hakmem-only
#include "check.h"
#include <pthread.h>

static void *thread(void *unused) {
    for (size_t size = 8; size < 60000; size = size * 2 + 1) free(malloc(size));
    return unused;
}

int main(void) {
    pthread_t id;
    CHECK(pthread_create(&id, NULL, thread, NULL) == 0 && pthread_join(id, NULL) == 0);
    thread(NULL);
    return 0;
}
