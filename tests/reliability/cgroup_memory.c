// In a memory cgroup of 192 MiB, 64 MiB of which are for the allocator, a program is not killed that rises to
// 100 MiB and falls to nothing twenty times, each time with blocks of another size. argument: v1, v2
#include "cgroup.h"

static void rise_and_fall(void) {
    for (size_t round = 0, size = 40; round < 20; round++, size = size * 2 + 3) {
        if (size > (size_t)10 << 20) size = 56;
        void **last = NULL;
        for (size_t bytes = 0; bytes < (size_t)100 << 20; bytes += size) {
            void **block = malloc(size);
            CHECK(block);
            memset(block, 1, size);
            *block = last;
            last = block;
        }
        for (void **block; last; last = block) {
            block = *last;
            free(last);
        }
    }
}

int main(int argc, char **argv) {
    CHECK(argc == 2);
    make_group(argv[1], 192);
    pid_t child = fork();
    if (child == 0) {
        enter_group();
        rise_and_fall();
        _exit(0);
    }
    int status = -1;
    while (waitpid(child, &status, 0) != child) CHECK(errno == EINTR);
    remove_group();
    if (WIFSIGNALED(status)) fprintf(stderr, "killed by signal %d\n", WTERMSIG(status));
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    return 0;
}
