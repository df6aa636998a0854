// The new-handler may throw, bad_alloc or anything else, through operator new to its caller.
#include "check.h"
#include <new>
#include <stdexcept>

struct Own : std::bad_alloc {
    int value = 5;
};
static void throws_own() { throw Own(); }
static void throws_other() { throw std::runtime_error("no more memory, and more than a short string"); }

int main() {
    int caught = 0;
    for (int round = 0; round < 100; round++) {
        std::set_new_handler(throws_own);
        try {
            opaque(::operator new(SIZE_MAX - 1000));
        } catch (const Own &error) {
            caught += error.value == 5;
        }
        try {
            opaque(::operator new(SIZE_MAX - 1000, std::align_val_t(256)));
        } catch (const Own &error) {
            caught += error.value == 5;
        }
        std::set_new_handler(throws_other);
        try {
            opaque(::operator new[](SIZE_MAX - 1000));
        } catch (const std::runtime_error &error) {
            caught += strlen(error.what()) > 20;
        }
    }
    CHECK(caught == 300);
    return 0;
}
