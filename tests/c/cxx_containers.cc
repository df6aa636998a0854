// Containers, strings, shared pointers and exceptions in four threads, with values moved between.
#include "check.h"
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

static std::mutex lock;
static std::vector<std::shared_ptr<std::map<int, std::string>>> shared;

static void work(int seed) {
    for (int round = 0; round < 100; round++) {
        auto map = std::make_shared<std::map<int, std::string>>();
        for (int i = 0; i < 200; i++) (*map)[i * seed % 211] = std::string((size_t)(i * 7 % 300), (char)('a' + seed));
        std::shared_ptr<std::map<int, std::string>> other;
        {
            std::lock_guard<std::mutex> guard(lock);
            shared.push_back(map);
            if (shared.size() > 10) {
                other = shared.front();
                shared.erase(shared.begin());
            }
        }
        for (auto &[key, text] : other ? *other : *map) CHECK(text.empty() || text.front() == text.back());
        try {
            throw std::to_string(round) + std::string(100, 'z');
        } catch (const std::string &text) {
            CHECK(text.back() == 'z');
        }
    }
}

int main() {
    std::vector<std::thread> threads;
    for (int i = 1; i <= 4; i++) threads.emplace_back(work, i);
    for (auto &thread : threads) thread.join();
    shared.clear();
    return 0;
}
