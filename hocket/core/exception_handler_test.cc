// SPDX-License-Identifier: MIT
// Errors that have no one to go to: who is told, in which context, and what ends the loop.
#include <hocket/core/event_loop.h>

#include <hocket/io/runner.h>

#include <tests/support/trace.h>

#include <gtest/gtest.h>

#include <exception>
#include <string>

namespace hocket {
namespace {

using namespace std::chrono_literals;
using testing::Census;
using testing::LoopErrors;
using testing::Reports;
using testing::thrown_by;
using testing::Trace;

// 7
TEST(ExceptionHandler, learns_of_a_callback_that_throws_and_the_loop_goes_on) {
    Trace trace;
    run([&]() -> Coro<> {
        LoopErrors errors(get_running_loop());
        get_running_loop().call_soon([] { throw RuntimeError("soon"); });
        get_running_loop().call_later(1ms, [] { throw 5; });
        get_running_loop().call_soon([&] { trace.note("next"); });
        co_await hocket::sleep(5ms);
        EXPECT_EQ(errors.taken(), "Exception in callback | hocket::RuntimeError: soon\nException in callback | int");
    }());
    EXPECT_EQ(trace.taken(), "next");
}

TEST(ExceptionHandler, by_default_is_a_report) {
    Reports reports;
    run([]() -> Coro<> {
        get_running_loop().call_soon([] { throw RuntimeError("untold"); });
        co_await testing::turns(1);
    }());
    EXPECT_EQ(reports.taken(), "Exception in callback\n  exception: hocket::RuntimeError: untold");
}

// 8
TEST(ExceptionHandler, that_throws_falls_back_to_the_default_and_the_loop_goes_on) {
    Reports reports;
    run([]() -> Coro<> {
        EventLoop& loop = get_running_loop();
        loop.set_exception_handler([](EventLoop&, const ErrorContext&) { throw RuntimeError("handler"); });
        loop.call_soon([] { throw RuntimeError("first"); });
        co_await testing::turns(1);
        loop.set_exception_handler({});
    }());
    const std::string said = reports.taken();
    EXPECT_NE(said.find("Unhandled error in exception handler"), std::string::npos) << said;
    EXPECT_NE(said.find("first"), std::string::npos) << said;
    EXPECT_NE(said.find("RuntimeError: handler"), std::string::npos) << said;
}

ContextVar<int> number("number", 0);

// 8
TEST(ExceptionHandler, runs_in_the_context_of_the_task_that_failed) {
    Trace trace;
    run([&]() -> Coro<> {
        EventLoop& loop = get_running_loop();
        loop.set_exception_handler([&](EventLoop&, const ErrorContext&) { trace.note(number.get()); });
        number.set(1);
        create_task([]() -> Coro<> {
            number.set(2);
            throw RuntimeError("x");
            co_return;
        });
        co_await testing::turns(3);
        trace.note(number.get());
        loop.set_exception_handler({});
    }());
    EXPECT_EQ(trace.taken(), "2 1");
}

TEST(ExceptionHandler, runs_in_the_context_of_the_callback_that_failed) {
    Trace trace;
    run([&]() -> Coro<> {
        EventLoop& loop = get_running_loop();
        loop.set_exception_handler([&](EventLoop&, const ErrorContext&) { trace.note(number.get()); });
        number.set(3);
        loop.call_soon([] { throw RuntimeError("x"); });
        loop.call_soon([] {
            number.set(number.get() * 10);
            throw RuntimeError("x");
        });
        number.set(4);
        co_await testing::turns(1);
        trace.note(number.get());
        loop.set_exception_handler({});
    }());
    EXPECT_EQ(trace.taken(), "3 30 4");
}

TEST(ExceptionHandler, may_replace_itself) {
    Trace trace;
    Census census;
    run([&]() -> Coro<> {
        EventLoop& loop = get_running_loop();
        loop.set_exception_handler([&, m = census.member()](EventLoop& l, const ErrorContext&) {
            l.set_exception_handler([&](EventLoop&, const ErrorContext&) { trace.note("second"); });
            trace.note(census.alive());  // still here
        });
        for (int i = 0; i < 2; ++i) loop.call_soon([] { throw RuntimeError("x"); });
        co_await testing::turns(1);
        EXPECT_EQ(census.alive(), 0);
        loop.set_exception_handler({});
    }());
    EXPECT_EQ(trace.taken(), "1 second");
}

TEST(ExceptionHandler, an_empty_one_restores_the_default) {
    Reports reports;
    Trace trace;
    run([&]() -> Coro<> {
        EventLoop& loop = get_running_loop();
        loop.set_exception_handler([&](EventLoop&, const ErrorContext&) { trace.note("custom"); });
        loop.call_soon([] { throw RuntimeError("x"); });
        co_await testing::turns(1);
        EXPECT_EQ(reports.taken(), "");
        loop.set_exception_handler({});
        loop.call_soon([] { throw RuntimeError("y"); });
        loop.call_later(1ms, [] { throw RuntimeError("z"); });
        co_await hocket::sleep(3ms);
        EXPECT_EQ(reports.taken(),
                  "Exception in callback\n  exception: hocket::RuntimeError: y\n"
                  "Exception in callback\n  exception: hocket::RuntimeError: z");
    }());
    EXPECT_EQ(trace.taken(), "custom");
}

TEST(ExceptionHandler, may_be_called_by_a_program) {
    run([]() -> Coro<> {
        LoopErrors errors(get_running_loop());
        get_running_loop().call_exception_handler({"of mine", std::make_exception_ptr(RuntimeError("x"))});
        EXPECT_EQ(errors.taken(), "of mine | hocket::RuntimeError: x");
        co_return;
    }());
}

// ---- What ends the loop

template <class E>
void expect_to_leave_the_loop(E thrown, const std::string& said) {
    const auto loop = new_event_loop();
    Trace trace;
    Reports reports;
    const auto task = loop->create_task(
        [](E e) -> Coro<> {
            throw e;
            co_return;
        }(thrown),
        {});
    loop->call_soon([&] { trace.note("rest of the batch"); });
    EXPECT_EQ(thrown_by([&] { loop->run_forever(); }), said);
    EXPECT_EQ(trace.taken(), "");
    EXPECT_TRUE(task.done());
    loop->stop();
    loop->run_forever();
    EXPECT_EQ(trace.taken(), "rest of the batch");
    loop->call_soon([&] { throw thrown; });
    loop->call_soon([&] { trace.note("kept"); });
    EXPECT_EQ(thrown_by([&] { loop->run_forever(); }), said);
    loop->stop();
    loop->run_forever();
    EXPECT_EQ(trace.taken(), "kept");
    EXPECT_EQ(reports.taken(), "");
}

TEST(EndOfTheProgram, keyboard_interrupt_leaves_the_loop_and_the_rest_of_the_batch_is_kept) {
    expect_to_leave_the_loop(KeyboardInterrupt(), "hocket::KeyboardInterrupt");
}

TEST(EndOfTheProgram, system_exit_leaves_the_loop_and_the_rest_of_the_batch_is_kept) {
    expect_to_leave_the_loop(SystemExit{2}, "hocket::SystemExit: 2");
}

TEST(EndOfTheProgram, leaves_run_with_the_other_tasks_cancelled) {
    Trace trace;
    EXPECT_EQ(thrown_by([&] {
                  run([&]() -> Coro<> {
                      const auto other =
                          create_task([&]() -> Coro<> { trace.note(co_await testing::ending_of(testing::forever())); });
                      co_await testing::turns(2);
                      throw SystemExit{3};
                  }());
              }),
              "hocket::SystemExit: 3");
    EXPECT_EQ(trace.taken(), "hocket::CancelledError");
}

TEST(EndOfTheProgram, of_a_done_callback_leaves_too) {
    EXPECT_EQ(thrown_by([] {
                  run([]() -> Coro<> {
                      const Future<> f;
                      f.add_done_callback([](const Future<>&) { throw SystemExit{5}; });
                      f.set_result();
                      co_await testing::forever();
                  }());
              }),
              "hocket::SystemExit: 5");
}

TEST(EndOfTheProgram, of_an_exception_handler_leaves_too) {
    EXPECT_EQ(
        thrown_by([] {
            run([]() -> Coro<> {
                get_running_loop().set_exception_handler([](EventLoop&, const ErrorContext&) { throw SystemExit{6}; });
                get_running_loop().call_soon([] { throw RuntimeError("x"); });
                co_await testing::forever();
            }());
        }),
        "hocket::SystemExit: 6");
}

TEST(EndOfTheProgram, thrown_in_the_place_of_a_cancel_is_what_the_task_failed_with) {
    const auto loop = new_event_loop();
    const auto error = std::make_exception_ptr(SystemExit{7});
    const auto task = loop->create_task([](std::exception_ptr instead) -> Coro<> {
        const std::string ending = co_await testing::ending_of(testing::forever());
        if (ending == "hocket::CancelledError") std::rethrow_exception(instead);
    }(error));
    loop->run_once(0s);
    task.cancel();
    EXPECT_FALSE(task.done());
    EXPECT_EQ(thrown_by([&] { loop->run_once(0s); }), "hocket::SystemExit: 7");
    EXPECT_TRUE(task.done());
    EXPECT_FALSE(task.cancelled());
    EXPECT_EQ(task.exception(), error);
}

TEST(EndOfTheProgram, the_first_of_two_in_one_batch_counts) {
    const auto loop = new_event_loop();
    loop->call_soon([] { throw SystemExit{1}; });
    loop->call_soon([] { throw SystemExit{2}; });
    EXPECT_EQ(thrown_by([&] { loop->run_forever(); }), "hocket::SystemExit: 1");
    EXPECT_EQ(thrown_by([&] { loop->run_forever(); }), "hocket::SystemExit: 2");
}

}  // namespace
}  // namespace hocket
