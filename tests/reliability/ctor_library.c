// A library whose constructor and destructor allocate and free, of each kind of block, and whose
// destructor frees what its constructor got. To be preloaded before or after the allocator.
#include "process.h"

static unsigned char *kept[4];

__attribute__((constructor(101))) static void begins(void) {
    for (size_t i = 0; i < 4; i++) {
        size_t size = (size_t)100 << (6 * i);
        if (!(kept[i] = malloc(size))) _exit(9);
        fill(kept[i], 100, (unsigned)i);
    }
    walk_sizes(NULL);
    setenv("CTOR_LIBRARY_BEGAN", "1", 1);
}

__attribute__((destructor(101))) static void ends(void) {
    for (unsigned i = 0; i < 4; i++) {
        if (!holds(kept[i], 100, i)) _exit(8);
        free(kept[i]);
    }
    walk_sizes(NULL);
}
