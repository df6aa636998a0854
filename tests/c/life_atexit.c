// malloc and free work in atexit handlers, in destructors of every priority and in on_exit, in
// the main thread after others have come and gone.
#include "check.h"
#include <pthread.h>

static void *from_main;

static void cycle(void) {
    for (size_t size = 1; size < 5000000; size *= 3) {
        char *block = malloc(size);
        CHECK(block);
        memset(block, 1, size);
        free(block);
    }
}

static void handler(void) {
    cycle();
    free(from_main);
    from_main = malloc(100);
    CHECK(from_main && atexit(cycle) == 0);  // a handler that registers another
}

static void on_exit_handler(int status, void *block) {
    CHECK(status == 0);
    free(block);
    cycle();
}

__attribute__((destructor(101))) static void last_destructor(void) { cycle(); }
__attribute__((destructor)) static void first_destructor(void) {
    free(from_main);
    cycle();
}

static void *thread(void *unused) {
    cycle();
    return unused;
}

int main(void) {
    pthread_t id;
    CHECK(pthread_create(&id, NULL, thread, NULL) == 0 && pthread_join(id, NULL) == 0);
    from_main = malloc(5000);
    CHECK(from_main && atexit(handler) == 0);
    CHECK(on_exit(on_exit_handler, malloc(70000)) == 0);
    return 0;
}
