// malloc works in the earliest constructors of the program and in .preinit_array, and the blocks
// may be freed in main and in a destructor.
#include "check.h"

static char *early[3];
static int at;

static void allocate(void) {
    CHECK((early[at] = malloc(1000 + 100000 * at)));
    fill(early[at], 1000, (unsigned)at);
    at++;
    free(malloc(50));
}

__attribute__((constructor(101))) static void first(void) { allocate(); }
__attribute__((constructor)) static void last(void) { allocate(); }
__attribute__((section(".preinit_array"), used)) static void (*preinit)(void) = allocate;

__attribute__((destructor)) static void frees_at_the_end(void) {
    CHECK(holds(early[2], 1000, 2));
    free(early[2]);
    free(malloc(100));
}

int main(void) {
    CHECK(at == 3);
    for (unsigned i = 0; i < 2; i++) {
        CHECK(holds(early[i], 1000, i));
        free(early[i]);
    }
    return 0;
}
