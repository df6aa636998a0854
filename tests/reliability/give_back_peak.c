// After a peak of 1 GiB and a return to 100 MiB of live blocks, less than 1.3 times these are resident
// 3 s later, once somebody calls malloc again.
// arguments: KIND (small, span, huge), THREADS, MiB at the peak
#include "process.h"
#include <sys/mman.h>

enum { LIVE_BYTES = 100 << 20, SECONDS = 3 };
static const char *kind;
static size_t bytes_each, live_each;
static pthread_barrier_t done;

static size_t any_size(uint64_t *state) {
    if (strcmp(kind, "small") == 0) return random_size(state, 2000);
    if (strcmp(kind, "span") == 0) return 65537 + next_random(state) % ((1 << 20) - 65537);
    return (1 << 20) + next_random(state) % (31 << 20);
}

// Fills up to the peak and frees all but what was allocated first, in another order.
static void *rise_and_fall(void *seed) {
    uint64_t state = (uintptr_t)seed;
    size_t places = bytes_each / 100, count = 0, kept = 0, bytes = 0;
    char **blocks = mmap(NULL, places * sizeof *blocks, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(blocks != MAP_FAILED);
    while (bytes < bytes_each && count < places) {
        size_t size = any_size(&state);
        if (bytes < live_each && bytes + size > live_each) size = live_each - bytes;
        CHECK((blocks[count] = malloc(size)));
        memset(blocks[count++], 1, size);
        bytes += size;
        if (bytes <= live_each) kept = count;
    }
    for (size_t left = count; left > kept; left--) {
        size_t other = kept + next_random(&state) % (left - kept);
        free(blocks[other]);
        blocks[other] = blocks[left - 1];
    }
    CHECK(munmap(blocks, places * sizeof *blocks) == 0);
    pthread_barrier_wait(&done);
    for (;;) pause();
}

int main(int argc, char **argv) {
    CHECK(argc == 4);
    kind = argv[1];
    int threads = number(argv, argc, 2);
    pthread_t ids[64];
    CHECK(threads <= 64 && pthread_barrier_init(&done, NULL, (unsigned)threads + 1) == 0);
    bytes_each = ((size_t)number(argv, argc, 3) << 20) / (size_t)threads;
    live_each = LIVE_BYTES / (size_t)threads;
    start(ids, threads, rise_and_fall);
    pthread_barrier_wait(&done);
    sleep(SECONDS);
    free(opaque(malloc(3000)));  // what has been unused for the purge delay goes back when some thread takes a slow path
    long now = resident_kib(), live = LIVE_BYTES >> 10;
    printf("live %ld KiB, resident %ld KiB: %.2f x\n", live, now, (double)now / (double)live);
    fflush(stdout);
    CHECK(now >= live && now < live * 13 / 10);
    _exit(0);
}
