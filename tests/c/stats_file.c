// HAKMEM_STATS_FILE: the report goes to the file, with the process id for %p; stderr stays empty.
// hakmem-only
#include "check.h"
#include <sys/wait.h>

static char text[65536];

int main(int argc, char **argv) {
    if (argc > 1) {
        for (int i = 0; i < 10000; i++) free(malloc(1 + (size_t)i % 40000));
        return 0;
    }
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        CHECK(setenv("HAKMEM_SHARED_POOL_LOCK_STATS", "1", 1) == 0);
        CHECK(setenv("HAKMEM_STATS_FILE", "stats-%p-100%%.txt", 1) == 0);
        execl("/proc/self/exe", argv[0], "child", (char *)NULL);
        _exit(9);
    }
    int status = -1;
    CHECK(waitpid(pid, &status, 0) == pid && status == 0);
    char name[64];
    snprintf(name, sizeof name, "stats-%d-100%%.txt", (int)pid);
    FILE *file = fopen(name, "r");
    CHECK(file && fread(text, 1, sizeof text - 1, file) > 50 && fclose(file) == 0);
    CHECK(strstr(text, "=== SHARED POOL LOCK STATISTICS ===\n"));
    CHECK(strstr(text, "acquire_slab(): ") && strstr(text, "release_slab(): "));
    CHECK(text[strlen(text) - 1] == '\n');
    return 0;
}
