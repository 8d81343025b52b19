// SPDX-License-Identifier: MIT
// Runners: results, shared contexts, the orderly end (70).
#include <hocket/io/runner.h>

#include <hocket/flow/async_generator.h>
#include <hocket/io/virtual_backend.h>

#include <tests/support/trace.h>

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace hocket {
namespace {

using namespace std::chrono_literals;
using testing::Census;
using testing::ending_of;
using testing::Reports;
using testing::thrown_by;
using testing::Trace;

TEST(Run, gives_what_the_coroutine_gives) {
    EXPECT_EQ(run(testing::value_after(1, 3)), 3);
    EXPECT_EQ(*run(testing::value_after(1ms, std::make_unique<int>(4))), 4);
    EXPECT_EQ(thrown_by([] { run(testing::failure_after(1, "x")); }), "hocket::RuntimeError: x");
}

TEST(Run, that_is_cancelled_throws_cancelled_error) {
    EXPECT_EQ(thrown_by([] {
                  run([]() -> Coro<> {
                      current_task().cancel("by myself");
                      co_await testing::forever();
                  }());
              }),
              "hocket::CancelledError: by myself");
}

TEST(Run, may_be_called_on_several_threads_at_once) {
    std::vector<std::thread> threads;
    std::atomic<int> sum = 0;
    for (int i = 1; i <= 4; ++i) threads.emplace_back([&sum, i] { sum += run(testing::value_after(2ms, i)); });
    for (std::thread& t : threads) t.join();
    EXPECT_EQ(sum, 10);
}

TEST(Run, takes_a_loop_of_ones_own_making) {
    int made = 0;
    const EventLoop* loop = nullptr;
    run(
        [&]() -> Coro<> {
            EXPECT_EQ(&get_running_loop(), loop);
            EXPECT_STREQ(get_running_loop().backend().name(), "virtual");
            EXPECT_TRUE(get_running_loop().get_debug());
            co_return;
        }(),
        {.debug = true, .loop_factory = [&] {
             ++made;
             auto own = Unique<EventLoop>::make(Unique<VirtualBackend>::make());
             loop = own.get();
             return own;
         }});
    EXPECT_EQ(made, 1);
}

Coro<bool> is_debugged() { co_return get_running_loop().get_debug(); }

TEST(Run, is_in_debug_mode_if_that_is_asked_for_or_else_if_the_environment_says_so) {
    ::unsetenv("HOCKET_DEBUG");
    EXPECT_FALSE(run(is_debugged()));
    EXPECT_FALSE(run(is_debugged(), {.debug = false}));
    EXPECT_TRUE(run(is_debugged(), {.debug = true}));
    ::setenv("HOCKET_DEBUG", "1", 1);
    EXPECT_TRUE(run(is_debugged()));
    EXPECT_FALSE(run(is_debugged(), {.debug = false}));
    EXPECT_TRUE(run(is_debugged(), {.debug = true}));
    ::unsetenv("HOCKET_DEBUG");
}

TEST(Runner, its_loop_is_in_debug_mode_if_that_is_asked_for) {
    Runner plain({.debug = false}), debugged({.debug = true});
    EXPECT_FALSE(plain.get_loop().get_debug());
    EXPECT_TRUE(debugged.get_loop().get_debug());
}

TEST(Runner, takes_a_loop_of_ones_own_making) {
    const EventLoop* made = nullptr;
    Runner runner({.loop_factory = [&] {
        auto own = new_event_loop();
        made = own.get();
        return own;
    }});
    EXPECT_EQ(made, nullptr);
    EXPECT_EQ(&runner.get_loop(), made);
}

ContextVar<int> number("number", 0);

// 72
TEST(Runner, its_runs_share_a_loop_and_a_context) {
    number.set(1);
    Runner runner;
    EventLoop* first = nullptr;
    runner.run([](EventLoop*& loop) -> Coro<> {
        EXPECT_EQ(number.get(), 1);
        number.set(2);
        loop = &get_running_loop();
        co_return;
    }(first));
    EXPECT_EQ(number.get(), 1);
    EXPECT_EQ(runner.run([]() -> Coro<int> {
        const int before = number.get();
        co_await hocket::sleep(0);
        number.set(3);
        co_return before;
    }()),
              2);
    EXPECT_EQ(*runner.run([]() -> Coro<Context> { co_return copy_context(); }()).get(number), 3);
    EXPECT_EQ(&runner.get_loop(), first);
    number.set(0);
}

TEST(Runner, a_run_may_have_a_context_of_its_own) {
    Runner runner;
    const Context own = copy_context();
    const auto set = [](int n) -> Coro<> {
        number.set(n);
        co_return;
    };
    runner.run(set(1));
    runner.run(set(2), {.context = &own});
    EXPECT_EQ(*own.get(number), 2);
    EXPECT_EQ(runner.run([]() -> Coro<int> { co_return number.get(); }()), 1);
}

TEST(Runner, tasks_that_a_run_leaves_go_on_in_the_next) {
    Runner runner;
    Task<int> left;
    runner.run([](Task<int>& task) -> Coro<> {
        task = create_task(testing::value_after(3, 5));
        co_return;
    }(left));
    EXPECT_FALSE(left.done());
    EXPECT_EQ(runner.run([](Task<int>& task) -> Coro<int> { co_return co_await task; }(left)), 5);
}

TEST(Runner, that_is_closed_does_not_run) {
    const Reports reports;
    Runner runner;
    runner.run(testing::turns(1));
    runner.close();
    runner.close();
    EXPECT_EQ(thrown_by([&] { runner.run(testing::turns(1)); }), "hocket::RuntimeError: Runner is closed");
    EXPECT_EQ(thrown_by([&] { runner.get_loop(); }), "hocket::RuntimeError: Runner is closed");
    EXPECT_EQ(reports.count(), 0U);  // the coroutine that was not run was closed
}

TEST(Runner, that_is_closed_has_closed_its_loop) {
    Trace trace;
    Runner runner;
    const Future<int> f(runner.get_loop());
    const auto noting = [&](int n) -> Coro<> {
        trace.note(n);
        co_return;
    };
    runner.run(noting(1));
    runner.close();
    EXPECT_EQ(thrown_by([&] { f.get_loop(); }), "hocket::RuntimeError: Event loop is closed");
    EXPECT_EQ(thrown_by([&] { runner.run(noting(2)); }), "hocket::RuntimeError: Runner is closed");
    EXPECT_EQ(trace.taken(), "1");
    Runner unused;
    const Future<int> g(unused.get_loop());
    unused.close();
    EXPECT_EQ(thrown_by([&] { g.get_loop(); }), "hocket::RuntimeError: Event loop is closed");
}

TEST(Runner, is_not_entered_by_its_own_run) {
    const Reports reports;
    Runner runner;
    runner.run([](Runner& r) -> Coro<> {
        EXPECT_EQ(
            thrown_by([&] { r.run(testing::turns(1)); }),
            "hocket::RuntimeError: run cannot be called while a loop runs on this thread: co_await, or nested_run");
        co_return;
    }(runner));
    EXPECT_EQ(reports.count(), 0U);  // the coroutine that was not run was closed
}

// 70
TEST(RunnerClose, cancels_what_is_left_and_waits_for_it) {
    Trace trace;
    run([&]() -> Coro<> {
        create_task([&]() -> Coro<> {
            trace.note(co_await ending_of(testing::forever()));
            co_await hocket::sleep(1ms);
            trace.note("cleaned");
        });
        create_task([&]() -> Coro<> { trace.note(co_await ending_of(hocket::sleep(1h))); });
        co_await testing::turns(2);
    }());
    EXPECT_EQ(trace.taken(), "hocket::CancelledError hocket::CancelledError cleaned");
}

// 70
TEST(RunnerClose, reports_what_the_cancelled_tasks_throw) {
    Reports reports;
    run([]() -> Coro<> {
        create_task([]() -> Coro<> {
            static_cast<void>(co_await ending_of(testing::forever()));
            throw RuntimeError("in cleanup");
        });
        co_await testing::turns(2);
    }());
    const std::string said = reports.taken();
    EXPECT_TRUE(said.starts_with("unhandled exception during run() shutdown")) << said;
    EXPECT_NE(said.find("hocket::RuntimeError: in cleanup"), std::string::npos) << said;
}

// 70
TEST(RunnerClose, leaves_the_result_and_no_task_that_is_not_done) {
    Task<> left;
    EXPECT_EQ(run([](Task<>& task) -> Coro<int> {
                  task = create_task(testing::forever());
                  co_return 123;
              }(left)),
              123);
    EXPECT_TRUE(left.done());
    EXPECT_TRUE(left.cancelled());
}

// 70
TEST(RunnerClose, tells_the_exception_handler_which_task_threw_what) {
    Task<> left;
    AnyTask told;
    Trace trace;
    EXPECT_EQ(run([&]() -> Coro<int> {
                  get_running_loop().set_exception_handler([&](EventLoop&, const ErrorContext& context) {
                      told = context.handle();
                      trace.note(context.message + ": " + describe(context.exception));
                  });
                  left = create_task([]() -> Coro<> {
                      static_cast<void>(co_await ending_of(hocket::sleep(1h)));
                      throw RuntimeError("in cleanup");
                  });
                  co_await testing::turns(1);
                  co_return 123;
              }()),
              123);
    EXPECT_TRUE(left.done());
    EXPECT_TRUE(told == left);
    EXPECT_EQ(trace.taken(), "unhandled exception during run() shutdown: hocket::RuntimeError: in cleanup");
}

AsyncGenerator<int> fidget(Census::Member member) {
    const Census::Member held = std::move(member);
    for (int i = 0;; ++i) {
        co_yield i;
        co_await hocket::sleep(1s);
    }
}

// 70
TEST(RunnerClose, ends_the_generator_that_a_task_was_in_though_that_fails) {
    Census census;
    Reports reports;
    auto generator = fidget(census.member());
    Task<> left;
    EXPECT_EQ(thrown_by([&] {
                  run([&]() -> Coro<> {
                      left = create_task([&]() -> Coro<> {
                          try {
                              while (co_await generator.next()) {
                              }
                          } catch (const CancelledError&) {
                              throw RuntimeError("in cleanup");
                          }
                      });
                      co_await testing::turns(2);
                      EXPECT_EQ(census.alive(), 1);
                      throw ValueError("fancy exit");
                  }());
              }),
              "hocket::ValueError: fancy exit");
    EXPECT_TRUE(left.done());
    EXPECT_EQ(census.alive(), 0);
    EXPECT_NE(reports.taken().find("RuntimeError: in cleanup"), std::string::npos);
}

// Takes a few iterations to end.
struct NotedResource : LoopResource {
    EventLoop& owner;
    Trace& trace;
    mutable int polls = 0;
    NotedResource(EventLoop& loop, Trace& t) : LoopResource(loop), owner(loop), trace(t) {}
    void begin_shutdown() noexcept override { trace.note("shutdown"); }
    bool finished() const noexcept override {
        owner.call_soon([] {});
        return ++polls > 2;
    }
    void loop_closing() noexcept override {
        trace.note("closing");
        delete this;
    }
};

// 70
TEST(RunnerClose, tasks_end_before_resources_and_these_before_the_loop) {
    Trace trace;
    run([&]() -> Coro<> {
        new NotedResource(get_running_loop(), trace);
        create_task([&]() -> Coro<> {
            static_cast<void>(co_await ending_of(testing::forever()));
            co_await testing::turns(3);
            trace.note("task");
        });
        co_await testing::turns(2);
        trace.note("main");
    }());
    EXPECT_EQ(trace.taken(), "main task shutdown closing");
}

TEST(RunnerClose, frees_what_callbacks_hold) {
    Census census;
    run([&]() -> Coro<> {
        get_running_loop().call_later(1h, [m = census.member()] {});
        Future<>().add_done_callback([m = census.member()](const Future<>&) {});
        co_return;
    }());
    EXPECT_EQ(census.alive(), 0);
}

Coro<> that_ends_with(SystemExit exit) {
    static_cast<void>(co_await ending_of(testing::forever()));
    throw exit;
}

TEST(RunnerClose, what_ends_the_program_leaves_run) {
    Reports reports;
    EXPECT_EQ(thrown_by([] {
                  run([]() -> Coro<std::string> {
                      create_task(that_ends_with(SystemExit{3}));
                      co_await testing::turns(2);
                      co_return "a result that is dropped";
                  }());
              }),
              "hocket::SystemExit: 3");
    EXPECT_EQ(thrown_by([] {
                  run([]() -> Coro<> {
                      create_task([]() -> Coro<> {
                          static_cast<void>(co_await ending_of(testing::forever()));
                          throw KeyboardInterrupt();
                      });
                      co_await testing::turns(2);
                  }());
              }),
              "hocket::KeyboardInterrupt");
    EXPECT_EQ(reports.taken(), "");
}

TEST(RunnerClose, what_the_main_coroutine_threw_wins_over_what_the_end_throws) {
    Reports reports;
    EXPECT_EQ(thrown_by([] {
                  run([]() -> Coro<> {
                      create_task(that_ends_with(SystemExit{3}));
                      co_await testing::failure_after(2, "mine");
                  }());
              }),
              "hocket::RuntimeError: mine");
    EXPECT_EQ(reports.taken(), "Runner: the run's end failed: hocket::SystemExit: 3");
}

TEST(RunnerClose, that_throws_has_closed_the_loop_all_the_same) {
    Trace trace;
    Runner runner;
    runner.run([](Trace& t) -> Coro<> {
        new NotedResource(get_running_loop(), t);
        create_task(that_ends_with(SystemExit{4}));
        co_await testing::turns(2);
    }(trace));
    EXPECT_EQ(thrown_by([&] { runner.close(); }), "hocket::SystemExit: 4");
    EXPECT_EQ(trace.taken(), "closing");
    EXPECT_EQ(thrown_by([&] { runner.get_loop(); }), "hocket::RuntimeError: Runner is closed");
    runner.close();
}

TEST(RunnerClose, inside_its_own_run_is_an_error) {
    Runner runner;
    EXPECT_EQ(runner.run([](Runner& r) -> Coro<int> {
        EXPECT_EQ(thrown_by([&] { r.close(); }), "hocket::RuntimeError: Cannot close a running event loop");
        co_return 1;
    }(runner)),
              1);
    EXPECT_EQ(runner.run(testing::value_after(1, 2)), 2);
}

}  // namespace
}  // namespace hocket
