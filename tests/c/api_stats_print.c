// hakmem_stats_print writes the report's lines to any descriptor, and reports one that takes nothing.
// hakmem-only
#include "check.h"
#include <fcntl.h>

int main(void) {
    char text[20000] = "";
    int (*print)(int) = (int (*)(int))dlsym(RTLD_DEFAULT, "hakmem_stats_print");
    CHECK(is_served(print));
    int file = open("stats.txt", O_CREAT | O_RDWR, 0600);
    CHECK(file >= 0 && print(file) == 0);
    ssize_t length = pread(file, text, sizeof text - 1, 0);
    CHECK(length > 20 && text[length - 1] == '\n');
    CHECK(strncmp(text, "=== SHARED POOL LOCK STATISTICS ===\nlocks: 0 acquisitions", 57) == 0);
    CHECK(strstr(text, "\nmemory: live "));
    CHECK(print(-1) == -1 && print(1000) == -1);
    int full = open("/dev/full", O_WRONLY);
    CHECK(full >= 0 && print(full) == -1);
    return close(file) | close(full);
}
