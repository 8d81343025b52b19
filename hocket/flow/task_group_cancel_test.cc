// SPDX-License-Identifier: MIT
// Task groups that are cancelled from outside, and groups in groups.
#include <hocket/flow/task_group_test.h>

#include <gtest/gtest.h>

#include <functional>
#include <string>

namespace hocket {
namespace {

using testing::ending_of;
using testing::failing_cleanup;
using testing::failure_after;
using testing::forever;
using testing::stubborn;
using testing::Trace;
using testing::turns;
using testing::unhandled_one;
using testing::unhandled_two;

// ---- Cancels from outside

TEST(TaskGroup, a_cancel_while_it_waits_cancels_every_child) {
    run([]() -> Coro<> {
        Trace trace;
        auto parent = create_task(task_group([&](TaskGroup& g) -> Coro<> {
            for (int i = 0; i < 3; ++i) g.create_task(stubborn(trace, 1));
            co_return;
        }));
        co_await turns(3);
        EXPECT_TRUE(parent.cancel());
        EXPECT_EQ(co_await ending_of(parent), "hocket::CancelledError");
        EXPECT_TRUE(parent.cancelled());
        EXPECT_EQ(trace.taken(), "cancelled cancelled cancelled cleaned cleaned cleaned");
    }());
}

TEST(TaskGroup, a_cancel_during_the_body_reaches_the_body_first) {
    run([]() -> Coro<> {
        Trace trace;
        auto parent = create_task(task_group([&](TaskGroup& g) -> Coro<> {
            g.create_task(stubborn(trace, 0, "child"));
            co_await stubborn(trace, 2, "body");
        }));
        co_await turns(3);
        parent.cancel();
        EXPECT_EQ(co_await ending_of(parent), "hocket::CancelledError");
        EXPECT_EQ(trace.taken(), "body cleaned child cleaned");
    }());
}

TEST(TaskGroup, without_tasks_a_cancel_of_the_body_is_thrown_on) {
    run([]() -> Coro<> {
        Trace trace;
        auto parent = create_task(task_group([&](TaskGroup&) -> Coro<> { co_await stubborn(trace, 0, "body"); }));
        co_await turns(2);
        EXPECT_TRUE(parent.cancel());
        EXPECT_EQ(co_await ending_of(parent), "hocket::CancelledError");
        EXPECT_EQ(trace.taken(), "body cleaned");
    }());
}

TEST(TaskGroup, passes_a_cancel_on_in_asyncios_iterations) {
    run([]() -> Coro<> {
        Trace trace;
        auto parent = create_task(task_group([&](TaskGroup& g) -> Coro<> {
            g.create_task(stubborn(trace, 1));
            co_return;
        }));
        co_await turns(3);
        auto ticker = create_task(
            [](Trace& t) -> Coro<> {
                for (int i = 0; i < 9; ++i) {
                    t.note(i);
                    co_await turns(1);
                }
            },
            std::ref(trace));
        parent.cancel();
        co_await ending_of(parent);
        EXPECT_EQ(trace.taken(), "0 1 cancelled 2 cleaned 3 4 5");  // CPython 3.13's
        co_await ticker;
    }());
}

TEST(TaskGroup, keeps_the_message_of_a_cancel) {
    run([]() -> Coro<> {
        auto parent = create_task(task_group([](TaskGroup& g) -> Coro<> {
            g.create_task(forever());
            co_return;
        }));
        co_await turns(3);
        parent.cancel("enough");
        EXPECT_EQ(co_await ending_of(parent), "hocket::CancelledError: enough");
    }());
}

TEST(TaskGroup, a_cancel_that_the_body_turns_into_an_error_is_that_error) {
    run([]() -> Coro<> {
        auto parent = create_task(task_group([](TaskGroup&) -> Coro<> { co_await failing_cleanup("instead"); }));
        co_await turns(2);
        parent.cancel();
        EXPECT_EQ(co_await ending_of(parent), std::string(unhandled_one) + "    1: hocket::RuntimeError: instead");
    }());
}

// 54
TEST(TaskGroup, failures_win_over_a_cancel_from_outside) {
    run([]() -> Coro<> {
        auto parent = create_task(task_group([](TaskGroup& g) -> Coro<> {
            g.create_task(failing_cleanup("a"));
            g.create_task(failing_cleanup("b"));
            co_await forever();
        }));
        co_await turns(3);
        parent.cancel();
        EXPECT_EQ(co_await ending_of(parent),
                  std::string(unhandled_two) + "    1: hocket::RuntimeError: a\n    2: hocket::RuntimeError: b");
    }());
}

// 54
TEST(TaskGroup, after_failures_and_a_cancel_from_outside_the_next_await_throws) {
    run([]() -> Coro<> {
        Trace trace;
        auto parent = create_task(
            [](Trace& t) -> Coro<> {
                try {
                    co_await task_group([](TaskGroup& g) -> Coro<> {
                        g.create_task(failing_cleanup("child"));
                        co_await forever();
                    });
                } catch (const ExceptionGroup&) {
                    t.note("failures");
                }
                co_await turns(1);
                t.note("never");
            },
            std::ref(trace));
        co_await turns(3);
        parent.cancel();
        EXPECT_EQ(parent.cancelling(), 1u);
        EXPECT_EQ(co_await ending_of(parent), "hocket::CancelledError");
        EXPECT_EQ(parent.cancelling(), 1u);
        EXPECT_EQ(trace.taken(), "failures");
    }());
}

// 54
TEST(TaskGroup, a_child_may_fail_while_the_cancelled_body_cleans_up) {
    run([]() -> Coro<> {
        Trace trace;
        auto parent = create_task(task_group([&](TaskGroup& g) -> Coro<> {
            g.create_task(failure_after(5, "child"));
            co_await stubborn(trace, 10, "body");
        }));
        co_await turns(3);
        parent.cancel();
        EXPECT_EQ(co_await ending_of(parent), std::string(unhandled_one) + "    1: hocket::RuntimeError: child");
        EXPECT_EQ(trace.taken(), "body");  // its clean-up was cancelled by the child's failure
        EXPECT_EQ(parent.cancelling(), 1u);
    }());
}

// 54
TEST(TaskGroup, a_failure_in_the_tick_of_a_cancel_leaves_the_cancel_due) {
    run([]() -> Coro<> {
        Trace trace;
        const Future<> about_to_fail;
        const auto child = [&]() -> Coro<> {
            about_to_fail.set_result();
            co_await failure_after(1, "child");
        };
        const auto parent = create_task([&]() -> Coro<> {
            const auto group = [&](TaskGroup& g) -> Coro<> {
                g.create_task(child());
                co_await forever();
            };
            EXPECT_EQ(co_await ending_of(task_group(group)),
                      std::string(unhandled_one) + "    1: hocket::RuntimeError: child");
            trace.note(current_task().cancelling());
            co_await turns(1);
            trace.note("never");
        });
        co_await about_to_fail;
        EXPECT_EQ(parent.cancelling(), 0u);
        parent.cancel();
        EXPECT_EQ(parent.cancelling(), 1u);
        EXPECT_EQ(co_await ending_of(parent), "hocket::CancelledError");
        EXPECT_TRUE(parent.cancelled());
        EXPECT_EQ(trace.taken(), "1");
    }());
}

// 54
TEST(TaskGroup, gets_the_cancel_of_a_task_that_awaits_its_task) {
    run([]() -> Coro<> {
        Trace trace;
        const auto group = [&](TaskGroup& g) -> Coro<> {
            g.create_task(failure_after(5, "child"));
            co_await stubborn(trace, 10, "body");
        };
        const auto awaiting = create_task([&]() -> Coro<> { co_await create_task(task_group(group)); });
        co_await turns(4);
        EXPECT_TRUE(awaiting.cancel());
        EXPECT_EQ(co_await ending_of(awaiting), std::string(unhandled_one) + "    1: hocket::RuntimeError: child");
        EXPECT_EQ(trace.taken(), "body");
    }());
}

// 56
TEST(TaskGroup, repeated_cancels_never_abandon_a_child) {
    run([]() -> Coro<> {
        Trace trace;
        Task<> child;
        auto parent = create_task(task_group([&](TaskGroup& g) -> Coro<> {
            child = g.create_task(stubborn(trace, 10));
            co_return;
        }));
        co_await turns(3);
        for (int i = 0; i < 3; ++i) {
            EXPECT_TRUE(parent.cancel());
            co_await turns(2);
            EXPECT_FALSE(parent.done());
        }
        EXPECT_EQ(co_await ending_of(parent), "hocket::CancelledError");
        EXPECT_TRUE(child.done());
        EXPECT_EQ(trace.taken(), "cancelled cleaned");
        EXPECT_EQ(parent.cancelling(), 3u);
    }());
}

TEST(TaskGroup, a_cancel_in_the_tick_of_the_last_childs_end_is_thrown) {
    run([]() -> Coro<> {
        Future<> last;
        auto parent = create_task(task_group([&](TaskGroup& g) -> Coro<> {
            g.create_task([](Future<> f) -> Coro<> { co_await f; }, last);
            co_return;
        }));
        co_await turns(3);
        last.set_result();
        co_await turns(2);  // the child has ended, and the group has been told
        parent.cancel();
        EXPECT_EQ(co_await ending_of(parent), "hocket::CancelledError");
    }());
}

// ---- Groups in groups

TEST(TaskGroup, the_failure_of_an_inner_group_is_a_group_in_the_outer) {
    run([]() -> Coro<> {
        Task<> sibling;
        const auto outer = [&](TaskGroup& g) -> Coro<> {
            sibling = g.create_task(forever());
            co_await task_group([](TaskGroup& inner) -> Coro<> {
                inner.create_task(failure_after(1, "inner"));
                co_return;
            });
        };
        EXPECT_EQ(co_await ending_of(task_group(outer)),
                  std::string(unhandled_one) +
                      "    1: hocket::ExceptionGroup: unhandled errors in a TaskGroup (1 sub-exception)\n"
                      "        1: hocket::RuntimeError: inner");
        EXPECT_TRUE(sibling.cancelled());
    }());
}

TEST(TaskGroup, failures_of_an_inner_group_at_a_cancel_are_a_group_in_the_outer) {
    run([]() -> Coro<> {
        for (const bool has_sibling : {false, true}) {
            Task<> sibling;
            const auto outer = [&](TaskGroup& g) -> Coro<> {
                if (has_sibling) sibling = g.create_task(forever());
                co_await task_group([](TaskGroup& inner) -> Coro<> {
                    inner.create_task(failing_cleanup("a"));
                    inner.create_task(failing_cleanup("b"));
                    co_await forever();
                });
            };
            const auto parent = create_task(task_group(outer));
            co_await turns(3);
            EXPECT_TRUE(parent.cancel());
            EXPECT_EQ(co_await ending_of(parent),
                      std::string(unhandled_one) +
                          "    1: hocket::ExceptionGroup: unhandled errors in a TaskGroup (2 sub-exceptions)\n"
                          "        1: hocket::RuntimeError: a\n"
                          "        2: hocket::RuntimeError: b");
            EXPECT_EQ(sibling && sibling.cancelled(), has_sibling);
        }
    }());
}

TEST(TaskGroup, the_failure_of_the_outer_group_cancels_the_inner) {
    run([]() -> Coro<> {
        Task<> inner_child;
        const auto outer = [&](TaskGroup& g) -> Coro<> {
            g.create_task(failure_after(3, "outer"));
            co_await task_group([&](TaskGroup& inner) -> Coro<> {
                inner_child = inner.create_task(forever());
                co_return;
            });
        };
        EXPECT_EQ(co_await ending_of(task_group(outer)),
                  std::string(unhandled_one) + "    1: hocket::RuntimeError: outer");
        EXPECT_TRUE(inner_child.cancelled());
    }());
}

TEST(TaskGroup, failures_of_both_groups_in_one_tick_leave_the_outer_cancel_pending) {
    run([]() -> Coro<> {
        auto parent = create_task([]() -> Coro<> {
            TaskBase& self = static_cast<TaskBase&>(*current_task().state());
            const auto body = [&](TaskGroup& outer) -> Coro<> {
                try {
                    co_await task_group([&](TaskGroup& inner) -> Coro<> {
                        inner.create_task(failure_after(1, "inner"));
                        outer.create_task(failure_after(1, "outer"));
                        co_return;
                    });
                    ADD_FAILURE();
                } catch (const ExceptionGroup&) {
                }
                EXPECT_EQ(self.cancelling(), 1u);  // the outer group's
            };
            EXPECT_EQ(co_await ending_of(task_group(body)),
                      std::string(unhandled_one) + "    1: hocket::RuntimeError: outer");
            EXPECT_EQ(self.cancelling(), 0u);
            co_await turns(1);
        });
        co_await parent;
    }());
}

}  // namespace
}  // namespace hocket
