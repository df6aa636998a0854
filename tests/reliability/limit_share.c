// Under a limit that is set before the start, what glibc gets at L can be had to 80 % at L + 64 MiB, of
// every size; then malloc gives NULL and ENOMEM. Runs itself, once without the preload.
// arguments: KIND (as: ulimit -v, data: ulimit -d), MiB
#include "process.h"
#include <sys/resource.h>

enum { ALLOWANCE_MIB = 64, TOUCHED_MOST_MIB = 1100 };
static const size_t SIZES[] = {16, 100, 1000, 9000, 50000, 66000, 100000, 140000, 300000, 600000, 1100000, 3000000, 20000000};

// The blocks are linked through their first words. Prints how many there were.
static int fill_up(size_t size) {
    size_t count = 0;
    void **last = NULL, **block;
    while ((block = malloc(size))) {
        block[0] = last;
        ((char *)block)[size - 1] = 1;
        last = block;
        count++;
    }
    CHECK(errno == ENOMEM && count > 0);
    printf("%zu\n", count);
    return 0;
}

static size_t blocks_under(rlim_t bytes, int resource, const char *size, const char *preload) {
    int ends[2];
    CHECK(pipe(ends) == 0);
    pid_t child = fork();
    if (child == 0) {
        struct rlimit limit = {bytes, bytes};
        CHECK(dup2(ends[1], 1) == 1 && (preload ? setenv("LD_PRELOAD", preload, 1) : unsetenv("LD_PRELOAD")) == 0);
        if (!preload) unsetenv("TEST_SERVED_BY");
        CHECK(setrlimit(resource, &limit) == 0);
        execl("/proc/self/exe", "limit_share", size, (char *)NULL);
        _exit(9);
    }
    close(ends[1]);
    char text[32] = "";
    CHECK(read(ends[0], text, sizeof text - 1) > 0 && close(ends[0]) == 0);
    wait_for(child);
    return strtoull(text, NULL, 10);
}

int main(int argc, char **argv) {
    if (argc == 2) return fill_up(strtoull(argv[1], NULL, 10));
    int resource = strcmp(argv[1], "data") == 0 ? RLIMIT_DATA : RLIMIT_AS;
    int mib = number(argv, argc, 2), low = 0;
    for (size_t i = 0; i < sizeof SIZES / sizeof *SIZES; i++) {
        if (SIZES[i] * 4 > (size_t)mib << 20 || (SIZES[i] < 50000 && mib > TOUCHED_MOST_MIB)) continue;
        char size[32];
        snprintf(size, sizeof size, "%zu", SIZES[i]);
        size_t theirs = blocks_under((rlim_t)mib << 20, resource, size, NULL);
        const char *preload = getenv("LD_PRELOAD");
        size_t ours = blocks_under((rlim_t)(mib + ALLOWANCE_MIB) << 20, resource, size, preload ? preload : "");
        printf("%zu bytes: glibc %zu, here %zu blocks\n", SIZES[i], theirs, ours);
        low += ours * 10 < theirs * 8;
    }
    fflush(stdout);
    CHECK(low == 0);
    return 0;
}
