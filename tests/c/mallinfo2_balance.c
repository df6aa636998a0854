// The numbers balance: live (uordblks) + cached and free (fordblks) = committed (arena), huge blocks
// aside, at every moment of a random run.
// hakmem-only
#include "check.h"

enum { BLOCKS = 2000, STEPS = 20000 };
static void *blocks[BLOCKS];

static void check_balance(void) {
    struct mallinfo2 info = mallinfo2();
    CHECK(info.uordblks >= 1000 && info.uordblks + info.fordblks == info.arena);
    CHECK(info.keepcost <= info.fordblks);
}

int main(void) {
    uint64_t state = 3;
    void *kept = malloc(1000);
    CHECK(kept);
    for (int step = 0; step < STEPS; step++) {
        unsigned k = next_random(&state) % BLOCKS;
        free(blocks[k]);
        CHECK((blocks[k] = malloc(random_size(&state, step % 20 ? 20000 : 4 << 20))));
        if (step % 500 == 0) check_balance();
    }
    for (int k = 0; k < BLOCKS; k++) free(blocks[k]);
    check_balance();
    malloc_trim(0);
    check_balance();
    free(kept);
    return 0;
}
