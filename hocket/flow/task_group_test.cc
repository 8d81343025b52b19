// SPDX-License-Identifier: MIT
// Task groups whose tasks end well, tasks that make tasks, and what a person sees.
#include <hocket/flow/task_group_test.h>

#include <hocket/core/await_graph.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

namespace hocket {
namespace {

using testing::ending_of;
using testing::failure_after;
using testing::forever;
using ::testing::MatchesRegex;
using ::testing::StartsWith;
using testing::Trace;
using testing::turns;
using testing::unhandled_one;
using testing::value_after;
using namespace std::chrono_literals;

// ---- The ordinary course

TEST(TaskGroup, gives_the_result_of_its_body) {
    run([]() -> Coro<> {
        EXPECT_EQ(co_await task_group([](TaskGroup&) -> Coro<std::string> { co_return "result"; }), "result");
        int number = 0;
        int& same = co_await task_group([&](TaskGroup&) -> Coro<int&> { co_return number; });
        EXPECT_EQ(&same, &number);
    }());
}

TEST(TaskGroup, waits_for_every_task) {
    run([]() -> Coro<> {
        Task<int> first, second;
        co_await task_group([&](TaskGroup& group) -> Coro<> {
            first = group.create_task(value_after(1, 42));
            second = group.create_task(value_after(2, 11));
            co_return;
        });
        EXPECT_EQ(first.result(), 42);
        EXPECT_EQ(second.result(), 11);
    }());
}

TEST(TaskGroup, takes_tasks_throughout_its_body) {
    run([]() -> Coro<> {
        Task<int> first, second;
        co_await task_group([&](TaskGroup& group) -> Coro<> {
            first = group.create_task(value_after(1, 42));
            co_await turns(5);
            EXPECT_EQ(group.size(), 0u);
            second = group.create_task(value_after(2, 11));
        });
        EXPECT_EQ(first.result() + second.result(), 53);
    }());
}

TEST(TaskGroup, forgets_the_tasks_that_are_done) {
    run([]() -> Coro<> {
        co_await task_group([](TaskGroup& group) -> Coro<> {
            for (int i = 0; i < 20; ++i) {
                group.create_task(turns(3));
                co_await turns(1);
                EXPECT_LT(group.size(), 8u);
            }
            co_await turns(8);
            EXPECT_EQ(group.size(), 0u);
        });
    }());
}

TEST(TaskGroup, without_tasks_ends_with_its_body) {
    run([]() -> Coro<> { co_await task_group([](TaskGroup&) -> Coro<> { co_return; }); }());
}

TEST(TaskGroup, goes_on_two_iterations_after_its_last_task_as_in_asyncio) {
    run([]() -> Coro<> {
        Trace trace;
        auto ticker = create_task(
            [](Trace& t) -> Coro<> {
                for (int i = 0; i < 5; ++i) {
                    t.note(i);
                    co_await turns(1);
                }
            },
            std::ref(trace));
        co_await task_group([&](TaskGroup& group) -> Coro<> {
            group.create_task(
                [](Trace& t) -> Coro<> {
                    t.note("child");
                    co_return;
                },
                std::ref(trace));
            co_return;
        });
        EXPECT_EQ(trace.taken(), "0 child 1 2");  // CPython 3.13's
        co_await ticker;
    }());
}

TEST(TaskGroup, keeps_callable_and_arguments_of_a_child) {
    run([]() -> Coro<> {
        Task<std::string> task;
        co_await task_group([&](TaskGroup& group) -> Coro<> {
            const std::string captured = "captured ";
            task = group.create_task(
                [captured](std::string_view text) -> Coro<std::string> {
                    co_await turns(2);
                    co_return captured + std::string(text);
                },
                "argument");
            co_return;
        });
        EXPECT_EQ(task.result(), "captured argument");
    }());
}

TEST(TaskGroup, gives_options_to_its_tasks) {
    run([]() -> Coro<> {
        static ContextVar<int> variable("variable", 0);
        const Context context = copy_context();
        co_await task_group([&](TaskGroup& group) -> Coro<> {
            EXPECT_EQ(group.create_task(turns(1), {.name = "yolo"}).get_name(), "yolo");
            const auto named = group.create_task(TaskOptions{.name = "called"}, [](int n) { return turns(n); }, 1);
            EXPECT_EQ(named.get_name(), "called");
            co_await group.create_task([]() -> Coro<> { co_return static_cast<void>(variable.set(1)); }(),
                                       {.context = &context});
        });
        EXPECT_EQ(*context.get(variable), 1);
        EXPECT_EQ(variable.get(), 0);
    }());
}

TEST(TaskGroup, tasks_may_share_a_context) {
    static ContextVar<int> variable("variable");
    run([]() -> Coro<> {
        const auto set = [](int value) -> Coro<> {
            co_await turns(1);
            variable.set(value);
        };
        const Context context = copy_context();
        EXPECT_EQ(context.get(variable), nullptr);
        co_await task_group([&](TaskGroup& group) -> Coro<> {
            for (int i = 1; i <= 2; ++i) {
                co_await group.create_task(set(i), {.context = &context});
                EXPECT_EQ(*context.get(variable), i);
            }
        });
    }());
}

TEST(TaskGroup, counts_a_child_that_ran_eagerly_as_done) {
    run([]() -> Coro<> {
        co_await task_group([](TaskGroup& group) -> Coro<> {
            EXPECT_TRUE(group.create_task(value_after(0, 1), {.eager_start = true}).done());
            EXPECT_EQ(group.size(), 0u);
            EXPECT_FALSE(group.create_task(value_after(1, 1), {.eager_start = true}).done());
            EXPECT_EQ(group.size(), 1u);
            co_return;
        });
    }());
}

TEST(TaskGroup, in_steady_state_takes_no_memory_from_the_system) {
    if (!HOCKET_POOL) GTEST_SKIP() << "sanitizers get every frame from the system";
    run([]() -> Coro<> {
        const auto round = []() -> Coro<> {
            co_await task_group([](TaskGroup& group) -> Coro<> {
                for (int i = 0; i < 1000; ++i) group.create_task(turns(1));
                co_return;
            });
        };
        co_await round();
        const std::size_t before = FramePool::system_allocations();
        co_await round();
        EXPECT_EQ(FramePool::system_allocations(), before);
    }());
}

// ---- Children that make children

// 55
TEST(TaskGroup, children_may_spawn_while_the_group_waits) {
    run([]() -> Coro<> {
        int born = 0;
        const std::function<Coro<>(TaskGroup&, int)> breed = [&](TaskGroup& g, int generations) -> Coro<> {
            ++born;
            co_await turns(1);
            if (generations == 0) co_return;
            g.create_task(breed(g, generations - 1));
            g.create_task(breed(g, generations - 1));
        };
        co_await task_group([&](TaskGroup& g) -> Coro<> {
            g.create_task(breed(g, 3));
            co_return;
        });
        EXPECT_EQ(born, 15);
    }());
}

// 55
TEST(TaskGroup, takes_no_task_once_it_aborts_and_closes_the_coroutine) {
    run([]() -> Coro<> {
        testing::Reports reports;
        Trace trace;
        const auto late = [&](TaskGroup& g) -> Coro<> {
            try {
                co_await forever();
            } catch (const CancelledError&) {
                trace.note(testing::thrown_by([&] { g.create_task(turns(1)); }));
                trace.note(testing::thrown_by([&] { g.create_task([](int n) { return turns(n); }, 1); }));
            }
        };
        const auto group = [&](TaskGroup& g) -> Coro<> {
            g.create_task(late(g));
            g.create_task(failure_after(1, "first"));
            co_return;
        };
        EXPECT_EQ(co_await ending_of(task_group(group)),
                  std::string(unhandled_one) + "    1: hocket::RuntimeError: first");
        const std::string refused = "hocket::RuntimeError: TaskGroup is shutting down: it takes no more tasks";
        EXPECT_EQ(trace.taken(), refused + " " + refused);
        EXPECT_EQ(reports.taken(), "");  // not even of a coroutine that was never awaited
    }());
}

TEST(TaskGroup, takes_no_task_between_its_last_childs_end_and_its_own) {
    run([]() -> Coro<> {
        testing::Reports reports;
        TaskGroup* escaped = nullptr;
        auto parent = create_task(task_group([&](TaskGroup& g) -> Coro<> {
            escaped = &g;
            g.create_task(turns(1));
            co_return;
        }));
        while (!escaped || escaped->size() > 0) co_await turns(1);
        EXPECT_FALSE(parent.done());
        EXPECT_EQ(testing::thrown_by([&] { escaped->create_task(turns(1)); }),
                  "hocket::RuntimeError: TaskGroup is finished: it takes no more tasks");
        co_await parent;
        EXPECT_EQ(reports.taken(), "");
    }());
}

TEST(TaskGroup, is_entered_once) {
    run([]() -> Coro<> {
        const std::string twice = "hocket::RuntimeError: cannot await a coroutine twice";
        std::string again;
        Coro<>* itself = nullptr;
        Coro<> block = task_group([&](TaskGroup&) -> Coro<> { again = co_await ending_of<Coro<>&>(*itself); });
        itself = &block;
        co_await std::move(block);
        EXPECT_THAT(again, StartsWith(twice));
        EXPECT_THAT(co_await ending_of<Coro<>&>(block), StartsWith(twice));
    }());
}

// ---- The loop's end, and what a person sees

TEST(TaskGroup, a_loop_may_close_under_it) {
    testing::Reports reports;
    auto loop = new_event_loop();
    auto parent = loop->create_task(task_group([](TaskGroup& g) -> Coro<> {
                                        g.create_task(forever());
                                        g.create_task(turns(1));
                                        co_return;
                                    }),
                                    {});
    for (int i = 0; i < 3; ++i)
        loop->run_once(0ms);  // one child waits, the other has ended and the group is about to be told
    loop->close();
    EXPECT_TRUE(parent.cancelled());
    EXPECT_EQ(reports.count(), 2u);  // the parent and the child that waits
}

TEST(TaskGroup, the_await_graph_shows_its_tasks) {
    run([]() -> Coro<> {
        auto parent = create_task(task_group([](TaskGroup& g) -> Coro<> {
            g.create_task(forever(), {.name = "one"});
            g.create_task(turns(1), {.name = "two"});
            g.create_task(forever(), {.name = "three"});
            co_return;
        }));
        co_await turns(2);
        EXPECT_EQ(capture_call_graph(*parent.state()).state, "waits for TaskGroup, 3 tasks left");
        co_await turns(2);
        const AwaitNode node = capture_call_graph(*parent.state());
        EXPECT_EQ(node.state, "waits for TaskGroup, 2 tasks left");
        std::string names;
        for (const AwaitNode& child : node.awaits) names += child.name + " created at " + child.created_at + "\n";
        EXPECT_THAT(names, MatchesRegex("one created at .*task_group_test.cc:[0-9]+.*\nthree created at .*\n"));
        parent.cancel();
        co_await ending_of(parent);
    }());
}

}  // namespace
}  // namespace hocket
