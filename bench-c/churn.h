/* The toggle workload: random size and random lifetime.
 *
 * Each thread owns `working_set` slots, empty at first. One operation picks a
 * random slot: an empty one gets a block of random size, a full one is freed.
 * So about half of the slots are full once it has settled. The clock runs from
 * the moment all threads stand ready until the last has done its operations;
 * only then does any of them free what is still allocated.
 */
#ifndef HAKMEM_BENCH_CHURN_H
#define HAKMEM_BENCH_CHURN_H

#include "run.h"
#include "sizes.h"
#include "threads.h"

struct churn_plan {
    uint64_t threads;
    uint64_t ops_per_thread;
    uint64_t working_set; /* slots of each thread */
    uint64_t seed;
    struct sizes sizes;
    int is_zeroed;        /* from calloc */
};

static inline void *zeroed_block(size_t size_bytes, uint64_t turn)
{
    unsigned char *block = block_or_fail(calloc(1, size_bytes), size_bytes);
    for (size_t offset = 0; is_verifying && offset < size_bytes; offset++) {
        if (block[offset] != 0) {
            fail(EXIT_FAILURE, "%s: block %p of calloc is not zero at offset %zu", program_invocation_short_name,
                 (void *)block, offset);
        }
    }
    block_fill(block, size_bytes, turn);
    return block;
}

static inline void churn_step(void **blocks, uint64_t random, const struct churn_plan *plan)
{
    uint32_t at = scale_to((uint32_t)random, (uint32_t)plan->working_set);
    if (blocks[at] != NULL) {
        block_free(blocks[at]);
        blocks[at] = NULL;
        return;
    }
    uint32_t size_bytes = random_size(&plan->sizes, (uint32_t)(random >> 32));
    blocks[at] = plan->is_zeroed ? zeroed_block(size_bytes, random) : block_make(size_bytes, random);
}

static inline void churn(struct worker *worker)
{
    const struct churn_plan *plan = worker->plan;
    void **blocks = table_of(plan->working_set, sizeof *blocks);
    struct rng rng = worker->rng;
    worker_start(worker);
    for (uint64_t op = 0; op < plan->ops_per_thread; op++) {
        churn_step(blocks, rng_next(&rng), plan);
    }
    worker_stop(worker);
    free_slots(blocks, plan->working_set);
}

/* Parses, runs and prints. Before THREADS, OPS, WORKING_SET and SEED there may be one more argument,
 * whose word chooses from `sizes`; `words` is NULL for none. */
static inline int run_churn(int argc, char **argv, struct churn_plan *plan, const char *const *words,
                            const struct sizes *sizes)
{
    uint64_t choice = 0;
    const struct argument arguments[] = {
        word("SIZES", &choice, words),
        number("THREADS", &plan->threads, 1, MAX_THREADS),
        number("OPS", &plan->ops_per_thread, 1, MAX_OPS),
        number("WORKING_SET", &plan->working_set, 1, MAX_SLOTS),
        number("SEED", &plan->seed, 0, UINT32_MAX),
    };
    int skipped = words == NULL;
    int argument_count = COUNT_OF(arguments) - skipped;
    begin_run(argc, argv, arguments + skipped, argument_count);
    plan->sizes = sizes[choice];
    double elapsed_s = run_crew(plan->threads, churn, plan, plan->seed);
    return finish_run(arguments + skipped, argument_count, plan->threads * plan->ops_per_thread, elapsed_s);
}

#endif
