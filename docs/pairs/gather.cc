// SPDX-License-Identifier: MIT
// Several pages at once: errors kept in their places, then the first
// error thrown.
#include <hocket/hocket.h>

#include <cstdio>
#include <ranges>
#include <stdexcept>
#include <string>
#include <vector>

using hocket::Coro;
using namespace std::chrono_literals;

struct NoSuchPage : std::runtime_error {
    using std::runtime_error::runtime_error;
};

Coro<std::string> fetch(std::string page) {
    co_await hocket::sleep(10ms);
    if (page == "news") throw NoSuchPage(page);
    co_return "<" + page + ">";
}

Coro<> amain() {
    const std::vector<std::string> pages = {"users", "news", "posts"};
    const auto results = co_await hocket::gather(
        hocket::settle, pages | std::views::transform(fetch));
    for (std::size_t i = 0; i < pages.size(); ++i) {
        if (results[i]) {
            std::printf("%s: %s\n", pages[i].c_str(), results[i]->c_str());
        } else {
            std::printf("%s: %s\n", pages[i].c_str(),
                        results[i].error().c_str());
        }
    }

    auto [users, posts] =
        co_await hocket::gather(fetch("users"), fetch("posts"));
    std::printf("%s %s\n", users.c_str(), posts.c_str());

    try {
        co_await hocket::gather(fetch("users"), fetch("news"));
    } catch (const NoSuchPage& error) {
        std::printf("there is no page %s\n", error.what());
    }
}

int main() { hocket::run(amain()); }
