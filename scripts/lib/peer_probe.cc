// Calls what a library that replaces malloc must serve, from two threads; exit 0 when every
// block is aligned, keeps its content and goes back. Built and run by scripts/peers.
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <new>

namespace {

struct alignas(64) Wide {
    char bytes[192];
};

void fail(const char *what) {
    fprintf(stderr, "peer_probe: %s\n", what);
    exit(1);
}

// Writes to all of a block, then looks whether it stands where it was asked for.
template <typename T> T *checked(T *block, size_t bytes, size_t alignment, const char *name) {
    if (block == nullptr || reinterpret_cast<uintptr_t>(block) % alignment != 0) fail(name);
    memset(static_cast<void *>(block), 0x5a, bytes);
    return block;
}

// What may be in a block needs no wider alignment than its size.
size_t natural(size_t bytes) { return bytes < 16 ? 8 : 16; }

void c_functions(size_t bytes) {
    free(checked(malloc(bytes), bytes, natural(bytes), "malloc"));
    char *zeroed = static_cast<char *>(calloc(bytes, 3));
    for (size_t i = 0; i < 3 * bytes; i++)
        if (zeroed[i] != 0) fail("calloc");
    char *grown = static_cast<char *>(realloc(checked(zeroed, 3 * bytes, natural(3 * bytes), "calloc"), 20 * bytes));
    for (size_t i = 0; i < 3 * bytes; i++)
        if (grown[i] != 0x5a) fail("realloc");
    free(checked(grown, 20 * bytes, natural(20 * bytes), "realloc"));
    void *aligned = nullptr;
    if (posix_memalign(&aligned, 256, bytes) != 0) fail("posix_memalign");
    free(checked(aligned, bytes, 256, "posix_memalign"));
    free(checked(aligned_alloc(128, 128 * bytes), 128 * bytes, 128, "aligned_alloc"));
}

void cxx_operators(size_t count) {
    delete checked(new long, sizeof(long), 8, "new");
    delete[] checked(new char[count], count, natural(count), "new[]");
    delete[] checked(new (std::nothrow) char[count], count, natural(count), "nothrow new[]");
    ::operator delete(checked(::operator new(count), count, natural(count), "operator new"), count);
    delete checked(new Wide, sizeof(Wide), 64, "aligned new");
}

void *work(void *) {
    for (size_t bytes = 1; bytes < 20000; bytes += bytes / 3 + 1) {
        c_functions(bytes);
        cxx_operators(bytes);
    }
    return nullptr;
}

}  // namespace

int main() {
    pthread_t other;
    if (pthread_create(&other, nullptr, work, nullptr) != 0) fail("pthread_create");
    work(nullptr);
    pthread_join(other, nullptr);
    return 0;
}
