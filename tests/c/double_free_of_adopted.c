// A block that its first owner has at hand still, when another thread takes over the slab around it, is found by a third
// thread that frees it again.
// expect: abort "hakmem: double free of {ptr}"
#include "check.h"
#include "../../include/hakmem.h"
#include <dlfcn.h>
#include <pthread.h>

enum { SIZE = 4096, BLOCKS_OF_SLAB = 16, SLABS = 512, BLOCKS = SLABS * BLOCKS_OF_SLAB, MIB = 1 << 20 };

static pthread_barrier_t rests, ended;
static void *cached;

// One block of each slab stays in use. The last ones that are freed, which the bin has, stand in slabs of their own.
static void *own(void *unused) {
    static void *blocks[BLOCKS];
    for (int i = 0; i < BLOCKS; i++) CHECK((blocks[i] = malloc(SIZE)));
    for (int i = 0; i < BLOCKS; i++) {
        if (i % BLOCKS_OF_SLAB > 1) free(blocks[i]);
    }
    for (int slab = 0; slab < 64; slab++) free(cached = blocks[slab * BLOCKS_OF_SLAB + 1]);
    pthread_barrier_wait(&rests);
    pthread_barrier_wait(&ended);
    return unused;
}

static void *take_over(void *unused) {
    for (size_t bytes = 0; bytes < 40 * (size_t)MIB; bytes += SIZE) CHECK(malloc(SIZE));
    return unused;
}

static uint64_t adoptions(void) {
    struct hakmem_stats stats;
    int (*get)(struct hakmem_stats *, size_t) = (int (*)(struct hakmem_stats *, size_t))dlsym(RTLD_DEFAULT, "hakmem_stats");
    CHECK(get && get(&stats, sizeof stats) == 0);
    return stats.adopt_hits;
}

int main(void) {
    pthread_t owner, other;
    pthread_barrier_init(&rests, NULL, 2);
    pthread_barrier_init(&ended, NULL, 2);
    CHECK(pthread_create(&owner, NULL, own, NULL) == 0);
    pthread_barrier_wait(&rests);
    usleep(40000); // who has just given memory up is not taken to rest; no condition to wait for
    CHECK(pthread_create(&other, NULL, take_over, NULL) == 0 && pthread_join(other, NULL) == 0);
    CHECK(adoptions() > 100);
    printf("%p\n", cached);
    fflush(stdout);
    free(cached);
    pthread_barrier_wait(&ended);
    pthread_join(owner, NULL);
    return 0;
}
