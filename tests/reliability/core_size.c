// A core file takes at most 10 % more room than that of the same program under glibc.
#include "process.h"
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

static void dump(void) {
    for (size_t bytes = 0, size = 16; bytes < (size_t)50 << 20; bytes += size, size = size < 3000000 ? size + size / 8 + 1 : 16)
        memset(malloc(size), 1, size);
    abort();
}

static long long core_bytes(const char *preload) {
    (void)!system("rm -f core core.*");
    pid_t child = fork();
    if (child == 0) {
        struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
        if (setrlimit(RLIMIT_CORE, &all) != 0) _exit(SKIPPED);
        if (preload) setenv("LD_PRELOAD", preload, 1);
        else unsetenv("LD_PRELOAD"), unsetenv("TEST_SERVED_BY");
        execl("/proc/self/exe", "core_size", "dump", (char *)NULL);
        _exit(9);
    }
    int status = -1;
    while (waitpid(child, &status, 0) != child) CHECK(errno == EINTR);
    struct stat file;
    char name[32];
    snprintf(name, sizeof name, "core.%d", (int)child);
    if (!WIFSIGNALED(status) || (stat("core", &file) != 0 && stat(name, &file) != 0)) skip("no core file is written here");
    return file.st_blocks * 512LL;
}

int main(int argc, char **argv) {
    if (argc == 2 && strcmp(argv[1], "dump") == 0) dump();
    const char *preload = getenv("LD_PRELOAD");
    long long theirs = core_bytes(NULL), ours = core_bytes(preload ? preload : "");
    printf("core: glibc %lld KiB, here %lld KiB\n", theirs >> 10, ours >> 10);
    fflush(stdout);
    (void)!system("rm -f core core.*");
    CHECK(ours <= theirs + theirs / 10);
    return 0;
}
