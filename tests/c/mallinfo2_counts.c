// mallinfo2 follows the program: live bytes rise by what is allocated and fall by what is freed.
#include "check.h"

enum { COUNT = 100000, BYTES = 100 };
static void *blocks[COUNT];

static size_t live(void) {
    struct mallinfo2 info = mallinfo2();
    return info.uordblks;
}

int main(void) {
    size_t before = live();
    for (int i = 0; i < COUNT; i++) CHECK((blocks[i] = malloc(BYTES)));
    size_t with_blocks = live();
    CHECK(with_blocks >= before + (size_t)COUNT * BYTES);
    CHECK(with_blocks <= before + (size_t)COUNT * BYTES * 3 / 2);
    for (int i = 0; i < COUNT; i++) free(blocks[i]);
    CHECK(live() <= before + (size_t)COUNT * BYTES / 10);
    return 0;
}
