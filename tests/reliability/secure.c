// A copy of this program with the setuid bit, run as nobody, loads the library with every variable
// set: no report, no file, no complaint. The same copy without the bit shows that they would come.
// usage: secure LIBRARY
#include "process.h"
#include <fcntl.h>
#include <grp.h>
#include <sys/auxv.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

enum { NOBODY = 65534 };

static int child(const char *library) {
    void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    if (!handle) return 7;
    void *(*allocate)(size_t) = (void *(*)(size_t))dlsym(handle, "malloc");
    void (*release)(void *) = (void (*)(void *))dlsym(handle, "free");
    for (size_t size = 1; size < 1000000; size *= 2) release(allocate(size));
    return getauxval(AT_SECURE) ? 20 : 21;
}

// A folder that nobody may write to, with a copy of this program of the given mode.
static void make_copy(const char *path, mode_t mode) {
    struct stat info;
    int from = open("/proc/self/exe", O_RDONLY), to = open(path, O_CREAT | O_EXCL | O_WRONLY, 0700);
    CHECK(from >= 0 && to >= 0 && fstat(from, &info) == 0);
    CHECK(sendfile(to, from, NULL, (size_t)info.st_size) == info.st_size);
    CHECK(fchmod(to, mode) == 0 && close(to) == 0 && close(from) == 0);
}

// Exit status of the copy as nobody; `said` is what it wrote to stderr.
static int run_as_nobody(const char *path, const char *library, char *said, size_t room) {
    int ends[2], status = -1;
    CHECK(pipe(ends) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        char *environment[] = {"HAKMEM_SHARED_POOL_LOCK_STATS=1", "HAKMEM_SS_ACQUIRE_DEBUG=1", "HAKMEM_NO_SUCH_OPTION=1",
                               "HAKMEM_STAGE1=nonsense", NULL};
        if (dup2(ends[1], 2) != 2 || setgroups(0, NULL) != 0 || setgid(NOBODY) != 0 || setuid(NOBODY) != 0) _exit(9);
        execle(path, path, library, "child", (char *)NULL, environment);
        _exit(9);
    }
    close(ends[1]);
    size_t got = 0;
    for (ssize_t n; got < room - 1 && (n = read(ends[0], said + got, room - 1 - got)) > 0;) got += (size_t)n;
    said[got] = 0;
    close(ends[0]);
    CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
    return WEXITSTATUS(status);
}

int main(int argc, char **argv) {
    CHECK(argc > 1);
    if (argc > 2) return child(argv[1]);
    if (geteuid() != 0) skip("only root can make a setuid program");
    static char said[65536];
    char folder[] = "/tmp/secureXXXXXX", plain[64], secure[64], copy[64];
    CHECK(mkdtemp(folder) && chmod(folder, 0755) == 0);
    snprintf(plain, sizeof plain, "%s/plain", folder);
    snprintf(secure, sizeof secure, "%s/secure", folder);
    snprintf(copy, sizeof copy, "%s/lib.so", folder);
    make_copy(plain, 0755);
    make_copy(secure, 04755);
    char command[600];
    snprintf(command, sizeof command, "cp '%s' %s && chmod 0644 %s", argv[1], copy, copy);
    CHECK(system(command) == 0);  // where nobody may read it
    int plain_status = run_as_nobody(plain, copy, said, sizeof said), plain_said = (int)strlen(said);
    int secure_status = run_as_nobody(secure, copy, said, sizeof said);
    snprintf(command, sizeof command, "rm -r %s", folder);
    CHECK(system(command) == 0);
    CHECK(plain_status == 21 && plain_said > 200);
    if (secure_status == 21) skip("the setuid bit has no effect here");
    CHECK(secure_status == 20 && said[0] == 0);
    return 0;
}
