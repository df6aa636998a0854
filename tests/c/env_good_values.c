// Good values of every variable are taken in silence, at both ends of their ranges.
// each-env: HAKMEM_POOL_TLS=0 HAKMEM_POOL_TLS=1 HAKMEM_STAGE1=0 HAKMEM_STAGE1=on HAKMEM_STAGE2=0 HAKMEM_STAGE2=true
// each-env: HAKMEM_SHARED_POOL_LOCK_STATS=0 HAKMEM_SS_ACQUIRE_DEBUG=off HAKMEM_POOL_TLS_ARENA_MB_INIT=1
// each-env: HAKMEM_POOL_TLS_ARENA_MB_INIT=8 HAKMEM_POOL_TLS_ARENA_MB_INIT=1024 HAKMEM_POOL_TLS_ARENA_MB_MAX=1
// each-env: HAKMEM_POOL_TLS_ARENA_MB_MAX=1024 HAKMEM_FAST_CAP=1 HAKMEM_FAST_CAP=126 HAKMEM_REFILL_COUNT_TINY=0
// each-env: HAKMEM_REFILL_COUNT_TINY=1 HAKMEM_REFILL_COUNT_TINY=126 HAKMEM_REFILL_COUNT_SMALL=1
// each-env: HAKMEM_REFILL_COUNT_SMALL=126 HAKMEM_REFILL_COUNT_MID=1 HAKMEM_REFILL_COUNT_MID=126
// each-env: HAKMEM_DRAIN_INTERVAL=1 HAKMEM_DRAIN_INTERVAL=1024 HAKMEM_DRAIN_INTERVAL=65536
// each-env: HAKMEM_FOREIGN_FREE=auto HAKMEM_FOREIGN_FREE=warn HAKMEM_FOREIGN_FREE=ignore HAKMEM_FOREIGN_FREE=abort
// each-env: HAKMEM_PURGE_DELAY_MS=0 HAKMEM_PURGE_DELAY_MS=3600000 HAKMEM_CACHE_MIN_MB=0 HAKMEM_CACHE_MIN_MB=65536
// each-env: HAKMEM_HARDENED=0 HAKMEM_HARDENED=1 HAKMEM_WINDOW_GB=0 HAKMEM_WINDOW_GB=1 HAKMEM_WINDOW_GB=1024
// each-env: HAKMEM_STATS_FILE=unused.txt HAKMEM_MEMORY_LIMIT=0 HAKMEM_MEMORY_LIMIT=4096
// each-env: HAKMEM_MEMORY_LIMIT=1073741824 HAKMEM_THP=auto HAKMEM_THP=always HAKMEM_THP=never
#include "check.h"
#include <pthread.h>

enum { LIVE = 500 };
static unsigned char *blocks[LIVE];
static size_t sizes[LIVE];

static void *work(void *seed) {
    uint64_t state = (uintptr_t)seed;
    for (int step = 0; step < 20000; step++) {
        unsigned k = next_random(&state) % LIVE;
        CHECK(!blocks[k] || holds(blocks[k], sizes[k], k));
        free(blocks[k]);
        sizes[k] = random_size(&state, step % 100 ? 3000 : 2 << 20);
        CHECK((blocks[k] = malloc(sizes[k])));
        fill(blocks[k], sizes[k], k);
    }
    return NULL;
}

int main(void) {
    for (uintptr_t round = 1; round <= 4; round++) {  // each thread frees the blocks of the last
        pthread_t thread;
        CHECK(pthread_create(&thread, NULL, work, (void *)round) == 0 && pthread_join(thread, NULL) == 0);
    }
    for (int k = 0; k < LIVE; k++) free(blocks[k]);
    return 0;
}
