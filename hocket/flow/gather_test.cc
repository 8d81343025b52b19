// SPDX-License-Identifier: MIT
// gather: its arguments and its results.
#include <hocket/flow/gather.h>

#include <hocket/base/symbols.h>
#include <hocket/core/sleep.h>
#include <hocket/flow/traces_test.h>
#include <hocket/io/runner.h>

#include <tests/support/trace.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <numeric>
#include <ranges>
#include <span>
#include <string>
#include <tuple>
#include <vector>

namespace hocket {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using testing::ending_of;
using ::testing::HasSubstr;
using testing::noted;
using testing::ticks;
using testing::Trace;
using testing::turns;
using testing::value_after;

// ---- Results

TEST(Gather, gives_results_in_the_order_of_the_arguments) {
    run([]() -> Coro<> {
        auto [a, b, c] = co_await gather(value_after(2, 1), value_after(0, std::string("two")), value_after(1, 3.0));
        EXPECT_EQ(a, 1);
        EXPECT_EQ(b, "two");
        EXPECT_EQ(c, 3.0);
    }());
}

TEST(Gather, void_is_a_monostate_and_a_reference_a_pointer) {
    run([]() -> Coro<> {
        int target = 0;
        const auto reference = [&]() -> Coro<int&> { co_return target; };
        const std::tuple<std::monostate, int*> results = co_await gather(turns(1), reference());
        EXPECT_EQ(std::get<1>(results), &target);
        std::vector<Coro<int&>> more;
        more.push_back(reference());
        EXPECT_THAT(co_await gather(std::move(more)), ElementsAre(&target));
    }());
}

TEST(Gather, takes_every_kind_of_awaitable) {
    run([]() -> Coro<> {
        const Future<int> future;
        future.set_result(2);
        const auto task = create_task(value_after(1, 3));
        auto [a, b, c, d, e, f] =
            co_await gather(value_after(1, 1), future, task, AnyTask(task), hocket::sleep(1ms), hocket::sleep(0));
        EXPECT_EQ(a + b + c, 6);
        static_assert(std::same_as<decltype(d), std::monostate>);
        static_cast<void>(std::tie(d, e, f));
    }());
}

TEST(Gather, each_member_keeps_the_context_variables_that_it_set) {
    static ContextVar<int> precision("precision", 28);
    const auto digits = [](Duration wait, int n) -> Coro<std::string> {
        precision.set(n);
        std::string third(static_cast<std::size_t>(precision.get()), '3');
        co_await hocket::sleep(wait);
        std::string ninth(static_cast<std::size_t>(precision.get()), '1');
        co_return third + " " + ninth;
    };
    run([&]() -> Coro<> {
        auto [a, b] = co_await gather(digits(1ms, 3), digits(2ms, 6));
        EXPECT_EQ(a, "333 111");
        EXPECT_EQ(b, "333333 111111");
        EXPECT_EQ(precision.get(), 28);
    }());
}

TEST(Gather, of_nothing_is_done) {
    Trace trace;
    run([&]() -> Coro<> {
        auto other = create_task(ticks(trace, 1));
        const std::tuple<> none = co_await gather();
        static_cast<void>(none);
        EXPECT_TRUE((co_await gather(std::vector<Coro<int>>())).empty());
        EXPECT_TRUE((co_await gather(settle, std::vector<Coro<>>())).empty());
        trace.note("at once");
        co_await other;
    }());
    EXPECT_EQ(trace.taken(), "at once t0");
}

TEST(Gather, of_a_container_gives_a_vector) {
    run([]() -> Coro<> {
        std::vector<Coro<int>> coros;
        for (int i = 0; i < 5; ++i) coros.push_back(value_after(5 - i, i));
        EXPECT_THAT(co_await gather(std::move(coros)), ElementsAre(0, 1, 2, 3, 4));
    }());
}

TEST(Gather, of_a_view_makes_its_coroutines) {
    run([]() -> Coro<> {
        const auto squares =
            std::views::iota(1, 4) | std::views::transform([](int i) { return value_after(1, i * i); });
        EXPECT_THAT(co_await gather(squares), ElementsAre(1, 4, 9));
        auto odd = std::views::iota(1, 6) | std::views::filter([](int i) { return i % 2 == 1; }) |
                   std::views::transform([](int i) { return value_after(1, i); });
        EXPECT_THAT(co_await gather(std::move(odd)), ElementsAre(1, 3, 5));  // its size is not known
    }());
}

TEST(Gather, leaves_the_tasks_of_a_container_that_is_kept) {
    run([]() -> Coro<> {
        std::vector<Task<std::string>> tasks;
        for (int i = 0; i < 3; ++i) tasks.push_back(create_task(value_after(1, std::string(40, 'x'))));
        EXPECT_EQ((co_await gather(tasks)).size(), 3u);
        EXPECT_EQ((co_await gather(std::span(tasks))).size(), 3u);
        EXPECT_EQ(tasks[0].result(), std::string(40, 'x'));
    }());
}

TEST(Gather, of_a_container_without_results_gives_nothing) {
    run([]() -> Coro<> {
        std::vector<Coro<>> coros;
        for (int i = 0; i < 3; ++i) coros.push_back(turns(i));
        static_assert(std::is_void_v<decltype(gather(std::move(coros)).result())>);
        co_await gather(std::move(coros));
    }());
}

TEST(Gather, moves_results_out_unless_somebody_else_holds_them) {
    struct Counted {
        int* copies;
        explicit Counted(int* c) : copies(c) {}
        Counted(Counted&&) = default;
        Counted(const Counted& other) : copies(other.copies) { ++*copies; }
    };
    run([]() -> Coro<> {
        int copies = 0;
        const auto make = [&]() -> Coro<Counted> { co_return Counted(&copies); };
        co_await gather(make(), create_task(make()));
        EXPECT_EQ(copies, 0);
        const auto kept = create_task(make());
        co_await gather(make(), kept);
        EXPECT_EQ(copies, 1);
        EXPECT_EQ(kept.result().copies, &copies);

        auto [p] = co_await gather(value_after(1, std::make_unique<int>(7)));
        EXPECT_EQ(*p, 7);
    }());
}

// 44
TEST(Gather, of_many_results_that_can_only_be_moved_gives_them) {
    const auto pointers = [](int first) -> Coro<std::vector<std::unique_ptr<int>>> {
        std::vector<std::unique_ptr<int>> both;
        for (int i = 0; i < 2; ++i) both.push_back(std::make_unique<int>(first + i));
        co_return std::move(both);
    };
    run([&]() -> Coro<> {
        std::vector<Coro<std::unique_ptr<int>>> coros;
        for (int i = 0; i < 3; ++i) coros.push_back(value_after(1, std::make_unique<int>(i)));
        const std::vector<std::unique_ptr<int>> results = co_await gather(std::move(coros));
        EXPECT_EQ(*results.at(0) + *results.at(1) + *results.at(2), 3);
        auto [one, two] = co_await gather(value_after(1, std::make_unique<int>(5)), pointers(6));
        EXPECT_EQ(*one * 100 + *two.at(0) * 10 + *two.at(1), 567);
        std::vector<Coro<std::vector<std::unique_ptr<int>>>> more;
        more.push_back(pointers(8));
        const auto settled = co_await gather(settle, std::move(more));
        EXPECT_EQ(*settled.at(0)->at(1), 9);
    }());
}

TEST(Gather, a_duplicate_runs_once_and_its_result_is_repeated) {
    Trace trace;
    run([&]() -> Coro<> {
        const auto task = create_task(noted(trace, 1, 5));
        auto [a, b, c, d] = co_await gather(task, noted(trace, 0, 1), task, task);
        EXPECT_EQ(a + b + c + d, 16);
        EXPECT_THAT(co_await gather(std::vector{task, task}), ElementsAre(5, 5));
    }());
    EXPECT_EQ(trace.taken(), "v1 v5");
}

TEST(Gather, a_duplicate_whose_result_can_only_be_moved_is_refused) {
    run([]() -> Coro<> {
        const auto task = create_task(value_after(1, std::make_unique<int>(1)));
        EXPECT_THROW(static_cast<void>(gather(task, task)), ValueError);
        EXPECT_EQ(**std::get<0>(co_await gather(settle, task)), 1);
    }());
}

TEST(Gather, a_result_whose_copy_throws_is_the_failure) {
    struct Touchy {
        Touchy() = default;
        Touchy(Touchy&&) = default;
        Touchy(const Touchy&) { throw RuntimeError("no copies"); }
    };
    run([]() -> Coro<> {
        const auto kept = create_task([]() -> Coro<Touchy> { co_return Touchy(); });
        EXPECT_EQ(co_await ending_of(gather(kept)), "hocket::RuntimeError: no copies");
    }());
}

// ---- Creation

TEST(Gather, creates_its_tasks_when_it_is_called) {
    Trace trace;
    run([&]() -> Coro<> {
        auto both = gather(noted(trace, 0, 1), noted(trace, 0, 2));
        for (int i = 0; i < 3; ++i) {
            co_await hocket::sleep(0);
            trace.note("between");
        }
        EXPECT_TRUE(both.done());
        co_await std::move(both);
    }());
    EXPECT_EQ(trace.taken(), "v1 v2 between between between");
}

TEST(Gather, dropped_it_cancels_nothing) {
    Trace trace;
    run([&]() -> Coro<> {
        static_cast<void>(gather(noted(trace, 1, 1), noted(trace, 2, 2)));
        co_await turns(5);
    }());
    EXPECT_EQ(trace.taken(), "v1 v2");
}

TEST(Gather, its_tasks_come_from_where_it_was_called) {
    run([]() -> Coro<> {
        auto future = gather(turns(1), turns(2));
        const auto* newest = get_running_loop().tasks;
        EXPECT_EQ(code_location(newest->created_at), code_location(newest->older->created_at));
        if (const std::string where = code_location(newest->created_at); where.find(".cc") != std::string::npos) {
            EXPECT_THAT(where, HasSubstr("gather_test.cc"));
        }
        co_await std::move(future);
    }());
}

TEST(Gather, without_a_loop_it_needs_futures) {
    const auto loop = new_event_loop();
    const Future<int> a(*loop), b(*loop);
    a.set_result(1);
    b.set_result(2);
    EXPECT_EQ(gather(a, b).result(), std::tuple(1, 2));
    testing::Reports reports;
    EXPECT_THROW(static_cast<void>(gather(turns(1))), RuntimeError);
}

TEST(Gather, refuses_futures_of_different_loops) {
    const auto other = new_event_loop();
    const Future<int> theirs(*other);
    run([&]() -> Coro<> {
        const Future<int> ours;
        EXPECT_THROW(static_cast<void>(gather(ours, theirs)), ValueError);
        EXPECT_THROW(static_cast<void>(gather(turns(0), theirs)), ValueError);
        EXPECT_THROW(static_cast<void>(gather(Task<>())), RuntimeError);
        co_return;
    }());
}

TEST(Gather, takes_no_memory_from_the_system_in_steady_state) {
    run([]() -> Coro<> {
        std::size_t before = 0;
        for (int i = 0; i < 50; ++i) {
            co_await gather(turns(1), value_after(2, i));
            if (i == 10) before = FramePool::system_allocations();
        }
#if HOCKET_POOL
        EXPECT_EQ(FramePool::system_allocations(), before);
#endif
        static_cast<void>(before);
    }());
}

}  // namespace
}  // namespace hocket
