/* Short threads: each allocates BLOCKS of 16 B to 1 KiB, frees them and dies; the next one begins. Each
 * lane is one line of such threads.
 *
 * usage: bench_thread_churn [LANES [THREADS [BLOCKS]]] [--verify]
 * THREADS of each lane. An operation is a thread, with the BLOCKS that it allocates and frees.
 * Defaults: 1 4000 100.
 */
#include "run.h"
#include "sizes.h"
#include "threads.h"

enum { MAX_BLOCKS = 4096 };

struct plan {
    uint64_t lanes, threads, blocks;
};

static const struct sizes sizes = {16, 1024, 0};

static void *live_shortly(void *argument)
{
    const struct plan *plan = argument;
    void *blocks[MAX_BLOCKS];
    struct rng rng = rng_from_seed(plan->blocks);
    for (uint64_t i = 0; i < plan->blocks; i++) {
        blocks[i] = block_make(random_size(&sizes, (uint32_t)(rng_next(&rng) >> 32)), i);
    }
    for (uint64_t i = 0; i < plan->blocks; i++) {
        block_free(blocks[i]);
    }
    return NULL;
}

static void body(struct worker *worker)
{
    struct plan *plan = worker->plan;
    worker_start(worker);
    for (uint64_t i = 0; i < plan->threads; i++) {
        pthread_t handle;
        start_thread(&handle, live_shortly, plan);
        pthread_join(handle, NULL);
    }
    worker_stop(worker);
}

int main(int argc, char **argv)
{
    struct plan plan = {1, 4000, 100};
    const struct argument arguments[] = {
        number("LANES", &plan.lanes, 1, MAX_THREADS),
        number("THREADS", &plan.threads, 1, MAX_OPS),
        number("BLOCKS", &plan.blocks, 1, MAX_BLOCKS),
    };
    begin_run(argc, argv, arguments, COUNT_OF(arguments));
    double elapsed_s = run_crew(plan.lanes, body, &plan, 0);
    return finish_run(arguments, COUNT_OF(arguments), plan.lanes * plan.threads, elapsed_s);
}
