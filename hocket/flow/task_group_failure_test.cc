// SPDX-License-Identifier: MIT
// Task groups in which something fails: who is cancelled, and what is thrown.
#include <hocket/flow/task_group_test.h>
#include <hocket/flow/with.h>

#include <gtest/gtest.h>

#include <functional>
#include <string>

namespace hocket {
namespace {

using testing::ending_of;
using testing::failing_cleanup;
using testing::failure_after;
using testing::forever;
using testing::raising_after;
using testing::stubborn;
using testing::Trace;
using testing::turns;
using testing::unhandled_one;
using testing::unhandled_two;
using testing::value_after;

// ---- Failures of children

// 50
TEST(TaskGroup, the_first_failure_cancels_the_siblings) {
    run([]() -> Coro<> {
        Trace trace;
        Task<> sibling;
        const auto group = [&](TaskGroup& g) -> Coro<> {
            g.create_task(failure_after(1, "first"));
            sibling = g.create_task(stubborn(trace, 3));
            co_return;
        };
        EXPECT_EQ(co_await ending_of(task_group(group)),
                  std::string(unhandled_one) + "    1: hocket::RuntimeError: first");
        EXPECT_TRUE(sibling.cancelled());
        EXPECT_EQ(trace.taken(), "cancelled cleaned");
    }());
}

// 50
TEST(TaskGroup, the_first_failure_ends_the_wait_of_the_body) {
    run([]() -> Coro<> {
        Trace trace;
        const auto group = [&](TaskGroup& g) -> Coro<> {
            g.create_task(failure_after(1, "first"));
            co_await stubborn(trace, 1, "body");
        };
        EXPECT_EQ(co_await ending_of(task_group(group)),
                  std::string(unhandled_one) + "    1: hocket::RuntimeError: first");
        EXPECT_EQ(trace.taken(), "body cleaned");
    }());
}

// 50
TEST(TaskGroup, takes_its_own_cancel_of_the_parent_back) {
    run([]() -> Coro<> {
        auto parent = create_task([]() -> Coro<> {
            try {
                co_await task_group([](TaskGroup& g) -> Coro<> {
                    g.create_task(failure_after(1, "first"));
                    co_await forever();
                });
                ADD_FAILURE();
            } catch (const ExceptionGroup&) {
            }
            EXPECT_EQ(all_tasks().size(), 2u);
            co_await turns(3);  // nothing is left to deliver
        });
        co_await turns(2);
        EXPECT_EQ(parent.cancelling(), 0u);
        co_await parent;
        EXPECT_EQ(parent.cancelling(), 0u);
    }());
}

TEST(TaskGroup, failures_after_the_first_are_in_the_group_too) {
    run([]() -> Coro<> {
        const auto group = [](TaskGroup& g) -> Coro<> {
            for (const char* name : {"a", "b"}) g.create_task(failure_after(1, name));
            g.create_task(failing_cleanup("c"));
            co_await forever();
        };
        EXPECT_EQ(co_await ending_of(task_group(group)),
                  "hocket::ExceptionGroup: unhandled errors in a TaskGroup (3 sub-exceptions)\n"
                  "    1: hocket::RuntimeError: a\n    2: hocket::RuntimeError: b\n    3: hocket::RuntimeError: c");
    }());
}

TEST(TaskGroup, holds_exceptions_of_every_kind) {
    run([]() -> Coro<> {
        const auto group = [](TaskGroup& g) -> Coro<> {
            g.create_task(raising_after(1, 42));
            co_await forever();
        };
        EXPECT_EQ(co_await ending_of(task_group(group)), std::string(unhandled_one) + "    1: int");
    }());
}

TEST(TaskGroup, holds_what_is_no_std_exception_beside_what_is) {
    run([]() -> Coro<> {
        const auto of_a_child = [](TaskGroup& g) -> Coro<> {
            g.create_task(raising_after(1, 42));
            co_await failing_cleanup("body");
        };
        EXPECT_EQ(co_await ending_of(task_group(of_a_child)),
                  std::string(unhandled_two) + "    1: int\n    2: hocket::RuntimeError: body");
        const auto of_the_body = [](TaskGroup& g) -> Coro<> {
            g.create_task(failure_after(1, "child"));
            EXPECT_EQ(co_await ending_of(forever()), "hocket::CancelledError");
            throw 42;
        };
        EXPECT_EQ(co_await ending_of(task_group(of_the_body)),
                  std::string(unhandled_two) + "    1: hocket::RuntimeError: child\n    2: int");
    }());
}

TEST(TaskGroup, failures_count_as_retrieved) {
    run([]() -> Coro<> {
        testing::LoopErrors errors(get_running_loop());
        co_await ending_of(task_group([](TaskGroup& g) -> Coro<> {
            g.create_task(failure_after(1, "first"));
            co_return;
        }));
        EXPECT_EQ(errors.taken(), "");
    }());
}

TEST(TaskGroup, a_body_that_swallows_the_cancel_of_the_group_does_not_hide_the_failure) {
    run([]() -> Coro<> {
        const auto group = [](TaskGroup& g) -> Coro<int> {
            g.create_task(failure_after(1, "first"));
            try {
                co_await forever();
            } catch (const CancelledError&) {
            }
            co_return 1;
        };
        EXPECT_EQ(co_await ending_of(task_group(group)),
                  std::string(unhandled_one) + "    1: hocket::RuntimeError: first");
    }());
}

TEST(TaskGroup, an_eager_child_that_fails_ends_the_next_wait_of_the_body) {
    run([]() -> Coro<> {
        Trace trace;
        const auto group = [&](TaskGroup& g) -> Coro<> {
            g.create_task(failure_after(0, "eager"), {.eager_start = true});
            trace.note("goes on");
            co_await turns(1);
            trace.note("never");
        };
        EXPECT_EQ(co_await ending_of(task_group(group)),
                  std::string(unhandled_one) + "    1: hocket::RuntimeError: eager");
        EXPECT_EQ(trace.taken(), "goes on");
    }());
}

TEST(TaskGroup, a_failure_ends_children_that_keep_making_children) {
    run([]() -> Coro<> {
        int born = 0;
        const std::function<Coro<>(TaskGroup&)> breed = [&](TaskGroup& g) -> Coro<> {
            ++born;
            co_await turns(2);
            for (int i = 0; i < 2; ++i) g.create_task(breed(g));
        };
        const auto end_it = [&]() -> Coro<> {
            while (born < 10) co_await turns(3);
            throw RuntimeError("enough");
        };
        const auto group = [&](TaskGroup& g) -> Coro<> {
            g.create_task(breed(g));
            g.create_task(end_it());
            co_return;
        };
        EXPECT_EQ(co_await ending_of(task_group(group)),
                  std::string(unhandled_one) + "    1: hocket::RuntimeError: enough");
        EXPECT_GE(born, 10);
        EXPECT_EQ(all_tasks().size(), 1u);
    }());
}

// 51
TEST(TaskGroup, a_child_cancelled_on_its_own_is_no_failure) {
    run([]() -> Coro<> {
        Task<> cancelled;
        Task<int> before, after;
        co_await task_group([&](TaskGroup& g) -> Coro<> {
            cancelled = g.create_task(forever());
            before = g.create_task(value_after(5, 10));
            co_await turns(2);
            cancelled.cancel();
            after = g.create_task(value_after(5, 11));
        });
        EXPECT_TRUE(cancelled.cancelled());
        EXPECT_EQ(before.result(), 10);
        EXPECT_EQ(after.result(), 11);
    }());
}

// ---- Failures of the body

// 52
TEST(TaskGroup, a_lone_exception_of_the_body_is_wrapped) {
    run([]() -> Coro<> {
        Task<> child;
        const auto group = [&](TaskGroup& g) -> Coro<> {
            child = g.create_task(forever());
            co_await turns(1);
            throw ValueError("body");
        };
        EXPECT_EQ(co_await ending_of(task_group(group)),
                  std::string(unhandled_one) + "    1: hocket::ValueError: body");
        EXPECT_TRUE(child.cancelled());
    }());
}

TEST(TaskGroup, a_child_that_has_not_begun_when_the_body_fails_never_does) {
    run([]() -> Coro<> {
        Trace trace;
        Task<> child;
        const auto group = [&](TaskGroup& g) -> Coro<> {
            child = g.create_task(stubborn(trace, 0, "begun"));
            throw ValueError("body");
            co_return;
        };
        EXPECT_EQ(co_await ending_of(task_group(group)),
                  std::string(unhandled_one) + "    1: hocket::ValueError: body");
        EXPECT_TRUE(child.cancelled());
        EXPECT_EQ(trace.taken(), "");
    }());
}

// 52
TEST(TaskGroup, the_exception_of_the_body_comes_last) {
    run([]() -> Coro<> {
        const auto group = [](TaskGroup& g) -> Coro<> {
            g.create_task(failure_after(1, "child"));
            co_await failing_cleanup("body");
        };
        EXPECT_EQ(co_await ending_of(task_group(group)),
                  std::string(unhandled_two) + "    1: hocket::RuntimeError: child\n    2: hocket::RuntimeError: body");
    }());
}

struct Unreleasable {
    Coro<> aenter() { co_return; }
    Coro<> aexit(std::exception_ptr) {
        throw RuntimeError("release");
        co_return;
    }
};

TEST(TaskGroup, the_release_of_a_resource_in_the_body_may_fail_after_a_child) {
    run([]() -> Coro<> {
        const auto group = [](TaskGroup& g) -> Coro<> {
            co_await with(Unreleasable(), [&]() -> Coro<> {
                g.create_task(failure_after(0, "child"));
                co_await forever();
            });
        };
        EXPECT_EQ(
            co_await ending_of(task_group(group)),
            std::string(unhandled_two) + "    1: hocket::RuntimeError: child\n    2: hocket::RuntimeError: release");
        EXPECT_EQ(current_task().cancelling(), 0u);
    }());
}

// 53
TEST(TaskGroup, keyboard_interrupt_of_the_body_comes_bare) {
    run([]() -> Coro<> {
        Task<> child;
        const auto group = [&](TaskGroup& g) -> Coro<> {
            g.create_task(failure_after(1, "child"));
            child = g.create_task(forever());
            try {
                co_await forever();
            } catch (const CancelledError&) {
                throw KeyboardInterrupt();
            }
        };
        EXPECT_EQ(co_await ending_of(task_group(group)), "hocket::KeyboardInterrupt");
        EXPECT_TRUE(child.cancelled());
    }());
}

// 53
TEST(TaskGroup, system_exit_of_a_child_comes_bare) {
    Runner runner;
    EventLoop& loop = runner.get_loop();
    const auto group = [](TaskGroup& g) -> Coro<> {
        g.create_task(raising_after(1, SystemExit{3}));
        co_await failing_cleanup("body");
    };
    auto parent = loop.create_task(task_group(group), {});
    EXPECT_EQ(testing::thrown_by([&] { loop.run_forever(); }), "hocket::SystemExit: 3");  // the loop is left at once
    EXPECT_EQ(testing::thrown_by([&] { loop.run_until_complete(parent); }), "hocket::SystemExit: 3");
}

}  // namespace
}  // namespace hocket
