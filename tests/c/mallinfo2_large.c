// Large and huge blocks are counted in mallinfo2 while they live, and no longer.
#include "check.h"

static size_t live(void) {
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

int main(void) {
    static const size_t SIZES[] = {200000, 1500000, (size_t)64 << 20, (size_t)700 << 20};
    for (int i = 0; i < 4; i++) {
        size_t before = live();
        void *block = malloc(SIZES[i]);
        CHECK(block && live() >= before + SIZES[i]);
        free(block);
        CHECK(mallinfo2().uordblks < before + SIZES[i] / 2);
    }
    return 0;
}
