// fork waits for the lock of the list of streams, which fflush(NULL) holds while it waits for a stream
// that getline has locked while it allocates: no deadlock. With HAKMEM_FAST_CAP=1 most calls of malloc
// are slow paths.
// each-env: HAKMEM_FAST_CAP=1 HAKMEM_FAST_CAP=126
#include "check.h"
#include <pthread.h>
#include <sys/wait.h>

static int stop;

static void *reads_lines(void *unused) {
    while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
        char *line = NULL;
        size_t room = 0;
        FILE *file = fopen("lines.txt", "r");
        CHECK(file);
        while (getline(&line, &room, file) > 0) {
            free(line);
            line = NULL;
            room = 0;
        }
        free(line);
        fclose(file);
    }
    return unused;
}

static void *flushes(void *unused) {
    while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) fflush(NULL);
    return unused;
}

int main(void) {
    pthread_t threads[3];
    FILE *file = fopen("lines.txt", "w");
    CHECK(file);
    for (int i = 0; i < 400; i++) fprintf(file, "%0*d\n", 1 + i * 13 % 900, i);
    CHECK(fclose(file) == 0);
    for (int i = 0; i < 2; i++) CHECK(pthread_create(&threads[i], NULL, reads_lines, NULL) == 0);
    CHECK(pthread_create(&threads[2], NULL, flushes, NULL) == 0);
    for (int round = 0; round < 150; round++) {
        int status = -1;
        pid_t pid = fork();
        CHECK(pid >= 0);
        if (pid == 0) {
            free(malloc(10000));
            _exit(0);
        }
        CHECK(waitpid(pid, &status, 0) == pid && status == 0);
    }
    __atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
    for (int i = 0; i < 3; i++) CHECK(pthread_join(threads[i], NULL) == 0);
    return 0;
}
