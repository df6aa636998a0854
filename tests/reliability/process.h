// What the programs of this folder share beyond check.h: children, memory, threads that churn.
#ifndef PROCESS_H
#define PROCESS_H

#include "check.h"
#include <pthread.h>
#include <sys/wait.h>

enum { SKIPPED = 77 };

// Ends the program as SKIP; the reason is what the report shows.
__attribute__((noreturn, unused)) static void skip(const char *reason) {
    fprintf(stderr, "%s\n", reason);
    _exit(SKIPPED);
}

__attribute__((unused)) static void wait_for(pid_t pid) {
    int status = -1;
    CHECK(pid > 0);
    while (waitpid(pid, &status, 0) != pid) CHECK(errno == EINTR);
    if (WIFEXITED(status) && WEXITSTATUS(status) != 0) _exit(WEXITSTATUS(status));  // it said why
    if (WIFSIGNALED(status)) dprintf(2, "child: killed by signal %d\n", WTERMSIG(status));
    CHECK(WIFEXITED(status));
}

static int churn_stop;

// Allocates and frees until churn_stop, every block filled at both ends.
__attribute__((unused)) static void *churn(void *seed) {
    uint64_t state = (uintptr_t)seed;
    char *blocks[100] = {0};
    while (!__atomic_load_n(&churn_stop, __ATOMIC_RELAXED)) {
        char **place = &blocks[next_random(&state) % 100];
        size_t size = random_size(&state, next_random(&state) % 64 ? 5000 : 300000);
        free(*place);
        CHECK((*place = (char *)malloc(size)));
        (*place)[0] = (*place)[size - 1] = 1;
    }
    for (int i = 0; i < 100; i++) free(blocks[i]);
    return NULL;
}

// Allocates and frees every size up to 3 MiB a few times.
__attribute__((unused)) static void *walk_sizes(void *unused) {
    for (int round = 0; round < 3; round++)
        for (size_t size = 1; size < (size_t)3 << 20; size = size * 2 + 1) {
            char *block = (char *)malloc(size);
            CHECK(block);
            block[0] = block[size - 1] = 1;
            free(block);
        }
    return unused;
}

__attribute__((unused)) static void start(pthread_t *threads, int count, void *(*run)(void *)) {
    for (int i = 0; i < count; i++) CHECK(pthread_create(&threads[i], NULL, run, (void *)(uintptr_t)(i + 1)) == 0);
}

__attribute__((unused)) static void join(pthread_t *threads, int count) {
    for (int i = 0; i < count; i++) CHECK(pthread_join(threads[i], NULL) == 0);
}

__attribute__((unused)) static int number(char **argv, int argc, int place) {
    CHECK(place < argc && atoi(argv[place]) > 0);
    return atoi(argv[place]);
}

#endif
