// Memory that one thread allocated and another freed goes back to the system, while the threads that
// allocated it sleep or are gone: 3 s after the last free less than a tenth of the peak is resident.
// arguments: KIND (small, span, huge), ORDER (in-order, shuffled), OWNERS (asleep, gone), AFTER (idle,
// busy: one thread calls malloc now and then), MiB
#include "process.h"
#include <sys/mman.h>

enum { THREADS = 4, SECONDS = 3, CALLS_PER_SECOND = 20 };
static const char *kind;
static int owners_stay, shuffled;
static size_t bytes_each, places_each;
static char **blocks;
static size_t counts[THREADS];
static pthread_barrier_t allocated;

static size_t any_size(uint64_t *state) {
    if (strcmp(kind, "small") == 0) return random_size(state, 2000);
    if (strcmp(kind, "span") == 0) return 65537 + next_random(state) % ((1 << 20) - 65537);
    return (1 << 20) + next_random(state) % (31 << 20);
}

static void *owner(void *number) {
    size_t me = (uintptr_t)number - 1, bytes = 0;
    uint64_t state = me;
    while (bytes < bytes_each && counts[me] < places_each) {
        size_t size = any_size(&state);
        char *block = malloc(size);
        CHECK(block);
        memset(block, 1, size);
        blocks[me * places_each + counts[me]++] = block;
        bytes += size;
    }
    pthread_barrier_wait(&allocated);
    while (owners_stay) pause();
    return NULL;
}

static void shuffle(char **all, size_t count) {
    uint64_t state = 7;
    for (size_t left = count; left > 1; left--) {
        size_t other = next_random(&state) % left;
        char *block = all[other];
        all[other] = all[left - 1];
        all[left - 1] = block;
    }
}

static void *free_all(void *unused) {
    size_t count = 0;
    for (size_t me = 0; me < THREADS; me++)
        for (size_t i = 0; i < counts[me]; i++) blocks[count++] = blocks[me * places_each + i];
    if (shuffled) shuffle(blocks, count);
    for (size_t i = 0; i < count; i++) free(blocks[i]);
    CHECK(munmap(blocks, THREADS * places_each * sizeof *blocks) == 0);
    __atomic_store_n(&blocks, NULL, __ATOMIC_RELEASE);
    pause();
    return unused;
}

static void wait_after(int is_busy) {
    while (__atomic_load_n(&blocks, __ATOMIC_ACQUIRE)) usleep(1000);
    for (int i = 0; i < SECONDS * CALLS_PER_SECOND; i++) {
        usleep(1000000 / CALLS_PER_SECOND);
        if (is_busy) free(malloc(1000));
    }
}

int main(int argc, char **argv) {
    CHECK(argc == 6);
    kind = argv[1];
    shuffled = strcmp(argv[2], "shuffled") == 0;
    owners_stay = strcmp(argv[3], "asleep") == 0;
    bytes_each = ((size_t)number(argv, argc, 5) << 20) / THREADS;
    places_each = strcmp(kind, "small") == 0 ? bytes_each / 100 : bytes_each / 60000;
    size_t array = THREADS * places_each * sizeof *blocks;
    blocks = mmap(NULL, array, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    CHECK(blocks != MAP_FAILED && pthread_barrier_init(&allocated, NULL, THREADS + 1) == 0);
    pthread_t owners[THREADS], other;
    start(owners, THREADS, owner);
    pthread_barrier_wait(&allocated);
    if (!owners_stay) join(owners, THREADS);
    long peak = resident_kib() - (long)(array >> 10);
    CHECK(pthread_create(&other, NULL, free_all, NULL) == 0);
    wait_after(strcmp(argv[4], "busy") == 0);
    long now = resident_kib();
    printf("peak %ld KiB, now %ld KiB: %.1f %%\n", peak, now, 100.0 * (double)now / (double)peak);
    fflush(stdout);
    CHECK(peak > (long)(bytes_each * THREADS >> 10) && now < peak / 10);
    _exit(0);
}
