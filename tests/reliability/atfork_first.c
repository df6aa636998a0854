// Two hundred pthread_atfork before anything else, from .preinit_array: glibc allocates its table of
// handlers under the lock of that table. Every handler then runs in every fork.
#include "process.h"

enum { HANDLERS = 200 };
static int prepared, in_parent, in_child;

static void prepare(void) { prepared++, free(malloc(64)); }
static void parent(void) { in_parent++, free(malloc(640)); }
static void child(void) { in_child++, free(malloc(64000)); }

static void registers(void) {
    for (int i = 0; i < HANDLERS; i++)
        if (pthread_atfork(prepare, parent, child) != 0) _exit(9);
}
__attribute__((section(".preinit_array"), used)) static void (*first)(void) = registers;

int main(void) {
    for (int round = 1; round <= 20; round++) {
        pid_t pid = fork();
        if (pid == 0) {
            CHECK(in_child == HANDLERS);
            walk_sizes(NULL);
            exit(0);
        }
        wait_for(pid);
        CHECK(prepared == round * HANDLERS && in_parent == round * HANDLERS);
    }
    return 0;
}
