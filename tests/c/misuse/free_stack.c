// free of a local variable, in the main thread, in another, and of an aligned one.
// expect: abort "hakmem: invalid free of {ptr}: *"
// each-args: main thread odd deep
// flags: -Wno-free-nonheap-object
// hakmem-only
#include "../check.h"
#include <pthread.h>

__attribute__((noinline)) static void *frees_local(void *offset) {
    char local[512] __attribute__((aligned(64))) = "";
    char *pointer = local + (uintptr_t)offset;
    say_pointer(pointer);
    free(opaque(pointer));
    return opaque(local) ? NULL : offset;
}

static void frees_far_up(char *outer, int depth) {
    volatile char frame[20000] = {0};
    frame[0] = 1;
    if (depth > 0) frees_far_up(outer, depth - 1);
    else free(opaque(outer));
    frame[19999] = frame[0];
}

int main(int argc, char **argv) {
    pthread_t thread;
    char outer[64] __attribute__((aligned(16))) = "";
    CHECK(argc == 2);
    switch (argv[1][0]) {
    case 'm': frees_local((void *)0); break;
    case 'o': frees_local((void *)8); break;
    case 'd': say_pointer(outer); frees_far_up(outer, 50); break;
    default: CHECK(pthread_create(&thread, NULL, frees_local, NULL) == 0 && pthread_join(thread, NULL) == 0);
    }
    return 0;
}
