// HAKMEM_THP=never: the system may back none of our memory with huge pages, metadata neither, which stand
// low as the window does: no writable anonymous mapping there, and no large one elsewhere, is not marked so.
// env: HAKMEM_THP=never
// hakmem-only
#include "check.h"

int main(void) {
    static char line[512];
    unsigned long from = 0, to = 0;
    int is_ours = 0, seen = 0;
    for (int i = 0; i < 500000; i++) memset(malloc(200), 1, 200);
    memset(malloc((size_t)64 << 20), 1, (size_t)64 << 20);
    FILE *file = fopen("/proc/self/smaps", "re");
    CHECK(file);
    while (fgets(line, sizeof line, file)) {
        char access[8], path[256] = "";
        unsigned long offset, inode, start, end;
        if (sscanf(line, "%lx-%lx %7s %lx %*s %lu %255s", &start, &end, access, &offset, &inode, path) >= 5) {
            from = start, to = end;
            is_ours = access[1] == 'w' && inode == 0 && !path[0] && to - from >= (from >> 44 < 5 ? 1 : 4) << 20;
        }
        if (is_ours && strncmp(line, "VmFlags:", 8) == 0) {
            CHECK(strstr(line, " nh"));
            seen++;
        }
    }
    CHECK(fclose(file) == 0 && seen > 0);
    return 0;
}
