// SPDX-License-Identifier: MIT
// A coroutine that a task awaits stays where it is until it has ended: what moves, closes or destroys it meanwhile.
#include <hocket/core/task.h>

#include <hocket/io/runner.h>

#include <tests/support/manual_backend.h>
#include <tests/support/trace.h>

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace hocket {
namespace {

using namespace std::chrono_literals;
using testing::Census;
using testing::Reports;
using testing::thrown_by;

Coro<std::string> greeting() {
    co_await testing::turns(5);
    co_return "hello";
}

// A task awaits `coro`; another does `f(coro)`. What that throws; the first must end as if nothing had happened.
template <class F>
std::string thrown_meanwhile(F f) {
    return run([](F touch) -> Coro<std::string> {
        Coro<std::string> coro = greeting();
        const auto first = create_task([&]() -> Coro<std::string> { co_return co_await std::move(coro); });
        co_await testing::turns(2);
        std::string said = thrown_by([&] { touch(coro); });
        EXPECT_EQ(co_await first, "hello");
        co_return said.substr(0, said.rfind(": "));
    }(std::move(f)));
}

TEST(AwaitedCoro, is_not_made_a_task) {
    EXPECT_EQ(thrown_meanwhile([](Coro<std::string>& c) { static_cast<void>(create_task(std::move(c))); }),
              "hocket::RuntimeError: cannot move a coroutine that is being awaited");
}

TEST(AwaitedCoro, is_not_moved_away) {
    EXPECT_EQ(thrown_meanwhile([](Coro<std::string>& c) { const Coro<std::string> other = std::move(c); }),
              "hocket::RuntimeError: cannot move a coroutine that is being awaited");
    EXPECT_EQ(thrown_meanwhile([](Coro<std::string>& c) {
                  std::vector<Coro<std::string>> all;
                  all.push_back(std::move(c));
              }),
              "hocket::RuntimeError: cannot move a coroutine that is being awaited");
}

TEST(AwaitedCoro, is_not_assigned_or_swapped) {
    const std::string expected = "hocket::RuntimeError: cannot move a coroutine that is being awaited";
    const auto touched = [](auto f) {
        return thrown_meanwhile([f](Coro<std::string>& c) {
            Coro<std::string> other = greeting();
            try {
                f(c, other);
            } catch (...) {  // it is not reported as forgotten
                other.close();
                throw;
            }
        });
    };
    EXPECT_EQ(touched([](auto& c, auto& other) { c = std::move(other); }), expected);
    EXPECT_EQ(touched([](auto& c, auto& other) { other = std::move(c); }), expected);
    EXPECT_EQ(touched([](auto& c, auto& other) { std::swap(c, other); }), expected);
}

TEST(AwaitedCoro, is_not_closed) {
    EXPECT_EQ(thrown_meanwhile([](Coro<std::string>& c) { c.close(); }),
              "hocket::RuntimeError: cannot close a coroutine that is being awaited");
}

Coro<> closes(Coro<>*& self) {
    self->close();
    co_return;
}

TEST(AwaitedCoro, is_not_closed_by_itself) {
    run([]() -> Coro<> {
        Coro<>* self = nullptr;
        Coro<> coro = closes(self);
        self = &coro;
        const std::string said = co_await testing::ending_of([](Coro<>& c) -> Coro<> { co_await std::move(c); }(coro));
        EXPECT_NE(said.find("cannot close a coroutine that is being awaited"), std::string::npos) << said;
    }());
}

TEST(AwaitedCoro, may_be_moved_and_closed_when_it_has_ended) {
    run([]() -> Coro<> {
        Census census;
        Coro<> coro = [](Census::Member) -> Coro<> { co_return; }(census.member());
        co_await std::move(coro);
        EXPECT_EQ(census.alive(), 1);
        Coro<> other = std::move(coro);
        std::swap(coro, other);
        coro.close();
        EXPECT_EQ(census.alive(), 0);
    }());
}

// Its awaiter would go on with an object that is no more.
TEST(OnceAwaitedCoroDeathTest, ends_the_program_when_it_is_destroyed) {
    EXPECT_DEATH(run([]() -> Coro<> {
                     std::optional<Coro<std::string>> coro = greeting();
                     const auto task = create_task([&]() -> Coro<> { co_await std::move(*coro); });
                     co_await testing::turns(2);
                     coro.reset();
                     co_await task;
                 }()),
                 "a coroutine was destroyed while it was awaited");
}

// ---- What is left when the loop closes

class OnceAwaitedCoroAtClose : public ::testing::Test {
protected:
    Reports reports;
    Census census;
    Unique<EventLoop> loop = Unique<EventLoop>::make(Unique<Backend>(new testing::ManualBackend));
};

Coro<> noted(Census::Member) { co_await testing::forever(); }

TEST_F(OnceAwaitedCoroAtClose, goes_with_the_task_that_owns_it_or_the_one_that_awaits_it) {
    for (const bool owner_first : {false, true}) {
        Coro<>* child = nullptr;
        const auto own = [&]() -> Coro<> {
            Coro<> coro = noted(census.member());
            child = &coro;
            co_await testing::forever();
        };
        const auto await_it = [&]() -> Coro<> {
            co_await testing::turns(1);
            co_await std::move(*child);
        };
        if (owner_first) {
            loop->create_task(own(), {});
            loop->create_task(await_it(), {});
        } else {
            loop->create_task(await_it(), {});
            loop->create_task(own(), {});
        }
        for (int i = 0; i < 4; ++i) loop->run_once(0s);
        EXPECT_EQ(census.alive(), 1);
        loop = Unique<EventLoop>::make(Unique<Backend>(new testing::ManualBackend));
        EXPECT_EQ(census.alive(), 0);
    }
}

}  // namespace
}  // namespace hocket
