/* A ring of threads: each allocates batches for its neighbour and frees what its other neighbour
 * gives, so that every block dies in another thread and every thread does both.
 *
 * usage: bench_ring [THREADS [BATCHES]] [--verify]
 * BATCHES of 63 blocks from all threads together. An operation is a block: its malloc in one thread and
 * its free in another. Defaults: 2 100000.
 */
#include "batches.h"
#include "run.h"
#include "threads.h"

struct plan {
    uint64_t threads, batches;
    struct ring *rings; /* ring i leads to thread i */
};

/* Gives one and takes one in turn: then not all rings can be full at once. */
static void body(struct worker *worker)
{
    const struct plan *plan = worker->plan;
    struct ring *next = &plan->rings[(worker->index + 1) % plan->threads];
    struct rng rng = worker->rng;
    worker_start(worker);
    for (uint64_t i = 0; i < plan->batches / plan->threads; i++) {
        allocate_batch(ring_room(next), &message_sizes, &rng);
        ring_given(next);
        take_batch(&plan->rings[worker->index]);
    }
    worker_stop(worker);
}

int main(int argc, char **argv)
{
    struct plan plan = {2, 100000, NULL};
    const struct argument arguments[] = {
        number("THREADS", &plan.threads, 1, MAX_THREADS),
        number("BATCHES", &plan.batches, 1, MAX_OPS),
    };
    begin_run(argc, argv, arguments, COUNT_OF(arguments));
    plan.rings = make_rings(plan.threads);
    double elapsed_s = run_crew(plan.threads, body, &plan, 42);
    free(plan.rings);
    uint64_t blocks = plan.batches / plan.threads * plan.threads * BATCH_BLOCKS;
    return finish_run(arguments, COUNT_OF(arguments), blocks, elapsed_s);
}
