// Large blocks of one thread are looked at when another asks for one: while their owner writes to them, makes their pages
// unreadable, resizes and frees them, and the system takes them back at once.
// env: HAKMEM_PURGE_DELAY_MS=0
// timeout: 60
#include "check.h"
#include <pthread.h>
#include <sys/mman.h>

enum { MIB = 1 << 20, PAGE = 4096, THREADS = 4, ROUNDS = 100 };

static void *work(void *number) {
    unsigned seed = (unsigned)(size_t)number + 1;
    for (int round = 0; round < ROUNDS; round++) {
        size_t bytes = (size_t)(8 + rand_r(&seed) % 8) * MIB;
        char *block;
        CHECK(posix_memalign((void **)&block, PAGE, bytes) == 0);
        for (size_t at = 0; at < bytes; at += PAGE) block[at] = 1;
        if (round % 3 == 0) {
            CHECK(mprotect(block + PAGE, bytes - 2 * PAGE, PROT_NONE) == 0);
            usleep(500);
            CHECK(mprotect(block + PAGE, bytes - 2 * PAGE, PROT_READ | PROT_WRITE) == 0);
        }
        if (round % 3 == 1) {
            block = realloc(block, bytes + 8 * MIB);
            CHECK(block && block[0] == 1);
        }
        free(block);
    }
    return NULL;
}

int main(void) {
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++) CHECK(pthread_create(&threads[i], NULL, work, (void *)i) == 0);
    for (int i = 0; i < THREADS; i++) CHECK(pthread_join(threads[i], NULL) == 0);
    return 0;
}
