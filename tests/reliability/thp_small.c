// Where the system backs all memory with huge pages, a small program is no larger: at most 256 KiB more are
// resident after the same calls than without huge pages.
#include "setting.h"

static const char MODE[] = "/sys/kernel/mm/transparent_hugepage/enabled";
static int ends[2];

static void measure(void) {
    dup2(ends[1], 1);
    execl("/proc/self/exe", "thp_small", "measure", (char *)NULL);
    _exit(9);
}

static long resident_under(const char *mode) {
    char text[32] = "";
    CHECK(pipe(ends) == 0);
    run_with(MODE, mode, measure);
    CHECK(close(ends[1]) == 0 && read(ends[0], text, sizeof text - 1) > 0 && close(ends[0]) == 0);
    return atol(text);
}

static void *allocate_some(void *unused) {
    for (size_t size = 16; size < 100000; size += size / 2)
        for (int i = 0; i < 10; i++) memset(malloc(size), 1, size);
    return unused;
}

// The threads may all be there at once, or one after the other, in one heap: the least of a few runs.
static long least_under(const char *mode) {
    long least = resident_under(mode);
    for (int i = 0; i < 4; i++) {
        long now = resident_under(mode);
        if (now < least) least = now;
    }
    return least;
}

int main(int argc, char **argv) {
    if (argc == 2 && strcmp(argv[1], "measure") == 0) {
        pthread_t threads[4];
        start(threads, 4, allocate_some);
        join(threads, 4);
        dprintf(1, "%ld\n", resident_kib());
        _exit(0);
    }
    long never = least_under("never"), always = least_under("always");
    printf("resident: %ld KiB without huge pages, %ld KiB with them everywhere\n", never, always);
    fflush(stdout);
    CHECK(never > 0 && always < never + 256);
    return 0;
}
