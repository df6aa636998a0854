// 8192 calls of atexit are the first thing that the program does, in .preinit_array: libc allocates
// its lists of handlers before anything else allocates. Every handler runs.
// usage: atexit_many
#include "process.h"

enum { HANDLERS = 8192 };
static int ran;

static void handler(void) {
    free(malloc(100));
    ran++;
}

static void last(void) {
    if (ran != HANDLERS) _exit(8);
}

static void registers(void) {
    if (atexit(last) != 0) _exit(9);
    for (int i = 0; i < HANDLERS; i++)
        if (atexit(handler) != 0) _exit(9);
}
__attribute__((section(".preinit_array"), used)) static void (*first)(void) = registers;

int main(void) {
    walk_sizes(NULL);
    return 0;
}
