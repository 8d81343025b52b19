// SPDX-License-Identifier: MIT
// Runners: results, shared contexts, the orderly end (70), interrupts (71).
#include <hocket/io/runner.h>

#include <hocket/io/signals.h>
#include <hocket/io/virtual_backend.h>

#include <tests/support/trace.h>

#include <gtest/gtest.h>

#include <unistd.h>
#include <atomic>
#include <csignal>
#include <memory>
#include <string>
#include <thread>
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
    run(
        []() -> Coro<> {
            EXPECT_STREQ(get_running_loop().backend().name(), "virtual");
            EXPECT_TRUE(get_running_loop().get_debug());
            co_return;
        }(),
        {.debug = true, .loop_factory = [&made] {
             ++made;
             return Unique<EventLoop>::make(Unique<VirtualBackend>::make());
         }});
    EXPECT_EQ(made, 1);
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
    EXPECT_EQ(runner.run([]() -> Coro<int> { co_return number.get(); }()), 2);
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

// ---- Interrupts (71)

void interrupt() { ::kill(::getpid(), SIGINT); }

// 71
TEST(RealInterrupt, cancels_the_main_task_and_becomes_keyboard_interrupt) {
    Trace trace;
    EXPECT_EQ(thrown_by([&] {
                  run([&]() -> Coro<> {
                      get_running_loop().call_later(1ms, interrupt);
                      try {
                          co_await hocket::sleep(1h);
                      } catch (const CancelledError&) {
                          trace.note("cleanup");
                          throw;
                      }
                  }());
              }),
              "hocket::KeyboardInterrupt");
    EXPECT_EQ(trace.taken(), "cleanup");
}

TEST(RealInterrupt, a_handler_of_the_programs_own_stays_while_the_runner_closes) {
    Trace trace;
    run([&]() -> Coro<> {
        add_signal_handler(get_running_loop(), SIGINT, [&] { trace.note("handler"); });
        create_task([&]() -> Coro<> {
            static_cast<void>(co_await ending_of(testing::forever()));
            interrupt();
            co_await testing::turns(2);
            trace.note("cleaned");
        });
        co_await testing::turns(2);
    }());
    EXPECT_EQ(trace.taken(), "handler cleaned");
}

TEST(RealInterrupt, a_handler_of_the_programs_own_serves_the_runners_later_runs) {
    Trace trace;
    Runner runner;
    runner.run([](Trace& to) -> Coro<> {
        add_signal_handler(get_running_loop(), SIGINT, [&to] { to.note("handler"); });
        co_return;
    }(trace));
    runner.run([]() -> Coro<> {
        interrupt();
        co_await testing::turns(2);
    }());
    EXPECT_EQ(trace.taken(), "handler");
}

TEST(RealInterrupt, the_runners_own_handler_is_not_the_programs_to_remove) {
    EXPECT_EQ(thrown_by([] {
                  run([]() -> Coro<> {
                      EXPECT_FALSE(remove_signal_handler(get_running_loop(), SIGINT));
                      interrupt();
                      co_await testing::forever();
                  }());
              }),
              "hocket::KeyboardInterrupt");
}

// 71
TEST(RealInterrupt, that_the_main_task_swallows_is_none) {
    EXPECT_EQ(run([]() -> Coro<int> {
                  get_running_loop().call_later(1ms, interrupt);
                  static_cast<void>(co_await ending_of(hocket::sleep(1h)));
                  co_return 5;
              }()),
              5);
}

TEST(RealInterrupt, that_the_main_task_turns_into_another_exception_is_that) {
    EXPECT_EQ(thrown_by([] {
                  run([]() -> Coro<> {
                      get_running_loop().call_later(1ms, interrupt);
                      static_cast<void>(co_await ending_of(hocket::sleep(1h)));
                      throw RuntimeError("mine");
                  }());
              }),
              "hocket::RuntimeError: mine");
}

TEST(RealInterrupt, beside_another_cancel_leaves_a_cancelled_error) {
    EXPECT_EQ(thrown_by([] {
                  run([]() -> Coro<> {
                      const AnyTask self = current_task();
                      get_running_loop().call_later(1ms, [self] {
                          interrupt();
                          self.cancel();
                      });
                      static_cast<void>(co_await ending_of(hocket::sleep(1h)));
                      static_cast<void>(co_await ending_of(hocket::sleep(1h)));
                      throw CancelledError("both");
                  }());
              }),
              "hocket::CancelledError: both");
}

// 71
TEST(RealInterrupt, a_second_one_leaves_the_run_at_once) {
    Trace trace;
    EXPECT_EQ(thrown_by([&] {
                  run([&]() -> Coro<> {
                      get_running_loop().call_later(1ms, interrupt);
                      static_cast<void>(co_await ending_of(hocket::sleep(1h)));
                      get_running_loop().call_later(1ms, interrupt);
                      trace.note(co_await ending_of(hocket::sleep(1h)));  // the run's end cancels it
                  }());
              }),
              "hocket::KeyboardInterrupt");
    EXPECT_EQ(trace.taken(), "hocket::CancelledError");
}

TEST(RealInterrupt, that_is_queued_when_the_run_ends_touches_nothing) {
    EXPECT_EQ(thrown_by([] {
                  run([]() -> Coro<> {
                      create_task([]() -> Coro<> {
                          throw SystemExit{5};
                          co_return;
                      });
                      create_task(testing::forever());
                      interrupt();
                      co_await testing::turns(1);
                  }());
              }),
              "hocket::SystemExit: 5");
}

// Launchers pass on what the terminal sends to the whole group, so that one Ctrl-C may come twice.
TEST(RealInterrupt, that_comes_twice_at_once_counts_once) {
    Trace trace;
    EXPECT_EQ(thrown_by([&] {
                  run([&]() -> Coro<> {
                      interrupt();
                      interrupt();
                      trace.note(co_await ending_of(testing::forever()));
                      co_await testing::turns(1);
                      throw CancelledError();
                  }());
              }),
              "hocket::KeyboardInterrupt");
    EXPECT_EQ(trace.taken(), "hocket::CancelledError");
}

TEST(RealInterrupt, the_third_that_a_computing_coroutine_keeps_the_loop_from_seeing_ends_the_process) {
    const auto compute = [] {
        ::alarm(20);
        run([]() -> Coro<> {
            volatile bool computing = true;
            while (computing) interrupt();
            co_return;
        }());
    };
    EXPECT_EXIT(compute(), ::testing::KilledBySignal(SIGINT), "");
}

TEST(RealInterrupt, that_a_handler_of_the_program_takes_never_ends_the_process) {
    Trace trace;
    run([&]() -> Coro<> {
        add_signal_handler(get_running_loop(), SIGINT, [&] { trace.note("mine"); });
        for (int i = 0; i < 10; ++i) interrupt();
        co_await testing::turns(2);
    }());
    EXPECT_EQ(trace.taken(), "mine");
}

TEST(RealInterrupt, afterwards_has_its_default_effect_again) {
    run(testing::turns(1));
    struct sigaction action{};
    sigaction(SIGINT, nullptr, &action);
    EXPECT_EQ(action.sa_handler, SIG_DFL);
}

int interrupts_of_the_program = 0;

TEST(RealInterrupt, is_left_alone_where_the_program_has_a_handler) {
    struct sigaction mine{}, before{};
    mine.sa_handler = [](int) { ++interrupts_of_the_program; };
    sigaction(SIGINT, &mine, &before);
    run([]() -> Coro<> {
        interrupt();
        co_return;
    }());
    sigaction(SIGINT, &before, nullptr);
    EXPECT_EQ(interrupts_of_the_program, 1);
}

TEST(RealInterrupt, is_left_alone_on_other_threads) {
    std::thread([] {
        run([]() -> Coro<> {
            struct sigaction action{};
            sigaction(SIGINT, nullptr, &action);
            EXPECT_EQ(action.sa_handler, SIG_DFL);
            co_return;
        }());
    }).join();
}

TEST(RealInterrupt, each_run_of_a_runner_counts_anew) {
    Runner runner;
    for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(thrown_by([&] {
                      runner.run([]() -> Coro<> {
                          get_running_loop().call_later(1ms, interrupt);
                          co_await hocket::sleep(1h);
                      }());
                  }),
                  "hocket::KeyboardInterrupt");
    }
    EXPECT_EQ(runner.run(testing::value_after(1, 2)), 2);
}

}  // namespace
}  // namespace hocket
