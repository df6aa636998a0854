// The library is opened and closed again and again, with threads that come and go in between; also
// after MODULES other modules have used up thread-local memory. Blocks outlive the closing.
// usage: dlopen_loop LIBRARY ROUNDS MODULES MODULE
#include "process.h"
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

static void *(*allocate)(size_t);
static void (*release)(void *);

static void *cycle(void *unused) {
    for (size_t size = 1; size < 3000000; size = size * 3 + 1) {
        char *block = allocate(size);
        CHECK(block);
        block[size - 1] = 1;
        release(block);
    }
    return unused;
}

static void load_copy(const char *module, int number) {
    char name[32];
    struct stat info;
    snprintf(name, sizeof name, "./module%d.so", number);
    int from = open(module, O_RDONLY), to = open(name, O_CREAT | O_WRONLY | O_TRUNC, 0700);
    CHECK(from >= 0 && to >= 0 && fstat(from, &info) == 0);
    CHECK(sendfile(to, from, NULL, (size_t)info.st_size) == info.st_size && close(from) == 0 && close(to) == 0);
    void *handle = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (!handle) check_failed(dlerror(), __LINE__, "a module");
    char *(*own)(void) = (char *(*)(void))dlsym(handle, "tls_module_own");
    CHECK(own && strcmp(own(), "module") == 0);
}

int main(int argc, char **argv) {
    int rounds = number(argv, argc, 2), modules = atoi(argv[3]);
    void *kept = NULL;
    for (int i = 0; i < modules; i++) load_copy(argv[4], i);
    for (int round = 0; round < rounds; round++) {
        pthread_t threads[2];
        void *library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
        if (!library) check_failed(dlerror(), __LINE__, "the library");
        allocate = (void *(*)(size_t))dlsym(library, "malloc");
        release = (void (*)(void *))dlsym(library, "free");
        CHECK(allocate && release);
        if (kept) release(kept);
        start(threads, 2, cycle);
        CHECK((kept = allocate(3000)));
        CHECK(dlclose(library) == 0);
        memset(kept, 1, 3000);
        join(threads, 2);  // they end after the library was closed
    }
    return 0;
}
