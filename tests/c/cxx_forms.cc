// All 20 forms of operator new and delete, each called by its mangled name: aligned, writable, and
// served by the library under test.
#include "check.h"
#include <initializer_list>
#include <new>


// The extra arguments that a form's mangled name ends in; what it does not take it ignores.
static void *call_new(const char *name, size_t size, size_t alignment) {
    void *function = dlsym(RTLD_DEFAULT, name);
    CHECK(is_served(function));
    if (strstr(name, "align_val")) {
        using Form = void *(*)(size_t, std::align_val_t, const std::nothrow_t &);
        return reinterpret_cast<Form>(function)(size, std::align_val_t(alignment), std::nothrow);
    }
    using Form = void *(*)(size_t, const std::nothrow_t &);
    return reinterpret_cast<Form>(function)(size, std::nothrow);
}

static void call_delete(const char *name, void *block, size_t size, size_t alignment) {
    void *function = dlsym(RTLD_DEFAULT, name);
    CHECK(is_served(function));
    bool sized = strstr(name, "Pvm") != nullptr, aligned = strstr(name, "align_val") != nullptr;
    size_t second = sized ? size : aligned ? alignment : reinterpret_cast<size_t>(&std::nothrow);
    size_t third = sized && aligned ? alignment : reinterpret_cast<size_t>(&std::nothrow);
    using Form = void (*)(void *, size_t, size_t, size_t);
    reinterpret_cast<Form>(function)(block, second, third, 0);
}

int main() {
    static const char *const ENDS[] = {"", "RKSt9nothrow_t", "St11align_val_t", "St11align_val_tRKSt9nothrow_t"};
    static const char *const DELETE_ENDS[] = {"",  "RKSt9nothrow_t", "St11align_val_t", "St11align_val_tRKSt9nothrow_t",
                                              "m", "mSt11align_val_t"};
    for (const char *letter : {"w", "a"})
        for (int i = 0; i < 6; i++)
            for (size_t size = 0; size < 3000000; size = size * 6 + 1)
                for (size_t alignment = 1; alignment <= 8192; alignment *= 8) {
                    char news[64], deletes[64];
                    bool aligned = strstr(DELETE_ENDS[i], "align_val") != nullptr;
                    snprintf(news, sizeof news, "_Zn%sm%s", letter, i < 4 ? ENDS[i] : aligned ? ENDS[2] : "");
                    snprintf(deletes, sizeof deletes, "_Zd%sPv%s", *letter == 'w' ? "l" : "a", DELETE_ENDS[i]);
                    void *block = call_new(news, size, alignment);
                    CHECK(block && is_aligned(block, 16) && (!aligned || is_aligned(block, alignment)));
                    fill(block, size, 3);
                    CHECK(malloc_usable_size(block) >= size);
                    errno = 55;
                    call_delete(deletes, block, size, alignment);
                    CHECK(errno == 55);
                    call_delete(deletes, nullptr, size, alignment);
                }
    return 0;
}
