// malloc_usable_size: at least the request, all of it may be written, it stays until realloc.
#include "check.h"

enum { COUNT = 400 };
static unsigned char *blocks[COUNT];
static size_t usable[COUNT];

int main(void) {
    CHECK(malloc_usable_size(NULL) == 0);
    for (unsigned i = 0; i < COUNT; i++) {
        size_t size = i < 200 ? i : (size_t)i * i;
        blocks[i] = i % 3 == 0 ? calloc(1, size) : i % 3 == 1 ? malloc(size) : memalign(1 << (i % 14), size);
        CHECK(blocks[i]);
        usable[i] = malloc_usable_size(opaque(blocks[i]));
        CHECK(usable[i] >= size);
        fill(blocks[i], usable[i], i);
    }
    for (unsigned i = 0; i < COUNT; i++) {
        CHECK(malloc_usable_size(blocks[i]) == usable[i]);
        CHECK(holds(blocks[i], usable[i], i));
    }
    for (unsigned i = 0; i < COUNT; i++) {
        blocks[i] = realloc(blocks[i], usable[i] + 1);
        CHECK(blocks[i] && malloc_usable_size(blocks[i]) > usable[i]);
        CHECK(holds(blocks[i], usable[i], i));
        free(blocks[i]);
    }
    return 0;
}
