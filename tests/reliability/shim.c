// A preloaded shim as tracers are: mmap, open, madvise and getenv look their namesakes up by dlsym at
// every call, and dlsym may allocate.
#include "check.h"
#include <fcntl.h>
#include <stdarg.h>
#include <sys/mman.h>

int shim_calls;

static void *next(const char *name) {
    shim_calls++;
    void *there = dlsym(RTLD_NEXT, name);
    dlsym(RTLD_NEXT, "there_is_no_such_function");  // an error is written to allocated memory
    return there;
}

void *mmap(void *at, size_t bytes, int protection, int flags, int file, off_t offset) {
    return ((void *(*)(void *, size_t, int, int, int, off_t))next("mmap"))(at, bytes, protection, flags, file, offset);
}

int madvise(void *at, size_t bytes, int advice) {
    return ((int (*)(void *, size_t, int))next("madvise"))(at, bytes, advice);
}

int open(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    int mode = va_arg(rest, int);
    va_end(rest);
    return ((int (*)(const char *, int, ...))next("open"))(path, flags, mode);
}

char *getenv(const char *name) { return ((char *(*)(const char *))next("getenv"))(name); }
