// SPDX-License-Identifier: MIT
// Coroutines called from ordinary code: once, and several times on one
// loop.
#include <hocket/hocket.h>

#include <cstdio>
#include <ranges>
#include <string>
#include <vector>

using hocket::Coro;
using namespace std::chrono_literals;

Coro<int> length(std::string page) {
    co_await hocket::sleep(1ms);
    if (page == "news") throw hocket::ValueError("no news today");
    co_return static_cast<int>(page.size());
}

Coro<int> add_up(std::vector<std::string> pages) {
    auto lengths = pages | std::views::transform(length);
    int sum = 0;
    for (const int size : co_await hocket::gather(lengths)) sum += size;
    co_return sum;
}

int total(std::vector<std::string> pages) {  // an ordinary function
    return hocket::run(add_up(pages));
}

class Store {  // an ordinary class around a loop
public:
    void add(std::string page) { runner_.run(work(page)); }
    std::string take() { return runner_.run(get()); }

private:
    Coro<> work(std::string page) {
        const int size = co_await length(page);
        co_await events_.put(page + ": " + std::to_string(size));
    }
    Coro<std::string> get() { co_return co_await events_.get(); }

    hocket::Runner runner_;
    hocket::Queue<std::string> events_;
};

int main() {
    std::printf("%d bytes\n", total({"users", "posts"}));
    try {
        total({"users", "news"});
    } catch (const hocket::ValueError& error) {
        std::printf("%s\n", error.what());
    }

    Store store;
    store.add("comments");
    store.add("albums");
    std::printf("%s\n", store.take().c_str());
    std::printf("%s\n", store.take().c_str());
}  // the runner closes its loop
