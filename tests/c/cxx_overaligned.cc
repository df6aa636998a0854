// Types with an alignment above 16 live in aligned memory, in arrays and containers too.
#include "check.h"
#include <memory>
#include <new>
#include <vector>

template <size_t ALIGNMENT> struct alignas(ALIGNMENT) Aligned {
    unsigned char bytes[ALIGNMENT + 1];
};

template <size_t ALIGNMENT> static void try_alignment() {
    using Type = Aligned<ALIGNMENT>;
    for (int round = 0; round < 20; round++) {
        std::vector<std::unique_ptr<Type>> singles;
        for (int i = 0; i < 50; i++) {
            singles.push_back(std::make_unique<Type>());
            CHECK(is_aligned(singles.back().get(), ALIGNMENT));
            memset(singles.back().get(), i, sizeof(Type));
        }
        Type *array = new Type[7];
        CHECK(is_aligned(opaque(array), ALIGNMENT));
        delete[] array;
        std::vector<Type> vector(20);
        CHECK(is_aligned(vector.data(), ALIGNMENT));
    }
}

int main() {
    try_alignment<32>();
    try_alignment<64>();
    try_alignment<128>();
    try_alignment<1024>();
    try_alignment<4096>();
    try_alignment<65536>();
    return 0;
}
