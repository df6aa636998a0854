// A value of 100 KiB, with bytes that are no text, is reported in one short line.
// expect-stderr: "hakmem: HAKMEM_FAST_CAP=*using *"
// hakmem-only
#include "check.h"

static char value[100001];

int main(int argc, char **argv) {
    if (argc == 1) {
        for (int i = 0; i < 100000; i++) value[i] = i % 7 ? "\n\t\x01\x7f\xc3\xff%"[i % 7] : 'x';
        CHECK(setenv("HAKMEM_FAST_CAP", value, 1) == 0);
        execl("/proc/self/exe", argv[0], "child", (char *)NULL);
        return 9;
    }
    free(malloc(100));
    return 0;
}
