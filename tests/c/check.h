// What the test programs share: CHECK, the proof of who serves malloc, patterns in blocks.
// Nothing here allocates, so that a test's own calls are all that the allocator sees.
#ifndef CHECK_H
#define CHECK_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// Ends the program with status 1 and the condition's text on stderr when it does not hold.
#define CHECK(condition) \
    ((condition) ? (void)0 : check_failed(__FILE__, __LINE__, #condition))

__attribute__((noreturn, cold)) static inline void check_failed(const char *file, int line,
                                                               const char *condition) {
    int error = errno;
    char text[512];
    int length = snprintf(text, sizeof text, "%s:%d: CHECK(%s), errno %d\n", file, line, condition, error);
    ssize_t written = write(2, text, (size_t)length < sizeof text ? (size_t)length : sizeof text - 1);
    _exit(written < 0 ? 2 : 1);
}

// Whether the function belongs to the library under test; true where the harness names none.
static inline int is_served(const void *function) {
    const char *library = getenv("TEST_SERVED_BY");
    Dl_info info;
    if (!library) return 1;
    return function && dladdr(function, &info) && strcmp(info.dli_fname, library) == 0;
}

// Proves before main that the library under test serves this program.
__attribute__((constructor)) static void check_who_serves(void) {
    CHECK(is_served(dlsym(RTLD_DEFAULT, "malloc")));
    CHECK(is_served(dlsym(RTLD_DEFAULT, "free")));
}

// Hides a value from the optimiser.
static inline void *opaque(void *pointer) {
    __asm__ volatile("" : "+r"(pointer) : : "memory");
    return pointer;
}

// Prints the pointer as a line of stdout, which the harness puts where a pattern says {ptr}.
static inline void say_pointer(const void *pointer) {
    char text[32];
    int length = snprintf(text, sizeof text, "0x%llx\n", (unsigned long long)(uintptr_t)pointer);
    CHECK(write(1, text, (size_t)length) == length);
}

static inline int is_aligned(const void *pointer, size_t alignment) {
    return (uintptr_t)pointer % alignment == 0;
}

// A byte that depends on the place within the block and on the seed.
static inline unsigned char pattern_at(size_t place, unsigned seed) {
    return (unsigned char)((place * 167 + (place >> 8) * 13 + seed * 31 + 7) & 0xff);
}

static inline void fill(void *block, size_t size, unsigned seed) {
    unsigned char *bytes = (unsigned char *)block;
    for (size_t i = 0; i < size; i++) bytes[i] = pattern_at(i, seed);
}

static inline int holds(const void *block, size_t size, unsigned seed) {
    const unsigned char *bytes = (const unsigned char *)block;
    for (size_t i = 0; i < size; i++)
        if (bytes[i] != pattern_at(i, seed)) return 0;
    return 1;
}

static inline int is_all_zero(const void *block, size_t size) {
    const unsigned char *bytes = (const unsigned char *)block;
    return size == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0);
}

// A pseudo-random number; the state is any number, the sequence depends on it alone.
static inline uint64_t next_random(uint64_t *state) {
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

// A size between 1 and limit, each power of two about as likely as the next.
static inline size_t random_size(uint64_t *state, size_t limit) {
    unsigned bits = (unsigned)(next_random(state) % (unsigned)(64 - __builtin_clzll(limit)));
    size_t size = ((size_t)1 << bits) + next_random(state) % ((size_t)1 << bits);
    return size < limit ? size : limit;
}

// KiB of this process that are resident now. No stdio: a child of a threaded program may call it.
static inline long resident_kib(void) {
    char text[128] = "";
    int file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    CHECK(file >= 0 && read(file, text, sizeof text - 1) > 0 && close(file) == 0);
    return atol(strchr(text, ' ')) * (sysconf(_SC_PAGESIZE) / 1024);
}

// A function of the C library itself, whoever serves the program.
static inline void *libc_function(const char *name) {
    void *libc = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
    CHECK(libc != NULL);
    return dlsym(libc, name);
}

#endif
