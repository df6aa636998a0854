// Threads allocate, resize, exchange and free blocks at random, die with live blocks and are
// followed by others that inherit these. Every block is filled with a pattern made of its address
// and size, checked before each free, realloc or hand-over. Again and again all threads stand still and
// the heap is walked (hakmem_check): it must have no contradictions.
//
// Arguments: THREADS SECONDS SEED; the run here is the short one, take minutes by hand.
// args: 4 5 42
// expect-stdout: "ok: * blocks, * handed over, * threads, * walks"
// timeout: 120
#include "check.h"
#include <pthread.h>
#include <time.h>

enum { OWN = 256, MAILBOXES = 512, MOST_THREADS = 256, STEPS_BETWEEN_RESTS = 256 };
#define SECONDS_BETWEEN_WALKS 0.1
#define LIVE_LIMIT_BYTES ((size_t)768 << 20)
#define FULLY_WRITTEN_BYTES ((size_t)64 << 10)

struct worker {
    pthread_t thread;
    uintptr_t number;
    int is_done; // takes no step any more: it may be waited for while nobody else takes one
};

// Blocks that a dead thread left behind; itself a block of the heap.
struct legacy {
    struct legacy *next;
    void *blocks[OWN];
};

static void *mailboxes[MAILBOXES];
static struct legacy *legacies;
static pthread_mutex_t legacies_lock = PTHREAD_MUTEX_INITIALIZER;
static size_t live_bytes;
static unsigned long block_count, handed_over_count, thread_count, walk_count;
// Held for reading by who takes steps, for writing by who walks the heap.
static pthread_rwlock_t at_work;
static int stop;
static uint64_t seed;

static uint64_t word_at(const uint64_t *place, size_t size) {
    return ((uint64_t)(uintptr_t)place * 0x9e3779b97f4a7c15u) ^ (size * 0xbf58476d1ce4e5b9u);
}

// The next word to write or check: all of a small block; of a large one its ends and, between
// them, one word in 512 bytes.
static size_t step_from(size_t index, size_t words) {
    if (words * 8 <= FULLY_WRITTEN_BYTES || index < 32 || index + 64 >= words) return index + 1;
    return index + 64;
}

// Word 0 holds the size, mixed with the address; the bytes behind the last whole word are free.
static void write_pattern(void *block, size_t size) {
    uint64_t *words = block;
    words[0] = size ^ (word_at(words, 0) & ~(uint64_t)0xffffffff);
    for (size_t i = 1; i < size / 8; i = step_from(i, size / 8)) words[i] = word_at(&words[i], size);
}

static void complain(const void *block, size_t size, size_t offset) {
    char text[200];
    snprintf(text, sizeof text, "block %p of %zu bytes, overwritten at offset %zu, seed %llu", block, size, offset,
             (unsigned long long)seed);
    check_failed(__FILE__, __LINE__, text);
}

// Checks `size` bytes' worth of a block whose pattern was made at `address` for `made_size`.
static void check_pattern(const void *block, const void *address, size_t made_size, size_t size) {
    const uint64_t *words = block, *origin = address;
    for (size_t i = 1; i < size / 8; i = step_from(i, made_size / 8))
        if (words[i] != word_at(&origin[i], made_size)) complain(block, made_size, i * 8);
}

// The size that a whole block carries; the block is checked.
static size_t checked_size(const void *block) {
    const uint64_t *words = block;
    uint64_t size = words[0] ^ (word_at(words, 0) & ~(uint64_t)0xffffffff);
    if (size < 16 || size > (size_t)64 << 20) complain(block, (size_t)size, 0);
    check_pattern(block, block, size, size);
    return size;
}

static size_t choose_size(uint64_t *state) {
    uint64_t kind = next_random(state) % 10000;
    size_t limit = kind < 9000 ? 4096 : kind < 9900 ? 256 << 10 : kind < 9995 ? 4 << 20 : 64 << 20;
    if (__atomic_load_n(&live_bytes, __ATOMIC_RELAXED) > LIVE_LIMIT_BYTES) limit = 1024;
    size_t size = random_size(state, limit);
    return size < 16 ? 16 : size;
}

static void *allocate(uint64_t *state) {
    size_t size = choose_size(state), alignment = 16;
    void *block = NULL;
    switch (next_random(state) % 8) {
    case 0:
        block = calloc(1, size);
        if (block && !is_all_zero(block, size)) complain(block, size, 0);
        break;
    case 1: block = realloc(NULL, size); break;
    case 2:
        alignment <<= next_random(state) % 13;
        block = memalign(alignment, size);
        break;
    case 3:
        alignment <<= next_random(state) % 5;
        if (posix_memalign(&block, alignment, size)) block = NULL;
        break;
    default: block = malloc(size);
    }
    CHECK(block && is_aligned(block, alignment) && malloc_usable_size(block) >= size);
    write_pattern(block, size);
    __atomic_add_fetch(&live_bytes, size, __ATOMIC_RELAXED);
    __atomic_add_fetch(&block_count, 1, __ATOMIC_RELAXED);
    return block;
}

static void release(void *block) {
    if (!block) return;
    __atomic_sub_fetch(&live_bytes, checked_size(block), __ATOMIC_RELAXED);
    free(block);
}

static void *resize(void *block, uint64_t *state) {
    size_t old_size = checked_size(block), size = choose_size(state);
    void *old_place = opaque(block), *moved = realloc(block, size);
    CHECK(moved && is_aligned(moved, 16));
    // the step between checked words is that of the old size, so only what was written is read
    check_pattern(moved, old_place, old_size, old_size < size ? old_size : size);
    write_pattern(moved, size);
    __atomic_add_fetch(&live_bytes, size - old_size, __ATOMIC_RELAXED);
    return moved;
}

static void *exchange(void *block, uint64_t *state) {
    void **mailbox = &mailboxes[next_random(state) % MAILBOXES];
    __atomic_add_fetch(&handed_over_count, 1, __ATOMIC_RELAXED);
    return __atomic_exchange_n(mailbox, block, __ATOMIC_ACQ_REL);
}

static void release_one_legacy(void) {
    pthread_mutex_lock(&legacies_lock);
    struct legacy *legacy = legacies;
    if (legacy) legacies = legacy->next;
    pthread_mutex_unlock(&legacies_lock);
    if (!legacy) return;
    for (int i = 0; i < OWN; i++) release(legacy->blocks[i]);
    free(legacy);
}

static void leave_behind(void *const *blocks) {
    struct legacy *legacy = malloc(sizeof *legacy);
    CHECK(legacy);
    memcpy(legacy->blocks, blocks, sizeof legacy->blocks);
    pthread_mutex_lock(&legacies_lock);
    legacy->next = legacies;
    legacies = legacy;
    pthread_mutex_unlock(&legacies_lock);
}

static void *work(void *argument) {
    struct worker *worker = argument;
    uint64_t state = seed * 1000003 + worker->number;
    uint64_t steps = 500 + next_random(&state) % 30000;
    void *blocks[OWN] = {0};
    pthread_rwlock_rdlock(&at_work);
    for (uint64_t step = 0; step < steps && !__atomic_load_n(&stop, __ATOMIC_RELAXED); step++) {
        void **place = &blocks[next_random(&state) % OWN];
        unsigned choice = (unsigned)(next_random(&state) % 8);
        if (!*place) *place = allocate(&state);
        else if (choice < 4) release(*place), *place = NULL;
        else if (choice < 6) *place = resize(*place, &state);
        else *place = exchange(*place, &state);
        if (step % 4096 == 4095) release_one_legacy();
        if (step % STEPS_BETWEEN_RESTS == 0) {
            pthread_rwlock_unlock(&at_work);
            pthread_rwlock_rdlock(&at_work);
        }
    }
    leave_behind(blocks);
    __atomic_store_n(&worker->is_done, 1, __ATOMIC_RELEASE);
    pthread_rwlock_unlock(&at_work);
    return NULL;
}

static double seconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void start(struct worker *worker) {
    worker->number = ++thread_count;
    worker->is_done = 0;
    CHECK(pthread_create(&worker->thread, NULL, work, worker) == 0);
}

static void finish(struct worker *worker) {
    if (!worker->number) return; // waited for already
    CHECK(pthread_join(worker->thread, NULL) == 0);
    worker->number = 0;
}

// While nobody takes a step, and nobody is about to end: that is waited for.
static void walk(struct worker *workers, int count) {
    static size_t (*contradictions)(void);
    if (!contradictions) contradictions = (size_t(*)(void))dlsym(RTLD_DEFAULT, "hakmem_check");
    if (!contradictions) return;
    pthread_rwlock_wrlock(&at_work);
    for (int i = 0; i < count; i++)
        if (__atomic_load_n(&workers[i].is_done, __ATOMIC_ACQUIRE)) finish(&workers[i]);
    CHECK(contradictions() == 0);
    pthread_rwlock_unlock(&at_work);
    walk_count++;
}

static void work_until(double end, struct worker *workers, int count) {
    for (double next_walk = 0; seconds_now() < end;)
        for (int i = 0; i < count; i++) {
            if (seconds_now() >= next_walk) {
                walk(workers, count);
                next_walk = seconds_now() + SECONDS_BETWEEN_WALKS;
            }
            finish(&workers[i]);
            release_one_legacy();
            start(&workers[i]);
        }
}

static void prefer_who_walks(void) {
    pthread_rwlockattr_t attributes;
    pthread_rwlockattr_init(&attributes);
    pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    CHECK(pthread_rwlock_init(&at_work, &attributes) == 0);
}

int main(int argc, char **argv) {
    static struct worker workers[MOST_THREADS];
    CHECK(argc == 4);
    int count = atoi(argv[1]);
    CHECK(count > 0 && count <= MOST_THREADS);
    double end = seconds_now() + atof(argv[2]);
    seed = strtoull(argv[3], NULL, 10);
    prefer_who_walks();
    for (int i = 0; i < count; i++) start(&workers[i]);
    work_until(end, workers, count);
    __atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
    for (int i = 0; i < count; i++) finish(&workers[i]);
    while (legacies) release_one_legacy();
    for (int i = 0; i < MAILBOXES; i++) release(mailboxes[i]);
    CHECK(live_bytes == 0);
    walk(workers, 0);
    printf("ok: %lu blocks, %lu handed over, %lu threads, %lu walks\n", block_count, handed_over_count, thread_count, walk_count);
    return 0;
}
