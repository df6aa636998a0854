// A program's SIGABRT handler that allocates and prints runs once, then the process ends by
// SIGABRT.
// expect: abort "hakmem: double free of 0x*"
// expect-stdout: "handler ran"
// hakmem-only
#include "../check.h"
#include <signal.h>

static void handler(int signal) {
    (void)signal;
    free(malloc(1000));
    CHECK(write(1, "handler ran\n", 12) == 12);
}

int main(void) {
    CHECK(signal(SIGABRT, handler) == SIG_DFL);
    void *block = malloc(100);
    free(block);
    free(opaque(block));
    return 0;
}
