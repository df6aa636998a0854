// A C++ plugin of a C program: it asks for more than there is and expects std::bad_alloc.
#include <new>

extern "C" int plugin_catches(unsigned long size) {
    try {
        void *volatile block = ::operator new(size);
        ::operator delete(block);
        return 0;
    } catch (const std::bad_alloc &) {
        return 1;
    }
}
