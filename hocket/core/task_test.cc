// SPDX-License-Identifier: MIT
// Tasks: when they begin, what they own, what is said of their failures.
#include <hocket/core/task.h>

#include <hocket/io/runner.h>

#include <tests/support/trace.h>

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

namespace hocket {
namespace {

using testing::Census;
using testing::ending_of;
using testing::LoopErrors;
using testing::Reports;
using testing::thrown_by;
using testing::Trace;

Coro<> noting(Trace& trace, std::string what) {
    trace.note(what);
    co_return;
}

// 14
TEST(Task, begins_in_the_next_iteration) {
    Trace trace;
    run([&]() -> Coro<> {
        const auto a = create_task(noting(trace, "a")), b = create_task(noting(trace, "b"));
        trace.note("created");
        co_await hocket::sleep(0);
        trace.note("turn");
        co_await a;
        co_await b;
    }());
    EXPECT_EQ(trace.taken(), "created a b turn");
}

TEST(Task, runs_on_when_its_handle_is_dropped) {
    Trace trace;
    run([&]() -> Coro<> {
        create_task([&]() -> Coro<> {
            co_await testing::turns(2);
            trace.note("ended");
        });
        co_await testing::turns(4);
    }());
    EXPECT_EQ(trace.taken(), "ended");
}

TEST(Task, keeps_its_result_for_its_handles_and_frees_its_frame_when_it_ends) {
    Census arguments, results;
    run([&]() -> Coro<> {
        const auto work = [](Census::Member, Census& r) -> Coro<Census::Member> {
            co_await testing::turns(1);
            co_return r.member();
        };
        {
            const auto task = create_task(work(arguments.member(), results));
            EXPECT_EQ(arguments.alive(), 1);
            co_await task;
            EXPECT_EQ(arguments.alive(), 0);
            EXPECT_EQ(results.alive(), 1);
        }
        EXPECT_EQ(results.alive(), 0);
    }());
}

TEST(Task, a_result_that_nobody_takes_is_freed) {
    Census census;
    run([&]() -> Coro<> {
        create_task([](Census& c) -> Coro<Census::Member> { co_return c.member(); }, std::ref(census));
        co_await testing::turns(2);
        EXPECT_EQ(census.alive(), 0);
    }());
}

// When its last holder is the loop, a task's result is destroyed with the task: it is not the current one any more.
TEST(Task, a_result_that_nobody_takes_may_look_for_the_current_task_when_it_goes) {
    struct Looking {
        Trace* trace;
        explicit Looking(Trace& t) : trace(&t) {}
        Looking(Looking&& other) noexcept : trace(std::exchange(other.trace, nullptr)) {}
        ~Looking() {
            if (trace) trace->note(current_task() ? "a task" : "none");
        }
    };
    Trace trace;
    run([&]() -> Coro<> {
        create_task([&]() -> Coro<Looking> { co_return Looking(trace); });
        co_await testing::turns(2);
    }());
    EXPECT_EQ(trace.taken(), "none");
}

TEST(Task, gives_a_reference_or_the_result_itself) {
    run([]() -> Coro<> {
        auto task = create_task(testing::value_after(1, std::make_unique<int>(2)));
        const std::unique_ptr<int>& seen = co_await task;
        EXPECT_EQ(*seen, 2);
        const std::unique_ptr<int> taken = co_await std::move(task);
        EXPECT_EQ(*taken, 2);
    }());
}

// 13
TEST(Task, its_result_is_copied_while_others_hold_it) {
    run([]() -> Coro<> {
        const auto task = create_task(testing::value_after(1, std::string("a result that stands on the heap")));
        const auto same = [&] { return task; };
        EXPECT_EQ(co_await same(), "a result that stands on the heap");
        EXPECT_EQ(co_await same(), "a result that stands on the heap");
        EXPECT_EQ(task.result(), "a result that stands on the heap");
    }());
}

TEST(Task, a_result_that_can_only_be_moved_goes_to_the_first_and_the_others_learn_of_it) {
    run([]() -> Coro<> {
        const auto task = create_task(testing::value_after(1, std::make_unique<int>(5)));
        const auto same = [&] { return task; };
        EXPECT_EQ(*co_await same(), 5);
        EXPECT_TRUE((co_await ending_of(same())).starts_with("hocket::InvalidStateError"));
    }());
}

TEST(Task, may_be_a_key) {
    run([]() -> Coro<> {
        std::unordered_set<Task<>> background;
        for (int i = 0; i < 3; ++i) {
            const auto task = create_task(testing::turns(i));
            background.insert(task);
            task.add_done_callback([&](const Task<>& done) { background.erase(done); });
        }
        EXPECT_EQ(background.size(), 3U);
        co_await testing::turns(6);
        EXPECT_TRUE(background.empty());
        std::unordered_set<AnyTask> of_any_type{create_task(testing::turns(0)),
                                                create_task(testing::value_after(0, 1))};
        EXPECT_EQ(of_any_type.size(), 2U);
    }());
}

TEST(Task, awaiting_a_done_one_does_not_suspend) {
    Trace trace;
    run([&]() -> Coro<> {
        const auto task = create_task(testing::value_after(0, 1));
        co_await testing::turns(2);
        get_running_loop().call_soon([&] { trace.note("turn"); });
        static_cast<void>(co_await task);
        trace.note("after");
        co_await testing::turns(1);
    }());
    EXPECT_EQ(trace.taken(), "after turn");
}

TEST(Task, may_be_awaited_by_many_and_again) {
    run([]() -> Coro<> {
        const auto task = create_task(testing::value_after(2, std::string("r")));
        std::vector<Task<std::string>> waiting;
        for (int i = 0; i < 3; ++i) {
            waiting.push_back(
                create_task([](Task<std::string> t) -> Coro<std::string> { co_return co_await t; }, task));
        }
        for (const auto& w : waiting) EXPECT_EQ(co_await w, "r");
        EXPECT_EQ(co_await task, "r");
    }());
}

TEST(Task, its_result_may_be_a_reference) {
    run([]() -> Coro<> {
        int n = 0;
        const auto task = create_task([](int& x) -> Coro<int&> {
            co_await hocket::sleep(0);
            co_return x;
        }(n));
        (co_await task) = 3;
        EXPECT_EQ(n, 3);
    }());
}

TEST(Task, a_result_that_cannot_be_moved_out_is_its_failure) {
    struct Fragile {
        Fragile() = default;
        Fragile(Fragile&&) noexcept(false) { throw RuntimeError("move"); }
    };
    run([]() -> Coro<> {
        const auto task = create_task([]() -> Coro<Fragile> { co_return Fragile(); });
        EXPECT_EQ(co_await ending_of(task), "hocket::RuntimeError: move");
    }());
}

// ---- Functions with their arguments

TEST(TaskOfAFunction, owns_the_callable_and_its_arguments) {
    Census census;
    run([&]() -> Coro<> {
        Task<std::string> task;
        {
            const std::string local(100, 'x');
            const auto callable = [m = census.member(),
                                   captured = local](const std::string& text) -> Coro<std::string> {
                co_await testing::turns(2);
                co_return captured + text;
            };
            task = create_task(callable, local);
        }
        EXPECT_EQ(census.alive(), 1);
        EXPECT_EQ(co_await task, std::string(200, 'x'));
        EXPECT_EQ(census.alive(), 0);
    }());
}

TEST(TaskOfAFunction, shares_what_is_given_by_ref) {
    run([]() -> Coro<> {
        int n = 1;
        co_await create_task(
            [](int& x) -> Coro<> {
                x = 2;
                co_return;
            },
            std::ref(n));
        EXPECT_EQ(n, 2);
    }());
}

struct Account {
    int balance = 10;
    Coro<int> take(int n) {
        co_await hocket::sleep(0);
        co_return balance -= n;
    }
};

TEST(TaskOfAFunction, may_be_a_member_or_take_options) {
    run([]() -> Coro<> {
        Account account;
        const auto task = create_task(TaskOptions{.name = "taker"}, [&account](int n) { return account.take(n); }, 3);
        EXPECT_EQ(task.get_name(), "taker");
        EXPECT_EQ(co_await task, 7);
    }());
}

TEST(TaskOfAFunction, may_be_a_member_function_of_what_is_given_pointed_to_or_referred_to) {
    run([]() -> Coro<> {
        Account account;
        EXPECT_EQ(co_await create_task(&Account::take, &account, 3), 7);
        EXPECT_EQ(co_await create_task(&Account::take, std::ref(account), 3), 4);
        EXPECT_EQ(co_await create_task(TaskOptions{.name = "taker"}, &Account::take, account, 3), 1);
        EXPECT_EQ(co_await create_task(&Account::take, std::make_unique<Account>(account), 1), 3);
        EXPECT_EQ(account.balance, 4);
    }());
}

// ---- Misuse

// 26
TEST(TaskMisuse, awaiting_oneself_throws_inside_the_task) {
    run([]() -> Coro<> {
        Task<std::string> self;
        self = create_task([&]() -> Coro<std::string> { co_return co_await ending_of(self); });
        const std::string said = co_await self;
        EXPECT_NE(said.find("RuntimeError: a task cannot await itself: Task-"), std::string::npos) << said;
    }());
}

TEST(TaskMisuse, an_empty_handle_throws) {
    const std::string expected = "hocket::RuntimeError: cannot use an empty handle: it was moved from, or never set";
    run([&]() -> Coro<> {
        const Task<int> t;
        EXPECT_EQ(thrown_by([&] { static_cast<void>(t.done()); }), expected);
        EXPECT_EQ(thrown_by([&] { static_cast<void>(t.cancelled()); }), expected);
        EXPECT_EQ(thrown_by([&] { t.cancel(); }), expected);
        EXPECT_EQ(thrown_by([&] { t.cancel("why"); }), expected);
        EXPECT_EQ(thrown_by([&] { static_cast<void>(t.result()); }), expected);
        EXPECT_EQ(thrown_by([&] { static_cast<void>(t.exception()); }), expected);
        EXPECT_EQ(thrown_by([&] { static_cast<void>(t.get_name()); }), expected);
        EXPECT_EQ(thrown_by([&] { t.set_name("x"); }), expected);
        EXPECT_EQ(thrown_by([&] { static_cast<void>(t.cancelling()); }), expected);
        EXPECT_EQ(thrown_by([&] { t.uncancel(); }), expected);
        EXPECT_EQ(thrown_by([&] { static_cast<void>(t.get_loop()); }), expected);
        EXPECT_EQ(thrown_by([&] { t.add_done_callback([](const Task<int>&) {}); }), expected);
        const Future<int> f = nullptr;
        EXPECT_EQ(thrown_by([&] { f.set_result(1); }), expected);
        EXPECT_EQ(thrown_by([&] { f.set_exception(RuntimeError("x")); }), expected);
        std::string in_callback;
        get_running_loop().call_soon(
            [&] { in_callback = thrown_by([] { static_cast<void>(current_task().get_name()); }); });
        co_await testing::turns(1);
        EXPECT_EQ(in_callback, expected);
        EXPECT_EQ(thrown_by([] { static_cast<void>(AnyTask().is_task()); }), expected);
    }());
    const auto loop = new_event_loop();
    EXPECT_EQ(thrown_by([&] { loop->run_until_complete(Task<>()); }), expected);
}

TEST(TaskMisuse, a_result_too_early_throws) {
    run([]() -> Coro<> {
        const auto task = create_task(testing::value_after(1, 1));
        EXPECT_EQ(thrown_by([&] { static_cast<void>(task.result()); }),
                  "hocket::InvalidStateError: Result is not set.");
        EXPECT_EQ(thrown_by([&] { static_cast<void>(task.exception()); }),
                  "hocket::InvalidStateError: Exception is not set.");
        EXPECT_EQ(co_await task, 1);
    }());
}

TEST(TaskMisuse, create_task_needs_a_running_loop) {
    Reports reports;
    EXPECT_EQ(thrown_by([] { static_cast<void>(create_task(testing::turns(0))); }),
              "hocket::RuntimeError: no running event loop");
    EXPECT_NE(reports.taken().find("never awaited"), std::string::npos);
}

// ---- Failures (27)

// 27
TEST(TaskFailure, that_nobody_looked_at_is_reported_when_the_task_dies) {
    run([]() -> Coro<> {
        LoopErrors errors(get_running_loop());
        create_task(testing::failure_after(1, "dropped"));
        co_await testing::turns(4);
        EXPECT_EQ(errors.taken(), "Task exception was never retrieved | hocket::RuntimeError: dropped");
        {
            const auto kept = create_task(testing::failure_after(1, "kept"));
            co_await testing::turns(4);
            EXPECT_EQ(errors.taken(), "");
        }
        EXPECT_EQ(errors.taken(), "Task exception was never retrieved | hocket::RuntimeError: kept");
    }());
}

TEST(TaskFailure, is_not_reported_once_it_was_looked_at) {
    run([]() -> Coro<> {
        LoopErrors errors(get_running_loop());
        {
            const auto a = create_task(testing::failure_after(0, "x")), b = create_task(testing::failure_after(0, "x")),
                       c = create_task(testing::failure_after(0, "x"));
            static_cast<void>(co_await ending_of(a));
            EXPECT_EQ(describe(b.exception()), "hocket::RuntimeError: x");
            EXPECT_EQ(thrown_by([&] { c.result(); }), "hocket::RuntimeError: x");
        }
        EXPECT_EQ(errors.taken(), "");
    }());
}

// As in asyncio, where the wakeup looks at the result before the cancel is thrown.
TEST(TaskFailure, is_not_reported_when_the_task_that_waited_is_cancelled_before_it_runs) {
    run([]() -> Coro<> {
        LoopErrors errors(get_running_loop());
        auto failing = create_task(testing::failure_after(1, "late"));
        const auto waiting = create_task([](Task<> awaited) -> Coro<> { co_await awaited; }, failing);
        co_await testing::turns(2);
        EXPECT_TRUE(failing.done());
        waiting.cancel();
        failing = {};
        EXPECT_EQ(co_await ending_of(waiting), "hocket::CancelledError");
        EXPECT_EQ(errors.taken(), "");
    }());
}

TEST(TaskFailure, the_report_names_the_task_the_place_and_the_exception) {
    Reports reports;
    const unsigned line = __LINE__ + 2;
    run([]() -> Coro<> {
        create_task(testing::failure_after(0, "nobody looks"), {.name = "loader"});
        co_await testing::turns(2);
    }());
    const std::string said = reports.taken();
    EXPECT_TRUE(said.starts_with("Task exception was never retrieved\n  task: loader, created at ")) << said;
    EXPECT_TRUE(said.ends_with("\n  exception: hocket::RuntimeError: nobody looks")) << said;
    if (said.find("0x") != std::string::npos) GTEST_SKIP() << "built without libdw";
    EXPECT_NE(said.find("(core/task_test.cc:" + std::to_string(line) + ")"), std::string::npos) << said;
}

}  // namespace
}  // namespace hocket
