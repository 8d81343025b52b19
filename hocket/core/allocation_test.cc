// SPDX-License-Identifier: MIT
// In steady state tasks, awaits, timers, futures and callbacks ask the system for no memory.
#include <hocket/core/task.h>
#include <hocket/io/runner.h>

#include <tests/support/allocations.h>
#include <tests/support/trace.h>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace hocket {
namespace {

using namespace std::chrono_literals;

class Allocation : public ::testing::Test {
protected:
    void SetUp() override {
        if (!HOCKET_POOL) GTEST_SKIP() << "built without free lists";
    }

    // How often one round of `work` allocates when many have gone before.
    template <class F>
    static Coro<std::size_t> of(F work) {
        for (int i = 0; i < 20; ++i) co_await work();
        const std::size_t before = testing::system_allocations();
        for (int i = 0; i < 100; ++i) co_await work();
        co_return testing::system_allocations() - before;
    }
};

TEST_F(Allocation, none_for_a_coroutine) {
    EXPECT_EQ(run(of([] { return testing::value_after(0, 1); })), 0U);
}

TEST_F(Allocation, none_for_a_turn) {
    EXPECT_EQ(run(of([] { return testing::turns(3); })), 0U);
}

TEST_F(Allocation, none_for_a_task_and_its_result) {
    EXPECT_EQ(run(of([]() -> Coro<> {
                  const auto a = create_task(testing::value_after(1, 1)), b = create_task(testing::value_after(2, 2));
                  EXPECT_EQ(co_await a + co_await b, 3);
              })),
              0U);
}

TEST_F(Allocation, none_for_a_task_of_a_function_with_arguments) {
    EXPECT_EQ(run(of([]() -> Coro<> { co_await create_task([](int n) -> Coro<> { co_await testing::turns(n); }, 2); })),
              0U);
}

TEST_F(Allocation, none_for_a_name) {
    EXPECT_EQ(run(of([]() -> Coro<> {
                  const auto task = create_task(testing::turns(1), {.name = "a name of more than fifteen letters"});
                  task.set_name("another");
                  co_await task;
              })),
              0U);
}

TEST_F(Allocation, none_for_a_future_its_waiters_and_callbacks) {
    EXPECT_EQ(run(of([]() -> Coro<> {
                  const Future<int> f;
                  int called = 0;
                  const auto waiting = create_task([](Future<int> x) -> Coro<int> { co_return co_await x; }, f);
                  f.add_done_callback([&](const Future<int>&) { ++called; });
                  co_await testing::turns(1);
                  f.set_result(1);
                  EXPECT_EQ(co_await waiting + called, 2);
              })),
              0U);
}

TEST_F(Allocation, none_for_sleeping) {
    EXPECT_EQ(run(of([]() -> Coro<> { co_await hocket::sleep(1us); })), 0U);
}

TEST_F(Allocation, none_for_callbacks_and_timers) {
    EXPECT_EQ(run(of([]() -> Coro<> {
                  int called = 0;
                  EventLoop& loop = get_running_loop();
                  loop.call_soon([&] { ++called; });
                  loop.call_later(1us, [&] { ++called; });
                  loop.call_later(1h, [&] { ++called; }).cancel();
                  loop.call_soon_threadsafe([&] { ++called; });
                  while (called < 3) co_await hocket::sleep(1us);
              })),
              0U);
}

TEST_F(Allocation, none_for_context_variables) {
    static ContextVar<int> number("number", 0);
    EXPECT_EQ(run(of([]() -> Coro<> {
                  auto token = number.set(1);
                  co_await create_task([]() -> Coro<> {
                      number.set(2);
                      co_return;
                  });
                  number.reset(token);
              })),
              0U);
}

TEST_F(Allocation, only_the_exception_of_a_cancel) {
    EXPECT_EQ(run(of([]() -> Coro<> {
                  const auto task = create_task(testing::forever());
                  co_await testing::turns(1);
                  task.cancel();
                  try {
                      co_await task;
                  } catch (const CancelledError&) {
                  }
              })),
              0U);  // the C++ runtime keeps exceptions outside of operator new
}

}  // namespace
}  // namespace hocket
