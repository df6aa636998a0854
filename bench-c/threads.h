/* A crew: threads that start together, and the time from then until the last is done. */
#ifndef HAKMEM_BENCH_THREADS_H
#define HAKMEM_BENCH_THREADS_H

#include <pthread.h>

#include "arguments.h"

struct worker;
typedef void worker_body(struct worker *worker);

struct crew {
    worker_body *body;
    pthread_barrier_t start, stop;
};

/* One thread of a crew. Its body calls worker_start, does what is timed, and calls worker_stop. */
struct worker {
    struct crew *crew;
    void *plan;     /* the workload's own */
    uint64_t index; /* from 0 */
    struct rng rng;
    double started_s;
    double stopped_s;
};

static inline void start_thread(pthread_t *handle, void *(*body)(void *), void *argument)
{
    int error = pthread_create(handle, NULL, body, argument);
    if (error != 0) {
        fail(EXIT_FAILURE, "%s: cannot start a thread: %s", program_invocation_short_name, strerror(error));
    }
}

static inline void make_barrier(pthread_barrier_t *barrier, uint64_t threads)
{
    int error = pthread_barrier_init(barrier, NULL, (unsigned)threads);
    if (error != 0) {
        fail(EXIT_FAILURE, "%s: cannot make a barrier: %s", program_invocation_short_name, strerror(error));
    }
}

/* Waits until the whole crew stands here. */
static inline void worker_start(struct worker *worker)
{
    pthread_barrier_wait(&worker->crew->start);
    worker->started_s = now_seconds();
}

/* Waits until the whole crew is done: no thread takes down what is its own, nor dies, on the clock of others. */
static inline void worker_stop(struct worker *worker)
{
    worker->stopped_s = now_seconds();
    pthread_barrier_wait(&worker->crew->stop);
}

static inline void *worker_main(void *argument)
{
    struct worker *worker = argument;
    worker->crew->body(worker);
    return NULL;
}

/* From the first start to the last stop. */
static inline double crew_seconds(const struct worker *workers, uint64_t threads)
{
    double started_s = workers[0].started_s;
    double stopped_s = workers[0].stopped_s;
    for (uint64_t i = 1; i < threads; i++) {
        started_s = workers[i].started_s < started_s ? workers[i].started_s : started_s;
        stopped_s = workers[i].stopped_s > stopped_s ? workers[i].stopped_s : stopped_s;
    }
    return stopped_s - started_s;
}

/* Runs `body` in `threads` threads, waits for them, and returns crew_seconds. */
static inline double run_crew(uint64_t threads, worker_body *body, void *plan, uint64_t seed)
{
    struct crew crew = {.body = body};
    make_barrier(&crew.start, threads);
    make_barrier(&crew.stop, threads);
    struct worker *workers = table_of(threads, sizeof *workers);
    pthread_t *handles = table_of(threads, sizeof *handles);
    for (uint64_t i = 0; i < threads; i++) {
        workers[i] = (struct worker){&crew, plan, i, rng_from_seed(seed * MAX_THREADS + i), 0, 0};
        start_thread(&handles[i], worker_main, &workers[i]);
    }
    for (uint64_t i = 0; i < threads; i++) {
        pthread_join(handles[i], NULL);
    }
    double seconds = crew_seconds(workers, threads);
    pthread_barrier_destroy(&crew.start);
    pthread_barrier_destroy(&crew.stop);
    free(handles);
    free(workers);
    return seconds;
}

#endif
