/* Server bleed: a thread takes over the blocks of its predecessor, replaces OPS of them at random
 * places, and dies; its successor frees what it left. Each lane is one line of such threads, as in
 * the benchmark that Larson and Krishnan wrote after what servers do.
 *
 * usage: bench_bleed [LANES [GENERATIONS [OPS [BLOCKS]]]] [--verify]
 * GENERATIONS counts the threads of a lane, one after another; OPS the blocks that each replaces; BLOCKS
 * those of a lane, of 16 B to 512 B. An operation is a malloc or a free: two for each block replaced.
 * Defaults: 1 50 40000 2000.
 */
#include "run.h"
#include "sizes.h"
#include "threads.h"

enum { MAX_GENERATIONS = 1 << 20 };

struct plan {
    uint64_t lanes, generations, ops, blocks;
};

struct lane {
    const struct plan *plan;
    void **blocks;
    struct rng rng;
};

static const struct sizes sizes = {16, 512, 0};

static void *run_generation(void *argument)
{
    struct lane *lane = argument;
    for (uint64_t op = 0; op < lane->plan->ops; op++) {
        uint64_t random = rng_next(&lane->rng);
        void **block = &lane->blocks[scale_to((uint32_t)random, (uint32_t)lane->plan->blocks)];
        block_free(*block);
        *block = block_make(random_size(&sizes, (uint32_t)(random >> 32)), random);
    }
    return NULL;
}

/* The worker of a lane starts its threads; what they do not inherit is freed off the clock. */
static void body(struct worker *worker)
{
    const struct plan *plan = worker->plan;
    struct lane lane = {plan, table_of(plan->blocks, sizeof *lane.blocks), worker->rng};
    for (uint64_t i = 0; i < plan->blocks; i++) {
        lane.blocks[i] = block_make(random_size(&sizes, (uint32_t)(rng_next(&lane.rng) >> 32)), i);
    }
    worker_start(worker);
    for (uint64_t generation = 0; generation < plan->generations; generation++) {
        pthread_t handle;
        start_thread(&handle, run_generation, &lane);
        pthread_join(handle, NULL);
    }
    worker_stop(worker);
    for (uint64_t i = 0; i < plan->blocks; i++) {
        block_free(lane.blocks[i]);
    }
    free(lane.blocks);
}

int main(int argc, char **argv)
{
    struct plan plan = {1, 50, 40000, 2000};
    const struct argument arguments[] = {
        number("LANES", &plan.lanes, 1, MAX_THREADS),
        number("GENERATIONS", &plan.generations, 1, MAX_GENERATIONS),
        number("OPS", &plan.ops, 1, MAX_OPS),
        number("BLOCKS", &plan.blocks, 1, MAX_SLOTS),
    };
    begin_run(argc, argv, arguments, COUNT_OF(arguments));
    double elapsed_s = run_crew(plan.lanes, body, &plan, 42);
    uint64_t total_ops = 2 * plan.lanes * plan.generations * plan.ops;
    return finish_run(arguments, COUNT_OF(arguments), total_ops, elapsed_s);
}
