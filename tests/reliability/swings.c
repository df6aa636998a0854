// A program that swings between much memory and none, faster than the purge delay, purges in its first swing
// and then keeps what it needs: what is purged and taken again within the delay is at most 5 % of what the
// swings take. arguments: KIND (small, span, huge), MIB of a swing, SWINGS
#include "process.h"

#include "../../include/hakmem.h"

static size_t any_size(const char *kind, uint64_t *state) {
    if (strcmp(kind, "small") == 0) return random_size(state, 2000);
    if (strcmp(kind, "span") == 0) return 65537 + next_random(state) % ((1 << 20) - 65537);
    return (1 << 20) + next_random(state) % (31 << 20);
}

// The blocks are linked through their first words.
static size_t swing(const char *kind, size_t want, uint64_t *state) {
    size_t bytes = 0;
    void **last = NULL, **block;
    for (; bytes < want; last = block) {
        size_t size = any_size(kind, state) + sizeof *last;
        CHECK((block = malloc(size)));
        for (size_t at = 0; at < size; at += 4096) ((char *)block)[at] = 1;
        *block = last;
        bytes += size;
    }
    for (; last; last = block) {
        block = *last;
        free(last);
    }
    return bytes;
}

int main(int argc, char **argv) {
    CHECK(argc == 4);
    size_t mib = (size_t)number(argv, argc, 2), taken = 0;
    uint64_t state = 1;
    for (int left = number(argv, argc, 3); left > 0; left--) taken += swing(argv[1], mib << 20, &state);
    int (*stats)(struct hakmem_stats *, size_t) = (int (*)(struct hakmem_stats *, size_t))dlsym(RTLD_DEFAULT, "hakmem_stats");
    struct hakmem_stats now;
    CHECK(stats && stats(&now, sizeof now) == 0);
    printf("%zu MiB taken, %zu purged, %zu of these taken again within the delay: %.1f %%\n", taken >> 20,
           (size_t)now.purged_bytes >> 20, (size_t)now.refaulted_bytes >> 20, 100.0 * (double)now.refaulted_bytes / (double)taken);
    fflush(stdout);
    CHECK(now.refaulted_bytes <= taken / 20);
    return 0;
}
