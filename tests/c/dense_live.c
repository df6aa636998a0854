// Large blocks that a program fills and keeps, and one that it fills and grows: where the system has huge pages, it is asked for
// them though nothing was freed yet. Of blocks that are used in part it is not.
// timeout: 60
#include "check.h"

enum { MIB = 1 << 20, IN_PART = 3, WHOLE = 8, BLOCK = 16 * MIB };

/* Whether the mapping that `address` lies in is open to huge pages (hg among its flags). */
static int is_open(const void *address) {
    FILE *file = fopen("/proc/self/smaps", "re");
    CHECK(file);
    char line[512];
    int is_it = 0, found = 0;
    while (fgets(line, sizeof line, file)) {
        unsigned long start, end;
        if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
            is_it = (unsigned long)address >= start && (unsigned long)address < end;
        if (is_it && strncmp(line, "VmFlags:", 8) == 0) found = strstr(line, " hg") != NULL;
    }
    fclose(file);
    return found;
}

static int system_has_huge_pages(void) {
    char word[64] = "[never]";
    FILE *file = fopen("/sys/kernel/mm/transparent_hugepage/enabled", "re");
    if (file) {
        CHECK(fgets(word, sizeof word, file));
        fclose(file);
    }
    return strstr(word, "[never]") == NULL;
}

/* Makes blocks and writes to so much of each; returns how many were open by then. */
static int opened_of(char *blocks[], int count, size_t used_bytes) {
    int opened = 0;
    for (int i = 0; i < count; i++) {
        blocks[i] = malloc(BLOCK);
        CHECK(blocks[i]);
        for (size_t at = 0; at < used_bytes; at += 4096) blocks[i][at] = 1;
        opened += is_open(blocks[i] + BLOCK / 2);
    }
    return opened;
}

int main(void) {
    static char *in_part[IN_PART], *whole[WHOLE];
    CHECK(opened_of(in_part, IN_PART, BLOCK / 2) == 0);
    int opened = opened_of(whole, WHOLE, BLOCK);
    char *growing = malloc(BLOCK);
    CHECK(growing);
    memset(growing, 1, BLOCK);
    growing = realloc(growing, 4 * BLOCK);
    CHECK(growing && growing[BLOCK - 1] == 1);
    if (system_has_huge_pages()) {
        CHECK(opened >= WHOLE / 2);
        CHECK(is_open(growing + 2 * BLOCK));
    }
    for (int i = 0; i < IN_PART; i++) free(in_part[i]);
    for (int i = 0; i < WHOLE; i++) free(whole[i]);
    free(growing);
    return 0;
}
