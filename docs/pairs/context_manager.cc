// SPDX-License-Identifier: MIT
// Asynchronous context managers: one that gives a result, one that
// swallows an error, and a number known only at run time.
#include <hocket/hocket.h>

#include <cstdio>
#include <stdexcept>
#include <string>

using hocket::Coro;
using namespace std::chrono_literals;

struct Refused : std::runtime_error {
    using std::runtime_error::runtime_error;
};

struct Door {
    std::string name;

    Coro<Door&> aenter() {
        co_await hocket::sleep(1ms);
        std::printf("%s opens\n", name.c_str());
        co_return *this;
    }
    Coro<bool> aexit(std::exception_ptr error) {
        co_await hocket::sleep(1ms);
        std::printf("%s closes\n", name.c_str());
        try {
            if (error) std::rethrow_exception(error);
        } catch (const Refused&) {
            co_return true;  // it is dealt with
        }
        co_return false;
    }
    Coro<std::string> ask(std::string what) {
        if (what != "tea" && what != "cake") throw Refused(what);
        co_return what + " at the " + name;
    }
};

Coro<> amain() {
    co_await hocket::with(Door{"front"}, [](Door& front) -> Coro<> {
        std::printf("%s\n", (co_await front.ask("tea")).c_str());
    });

    co_await hocket::with(Door{"back"}, [](Door& back) -> Coro<> {
        std::printf("%s\n", (co_await back.ask("gold")).c_str());
    });

    hocket::AsyncExitStack stack;
    co_await hocket::with(stack, [&]() -> Coro<> {
        stack.callback([] { std::printf("all is quiet\n"); });
        for (const char* name : {"left", "right"}) {
            Door& door = co_await stack.enter_async_context(Door{name});
            std::printf("%s\n", (co_await door.ask("cake")).c_str());
        }
    });
}

int main() { hocket::run(amain()); }
