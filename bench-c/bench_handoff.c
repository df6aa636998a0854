/* Producers to consumers: some threads only allocate, others only free what they are given. Groups
 * have nothing to do with each other; in one, each producer gives batches to each consumer in turn.
 *
 * usage: bench_handoff [PRODUCERS [CONSUMERS [GROUPS [BATCHES]]]] [--verify]
 * PRODUCERS and CONSUMERS of one group; BATCHES of 63 blocks from all producers together. An operation is
 * a block: its malloc in one thread and its free in another.
 * Defaults: 1 1 1 100000.
 */
#include "batches.h"
#include "run.h"
#include "threads.h"

enum { MAX_GROUP = 64 };

struct plan {
    uint64_t producers, consumers, groups, batches;
    struct ring *rings; /* by group, producer, consumer */
};

static struct ring *ring_between(const struct plan *plan, uint64_t group, uint64_t producer, uint64_t consumer)
{
    return &plan->rings[(group * plan->producers + producer) * plan->consumers + consumer];
}

static void produce(const struct plan *plan, uint64_t group, uint64_t producer, struct rng rng)
{
    uint64_t batches = plan->batches / (plan->producers * plan->groups);
    for (uint64_t i = 0; i < batches; i++) {
        struct ring *ring = ring_between(plan, group, producer, i % plan->consumers);
        allocate_batch(ring_room(ring), &message_sizes, &rng);
        ring_given(ring);
    }
    for (uint64_t consumer = 0; consumer < plan->consumers; consumer++) {
        struct ring *ring = ring_between(plan, group, producer, consumer);
        ring_room(ring)->count = 0;
        ring_given(ring);
    }
}

static void consume(const struct plan *plan, uint64_t group, uint64_t consumer)
{
    uint64_t still_giving = plan->producers;
    unsigned looks = 0;
    for (uint64_t producer = 0; still_giving > 0; producer = (producer + 1) % plan->producers) {
        struct ring *ring = ring_between(plan, group, producer, consumer);
        struct batch *batch = ring_look(ring);
        if (batch == NULL) {
            wait_a_little(&looks);
            continue;
        }
        looks = 0;
        still_giving -= batch->count == 0;
        free_batch(batch);
        ring_taken(ring);
    }
}

static void body(struct worker *worker)
{
    const struct plan *plan = worker->plan;
    uint64_t group = worker->index / (plan->producers + plan->consumers);
    uint64_t member = worker->index % (plan->producers + plan->consumers);
    worker_start(worker);
    if (member < plan->producers) {
        produce(plan, group, member, worker->rng);
    } else {
        consume(plan, group, member - plan->producers);
    }
    worker_stop(worker);
}

int main(int argc, char **argv)
{
    struct plan plan = {1, 1, 1, 100000, NULL};
    const struct argument arguments[] = {
        number("PRODUCERS", &plan.producers, 1, MAX_GROUP),
        number("CONSUMERS", &plan.consumers, 1, MAX_GROUP),
        number("GROUPS", &plan.groups, 1, MAX_GROUP),
        number("BATCHES", &plan.batches, 1, MAX_OPS),
    };
    begin_run(argc, argv, arguments, COUNT_OF(arguments));
    plan.rings = make_rings(plan.groups * plan.producers * plan.consumers);
    double elapsed_s = run_crew(plan.groups * (plan.producers + plan.consumers), body, &plan, 42);
    free(plan.rings);
    uint64_t lines = plan.producers * plan.groups;
    return finish_run(arguments, COUNT_OF(arguments), plan.batches / lines * lines * BATCH_BLOCKS, elapsed_s);
}
