// Destructors of thread_local objects and of thread keys allocate, free and set their keys again, in
// all four rounds that glibc makes. Nothing of the ended threads stays.
// usage: tls_destructors ROUNDS
#include "process.h"
#include <string>
#include <thread>
#include <vector>

static const int THREADS = 8, KEYS = 40, ARMINGS = 4;
static const long MAY_GROW_KIB = 96 << 10;
static pthread_key_t keys[KEYS];
static int runs;

struct Words {
    std::vector<std::string> all;
    Words() : all(50, std::string(400, 'a')) {}
    ~Words() {
        CHECK(all[49].size() == 400);
        std::vector<std::string> more(20, std::string(3000, 'b'));
        all = more;
        free(malloc(200000));
    }
};
static thread_local Words words;
static thread_local Words *owned;

struct Arming {
    int left;
    char *block;
};

static void destructor(void *value) {
    static thread_local Words late;  // made while the thread ends
    auto *arming = static_cast<Arming *>(value);
    CHECK(holds(arming->block, 700, 5) && late.all.size() > 0);
    free(arming->block);
    __atomic_add_fetch(&runs, 1, __ATOMIC_RELAXED);
    if (--arming->left == 0) {
        delete arming;
        return;
    }
    CHECK((arming->block = (char *)malloc(700)));
    fill(arming->block, 700, 5);
    int key = arming->left % KEYS;
    if (pthread_getspecific(keys[key])) free(arming->block), delete arming;
    else CHECK(pthread_setspecific(keys[key], arming) == 0);
}

static void work() {
    words.all.push_back(std::string(10000, 'c'));
    owned = new Words;
    delete owned;
    for (int i = 0; i < KEYS; i++) {
        auto *arming = new Arming{ARMINGS, (char *)malloc(700)};
        CHECK(arming->block);
        fill(arming->block, 700, 5);
        CHECK(pthread_setspecific(keys[i], arming) == 0);
    }
}

int main(int argc, char **argv) {
    int rounds = number(argv, argc, 1);
    long first = 0;
    for (auto &key : keys) CHECK(pthread_key_create(&key, destructor) == 0);
    for (int round = 0; round < rounds; round++) {
        std::vector<std::thread> threads;
        for (int i = 0; i < THREADS; i++) threads.emplace_back(work);
        for (auto &thread : threads) thread.join();
        if (round == 10) first = resident_kib();
    }
    CHECK(runs >= rounds * THREADS * KEYS);
    CHECK(rounds < 10 || resident_kib() < first + MAY_GROW_KIB);
    return 0;
}
