// In a memory cgroup of 128 MiB a program can have, before the kernel kills it, at least 80 % as many blocks as under
// glibc in one of the same size, of every size. Runs itself, once without the preload. argument: v1, v2
#include "cgroup.h"
#include <sys/mman.h>

enum { LIMIT_MIB = 128, COUNT_FD = 3 };
static const size_t SIZES[] = {16, 100, 1000, 9000, 50000, 66000, 100000, 140000, 300000, 600000, 1100000, 3000000, 20000000};

// Touches every page of each block, and counts them where the parent sees it, until it is killed.
static int fill_up(size_t size) {
    volatile size_t *count = mmap(NULL, sizeof *count, PROT_READ | PROT_WRITE, MAP_SHARED, COUNT_FD, 0);
    CHECK(count != MAP_FAILED);
    for (char *block; (block = malloc(size)); ++*count) {
        for (size_t at = 0; at < size; at += 4096) block[at] = 1;
        block[size - 1] = 1;
    }
    return 0;
}

static size_t blocks_in_group(const char *version, const char *size, const char *preload) {
    size_t count = 0;
    FILE *file = tmpfile();
    CHECK(file && ftruncate(fileno(file), sizeof count) == 0);
    make_group(version, LIMIT_MIB);
    pid_t child = fork();
    if (child == 0) {
        CHECK(dup2(fileno(file), COUNT_FD) == COUNT_FD && fcntl(COUNT_FD, F_SETFD, 0) == 0);
        CHECK((preload ? setenv("LD_PRELOAD", preload, 1) : unsetenv("LD_PRELOAD")) == 0);
        if (!preload) unsetenv("TEST_SERVED_BY");
        enter_group();
        execl("/proc/self/exe", "cgroup_share", "fill", size, (char *)NULL);
        _exit(9);
    }
    int status = -1;
    while (waitpid(child, &status, 0) != child) CHECK(errno == EINTR);
    remove_group();
    CHECK((WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) || (WIFEXITED(status) && WEXITSTATUS(status) == 0));
    CHECK(pread(fileno(file), &count, sizeof count, 0) == sizeof count && fclose(file) == 0);
    return count;
}

int main(int argc, char **argv) {
    if (argc == 3) return fill_up(strtoull(argv[2], NULL, 10));
    CHECK(argc == 2);
    int low = 0;
    for (size_t i = 0; i < sizeof SIZES / sizeof *SIZES; i++) {
        char size[32];
        snprintf(size, sizeof size, "%zu", SIZES[i]);
        size_t theirs = blocks_in_group(argv[1], size, NULL);
        const char *preload = getenv("LD_PRELOAD");
        size_t ours = blocks_in_group(argv[1], size, preload ? preload : "");
        printf("%zu bytes: glibc %zu, here %zu blocks\n", SIZES[i], theirs, ours);
        CHECK(theirs > 0);
        low += ours * 10 < theirs * 8;
    }
    fflush(stdout);
    CHECK(low == 0);
    return 0;
}
