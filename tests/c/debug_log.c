// HAKMEM_SS_ACQUIRE_DEBUG=1 prints a line for each slot that a stage hands out, and for each that is given
// back, left behind by a thread, and purged: from any thread, on stderr only. The prototype's line for stage 2
// is as it was.
// env: HAKMEM_SS_ACQUIRE_DEBUG=1
// expect-stderr: "[SP_ACQUIRE_STAGE3_GROW] class=* claimed slot of a new SuperSlab (ss=0x* slab=0)"
// expect-stderr: "[SP_ACQUIRE_STAGE2_LOCKFREE] class=* claimed UNUSED slot (ss=0x* slab=*)"
// expect-stderr: "[SP_RELEASE] class=* gave back slot, now EMPTY (ss=0x* slab=*)"
// expect-stderr: "[SP_ACQUIRE_STAGE1_LOCKFREE] class=* reused EMPTY slot (ss=0x* slab=*)"
// expect-stderr: "[SP_ACQUIRE_STAGE1B_LOCKFREE] class=* reused EMPTY slot of another class (ss=0x* slab=*)"
// expect-stderr: "[SP_ABANDON] class=* left slab behind, now ABANDONED (ss=0x* slab=*)"
// expect-stderr: "[SP_ACQUIRE_STAGE0_ADOPT] class=* adopted ABANDONED slab (ss=0x* slab=*)"
// expect-stderr: "[SP_PURGE] class=* purged slot, now UNUSED (ss=0x* slab=*)"
// expect-stderr: "[SP_*] class=span4 * slot* (ss=0x* slab=*)"
// expect-stderr-lines: any
// hakmem-only
#include "check.h"
#include <pthread.h>

enum { BLOCKS = 1000, ABANDONED_BYTES = 1024, KEPT = 10 };

static void *left[BLOCKS];

// Fills many slabs with blocks of one size and empties them again.
static void fill_and_empty(size_t size) {
    static void *blocks[BLOCKS];
    for (int i = 0; i < BLOCKS; i++) CHECK(blocks[i] = malloc(size));
    for (int i = 0; i < BLOCKS; i++) free(blocks[i]);
}

static void *leave_blocks(void *unused) {
    for (int i = 0; i < BLOCKS; i++) CHECK(left[i] = malloc(ABANDONED_BYTES));
    for (int i = 0; i < BLOCKS; i++)
        if (i % KEPT) free(left[i]);
    return unused;
}

int main(void) {
    pthread_t thread;
    fill_and_empty(4096);
    fill_and_empty(4096); // stage 1
    fill_and_empty(2048); // stage 1b
    free(malloc(200000));
    CHECK(pthread_create(&thread, NULL, leave_blocks, NULL) == 0 && pthread_join(thread, NULL) == 0);
    fill_and_empty(ABANDONED_BYTES);
    for (int i = 0; i < BLOCKS; i += KEPT) free(left[i]);
    CHECK(malloc_trim(0));
    return 0;
}
