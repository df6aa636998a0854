// A little of everything, for runs under tools that make a program slow.
#include "process.h"

int main(void) {
    pthread_t threads[2];
    unsigned char *blocks[50];
    start(threads, 2, walk_sizes);
    for (unsigned i = 0; i < 50; i++) {
        size_t size = (size_t)i * i * 100 + 1;
        CHECK((blocks[i] = calloc(1, size)) && is_all_zero(blocks[i], size));
        fill(blocks[i], size, i);
    }
    for (unsigned i = 0; i < 50; i++) {
        size_t size = (size_t)i * i * 100 + 1;
        CHECK((blocks[i] = realloc(blocks[i], size * 2)) && holds(blocks[i], size, i));
        free(blocks[i]);
    }
    join(threads, 2);
    pid_t pid = fork();
    if (pid == 0) {
        walk_sizes(NULL);
        exit(0);
    }
    wait_for(pid);
    return 0;
}
