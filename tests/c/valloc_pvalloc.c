// valloc aligns to the page, pvalloc also rounds the size up to whole pages.
#include "check.h"

int main(void) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    for (size_t size = 0; size < 300000; size = size * 2 + 1) {
        void *block = valloc(size);
        CHECK(block && is_aligned(block, page) && malloc_usable_size(block) >= size);
        memset(block, 1, size);
        free(block);
        size_t rounded = (size + page - 1) / page * page;
        block = pvalloc(size);
        CHECK(block && is_aligned(block, page) && malloc_usable_size(block) >= rounded);
        memset(block, 1, rounded);
        free(block);
    }
    for (size_t below = 0; below < 2 * page; below += 511) {
        errno = 0;
        CHECK(pvalloc(SIZE_MAX - below) == NULL && errno == ENOMEM);  // the rounding overflows
        errno = 0;
        CHECK(valloc(SIZE_MAX - below) == NULL && errno == ENOMEM);
    }
    return 0;
}
