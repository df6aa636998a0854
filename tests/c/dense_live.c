// Large blocks that a program fills and keeps, and one that it fills and grows: where the system has huge pages, it is asked for
// them though nothing was freed yet. Of blocks that are used in part it is not.
// timeout: 60
#include "check.h"
#include <sys/wait.h>

enum { MIB = 1 << 20, IN_PART = 3, WHOLE = 12, BLOCK = 16 * MIB };

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

/* An array that is filled and made twice as long, twice: nothing but its own growth tells. Whether it was open by then. */
static int opened_while_growing(void) {
    char *array = malloc(BLOCK);
    CHECK(array);
    memset(array, 1, BLOCK);
    array = realloc(array, 2 * BLOCK);
    CHECK(array && array[BLOCK - 1] == 1);
    int opened = is_open(array + BLOCK);
    memset(array + BLOCK, 1, BLOCK);
    array = realloc(array, 4 * BLOCK);
    CHECK(array && array[2 * BLOCK - 1] == 1);
    opened = opened && is_open(array + 3 * BLOCK);
    free(array);
    return opened;
}

int main(void) {
    static char *in_part[IN_PART], *whole[WHOLE];
    if (fork() == 0) _exit(opened_while_growing() ? 42 : 0);
    int status;
    CHECK(wait(&status) > 0 && WIFEXITED(status));
    CHECK(opened_of(in_part, IN_PART, BLOCK / 2) == 0);
    int opened = opened_of(whole, WHOLE, BLOCK);
    if (system_has_huge_pages()) {
        CHECK(WEXITSTATUS(status) == 42);
        CHECK(opened >= WHOLE / 2);
    }
    for (int i = 0; i < IN_PART; i++) free(in_part[i]);
    for (int i = 0; i < WHOLE; i++) free(whole[i]);
    return 0;
}
