/* Buffers that grow: a random one is made larger by PERCENT and STEP bytes more; one that has reached
 * LIMIT is freed and begins again with STEP bytes.
 *
 * usage: bench_realloc [BUFFERS [LIMIT [PERCENT [STEP [OPS]]]]] [--verify]
 * An operation is a realloc, or where a buffer begins again a free and a malloc.
 * Defaults: 1000 65536 50 16 400000.
 */
#include "run.h"

#define MAX_LIMIT_BYTES (UINT64_C(1) << 30)
enum { MAX_PERCENT = 1000 };

struct plan {
    uint64_t buffers, limit_bytes, percent, step_bytes, ops;
};

struct buffer {
    void *block;
    uint64_t size_bytes;
};

static void step(struct buffer *buffer, const struct plan *plan, uint64_t turn)
{
    if (buffer->size_bytes >= plan->limit_bytes) {
        block_free(buffer->block);
        buffer->size_bytes = 0;
    }
    if (buffer->size_bytes == 0) {
        buffer->size_bytes = plan->step_bytes;
        buffer->block = block_make(buffer->size_bytes, turn);
        return;
    }
    buffer->size_bytes += buffer->size_bytes * plan->percent / 100 + plan->step_bytes;
    buffer->block = block_resize(buffer->block, buffer->size_bytes, turn);
}

int main(int argc, char **argv)
{
    struct plan plan = {1000, 65536, 50, 16, 400000};
    const struct argument arguments[] = {
        number("BUFFERS", &plan.buffers, 1, MAX_SLOTS),
        number("LIMIT", &plan.limit_bytes, MIN_BLOCK_BYTES, MAX_LIMIT_BYTES),
        number("PERCENT", &plan.percent, 0, MAX_PERCENT),
        number("STEP", &plan.step_bytes, MIN_BLOCK_BYTES, MAX_LIMIT_BYTES),
        number("OPS", &plan.ops, 1, MAX_OPS),
    };
    begin_run(argc, argv, arguments, COUNT_OF(arguments));
    struct buffer *buffers = table_of(plan.buffers, sizeof *buffers);
    struct rng rng = rng_from_seed(42);
    double started_s = now_seconds();
    for (uint64_t op = 0; op < plan.ops; op++) {
        step(&buffers[scale_to((uint32_t)rng_next(&rng), (uint32_t)plan.buffers)], &plan, op);
    }
    double elapsed_s = now_seconds() - started_s;
    for (uint64_t i = 0; i < plan.buffers; i++) {
        if (buffers[i].size_bytes > 0) {
            block_free(buffers[i].block);
        }
    }
    free(buffers);
    return finish_run(arguments, COUNT_OF(arguments), plan.ops, elapsed_s);
}
