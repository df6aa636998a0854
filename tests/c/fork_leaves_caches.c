// What the threads of a parent had in their caches serves the child of a fork, which has none of them, before it takes
// fresh memory, and goes back to the system with malloc_trim.
#include "check.h"
#include <malloc.h>
#include <pthread.h>
#include <sys/wait.h>

enum { THREADS = 24, BLOCKS = 16, STEP = 2048, SMALLEST = 8192, LARGEST = 65536, MIB = 1 << 20 };

static pthread_barrier_t cached, ended;

static void *cache_blocks(void *unused) {
    char *blocks[BLOCKS];
    for (size_t size = SMALLEST; size <= LARGEST; size += STEP) {
        for (int i = 0; i < BLOCKS; i++) CHECK((blocks[i] = malloc(size))), memset(blocks[i], 1, size);
        for (int i = 0; i < BLOCKS; i++) free(blocks[i]);
    }
    pthread_barrier_wait(&cached);
    pthread_barrier_wait(&ended);
    return unused;
}

static void in_child(void (*child)(void)) {
    int status = -1;
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        child();
        _exit(0);
    }
    CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}

static void trims(void) {
    size_t before = resident_kib() / 1024;
    malloc_trim(0);
    size_t after = resident_kib() / 1024;
    CHECK(before > 60 && after < before / 3);
}

static void allocates(void) {
    size_t before = resident_kib() / 1024;
    for (size_t bytes = 0; bytes < 60 * (size_t)MIB; bytes += 3000) CHECK(memset(malloc(3000), 1, 3000));
    size_t after = resident_kib() / 1024;
    CHECK(after < before + 30);
}

int main(void) {
    pthread_t threads[THREADS];
    pthread_barrier_init(&cached, NULL, THREADS + 1);
    pthread_barrier_init(&ended, NULL, THREADS + 1);
    for (int i = 0; i < THREADS; i++) CHECK(pthread_create(&threads[i], NULL, cache_blocks, NULL) == 0);
    pthread_barrier_wait(&cached);
    in_child(trims);
    in_child(allocates);
    pthread_barrier_wait(&ended);
    for (int i = 0; i < THREADS; i++) CHECK(pthread_join(threads[i], NULL) == 0);
    return 0;
}
