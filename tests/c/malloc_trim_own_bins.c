// malloc_trim gives back what the bins of its caller hold, and the slab of each class that stays against flutter.
// hakmem-only
#include "check.h"
#include <malloc.h>

enum { SIZES = 200, EACH = 8 };
static void *blocks[SIZES * EACH];

int main(void) {
    for (int i = 0; i < SIZES * EACH; i++) CHECK(blocks[i] = malloc((size_t)(i % SIZES + 1) * 300));
    for (int i = 0; i < SIZES * EACH; i++) free(blocks[i]);
    CHECK(mallinfo2().fordblks > 1 << 20);
    CHECK(malloc_trim(0) == 1);
    struct mallinfo2 after = mallinfo2();
    CHECK(after.fordblks + after.fsmblks + after.keepcost < 256 << 10);
    CHECK(malloc_trim(0) == 0);
    return 0;
}
