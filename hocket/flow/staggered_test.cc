// SPDX-License-Identifier: MIT
// Races: when each begins, who wins, what becomes of the others, and cancels from outside.
#include <hocket/flow/staggered.h>

#include <hocket/io/runner.h>

#include <tests/support/trace.h>

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <ranges>
#include <string>
#include <vector>

namespace hocket {
namespace {

using namespace std::chrono_literals;
using testing::Census;
using testing::ending_of;
using testing::forever;
using testing::Trace;
using testing::turns;
using testing::value_after;

using Starts = std::vector<std::function<Coro<std::string>()>>;

// What a race gave: `b (1): hocket::ValueError: x, -`.
template <class T>
std::string outcome(const RaceResult<T>& race) {
    std::string text = race.winner_result ? *race.winner_result : std::string("none");
    text += race.winner_index ? " (" + std::to_string(*race.winner_index) + "):" : ":";
    for (const std::exception_ptr& e : race.exceptions) text += " " + (e ? describe(e) : "-");
    return text;
}

std::function<Coro<std::string>()> winner(Duration delay, const std::string& value) {
    return [=]() -> Coro<std::string> { return value_after(delay, value); };
}

Coro<std::string> failing(Duration delay, std::string what) {
    co_await hocket::sleep(delay);
    throw ValueError(what);
}

std::function<Coro<std::string>()> loser(Duration delay, const std::string& what) {
    return [=]() -> Coro<std::string> { return failing(delay, what); };
}

TEST(StaggeredRace, of_nobody_has_no_winner) {
    run([]() -> Coro<> {
        EXPECT_EQ(outcome(co_await staggered_race(Starts(), std::nullopt)), "none:");
        EXPECT_EQ(outcome(co_await staggered_race(Starts(), 1s)), "none:");
    }());
}

TEST(StaggeredRace, the_first_to_succeed_wins_and_the_next_never_begins) {
    run([]() -> Coro<> {
        Starts starts{winner(0s, "a"), winner(0s, "b")};
        EXPECT_EQ(outcome(co_await staggered_race(std::move(starts), std::nullopt)), "a (0): -");
    }());
}

TEST(StaggeredRace, a_failure_starts_the_next_at_once) {
    run([]() -> Coro<> {
        const TimePoint before = get_running_loop().time();
        Starts starts{loser(0s, "x"), winner(0s, "b")};
        EXPECT_EQ(outcome(co_await staggered_race(std::move(starts), 1h)), "b (1): hocket::ValueError: x -");
        EXPECT_LT(get_running_loop().time() - before, 1h);
        Starts one_by_one{loser(0s, "x"), loser(1ms, "y"), winner(0s, "c")};
        EXPECT_EQ(outcome(co_await staggered_race(std::move(one_by_one), std::nullopt)),
                  "c (2): hocket::ValueError: x hocket::ValueError: y -");
    }());
}

TEST(StaggeredRace, the_delay_starts_the_next_and_the_loser_is_cancelled) {
    run([]() -> Coro<> {
        Starts starts{winner(1h, "a"), winner(0s, "b")};
        EXPECT_EQ(outcome(co_await staggered_race(std::move(starts), 1ms)), "b (1): hocket::CancelledError -");
    }());
}

TEST(VirtualStaggeredRace, the_first_may_win_though_others_have_begun) {
    run([]() -> Coro<> {
        Starts starts{winner(5ms, "a"), winner(1h, "b"), winner(1h, "c")};
        EXPECT_EQ(outcome(co_await staggered_race(std::move(starts), 1ms)),
                  "a (0): - hocket::CancelledError hocket::CancelledError");
    }());
}

TEST(StaggeredRace, that_all_lose_has_no_winner) {
    run([]() -> Coro<> {
        Starts starts{loser(0s, "x"), loser(0s, "y")};
        EXPECT_EQ(outcome(co_await staggered_race(std::move(starts), std::nullopt)),
                  "none: hocket::ValueError: x hocket::ValueError: y");
        Starts slow{loser(3ms, "x"), loser(1ms, "y")};
        EXPECT_EQ(outcome(co_await staggered_race(std::move(slow), 1ms)),
                  "none: hocket::ValueError: x hocket::ValueError: y");
    }());
}

TEST(VirtualStaggeredRace, each_begins_when_the_one_before_has_failed_or_the_delay_has_passed) {
    Trace trace;
    run([&]() -> Coro<> {
        EventLoop& loop = get_running_loop();
        const TimePoint begin = loop.time();
        const auto noting = [&](Duration lasts) {
            return [&trace, &loop, begin, lasts]() -> Coro<std::string> {
                trace.note((loop.time() - begin) / 1ms);
                return failing(lasts, "x");
            };
        };
        // The second fails after the third has begun, so that this is no reason for the fourth to begin.
        Starts starts{noting(30ms), noting(150ms), noting(1h), noting(0s), noting(0s)};
        EXPECT_EQ((co_await staggered_race(std::move(starts), 100ms)).exceptions.size(), 5U);
    }());
    EXPECT_EQ(trace.taken(), "0 30 130 230 230");
}

TEST(StaggeredRace, ends_when_every_loser_has_cleaned_up) {
    Trace trace;
    run([&]() -> Coro<> {
        const auto slow_to_leave = [&]() -> Coro<std::string> {
            static_cast<void>(co_await ending_of(forever()));
            co_await hocket::sleep(1ms);
            trace.note("cleaned");
            throw CancelledError("late");
        };
        Starts starts{slow_to_leave, winner(0s, "b")};
        const auto race = co_await staggered_race(std::move(starts), 1ms);
        trace.note("over");
        EXPECT_EQ(outcome(race), "b (1): hocket::CancelledError: late -");
    }());
    EXPECT_EQ(trace.taken(), "cleaned over");
}

TEST(StaggeredRace, a_success_after_the_winners_counts_for_nothing) {
    Census census;
    run([&]() -> Coro<> {
        std::vector<std::function<Coro<std::shared_ptr<Census::Member>>()>> starts;
        starts.push_back([&]() -> Coro<std::shared_ptr<Census::Member>> {
            static_cast<void>(co_await ending_of(forever()));
            co_return std::make_shared<Census::Member>(census.member());
        });
        starts.push_back([&]() -> Coro<std::shared_ptr<Census::Member>> {
            co_return std::make_shared<Census::Member>(census.member());
        });
        const auto race = co_await staggered_race(std::move(starts), 1ms);
        EXPECT_EQ(*race.winner_index, 1U);
        EXPECT_EQ(race.winner_result->use_count(), 1);
        EXPECT_EQ(race.exceptions.size(), 2U);
        EXPECT_EQ(describe(race.exceptions[0]), "hocket::CancelledError");
        EXPECT_EQ(census.alive(), 1);
    }());
}

// A view of `count` functions, of which the last succeeds. The task of the one at `lost` is cancelled before its first step.
auto losing_before_it_begins(int lost, int count) {
    return std::views::iota(0, count) | std::views::transform([=](int i) {
               if (i == lost) get_running_loop().call_soon([] { all_tasks().back().cancel("swept"); });
               return i == count - 1 ? winner(0s, "last") : loser(0s, "x");
           });
}

TEST(StaggeredRace, one_that_is_cancelled_before_it_begins_has_lost) {
    run([]() -> Coro<> {
        const TimePoint before = get_running_loop().time();
        for (const std::optional<Duration> delay : {std::optional<Duration>(), std::optional<Duration>(1h)}) {
            EXPECT_EQ(outcome(co_await staggered_race(losing_before_it_begins(0, 3), delay)),
                      "last (2): hocket::CancelledError hocket::ValueError: x -");
            EXPECT_EQ(outcome(co_await staggered_race(losing_before_it_begins(1, 3), delay)),
                      "last (2): hocket::ValueError: x hocket::CancelledError -");
            EXPECT_EQ(outcome(co_await staggered_race(losing_before_it_begins(2, 3), delay)),
                      "none: hocket::ValueError: x hocket::ValueError: x hocket::CancelledError");
        }
        EXPECT_LT(get_running_loop().time() - before, 1h);
    }());
}

TEST(VirtualStaggeredRace, one_that_another_wins_over_before_it_begins_has_lost) {
    run([]() -> Coro<> {
        bool second_begun = false;
        const Future<> go;
        const std::function<Coro<std::string>()> first = [&]() -> Coro<std::string> {
            co_await go;
            co_return "a";
        };
        const std::function<Coro<std::string>()> second = [&]() -> Coro<std::string> {
            second_begun = true;
            co_return "b";
        };
        auto starts = std::views::iota(0, 2) | std::views::transform([&](int i) {
                          if (i == 1) go.set_result();  // the first is woken ahead of the second's first step
                          return i == 0 ? first : second;
                      });
        EXPECT_EQ(outcome(co_await staggered_race(starts, 1ms)), "a (0): - hocket::CancelledError");
        EXPECT_FALSE(second_begun);
    }());
}

TEST(StaggeredRace, cancelled_it_cancels_all_and_waits_for_them) {
    Trace trace;
    run([&]() -> Coro<> {
        const auto slow_to_leave = [&]() -> Coro<std::string> {
            static_cast<void>(co_await ending_of(forever()));
            co_await turns(2);
            trace.note("cleaned");
            throw CancelledError();
        };
        Starts starts{slow_to_leave, slow_to_leave};
        const Future<> second_begins;
        starts[1] = [&]() -> Coro<std::string> {
            second_begins.set_result();
            return slow_to_leave();
        };
        const auto task = create_task(staggered_race(std::move(starts), 1ms));
        co_await second_begins;
        co_await turns(1);  // it waits
        task.cancel("enough");
        trace.note(co_await ending_of(task));
    }());
    EXPECT_EQ(trace.taken(), "cleaned cleaned hocket::CancelledError: enough");
}

TEST(StaggeredRace, a_function_that_throws_before_there_is_a_coroutine_has_failed) {
    run([]() -> Coro<> {
        const auto throws = []() -> Coro<std::string> { throw ValueError("no coroutine"); };
        Starts starts{throws, winner(0s, "b")};
        EXPECT_EQ(outcome(co_await staggered_race(std::move(starts), std::nullopt)),
                  "b (1): hocket::ValueError: no coroutine -");
    }());
}

TEST(StaggeredRace, what_ends_the_program_ends_the_run) {
    const testing::Reports reports;  // the race throws it once more at the run's end
    EXPECT_EQ(testing::thrown_by([] {
                  run([]() -> Coro<> {
                      const auto exits = []() -> Coro<std::string> {
                          throw SystemExit{3};
                          co_return "";
                      };
                      Starts starts{exits, winner(0s, "b")};
                      static_cast<void>(co_await staggered_race(std::move(starts), 1ms));
                  }());
              }),
              "hocket::SystemExit: 3");
}

TEST(StaggeredRace, takes_a_view_that_makes_the_functions) {
    run([]() -> Coro<> {
        const std::vector<int> numbers = {1, 2, 3};
        auto starts = numbers | std::views::transform([](int n) {
                          return [n, text = std::to_string(n)]() -> Coro<std::string> {
                              co_await turns(1);
                              if (n < 3) throw ValueError(text);
                              co_return text;
                          };
                      });
        EXPECT_EQ(outcome(co_await staggered_race(starts, std::nullopt)),
                  "3 (2): hocket::ValueError: 1 hocket::ValueError: 2 -");
    }());
}

TEST(StaggeredRace, gives_results_of_every_kind) {
    run([]() -> Coro<> {
        static int number = 5;
        std::vector<Function<Coro<std::unique_ptr<int>>()>> owners;
        owners.push_back([] { return value_after(1, std::make_unique<int>(4)); });
        const auto owned = co_await staggered_race(std::move(owners), std::nullopt);
        EXPECT_EQ(**owned.winner_result, 4);
        std::vector<Function<Coro<int&>()>> referring;
        referring.push_back([]() -> Coro<int&> { co_return number; });
        const auto referred = co_await staggered_race(std::move(referring), std::nullopt);
        EXPECT_EQ(*referred.winner_result, &number);
        std::vector<Function<Coro<>()>> without;
        without.push_back([] { return turns(1); });
        const auto nothing = co_await staggered_race(std::move(without), std::nullopt);
        EXPECT_TRUE(nothing.winner_result);
        EXPECT_EQ(*nothing.winner_index, 0U);
    }());
}

TEST(StaggeredRace, works_where_all_tasks_are_eager) {
    run([]() -> Coro<> {
        get_running_loop().eager_tasks = true;
        Starts starts{loser(0s, "x"), winner(1h, "b"), winner(0s, "c")};
        EXPECT_EQ(outcome(co_await staggered_race(std::move(starts), 1ms)),
                  "c (2): hocket::ValueError: x hocket::CancelledError -");
        Starts at_once{winner(0s, "a"), winner(0s, "b")};
        EXPECT_EQ(outcome(co_await staggered_race(std::move(at_once), 1h)), "a (0): -");
    }());
}

}  // namespace
}  // namespace hocket
