// SPDX-License-Identifier: MIT
// Stacks of clean-ups: order, exceptions that are swallowed and replaced, stacks that move.
#include <hocket/flow/async_exit_stack.h>

#include <hocket/core/sleep.h>
#include <hocket/io/runner.h>
#include <tests/support/trace.h>

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace hocket {
namespace {

using testing::Census;
using testing::ending_of;
using testing::forever;
using testing::Reports;
using testing::Trace;
using testing::turns;

/// A coroutine function: notes `what` after a turn.
Coro<> note(Trace& trace, std::string what) {
    co_await turns(1);
    trace.note(what);
}

struct Resource {
    Trace& trace;
    int number;
    Coro<int> aenter() {
        co_await note(trace, "enter-" + std::to_string(number));
        co_return number;
    }
    Coro<> aexit(std::exception_ptr error) {
        return note(trace, "exit-" + std::to_string(number) + (error ? "!" : ""));
    }
};

/// An exit that notes the exception that it sees, and throws `instead`.
auto replacing(Trace& trace, const char* instead) {
    return [&trace, instead](std::exception_ptr error) -> Coro<> {
        trace.note(error ? describe(error) : "none");
        throw ValueError(instead);
        co_return;
    };
}

/// An exit that notes the exception that it sees, and swallows it.
auto swallowing(Trace& trace) {
    return [&trace](std::exception_ptr error) -> Coro<bool> {
        trace.note(error ? describe(error) : "none");
        co_return true;
    };
}

TEST(AsyncExitStack, without_clean_ups_does_nothing) {
    run([]() -> Coro<> {
        EXPECT_EQ(co_await with(AsyncExitStack(), [](AsyncExitStack&) -> Coro<int> { co_return 1; }), 1);
    }());
}

TEST(AsyncExitStack, leaves_resources_in_reverse) {
    run([]() -> Coro<> {
        Trace trace;
        co_await with(AsyncExitStack(), [&](AsyncExitStack& stack) -> Coro<> {
            for (int i = 1; i < 3; ++i) EXPECT_EQ(co_await stack.enter_async_context(Resource{trace, i}), i);
            trace.note("block");
        });
        EXPECT_EQ(trace.taken(), "enter-1 enter-2 block exit-2 exit-1");
    }());
}

TEST(AsyncExitStack, uses_a_resource_that_has_a_name_where_it_is) {
    run([]() -> Coro<> {
        Trace trace;
        Resource resource{trace, 1};
        co_await with(AsyncExitStack(), [&](AsyncExitStack& stack) -> Coro<> {
            co_await stack.enter_async_context(resource);
            resource.number = 2;
        });
        EXPECT_EQ(trace.taken(), "enter-1 exit-2");
    }());
}

TEST(AsyncExitStack, passes_the_references_of_aenter_on) {
    struct Self {
        Coro<Self&> aenter() { co_return *this; }
        Coro<> aexit(std::exception_ptr) { co_return; }
    };
    run([]() -> Coro<> {
        co_await with(AsyncExitStack(), [](AsyncExitStack& stack) -> Coro<> {
            Self self;
            EXPECT_EQ(&co_await stack.enter_async_context(self), &self);
            co_await stack.pop_all().aclose();
        });
    }());
}

TEST(AsyncExitStack, what_could_not_be_entered_is_not_left) {
    struct Failing : Resource {
        Coro<int> aenter() {
            throw ValueError("enter");
            co_return 0;
        }
    };
    run([]() -> Coro<> {
        Trace trace;
        const auto block = [&](AsyncExitStack& stack) -> Coro<> {
            co_await stack.enter_async_context(Resource{trace, 1});
            co_await stack.enter_async_context(Failing{{trace, 2}});
        };
        EXPECT_EQ(co_await ending_of(with(AsyncExitStack(), block)), "hocket::ValueError: enter");
        EXPECT_EQ(trace.taken(), "enter-1 exit-1!");
    }());
}

TEST(AsyncExitStack, runs_callbacks_with_copies_of_their_arguments) {
    run([]() -> Coro<> {
        Trace trace;
        co_await with(AsyncExitStack(), [&](AsyncExitStack& stack) -> Coro<> {
            const std::string temporary = "first";
            stack.push_async_callback(note, std::ref(trace), temporary);
            stack.callback([&](std::string_view text, int n) { trace.note(std::string(text) + std::to_string(n)); },
                           "second", 2);
            stack.callback([owned = std::make_unique<int>(3), &trace] { trace.note(*owned); });
            co_return;
        });
        EXPECT_EQ(trace.taken(), "3 second2 first");
    }());
}

TEST(AsyncExitStack, an_exit_sees_the_exception_of_the_block) {
    run([]() -> Coro<> {
        Trace trace;
        const auto block = [&](AsyncExitStack& stack) -> Coro<> {
            stack.push_async_exit([&](std::exception_ptr error) -> Coro<> {
                trace.note(describe(error));
                co_return;
            });
            stack.push_async_exit(Resource{trace, 1});  // entered elsewhere
            throw ValueError("block");
            co_return;
        };
        EXPECT_EQ(co_await ending_of(with(AsyncExitStack(), block)), "hocket::ValueError: block");
        EXPECT_EQ(trace.taken(), "exit-1! hocket::ValueError: block");
    }());
}

TEST(AsyncExitStack, an_exit_that_swallows_hides_the_exception_from_those_below) {
    run([]() -> Coro<> {
        Trace trace;
        const std::optional<int> result = co_await with(AsyncExitStack(), [&](AsyncExitStack& stack) -> Coro<int> {
            stack.push_async_exit(Resource{trace, 1});
            stack.push_async_exit(swallowing(trace));
            throw ValueError("block");
            co_return 1;
        });
        EXPECT_EQ(result, std::nullopt);
        EXPECT_EQ(trace.taken(), "hocket::ValueError: block exit-1");
    }());
}

TEST(AsyncExitStack, an_exit_may_replace_the_exception) {
    run([]() -> Coro<> {
        Trace trace;
        const auto block = [&](AsyncExitStack& stack) -> Coro<> {
            stack.push_async_exit(replacing(trace, "c"));
            stack.push_async_exit(replacing(trace, "b"));
            stack.push_async_exit(swallowing(trace));
            stack.push_async_exit(replacing(trace, "a"));
            throw ValueError("block");
            co_return;
        };
        EXPECT_EQ(co_await ending_of(with(AsyncExitStack(), block)), "hocket::ValueError: c");
        EXPECT_EQ(trace.taken(), "hocket::ValueError: block hocket::ValueError: a none hocket::ValueError: b");
    }());
}

TEST(AsyncExitStack, an_exception_of_a_clean_up_that_another_swallows_is_gone) {
    run([]() -> Coro<> {
        Trace trace;
        const auto result = co_await with(AsyncExitStack(), [&](AsyncExitStack& stack) -> Coro<int> {
            stack.push_async_exit(swallowing(trace));
            stack.push_async_exit(replacing(trace, "a"));
            co_return 1;
        });
        EXPECT_EQ(result, 1);  // the block itself ended well
        EXPECT_EQ(trace.taken(), "none hocket::ValueError: a");
    }());
}

TEST(AsyncExitStack, all_clean_ups_run_though_the_first_throws) {
    run([]() -> Coro<> {
        Trace trace;
        const auto block = [&](AsyncExitStack& stack) -> Coro<> {
            stack.callback([&] { trace.note("last"); });
            stack.callback([] { throw ValueError("callback"); });
            stack.callback([&] { trace.note("first"); });
            co_return;
        };
        EXPECT_EQ(co_await ending_of(with(AsyncExitStack(), block)), "hocket::ValueError: callback");
        EXPECT_EQ(trace.taken(), "first last");
    }());
}

TEST(AsyncExitStack, runs_its_clean_ups_when_the_task_is_cancelled) {
    run([]() -> Coro<> {
        Trace trace;
        auto task = create_task(with(AsyncExitStack(), [&](AsyncExitStack& stack) -> Coro<> {
            co_await stack.enter_async_context(Resource{trace, 1});
            co_await forever();
        }));
        co_await turns(5);
        task.cancel();
        EXPECT_EQ(co_await ending_of(task), "hocket::CancelledError");
        EXPECT_EQ(trace.taken(), "enter-1 exit-1!");
    }());
}

TEST(AsyncExitStack, aclose_runs_the_clean_ups_at_once) {
    run([]() -> Coro<> {
        Trace trace;
        AsyncExitStack stack;
        co_await stack.enter_async_context(Resource{trace, 1});
        co_await stack.aclose();
        EXPECT_EQ(trace.taken(), "enter-1 exit-1");
        co_await stack.aclose();
        EXPECT_EQ(trace.taken(), "");
    }());
}

TEST(AsyncExitStack, pop_all_moves_the_clean_ups_to_a_new_stack) {
    run([]() -> Coro<> {
        Trace trace;
        AsyncExitStack kept;
        co_await with(AsyncExitStack(), [&](AsyncExitStack& stack) -> Coro<> {
            co_await stack.enter_async_context(Resource{trace, 1});
            co_await stack.enter_async_context(Resource{trace, 2});
            kept = stack.pop_all();
        });
        EXPECT_EQ(trace.taken(), "enter-1 enter-2");
        co_await kept.aclose();
        EXPECT_EQ(trace.taken(), "exit-2 exit-1");
    }());
}

TEST(AsyncExitStack, a_clean_up_may_add_another) {
    run([]() -> Coro<> {
        Trace trace;
        co_await with(AsyncExitStack(), [&](AsyncExitStack& stack) -> Coro<> {
            stack.callback([&] { stack.push_async_callback(note, std::ref(trace), "added"); });
            co_return;
        });
        EXPECT_EQ(trace.taken(), "added");
    }());
}

TEST(AsyncExitStack, releases_a_resource_before_it_leaves_the_next) {
    struct Counted {
        Census::Member member;
        Coro<> aenter() { co_return; }
        Coro<> aexit(std::exception_ptr) { co_return; }
    };
    run([]() -> Coro<> {
        Census census;
        int seen = -1;
        co_await with(AsyncExitStack(), [&](AsyncExitStack& stack) -> Coro<> {
            stack.callback([&] { seen = census.alive(); });
            co_await stack.enter_async_context(Counted{census.member()});
        });
        EXPECT_EQ(seen, 0);
    }());
}

TEST(AsyncExitStack, holds_a_hundred_thousand_clean_ups) {
    run([]() -> Coro<> {
        int count = 0;
        AsyncExitStack stack;
        for (int i = 0; i < 100'000; ++i) stack.callback([&] { ++count; });
        co_await stack.aclose();
        EXPECT_EQ(count, 100'000);
        const Reports reports;
        AsyncExitStack dropped;
        for (int i = 0; i < 100'000; ++i) dropped.callback([] {});
    }());
}

TEST(AsyncExitStack, destroyed_with_clean_ups_left_reports_them_and_does_not_run_them) {
    Reports reports;
    Trace trace;
    {
        AsyncExitStack stack;
        stack.callback([&] { trace.note("ran"); });
        const AsyncExitStack moved = std::move(stack);
    }
    EXPECT_EQ(trace.taken(), "");
    EXPECT_EQ(reports.taken(), "AsyncExitStack destroyed with 1 clean-up that never ran: co_await its aclose() before");
}

}  // namespace
}  // namespace hocket
