// HAKMEM_THP=never: no page of the heap is huge though the system backs all memory with huge pages;
// HAKMEM_THP=always: most of a large heap is, where the system does so for who asks; auto: most of the small blocks
// is, and large ones while such are used from end to end, and nothing of the rest. argument: never, always, auto
#include "setting.h"

#include <malloc.h>

enum { MIB = 1 << 20, SMALL_MIB = 256, HUGE_MIB = 64 };
static const char MODE[] = "/sys/kernel/mm/transparent_hugepage/enabled";
static const char *mode;

static int is(const char *name) { return strcmp(mode, name) == 0; }

static long huge_kib(void) {
    char line[128];
    long kib = -1;
    FILE *file = fopen("/proc/self/smaps_rollup", "re");
    CHECK(file);
    while (kib < 0 && fgets(line, sizeof line, file)) sscanf(line, "AnonHugePages: %ld", &kib);
    CHECK(fclose(file) == 0);
    return kib;
}

// A block that is a mapping that was not there before.
static char *fresh(int mib) {
    malloc_trim(0);
    char *block = malloc((size_t)mib * MIB);
    CHECK(block);
    return block;
}

// Frees `count` blocks that are written to at one byte in each `step`, behind their first 2 MiB.
static void free_some(int count, size_t step) {
    for (int i = 0; i < count; i++) {
        int mib = 40 + i % 4;
        char *block = fresh(mib);
        for (size_t at = 2 * MIB; at < (size_t)mib * MIB; at += step) block[at] = 1;
        free(block);
    }
}

// MiB in huge pages of a fresh block that is written to here and there.
static long huge_mib_of_fresh(void) {
    char *block = fresh(80); // what is cached went back before
    long before = huge_kib();
    for (size_t at = 0; at < 80u * MIB; at += MIB) block[at] = 1;
    return (huge_kib() - before) >> 10;
}

static void check_learning(void) {
    CHECK(huge_mib_of_fresh() >= 70); // the block of HUGE_MIB, which the program has and has filled, tells
    CHECK(huge_mib_of_fresh() <= 4);  // once
    free_some(1, 1024);
    CHECK(huge_mib_of_fresh() >= 70);
    free_some(8, 20 * MIB);
    CHECK(huge_mib_of_fresh() <= 4);
    free_some(260, 1024); // looks are rare by now
    CHECK(huge_mib_of_fresh() >= 70);
}

static void allocate(void) {
    for (int block = 0; block < 64; block++) memset(malloc(48000), 1, 4096); // of others the rest is never touched
    for (size_t bytes = 0; bytes < (size_t)SMALL_MIB * MIB; bytes += 4000) memset(malloc(4000), 1, 4000);
    memset(malloc((size_t)HUGE_MIB * MIB), 1, (size_t)HUGE_MIB * MIB);
    long kib = huge_kib();
    printf("%ld of %d MiB in huge pages\n", kib >> 10, SMALL_MIB + HUGE_MIB);
    fflush(stdout);
    if (is("never")) CHECK(kib == 0);
    else CHECK(kib > (is("always") ? SMALL_MIB + HUGE_MIB : SMALL_MIB) * 1024 / 2);
    if (is("auto")) {
        CHECK(kib <= (SMALL_MIB + 8) * 1024);
        check_learning();
    }
}

// The program itself would have huge pages by now: it is started anew under the setting.
static void start_anew(void) {
    execl("/proc/self/exe", "thp_mode", mode, "measure", (char *)NULL);
    _exit(9);
}

int main(int argc, char **argv) {
    CHECK(argc >= 2);
    mode = argv[1];
    CHECK(is("never") || is("always") || is("auto"));
    if (argc == 2) run_with(MODE, is("never") ? "always" : "madvise", start_anew);
    else allocate();
    return 0;
}
