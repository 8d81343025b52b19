// SPDX-License-Identifier: MIT
// Interrupts of a run (71): the first cancels its main task, the second ends it, and what else SIGINT may meet.
#include <hocket/io/runner.h>

#include <hocket/io/signals.h>

#include <tests/support/trace.h>

#include <gtest/gtest.h>

#include <unistd.h>
#include <csignal>
#include <string>
#include <thread>

namespace hocket {
namespace {

using namespace std::chrono_literals;
using testing::ending_of;
using testing::thrown_by;
using testing::Trace;

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

// 71
TEST(RealInterrupt, finds_a_main_task_that_only_gives_turns) {
    EXPECT_EQ(thrown_by([] {
                  run([]() -> Coro<> {
                      get_running_loop().call_later(1ms, interrupt);
                      std::string ending = "nothing";
                      while (ending == "nothing") ending = co_await ending_of(hocket::sleep(0));
                      EXPECT_EQ(ending, "hocket::CancelledError");
                      throw CancelledError();
                  }());
              }),
              "hocket::KeyboardInterrupt");
}

// 71
TEST(RealInterrupt, cancels_the_future_that_the_main_task_awaits) {
    Runner runner;
    const auto future = runner.get_loop().create_future<int>();
    runner.get_loop().call_later(1ms, interrupt);
    EXPECT_EQ(thrown_by([&] {
                  runner.run([](Future<int> f) -> Coro<> {
                      EXPECT_EQ(co_await ending_of(f), "hocket::CancelledError");
                      throw CancelledError();
                  }(future));
              }),
              "hocket::KeyboardInterrupt");
    EXPECT_TRUE(future.cancelled());
}

// 71
TEST(RealInterrupt, of_a_main_task_that_is_cancelled_already_leaves_a_cancelled_error) {
    EXPECT_EQ(thrown_by([] {
                  run([]() -> Coro<> {
                      create_task(
                          [](AnyTask main) -> Coro<> {
                              co_await hocket::sleep(0);
                              main.cancel();
                              interrupt();
                          },
                          current_task());
                      co_await hocket::sleep(10s);
                  }());
              }),
              "hocket::CancelledError");
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
