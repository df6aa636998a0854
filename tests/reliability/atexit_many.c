// 8192 calls of atexit are the first thing that the program does, in .preinit_array, and 64 the first
// thing that a thread does: libc allocates its lists of handlers under the lock of those lists. Every
// handler runs.
// usage: atexit_many
#include "process.h"

enum { HANDLERS = 8192, OF_THREAD = 64 };
static int ran;

static void handler(void) {
    free(malloc(100));
    ran++;
}

static void last(void) {
    if (ran != HANDLERS + OF_THREAD) _exit(8);
}

static void registers(int handlers) {
    for (int i = 0; i < handlers; i++)
        if (atexit(handler) != 0) _exit(9);
}

static void first_of_all(void) {
    if (atexit(last) != 0) _exit(9);
    registers(HANDLERS);
}
__attribute__((section(".preinit_array"), used)) static void (*first)(void) = first_of_all;

static void *first_of_thread(void *unused) {
    registers(OF_THREAD);
    return unused;
}

int main(void) {
    pthread_t thread;
    start(&thread, 1, first_of_thread);
    join(&thread, 1);
    walk_sizes(NULL);
    return 0;
}
