/* False sharing: each thread adds to a counter in its own small block WRITES times, frees it and takes
 * another. The counter is atomic, as one that others may read would be: plain writes wait in the store
 * buffer and hide that the line is away.
 * `active`: all blocks come from the threads themselves; an allocator that gives blocks of one line
 * to two threads makes the line travel. `passive`: the first blocks come from the main thread, side by
 * side; one that gives a freed block to whoever freed it keeps the line shared for ever.
 *
 * usage: bench_false_sharing [MODE [THREADS [OPS [WRITES]]]] [--verify]
 * MODE is active or passive; OPS of each thread. An operation is a block: its WRITES, its free, and the
 * malloc of the next. Defaults: active 2 200000 100.
 */
#include "run.h"
#include "threads.h"

enum mode { ACTIVE, PASSIVE };
enum { BLOCK_BYTES = 16 };

struct plan {
    uint64_t mode, threads, ops, writes;
    void **first_blocks; /* with `passive` */
};

static void write_often(void *block, uint64_t writes)
{
    _Atomic uint64_t *counter = block;
    for (uint64_t i = 0; i < writes; i++) {
        atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
    }
}

static void body(struct worker *worker)
{
    const struct plan *plan = worker->plan;
    worker_start(worker);
    void *block = plan->mode == PASSIVE ? plan->first_blocks[worker->index] : block_make(BLOCK_BYTES, 0);
    for (uint64_t op = 0; op < plan->ops; op++) {
        if (!is_verifying) {
            write_often(block, plan->writes);
        }
        block_free(block);
        block = block_make(BLOCK_BYTES, op);
    }
    block_free(block);
    worker_stop(worker);
}

int main(int argc, char **argv)
{
    const char *const modes[] = {"active", "passive", NULL};
    struct plan plan = {ACTIVE, 2, 200000, 100, NULL};
    const struct argument arguments[] = {
        word("MODE", &plan.mode, modes),
        number("THREADS", &plan.threads, 1, MAX_THREADS),
        number("OPS", &plan.ops, 1, MAX_OPS),
        number("WRITES", &plan.writes, 1, MAX_OPS),
    };
    begin_run(argc, argv, arguments, COUNT_OF(arguments));
    plan.first_blocks = table_of(plan.threads, sizeof *plan.first_blocks);
    for (uint64_t i = 0; plan.mode == PASSIVE && i < plan.threads; i++) {
        plan.first_blocks[i] = block_make(BLOCK_BYTES, i);
    }
    double elapsed_s = run_crew(plan.threads, body, &plan, 0);
    free(plan.first_blocks);
    return finish_run(arguments, COUNT_OF(arguments), plan.threads * plan.ops, elapsed_s);
}
