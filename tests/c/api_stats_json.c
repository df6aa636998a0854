// hakmem_stats_json writes one JSON object on one line with the numbers of the report, and reports
// a descriptor that takes nothing.
// hakmem-only
#include "check.h"
#include <fcntl.h>

// Depth of braces and brackets at the end; -1 where it was 0 or below in between.
static int depth_after(const char *text) {
    int depth = 0, in_string = 0;
    for (; *text; text++) {
        in_string ^= *text == '"';
        if (in_string) continue;
        depth += (*text == '{' || *text == '[') - (*text == '}' || *text == ']');
        if (depth <= 0 && text[1] != '\0' && text[1] != '\n') return -1;
    }
    return depth;
}

int main(void) {
    char text[40000] = "";
    int (*print)(int) = (int (*)(int))dlsym(RTLD_DEFAULT, "hakmem_stats_json");
    CHECK(is_served(print));
    int file = open("stats.json", O_CREAT | O_RDWR, 0600);
    CHECK(file >= 0 && print(file) == 0);
    ssize_t length = pread(file, text, sizeof text - 1, 0);
    CHECK(length > 20 && text[0] == '{' && strchr(text, '\n') == text + length - 1);
    CHECK(depth_after(text) == 0);
    CHECK(strstr(text, "\"version\":") && strstr(text, "live_bytes\":"));
    CHECK(print(-1) == -1 && print(1000) == -1);
    int full = open("/dev/full", O_WRONLY);
    CHECK(full >= 0 && print(full) == -1);
    return close(file) | close(full);
}
