// posix_spawn, system and popen from several threads at once.
#include "check.h"
#include <pthread.h>
#include <spawn.h>
#include <sys/wait.h>

extern char **environ;

static void *spawns(void *unused) {
    for (int round = 0; round < 25; round++) {
        char *arguments[] = {"sh", "-c", "exit 7", NULL};
        int status = -1;
        pid_t pid;
        void *block = malloc(10000);
        CHECK(block && posix_spawn(&pid, "/bin/sh", NULL, NULL, arguments, environ) == 0);
        CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 7);
        free(block);
    }
    return unused;
}

int main(void) {
    pthread_t threads[3];
    for (int i = 0; i < 3; i++) CHECK(pthread_create(&threads[i], NULL, spawns, NULL) == 0);
    for (int i = 0; i < 3; i++) CHECK(pthread_join(threads[i], NULL) == 0);
    CHECK(WEXITSTATUS(system("exit 5")) == 5);
    char line[100] = "";
    FILE *pipe = popen("echo hello", "r");
    CHECK(pipe && fgets(line, sizeof line, pipe) && strcmp(line, "hello\n") == 0 && pclose(pipe) == 0);
    return 0;
}
