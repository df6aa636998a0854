// A bad value of any variable is reported once, in one line that names the variable and what is
// used instead; the program runs.
// each-env: HAKMEM_POOL_TLS=maybe HAKMEM_STAGE1=2 HAKMEM_STAGE2= HAKMEM_SHARED_POOL_LOCK_STATS=-1
// each-env: HAKMEM_SS_ACQUIRE_DEBUG=yesno HAKMEM_POOL_TLS_ARENA_MB_INIT=0 HAKMEM_POOL_TLS_ARENA_MB_INIT=1x
// each-env: HAKMEM_POOL_TLS_ARENA_MB_MAX=99999999999999999999 HAKMEM_POOL_TLS_ARENA_MB_MAX=-8 HAKMEM_STATS_FILE=
// each-env: HAKMEM_FAST_CAP=0 HAKMEM_FAST_CAP=1e3 HAKMEM_FAST_CAP=18446744073709551617 HAKMEM_FAST_CAP=
// each-env: HAKMEM_REFILL_COUNT_TINY=many HAKMEM_REFILL_COUNT_SMALL=-1 HAKMEM_REFILL_COUNT_MID=0x10
// each-env: HAKMEM_DRAIN_INTERVAL=0 HAKMEM_DRAIN_INTERVAL=4294967296 HAKMEM_FOREIGN_FREE=sometimes
// each-env: HAKMEM_FOREIGN_FREE= HAKMEM_PURGE_DELAY_MS=soon HAKMEM_CACHE_MIN_MB=-32 HAKMEM_HARDENED=extra
// each-env: HAKMEM_WINDOW_GB=1048576 HAKMEM_WINDOW_GB=%n%s HAKMEM_MEMORY_LIMIT=1.5 HAKMEM_MEMORY_LIMIT=-1
// each-env: HAKMEM_THP=sometimes HAKMEM_THP=
// expect-stderr: "hakmem: {var}=*using *"
// hakmem-only
#include "check.h"
#include <pthread.h>

static void *cycle(void *unused) {
    for (size_t size = 1; size < 3000000; size = size * 2 + 1) free(malloc(size));
    return unused;
}

int main(void) {
    for (int i = 0; i < 20; i++) {
        pthread_t thread;
        CHECK(pthread_create(&thread, NULL, cycle, NULL) == 0 && pthread_join(thread, NULL) == 0);
    }
    cycle(NULL);
    return 0;
}
