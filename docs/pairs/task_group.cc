// SPDX-License-Identifier: MIT
// Tasks that belong together: when some fail, the others are
// cancelled, and no error is lost.
#include <hocket/hocket.h>

#include <cstdio>
#include <stdexcept>
#include <string>

using hocket::Coro, hocket::Task, hocket::TaskGroup;
using namespace std::chrono_literals;

struct NoSuchPage : std::runtime_error {
    using std::runtime_error::runtime_error;
};

Coro<std::size_t> length(std::string page) {
    if (page.starts_with("no")) throw NoSuchPage(page);
    co_await hocket::sleep(10ms);
    co_return page.size();
}

Coro<> watch(std::string page) {
    try {
        co_await hocket::sleep(1h);
    } catch (const hocket::CancelledError&) {
        std::printf("no longer watching %s\n", page.c_str());
        throw;
    }
}

Coro<> amain() {
    Task<std::size_t> users, posts;
    co_await hocket::task_group([&](TaskGroup& group) -> Coro<> {
        users = group.create_task(length("users"));
        posts = group.create_task(length("posts"));
        co_return;
    });
    std::printf("%zu bytes\n", users.result() + posts.result());

    try {
        co_await hocket::task_group([](TaskGroup& group) -> Coro<> {
            group.create_task(watch("users"));
            group.create_task(length("nowhere"));
            group.create_task(length("nothing"));
            co_return;
        });
    } catch (const hocket::ExceptionGroup& all) {
        auto [errors, others] = all.split<NoSuchPage>();
        if (errors) {
            std::printf("%s\n", errors->what());
            for (const auto& error : errors->exceptions())
                std::printf("- %s\n", hocket::describe(error).c_str());
        }
        if (others) throw *others;
    }
}

int main() { hocket::run(amain()); }
