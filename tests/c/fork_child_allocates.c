// A threaded program forks: the child frees the parent's blocks, allocates, starts threads of its
// own and exits normally, at any moment of the other threads' work.
#include "check.h"
#include <pthread.h>
#include <sys/wait.h>

static int stop;

static void *churn(void *seed) {
    uint64_t state = (uintptr_t)seed;
    void *blocks[50] = {0};
    while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
        void **place = &blocks[next_random(&state) % 50];
        free(*place);
        *place = malloc(random_size(&state, 100000));
        CHECK(*place);
    }
    for (int i = 0; i < 50; i++) free(blocks[i]);
    return NULL;
}

static void *child_thread(void *unused) {
    for (size_t size = 1; size < 3000000; size *= 3) free(malloc(size));
    return unused;
}

static void child(unsigned char **blocks) {
    pthread_t thread;
    for (int i = 0; i < 100; i++) {
        CHECK(holds(blocks[i], 500, (unsigned)i));
        free(blocks[i]);
        CHECK((blocks[i] = calloc(1, (size_t)i * 500)) && is_all_zero(blocks[i], (size_t)i * 500));
    }
    CHECK(pthread_create(&thread, NULL, child_thread, NULL) == 0 && pthread_join(thread, NULL) == 0);
    exit(0);
}

int main(void) {
    pthread_t threads[3];
    unsigned char *blocks[100];
    for (uintptr_t i = 0; i < 3; i++) CHECK(pthread_create(&threads[i], NULL, churn, (void *)(i + 1)) == 0);
    for (int i = 0; i < 100; i++) CHECK((blocks[i] = malloc(500))), fill(blocks[i], 500, (unsigned)i);
    for (int round = 0; round < 150; round++) {
        int status = -1;
        pid_t pid = fork();
        CHECK(pid >= 0);
        if (pid == 0) child(blocks);
        CHECK(waitpid(pid, &status, 0) == pid && status == 0);
    }
    __atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
    for (int i = 0; i < 3; i++) CHECK(pthread_join(threads[i], NULL) == 0);
    for (int i = 0; i < 100; i++) free(blocks[i]);
    return 0;
}
