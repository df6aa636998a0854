// In a memory cgroup of 192 MiB, 64 MiB of which are for the allocator, a program is not killed that rises to
// 100 MiB and falls to nothing twenty times, each time with blocks of another size. argument: v1, v2 (the
// kernel has the memory controller in one of the two; the second is mounted here if nobody has)
#include "setting.h"
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

static const char *root_of_version_1(void) {
    if (access("/sys/fs/cgroup/memory/memory.limit_in_bytes", F_OK) != 0) skip("the memory controller is not in cgroup v1 here");
    return "/sys/fs/cgroup/memory";
}

static const char *root_of_version_2(void) {
    char names[256] = "";
    CHECK(mkdir("cgroup2", 0755) == 0 || errno == EEXIST);
    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("none", "cgroup2", "cgroup2", 0, NULL) != 0)
        skip("cgroup v2 cannot be mounted");
    int fd = open("cgroup2/cgroup.controllers", O_RDONLY | O_CLOEXEC);
    CHECK(fd >= 0 && read(fd, names, sizeof names - 1) >= 0 && close(fd) == 0);
    if (!strstr(names, "memory")) skip("cgroup v2 is mounted, but the kernel has its memory controller in v1");
    write_text("cgroup2/cgroup.subtree_control", "+memory");
    return "cgroup2";
}

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
    int is_second = strcmp(argv[1], "v2") == 0;
    char folder[64], file[128];
    snprintf(folder, sizeof folder, "%s/hakmem-%d", is_second ? root_of_version_2() : root_of_version_1(), (int)getpid());
    snprintf(file, sizeof file, "%s/%s", folder, is_second ? "memory.max" : "memory.limit_in_bytes");
    if (mkdir(folder, 0755) != 0) skip("no memory cgroup can be made");
    if (!write_text(file, "201326592")) rmdir(folder), skip("the limit of a memory cgroup cannot be set");
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
