// free of a local variable of another thread, which waits: of main's by a thread, of a thread's by main,
// and of one among words of any kind.
// expect: abort "hakmem: invalid free of {ptr}: *"
// each-args: main:0 main:1 main:33 main:255 thread:0 thread:1 thread:33 thread:255
// flags: -Wno-free-nonheap-object
// hakmem-only
#include "../check.h"
#include <pthread.h>
#include <unistd.h>

static char *pointer;
static pthread_barrier_t known;

// Words of `value`, or with 33 what looks like the size of a small chunk, and what it leads to.
__attribute__((noinline)) static void make_local(size_t *local, int value) {
    for (int i = 0; i < 64; i++) local[i] = value == 255 ? (uintptr_t)local : (size_t)value;
    if (value == 33) local[13] = 0;
    pointer = (char *)&local[10];
    say_pointer(pointer);
    pthread_barrier_wait(&known);
}

static void *waits(void *value) {
    size_t local[64] __attribute__((aligned(64)));
    make_local(local, (int)(uintptr_t)value);
    pause();
    return opaque(local);
}

static void *frees(void *unused) {
    pthread_barrier_wait(&known);
    free(opaque(pointer));
    return unused;
}

int main(int argc, char **argv) {
    pthread_t thread;
    CHECK(argc == 2 && pthread_barrier_init(&known, NULL, 2) == 0);
    void *value = (void *)(uintptr_t)atoi(strchr(argv[1], ':') + 1);
    int in_main = argv[1][0] == 'm';
    CHECK(pthread_create(&thread, NULL, in_main ? frees : waits, value) == 0);
    return (in_main ? waits : frees)(value) != NULL;
}
