// In a memory cgroup of 192 MiB, 64 MiB of which are for the allocator, a program is not killed that rises to
// 100 MiB and falls to nothing twenty times, each time with blocks of another size.
#include "setting.h"
#include <sys/stat.h>

static const char *const ROOTS[][2] = {{"/sys/fs/cgroup/memory", "memory.limit_in_bytes"}, {"/sys/fs/cgroup", "memory.max"}};

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

int main(void) {
    char folder[64], file[128];
    for (size_t i = 0; i < 2; i++) {
        snprintf(folder, sizeof folder, "%s/hakmem-%d", ROOTS[i][0], (int)getpid());
        snprintf(file, sizeof file, "%s/%s", folder, ROOTS[i][1]);
        if (mkdir(folder, 0755) != 0) continue;
        if (write_text(file, "201326592")) break;
        rmdir(folder);
        folder[0] = 0;
    }
    if (access(file, F_OK) != 0) skip("no memory cgroup can be made");
    pid_t child = fork();
    if (child == 0) {
        snprintf(file, sizeof file, "%s/cgroup.procs", folder);
        CHECK(write_text(file, "0"));
        rise_and_fall();
        _exit(0);
    }
    int status = -1;
    while (waitpid(child, &status, 0) != child) CHECK(errno == EINTR);
    CHECK(rmdir(folder) == 0);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    return 0;
}
