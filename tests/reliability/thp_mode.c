// HAKMEM_THP=never: no page of the heap is huge though the system backs all memory with huge pages;
// HAKMEM_THP=always: most of a large heap is, where the system does so for who asks. argument: never, always
#include "setting.h"

enum { MIB = 1 << 20, SMALL_MIB = 256, HUGE_MIB = 64 };
static const char MODE[] = "/sys/kernel/mm/transparent_hugepage/enabled";
static int is_always;

static long huge_kib(void) {
    char line[128];
    long kib = -1;
    FILE *file = fopen("/proc/self/smaps_rollup", "re");
    CHECK(file);
    while (kib < 0 && fgets(line, sizeof line, file)) sscanf(line, "AnonHugePages: %ld", &kib);
    CHECK(fclose(file) == 0);
    return kib;
}

static void allocate(void) {
    for (size_t bytes = 0; bytes < (size_t)SMALL_MIB * MIB; bytes += 4000) memset(malloc(4000), 1, 4000);
    memset(malloc((size_t)HUGE_MIB * MIB), 1, (size_t)HUGE_MIB * MIB);
    long kib = huge_kib();
    printf("%ld of %d MiB in huge pages\n", kib >> 10, SMALL_MIB + HUGE_MIB);
    fflush(stdout);
    CHECK(is_always ? kib > (SMALL_MIB + HUGE_MIB) * 1024 / 2 : kib == 0);
}

// The program itself would have huge pages by now: it is started anew under the setting.
static void start_anew(void) {
    execl("/proc/self/exe", "thp_mode", is_always ? "always" : "never", "measure", (char *)NULL);
    _exit(9);
}

int main(int argc, char **argv) {
    CHECK(argc >= 2);
    is_always = strcmp(argv[1], "always") == 0;
    if (argc == 2) run_with(MODE, is_always ? "madvise" : "always", start_anew);
    else allocate();
    return 0;
}
