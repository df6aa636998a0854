/* Large blocks in and out: the block of a random slot is freed and one of 1 to 32 MiB put
 * there. With `pages` a word of each page is written, as by a program that uses its memory; with
 * `ends` the first and the last word only, so that what is left is the allocator's own work.
 *
 * usage: bench_large [TOUCH [THREADS [OPS [SLOTS]]]] [--verify]
 * OPS and SLOTS of each thread. An operation is one slot: a free (once it is full) and a malloc.
 * Defaults: pages 1 100 4.
 */
#include "run.h"
#include "sizes.h"
#include "threads.h"

enum touch { PAGES, ENDS };
enum { PAGE_BYTES = 4096 };

struct plan {
    uint64_t touch, threads, ops, slots;
};

static const struct sizes sizes = {MIB_BYTES, 32 * MIB_BYTES, 0};

static void *make_large(const struct plan *plan, uint64_t random)
{
    uint32_t size_bytes = random_size(&sizes, (uint32_t)(random >> 32));
    char *block = block_make(size_bytes, random);
    uint32_t used_bytes = plan->touch == PAGES && !is_verifying ? size_bytes : 0;
    /* the first page is written already */
    for (uint32_t offset = PAGE_BYTES; offset < used_bytes; offset += PAGE_BYTES) {
        block[offset] = 1;
    }
    keep_pointer(block);
    return block;
}

static void body(struct worker *worker)
{
    const struct plan *plan = worker->plan;
    void **slots = table_of(plan->slots, sizeof *slots);
    worker_start(worker);
    for (uint64_t op = 0; op < plan->ops; op++) {
        uint64_t random = rng_next(&worker->rng);
        void **slot = &slots[scale_to((uint32_t)random, (uint32_t)plan->slots)];
        if (*slot != NULL) {
            block_free(*slot);
        }
        *slot = make_large(plan, random);
    }
    worker_stop(worker);
    free_slots(slots, plan->slots);
}

int main(int argc, char **argv)
{
    const char *const touches[] = {"pages", "ends", NULL};
    struct plan plan = {PAGES, 1, 100, 4};
    const struct argument arguments[] = {
        word("TOUCH", &plan.touch, touches),
        number("THREADS", &plan.threads, 1, MAX_THREADS),
        number("OPS", &plan.ops, 1, MAX_OPS),
        number("SLOTS", &plan.slots, 1, MAX_SLOTS),
    };
    begin_run(argc, argv, arguments, COUNT_OF(arguments));
    double elapsed_s = run_crew(plan.threads, body, &plan, 42);
    return finish_run(arguments, COUNT_OF(arguments), plan.threads * plan.ops, elapsed_s);
}
