/* A thread that only frees: owners fill their lists, one more thread frees all of them, and the owners
 * fill them again. Unlike in bench_handoff no one allocates while others free: a whole round comes back
 * to the owners at once.
 *
 * usage: bench_free_only [OWNERS [BLOCKS [ROUNDS]]] [--verify]
 * BLOCKS of each owner, 16 B to 512 B. An operation is a malloc or a free. Defaults: 1 200000 10.
 */
#include "run.h"
#include "sizes.h"
#include "threads.h"

enum { MAX_BLOCKS = 1 << 24 };

struct plan {
    uint64_t owners, blocks, rounds;
    void **lists; /* `blocks` of each owner */
    pthread_barrier_t filled, emptied;
};

static const struct sizes sizes = {16, 512, 0};

static void own(struct plan *plan, void **list, struct rng rng)
{
    for (uint64_t round = 0; round < plan->rounds; round++) {
        for (uint64_t i = 0; i < plan->blocks; i++) {
            list[i] = block_make(random_size(&sizes, (uint32_t)(rng_next(&rng) >> 32)), i);
        }
        pthread_barrier_wait(&plan->filled);
        pthread_barrier_wait(&plan->emptied);
    }
}

static void free_all(struct plan *plan)
{
    for (uint64_t round = 0; round < plan->rounds; round++) {
        pthread_barrier_wait(&plan->filled);
        for (uint64_t i = 0; i < plan->owners * plan->blocks; i++) {
            block_free(plan->lists[i]);
        }
        pthread_barrier_wait(&plan->emptied);
    }
}

static void body(struct worker *worker)
{
    struct plan *plan = worker->plan;
    worker_start(worker);
    if (worker->index < plan->owners) {
        own(plan, plan->lists + worker->index * plan->blocks, worker->rng);
    } else {
        free_all(plan);
    }
    worker_stop(worker);
}

int main(int argc, char **argv)
{
    struct plan plan = {.owners = 1, .blocks = 200000, .rounds = 10};
    const struct argument arguments[] = {
        number("OWNERS", &plan.owners, 1, MAX_THREADS - 1),
        number("BLOCKS", &plan.blocks, 1, MAX_BLOCKS),
        number("ROUNDS", &plan.rounds, 1, MAX_OPS),
    };
    begin_run(argc, argv, arguments, COUNT_OF(arguments));
    plan.lists = table_of(plan.owners * plan.blocks, sizeof *plan.lists);
    make_barrier(&plan.filled, plan.owners + 1);
    make_barrier(&plan.emptied, plan.owners + 1);
    double elapsed_s = run_crew(plan.owners + 1, body, &plan, 42);
    free(plan.lists);
    return finish_run(arguments, COUNT_OF(arguments), 2 * plan.owners * plan.blocks * plan.rounds, elapsed_s);
}
