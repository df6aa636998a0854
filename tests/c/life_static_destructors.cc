// Static and thread_local objects free their memory in destructors at exit and at thread exit.
#include "check.h"
#include <map>
#include <string>
#include <thread>
#include <vector>

struct Table {
    std::map<int, std::string> map;
    Table() {
        for (int i = 0; i < 1000; i++) map[i] = std::string((size_t)i, 'x');
    }
    ~Table() {
        CHECK(map.size() >= 1000 && map[999].size() == 999);
        map.clear();
        std::vector<std::string> more(100, std::string(1000, 'y'));
        CHECK(more[99].size() == 1000);
    }
};

static Table table;
static thread_local Table own;

int main() {
    for (int round = 0; round < 10; round++) {
        std::vector<std::thread> threads;
        for (int i = 0; i < 4; i++) threads.emplace_back([] { own.map[1000] = std::string(50000, 'z'); });
        for (auto &thread : threads) thread.join();
    }
    own.map[2000] = "main";
    return table.map.empty();
}
