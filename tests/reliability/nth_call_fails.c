// The Nth system call of a kind after the library's first fails, by strace: for every N, and for all from
// N on. The program below gets NULL and ENOMEM or carries on, keeps its blocks, and is served again when
// the fault ends. arguments: CALL (mmap, munmap, mprotect, madvise, mremap), STEP between the Ns up to 500
#include "process.h"
#include <fcntl.h>

enum { CASES = 500, BLOCKS = 400 };

static void check_null(void *block) {
    if (!block) CHECK(errno == ENOMEM);
}

static void *allocate_some(void *seed) {
    uint64_t state = (uintptr_t)seed;
    char *blocks[BLOCKS];
    size_t sizes[BLOCKS];
    for (int i = 0; i < BLOCKS; i++) {
        sizes[i] = random_size(&state, i % 4 ? 3000 : 3 << 20);
        errno = 0;
        check_null(blocks[i] = i % 3 ? malloc(sizes[i]) : calloc(1, sizes[i]));
        if (blocks[i]) memset(blocks[i], i, sizes[i] < 5000 ? sizes[i] : 5000);
    }
    for (int i = 0; i < BLOCKS; i++) {
        errno = 0;
        char *moved = blocks[i] && i % 5 == 0 ? realloc(blocks[i], sizes[i] * 2) : blocks[i];
        if (blocks[i]) check_null(moved);
        blocks[i] = moved ? moved : blocks[i];
        if (blocks[i]) CHECK(blocks[i][0] == (char)i);
        free(blocks[i]);
        if (i % 100 == 0) malloc_trim(0);
    }
    return NULL;
}

static int work(int ends) {
    pthread_t thread;
    for (int round = 0; round < 4; round++) {
        allocate_some((void *)(uintptr_t)round);
        if (pthread_create(&thread, NULL, allocate_some, (void *)7) == 0) CHECK(pthread_join(thread, NULL) == 0);
    }
    for (size_t size = 16; ends && size < (size_t)8 << 20; size *= 2) {
        char *block = malloc(size);
        CHECK(block);
        free(block);
    }
    return 0;
}

static int run(const char *library, const char *trace, const char *inject, const char *ends, const char *log) {
    pid_t child = fork();
    if (child == 0) {
        char preload[600];
        snprintf(preload, sizeof preload, "LD_PRELOAD=%s", library);
        const char *const words[] = {"strace", "-f", "-qq", "-o", log, "-E", preload, "-e", trace, "-e", inject, "/proc/self/exe", "work", ends, NULL};
        char self[600] = "";
        CHECK(readlink("/proc/self/exe", self, sizeof self - 1) > 0);
        char *copy[16];
        for (int i = 0; i < 15; i++) copy[i] = i == 11 ? self : (char *)(uintptr_t)words[i];
        execvp("strace", copy);
        _exit(SKIPPED);
    }
    int status = -1;
    while (waitpid(child, &status, 0) != child) CHECK(errno == EINTR);
    return status;
}

// Calls of the kind before the library asks for its limits, which is its first system call.
static int calls_before(const char *library, const char *call) {
    char trace[64], line[4096], start[64];
    snprintf(trace, sizeof trace, "trace=%s,prlimit64", call);
    if (run(library, trace, "signal=none", "1", "trace.log") != 0) skip("strace cannot trace here");
    snprintf(start, sizeof start, "%s(", call);
    FILE *log = fopen("trace.log", "r");
    int before = 0, found = 0;
    CHECK(log);
    while (!found && fgets(line, sizeof line, log)) {
        before += strstr(line, start) != NULL;
        found = strstr(line, "RLIMIT_AS") != NULL;
    }
    CHECK(found && fclose(log) == 0);
    return before;
}

int main(int argc, char **argv) {
    if (strcmp(argv[1], "work") == 0) return work(atoi(argv[2]));
    int step = number(argv, argc, 2), failed = 0, tried = 0;
    char library[512], trace[64], inject[128];
    snprintf(library, sizeof library, "%s", getenv("LD_PRELOAD") ? getenv("LD_PRELOAD") : "");
    CHECK(unsetenv("LD_PRELOAD") == 0);
    int before = calls_before(library, argv[1]);
    snprintf(trace, sizeof trace, "trace=%s", argv[1]);
    for (int n = 1; n <= CASES; n += step)
        for (int all = 0; all < 2; all++, tried++) {
            snprintf(inject, sizeof inject, "inject=%s:error=ENOMEM:when=%d%s", argv[1], before + n, all ? "+" : "");
            int status = run(library, trace, inject, all ? "0" : "1", "/dev/null");
            if (status != 0) printf("%s: status %x\n", inject, (unsigned)status), failed++;
        }
    printf("%d cases, %d failed\n", tried, failed);
    fflush(stdout);
    CHECK(failed == 0);
    return 0;
}
