/* The toggle workload of bench_mid_large_mt and bench_random_mixed.
 *
 * Each thread owns `working_set` slots, empty at first. One operation picks a
 * random slot: an empty one gets a block of random size, whose first and last
 * word are written; a full one is freed. So about half of the slots are full
 * once it has settled. The clock runs from the moment all threads stand ready
 * until the last has done its operations; what is still allocated then is
 * freed off the clock.
 *
 * With `verify` nothing is timed: each block is filled whole with a pattern
 * made from its address and its turn, and checked whole before it is freed.
 */
#ifndef HAKMEM_BENCH_CHURN_H
#define HAKMEM_BENCH_CHURN_H

#include <pthread.h>

#include "bench_common.h"

struct churn_plan {
    const char *name;        /* first word of the result line */
    uint64_t threads;
    uint64_t ops_per_thread;
    uint64_t working_set;    /* slots of each thread */
    uint64_t seed;
    uint32_t smallest_bytes; /* at least 16: two words are written */
    uint32_t largest_bytes;
    int verify;
};

/* Bounds of the arguments; 2^20 slots of 32 KiB are 16 GiB half full. */
enum { MAX_THREADS = 1024, MAX_WORKING_SET = 1 << 20 };
#define MAX_OPS (UINT64_C(1) << 40)

/* The timed loop touches the array of pointers alone, so that as little as possible of what is
 * measured is the loop's own memory. */
struct churn_slots {
    unsigned char **blocks;       /* NULL where empty */
    struct churn_record *records; /* with verify only */
};

struct churn_record {
    uint32_t size_bytes;
    uint32_t turn; /* how often this slot was filled */
};

struct churn_thread {
    const struct churn_plan *plan;
    pthread_barrier_t *start;
    struct rng rng;
    double started_s;
    double finished_s;
    uint64_t verified_blocks;
};

static inline uint64_t pattern_word(const unsigned char *block, uint32_t turn, uint64_t index)
{
    uint64_t word = (uint64_t)(uintptr_t)block + (index + 1) * UINT64_C(0x9E3779B97F4A7C15);
    return word ^ ((uint64_t)turn << 40);
}

static inline void fill_block(unsigned char *block, const struct churn_record *record)
{
    for (uint32_t offset = 0; offset < record->size_bytes; offset += 8) {
        uint64_t word = pattern_word(block, record->turn, offset / 8);
        uint32_t rest = record->size_bytes - offset;
        memcpy(block + offset, &word, rest < 8 ? rest : 8);
    }
}

static inline void check_block(const unsigned char *block, const struct churn_record *record, const char *name)
{
    for (uint32_t offset = 0; offset < record->size_bytes; offset += 8) {
        uint64_t word = pattern_word(block, record->turn, offset / 8);
        uint32_t rest = record->size_bytes - offset;
        if (memcmp(block + offset, &word, rest < 8 ? rest : 8) != 0) {
            fail(EXIT_FAILURE, "%s: block %p of %" PRIu32 " bytes was overwritten at offset %" PRIu32,
                 name, (const void *)block, record->size_bytes, offset);
        }
    }
}

static inline void write_ends(unsigned char *block, uint32_t size_bytes, uint64_t word)
{
    memcpy(block, &word, sizeof word);
    memcpy(block + size_bytes - sizeof word, &word, sizeof word);
}

static inline void slot_allocate(const struct churn_slots *slots, uint32_t at, uint32_t random,
                                 const struct churn_plan *plan)
{
    uint32_t range = plan->largest_bytes - plan->smallest_bytes + 1;
    uint32_t size_bytes = plan->smallest_bytes + scale_to(random, range);
    unsigned char *block = malloc(size_bytes);
    if (block == NULL) {
        fail(EXIT_FAILURE, "%s: malloc(%" PRIu32 ") returned NULL", plan->name, size_bytes);
    }
    keep_pointer(block);
    slots->blocks[at] = block;
    if (slots->records == NULL) {
        write_ends(block, size_bytes, random);
        return;
    }
    struct churn_record *record = &slots->records[at];
    record->size_bytes = size_bytes;
    record->turn++;
    if ((uintptr_t)block % 16 != 0) {
        fail(EXIT_FAILURE, "%s: block %p is not aligned to 16 bytes", plan->name, (void *)block);
    }
    fill_block(block, record);
}

static inline void slot_free(const struct churn_slots *slots, uint32_t at, struct churn_thread *thread)
{
    unsigned char *block = slots->blocks[at];
    if (slots->records != NULL) {
        check_block(block, &slots->records[at], thread->plan->name);
        thread->verified_blocks++;
    }
    keep_pointer(block);
    free(block);
    slots->blocks[at] = NULL;
}

static inline void *calloc_or_fail(size_t count, size_t size, const struct churn_plan *plan)
{
    void *memory = calloc(count, size);
    if (memory == NULL) {
        fail(EXIT_FAILURE, "%s: no memory for %" PRIu64 " slots", plan->name, plan->working_set);
    }
    return memory;
}

static inline void *churn_thread_main(void *argument)
{
    struct churn_thread *thread = argument;
    const struct churn_plan *plan = thread->plan;
    struct churn_slots slots = {calloc_or_fail(plan->working_set, sizeof *slots.blocks, plan), NULL};
    if (plan->verify) {
        slots.records = calloc_or_fail(plan->working_set, sizeof *slots.records, plan);
    }
    struct rng rng = thread->rng;
    pthread_barrier_wait(thread->start);
    thread->started_s = now_seconds();
    for (uint64_t op = 0; op < plan->ops_per_thread; op++) {
        uint64_t random = rng_next(&rng);
        uint32_t at = scale_to((uint32_t)random, (uint32_t)plan->working_set);
        if (slots.blocks[at] == NULL) {
            slot_allocate(&slots, at, (uint32_t)(random >> 32), plan);
        } else {
            slot_free(&slots, at, thread);
        }
    }
    thread->finished_s = now_seconds();
    for (uint32_t at = 0; at < plan->working_set; at++) {
        if (slots.blocks[at] != NULL) {
            slot_free(&slots, at, thread);
        }
    }
    free(slots.blocks);
    free(slots.records);
    return NULL;
}

/* One line of name=value pairs, for people and scripts alike. */
static inline void print_result(const struct churn_plan *plan, const struct churn_thread *threads)
{
    double started_s = threads[0].started_s;
    double finished_s = threads[0].finished_s;
    uint64_t verified_blocks = 0;
    for (uint64_t i = 0; i < plan->threads; i++) {
        started_s = threads[i].started_s < started_s ? threads[i].started_s : started_s;
        finished_s = threads[i].finished_s > finished_s ? threads[i].finished_s : finished_s;
        verified_blocks += threads[i].verified_blocks;
    }
    uint64_t ops = plan->threads * plan->ops_per_thread;
    printf("%s threads=%" PRIu64 " ops=%" PRIu64 " working_set=%" PRIu64 " seed=%" PRIu64, plan->name,
           plan->threads, ops, plan->working_set, plan->seed);
    if (plan->verify) {
        printf(" verify=ok verified_blocks=%" PRIu64 "\n", verified_blocks);
    } else {
        double elapsed_s = finished_s - started_s;
        printf(" elapsed_s=%.6f ops_per_s=%.0f\n", elapsed_s, (double)ops / elapsed_s);
    }
}

/* Runs the plan on its own threads and prints the result; 0, or does not return. */
static inline int run_churn(const struct churn_plan *plan)
{
    pthread_barrier_t start;
    struct churn_thread *threads = calloc(plan->threads, sizeof *threads);
    pthread_t *handles = calloc(plan->threads, sizeof *handles);
    if (threads == NULL || handles == NULL || pthread_barrier_init(&start, NULL, (unsigned)plan->threads) != 0) {
        fail(EXIT_FAILURE, "%s: no memory for %" PRIu64 " threads", plan->name, plan->threads);
    }
    for (uint64_t i = 0; i < plan->threads; i++) {
        threads[i].plan = plan;
        threads[i].start = &start;
        threads[i].rng = rng_from_seed(plan->seed * MAX_THREADS + i);
        int error = pthread_create(&handles[i], NULL, churn_thread_main, &threads[i]);
        if (error != 0) {
            fail(EXIT_FAILURE, "%s: cannot start thread %" PRIu64 ": %s", plan->name, i, strerror(error));
        }
    }
    for (uint64_t i = 0; i < plan->threads; i++) {
        pthread_join(handles[i], NULL);
    }
    print_result(plan, threads);
    pthread_barrier_destroy(&start);
    free(handles);
    free(threads);
    return EXIT_SUCCESS;
}

#endif
