// A memory cgroup of this process's own. The kernel has the memory controller in one of the two versions; the second
// is mounted here if nobody has.
#ifndef CGROUP_H
#define CGROUP_H

#include "setting.h"
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

static char cgroup_folder[64];

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

static int write_to_group(const char *name, const char *text) {
    char file[128];
    snprintf(file, sizeof file, "%s/%s", cgroup_folder, name);
    return write_text(file, text);
}

// Makes a group of so many MiB, swap included where there is any. version: v1, v2
static void make_group(const char *version, int mib) {
    static const char *roots[3];
    int number = version[1] - '0';
    CHECK(number == 1 || number == 2);
    if (!roots[number]) roots[number] = number == 1 ? root_of_version_1() : root_of_version_2();
    snprintf(cgroup_folder, sizeof cgroup_folder, "%s/hakmem-%d", roots[number], (int)getpid());
    char bytes[32];
    snprintf(bytes, sizeof bytes, "%lld", (long long)mib << 20);
    if (mkdir(cgroup_folder, 0755) != 0) skip("no memory cgroup can be made");
    if (!write_to_group(number == 1 ? "memory.limit_in_bytes" : "memory.max", bytes))
        rmdir(cgroup_folder), skip("the limit of a memory cgroup cannot be set");
    (void)(number == 1 ? write_to_group("memory.memsw.limit_in_bytes", bytes) : write_to_group("memory.swap.max", "0"));
}

static void enter_group(void) {
    CHECK(write_to_group("cgroup.procs", "0"));
}

static void remove_group(void) {
    CHECK(rmdir(cgroup_folder) == 0);
}

#endif
