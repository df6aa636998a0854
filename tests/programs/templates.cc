// Containers, regular expressions, variants, ranges, futures and templates of
// our own: an input that makes g++ work, and a program that uses operator new.
#include <algorithm>
#include <functional>
#include <future>
#include <iostream>
#include <map>
#include <memory>
#include <numeric>
#include <ranges>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

template <int N> struct Fibonacci { static constexpr long value = Fibonacci<N - 1>::value + Fibonacci<N - 2>::value; };
template <> struct Fibonacci<1> { static constexpr long value = 1; };
template <> struct Fibonacci<0> { static constexpr long value = 0; };

template <typename... Ts> struct Visitor : Ts... { using Ts::operator()...; };

struct Node;
using Value = std::variant<long, std::string, std::vector<std::shared_ptr<Node>>, std::map<std::string, double>>;
struct Node { Value value; };

struct alignas(64) Line { double cells[8]; };

static std::shared_ptr<Node> grow(int depth, unsigned &state) {
    state = state * 1103515245u + 12345u;
    switch (depth == 0 ? state >> 16 & 1 : 2 + (state >> 16 & 1)) {
        case 0: return std::make_shared<Node>(Node{long(state >> 8)});
        case 1: return std::make_shared<Node>(Node{std::string(state % 200, 'q')});
        case 2: {
            std::vector<std::shared_ptr<Node>> children;
            for (int i = 0; i < 4; i++) children.push_back(grow(depth - 1, state));
            return std::make_shared<Node>(Node{std::move(children)});
        }
        default: {
            std::map<std::string, double> map;
            for (int i = 0; i < 12; i++) map["key" + std::to_string(state % 97 * i)] = i / 7.0;
            return std::make_shared<Node>(Node{std::move(map)});
        }
    }
}

static double weigh(const Node &node) {
    return std::visit(Visitor{
        [](long number) { return double(number % 1000); },
        [](const std::string &text) { return double(text.size()); },
        [](const std::vector<std::shared_ptr<Node>> &nodes) {
            return std::accumulate(nodes.begin(), nodes.end(), 0.0, [](double sum, auto &n) { return sum + weigh(*n); });
        },
        [](const std::map<std::string, double> &map) {
            double sum = 0;
            for (auto &[key, number] : map) sum += number * double(key.size());
            return sum;
        }}, node.value);
}

static std::size_t count_matches(const std::string &text) {
    static const std::regex pattern("([a-z]+)([0-9]{2,3})|(x+y)");
    return std::size_t(std::distance(std::sregex_iterator(text.begin(), text.end(), pattern), {}));
}

int main() {
    std::cout << Fibonacci<60>::value << '\n';
    unsigned state = 3;
    double sum = 0;
    for (int i = 0; i < 200; i++) sum += weigh(*grow(5, state));
    std::cout << std::fixed << sum << '\n';

    std::unordered_map<std::string, std::vector<int>> index;
    for (int i = 0; i < 50000; i++) index["word" + std::to_string(i * 31 % 4001)].push_back(i);
    auto sizes = index | std::views::transform([](auto &entry) { return entry.second.size(); });
    std::cout << index.size() << ' ' << std::ranges::max(sizes) << '\n';

    std::ostringstream text;
    for (int i = 0; i < 2000; i++) text << "abc" << i << " xxy ";
    std::cout << count_matches(text.str()) << '\n';

    std::vector<std::future<std::size_t>> jobs;
    for (int t = 0; t < 4; t++)
        jobs.push_back(std::async(std::launch::async, [t] {
            std::vector<std::unique_ptr<Line>> lines;
            for (int i = 0; i < 5000; i++) lines.push_back(std::make_unique<Line>());
            auto off = std::ranges::count_if(lines, [](auto &l) { return reinterpret_cast<std::uintptr_t>(l.get()) % 64 != 0; });
            return std::size_t(off) + lines.size() * std::size_t(t + 1);
        }));
    for (auto &job : jobs) std::cout << job.get() << '\n';

    int caught = 0;
    for (int i = 0; i < 1000; i++) {
        try { throw std::runtime_error(std::string(std::size_t(i), 'e')); } catch (const std::exception &e) { caught += std::string(e.what()).size() == std::size_t(i); }
    }
    std::cout << caught << '\n';
}
