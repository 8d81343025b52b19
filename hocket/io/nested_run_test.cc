// SPDX-License-Identifier: MIT
// nested_run: the same loop, re-entered from ordinary code.
#include <hocket/io/runner.h>

#include <tests/support/trace.h>

#include <gtest/gtest.h>

#include <string>

namespace hocket {
namespace {

using namespace std::chrono_literals;
using testing::ending_of;
using testing::thrown_by;
using testing::Trace;

TEST(NestedRun, gives_what_the_coroutine_gives) {
    run([]() -> Coro<> {
        EXPECT_EQ(nested_run(testing::value_after(1ms, 5)), 5);
        EXPECT_EQ(thrown_by([] { nested_run(testing::failure_after(1, "inner")); }), "hocket::RuntimeError: inner");
        co_return;
    }());
}

TEST(NestedRun, lets_siblings_of_the_same_batch_run_meanwhile) {
    Trace trace;
    run([&]() -> Coro<> {
        const auto nesting = create_task([&]() -> Coro<> {
            trace.note("nesting");
            nested_run(testing::turns(2));
            trace.note("back");
            co_return;
        });
        const auto sibling = create_task([&]() -> Coro<> {
            trace.note("sibling");
            co_await testing::turns(1);
            trace.note("again");
        });
        co_await nesting;
        co_await sibling;
    }());
    EXPECT_EQ(trace.taken(), "nesting sibling again back");
}

TEST(NestedRun, may_wait_for_a_sibling) {
    run([]() -> Coro<> {
        const Future<int> f;
        const auto sibling = create_task(
            [](Future<int> x) -> Coro<> {
                x.set_result(6);
                co_return;
            },
            f);
        EXPECT_EQ(nested_run([](Future<int> x) -> Coro<int> { co_return co_await x; }(f)), 6);
        co_return;
    }());
}

TEST(NestedRun, keeps_the_current_task_and_its_context) {
    static ContextVar<int> number("number", 0);
    run([]() -> Coro<> {
        const auto self = current_task();
        number.set(1);
        EXPECT_EQ(nested_run([]() -> Coro<int> {
                      const int seen = number.get();
                      number.set(2);
                      co_await testing::turns(1);
                      co_return seen;
                  }()),
                  1);
        EXPECT_TRUE(current_task() == self);
        EXPECT_EQ(number.get(), 1);
        co_return;
    }());
}

TEST(NestedRun, works_in_callbacks_and_within_itself) {
    Trace trace;
    run([&]() -> Coro<> {
        const Future<> called;
        get_running_loop().call_soon([&] {
            trace.note(nested_run([]() -> Coro<int> {
                co_await testing::turns(1);
                co_return nested_run(testing::value_after(1ms, 3)) + 1;
            }()));
            called.set_result();
        });
        co_await called;
    }());
    EXPECT_EQ(trace.taken(), "4");
}

TEST(NestedRun, a_cancel_of_the_caller_comes_at_its_next_wait) {
    run([]() -> Coro<> {
        const auto caller = create_task([]() -> Coro<std::string> {
            const AnyTask self = current_task();
            get_running_loop().call_soon([self] { self.cancel(); });
            EXPECT_EQ(nested_run(testing::value_after(3, 1)), 1);
            co_return co_await ending_of(hocket::sleep(0));
        });
        EXPECT_EQ(co_await caller, "hocket::CancelledError");
    }());
}

TEST(NestedRun, an_exception_that_unwinds_outside_stays_there) {
    struct Nesting {
        ~Nesting() { EXPECT_EQ(nested_run(testing::value_after(2, 8)), 8); }
    };
    run([]() -> Coro<> {
        const auto failing = []() -> Coro<> {
            const Nesting nesting;
            co_await hocket::sleep(0);
            throw RuntimeError("outer");
        };
        EXPECT_EQ(co_await ending_of(failing()), "hocket::RuntimeError: outer");
    }());
}

TEST(NestedRun, a_stop_meanwhile_ends_the_outer_run_afterwards) {
    Trace trace;
    const auto loop = new_event_loop();
    loop->call_soon([&] {
        loop->call_soon([&] { loop->stop(); });
        trace.note(nested_run(testing::value_after(2ms, 1)));
        loop->call_soon([&] { trace.note("too late"); });
    });
    loop->run_forever();
    EXPECT_EQ(trace.taken(), "1");
}

TEST(NestedRun, system_exit_inside_leaves_both_runs) {
    Trace trace;
    EXPECT_EQ(thrown_by([&] {
                  run([&]() -> Coro<> {
                      try {
                          nested_run([]() -> Coro<> {
                              co_await testing::turns(1);
                              throw SystemExit{7};
                          }());
                      } catch (const SystemExit&) {
                          trace.note("inner");
                          throw;
                      }
                      co_return;
                  }());
              }),
              "hocket::SystemExit: 7");
    EXPECT_EQ(trace.taken(), "inner");
}

TEST(NestedRun, needs_a_running_loop) {
    const testing::Reports reports;
    EXPECT_EQ(thrown_by([] { nested_run(testing::turns(0)); }), "hocket::RuntimeError: no running event loop");
}

TEST(VirtualNestedRun, a_deadlock_inside_is_reported) {
    const std::string said = thrown_by([] {
        run([]() -> Coro<> {
            nested_run(testing::forever());
            co_return;
        }());
    });
    EXPECT_TRUE(said.starts_with("hocket::RuntimeError: deadlock")) << said;
}

TEST(Run, inside_a_running_loop_is_an_error) {
    run([]() -> Coro<> {
        EXPECT_EQ(
            thrown_by([] { run(testing::turns(0)); }),
            "hocket::RuntimeError: run cannot be called while a loop runs on this thread: co_await, or nested_run");
        co_return;
    }());
}

}  // namespace
}  // namespace hocket
