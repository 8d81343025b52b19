// SPDX-License-Identifier: MIT
// Resources around a block: order, results, and which exception wins.
#include <hocket/flow/with.h>

#include <hocket/core/sleep.h>
#include <hocket/flow/async_generator.h>
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
using testing::Trace;
using testing::turns;

/// Notes what happens to it; gives its name.
struct Resource {
    Trace& trace;
    std::string name = "r";
    Coro<std::string> aenter() {
        co_await turns(1);
        trace.note("enter-" + name);
        co_return name;
    }
    Coro<> aexit(std::exception_ptr error) {
        co_await turns(1);
        trace.note("exit-" + name + (error ? "-with-an-error" : ""));
    }
};

/// Swallows what leaves the block.
struct Swallowing {
    Coro<int> aenter() { co_return 1; }
    Coro<bool> aexit(std::exception_ptr) { co_return true; }
};

/// Its block takes nothing.
struct Silent {
    Trace& trace;
    Coro<> aenter() {
        trace.note("enter");
        co_return;
    }
    Coro<> aexit(std::exception_ptr) {
        trace.note("exit");
        co_return;
    }
};

TEST(With, enters_runs_the_block_and_leaves) {
    run([]() -> Coro<> {
        Trace trace;
        const int result = co_await with(Resource{trace}, [&](std::string& name) -> Coro<int> {
            co_await turns(1);
            trace.note("block-" + name);
            co_return 7;
        });
        EXPECT_EQ(result, 7);
        EXPECT_EQ(trace.taken(), "enter-r block-r exit-r");
    }());
}

TEST(With, leaves_when_the_block_throws) {
    run([]() -> Coro<> {
        Trace trace;
        const auto block = [](auto&) -> Coro<> {
            co_await turns(1);
            throw ValueError("block");
        };
        EXPECT_EQ(co_await ending_of(with(Resource{trace}, block)), "hocket::ValueError: block");
        EXPECT_EQ(trace.taken(), "enter-r exit-r-with-an-error");
    }());
}

TEST(With, leaves_when_the_task_is_cancelled_and_the_exit_may_await) {
    run([]() -> Coro<> {
        Trace trace;
        auto task = create_task(with(Resource{trace}, [](auto&) { return forever(); }));
        co_await turns(3);
        task.cancel("enough");
        EXPECT_EQ(co_await ending_of(task), "hocket::CancelledError: enough");
        EXPECT_EQ(trace.taken(), "enter-r exit-r-with-an-error");
    }());
}

TEST(With, an_exception_of_the_exit_wins) {
    struct Failing : Swallowing {
        Coro<> aexit(std::exception_ptr) {
            throw ValueError("exit");
            co_return;
        }
    };
    run([]() -> Coro<> {
        const auto block = [](int) -> Coro<> {
            throw ValueError("block");
            co_return;
        };
        EXPECT_EQ(co_await ending_of(with(Failing(), block)), "hocket::ValueError: exit");
        EXPECT_EQ(co_await ending_of(with(Failing(), [](int) -> Coro<int> { co_return 1; })),
                  "hocket::ValueError: exit");
    }());
}

TEST(With, what_could_not_be_entered_is_not_left) {
    struct Failing : Resource {
        Coro<std::string> aenter() {
            throw ValueError("enter");
            co_return "";
        }
    };
    run([]() -> Coro<> {
        Trace trace;
        EXPECT_EQ(co_await ending_of(with(Failing{{trace}}, [](auto&) -> Coro<> { co_return; })),
                  "hocket::ValueError: enter");
        EXPECT_EQ(trace.taken(), "");
    }());
}

TEST(With, an_exit_that_may_swallow_makes_the_result_optional) {
    run([]() -> Coro<> {
        const std::optional<int> kept = co_await with(Swallowing(), [](int x) -> Coro<int> { co_return x; });
        EXPECT_EQ(kept, 1);
        const std::optional<int> swallowed = co_await with(Swallowing(), [](int) -> Coro<int> {
            throw ValueError("block");
            co_return 1;
        });
        EXPECT_EQ(swallowed, std::nullopt);
    }());
}

TEST(With, a_swallowed_exception_of_a_block_without_a_result_leaves_nothing) {
    run([]() -> Coro<> {
        auto task = create_task(with(Swallowing(), [](int) { return forever(); }));
        co_await turns(2);
        task.cancel();
        co_await task;
        EXPECT_FALSE(task.cancelled());  // the exit swallowed even that
    }());
}

TEST(With, an_exit_that_could_swallow_and_does_not_lets_the_exception_pass) {
    struct Selective : Swallowing {
        Coro<bool> aexit(std::exception_ptr error) { co_return error&& describe(error) == "hocket::ValueError: mine"; }
    };
    run([]() -> Coro<> {
        const auto block = [](const char* what) -> Coro<int> {
            throw ValueError(what);
            co_return 1;
        };
        EXPECT_EQ(co_await with(Selective(), [&](int) { return block("mine"); }), std::nullopt);
        EXPECT_EQ(co_await ending_of(with(Selective(), [&](int) { return block("another"); })),
                  "hocket::ValueError: another");
    }());
}

TEST(With, gives_the_block_a_reference_where_aenter_does) {
    struct Connection {
        int queries = 0;
        Coro<Connection&> aenter() { co_return *this; }
        Coro<> aexit(std::exception_ptr) { co_return; }
    };
    run([]() -> Coro<> {
        Connection connection;
        co_await with(connection, [&](Connection& c) -> Coro<> {
            EXPECT_EQ(&c, &connection);
            ++c.queries;
            co_return;
        });
        EXPECT_EQ(connection.queries, 1);
    }());
}

TEST(With, the_block_may_take_nothing) {
    run([]() -> Coro<> {
        Trace trace;
        const auto block = [&]() -> Coro<> {
            trace.note("block");
            co_return;
        };
        co_await with(Silent{trace}, block);
        co_await with(Resource{trace}, block);
        EXPECT_EQ(trace.taken(), "enter block exit enter-r block exit-r");
    }());
}

TEST(With, a_temporary_lives_in_the_frame_until_it_is_left) {
    struct Counted : Swallowing {
        Census::Member member;
        Coro<> aexit(std::exception_ptr) { return turns(1); }
    };
    run([]() -> Coro<> {
        Census census;
        auto task = create_task(with(Counted{{}, census.member()}, [&](int) -> Coro<> {
            EXPECT_EQ(census.alive(), 1);
            co_return;
        }));
        EXPECT_EQ(census.alive(), 1);
        co_await task;
        EXPECT_EQ(census.alive(), 0);
    }());
}

/// Notes that it is closed.
struct Closable {
    Trace& trace;
    Coro<> aclose() {
        co_await turns(1);
        trace.note("closed");
    }
};

TEST(Aclosing, closes_at_the_end_of_the_block) {
    run([]() -> Coro<> {
        Trace trace;
        Closable named{trace};
        co_await with(aclosing(named), [&](Closable& inside) -> Coro<> {
            EXPECT_EQ(&inside, &named);
            trace.note("block");
            co_return;
        });
        EXPECT_EQ(trace.taken(), "block closed");
        co_await with(aclosing(Closable{trace}), []() -> Coro<> { co_return; });
        EXPECT_EQ(trace.taken(), "closed");
    }());
}

TEST(Aclosing, closes_when_the_block_throws) {
    run([]() -> Coro<> {
        Trace trace;
        const auto block = [](Closable&) -> Coro<> {
            throw ValueError("block");
            co_return;
        };
        EXPECT_EQ(co_await ending_of(with(aclosing(Closable{trace}), block)), "hocket::ValueError: block");
        EXPECT_EQ(trace.taken(), "closed");
    }());
}

TEST(Aclosing, a_generator_leaves_its_resources_when_the_block_throws) {
    run([]() -> Coro<> {
        Trace trace;
        Census census;
        const auto values = [&]() -> AsyncGenerator<int> {
            const auto member = census.member();
            co_yield -1;
            co_yield -2;
        };
        auto generator = values();
        const auto block = [&](AsyncGenerator<int>& inside) -> Coro<> {
            EXPECT_EQ(co_await inside.next(), -1);
            EXPECT_EQ(census.alive(), 1);
            throw ValueError("block");
        };
        EXPECT_EQ(co_await ending_of(with(aclosing(generator), block)), "hocket::ValueError: block");
        EXPECT_EQ(census.alive(), 0);
    }());
}

TEST(OnceWith, takes_whatever_has_aenter_and_aexit) {
    struct Enters {
        Coro<> aenter();
    };
    struct Leaves {
        Coro<> aexit(std::exception_ptr);
    };
    struct Both : Enters, Leaves {};
    struct NotCallable : Leaves {
        int aenter;
    };
    static_assert(AsyncContextManager<Both> && AsyncContextManager<Silent>);
    static_assert(!AsyncContextManager<Enters> && !AsyncContextManager<Leaves> && !AsyncContextManager<NotCallable>);
}

TEST(With, moves_results_that_cannot_be_copied) {
    run([]() -> Coro<> {
        Trace trace;
        auto result = co_await with(Resource{trace},
                                    [](auto&) -> Coro<std::unique_ptr<int>> { co_return std::make_unique<int>(3); });
        EXPECT_EQ(*result, 3);
    }());
}

TEST(With, keeps_the_captures_of_the_block) {
    run([]() -> Coro<> {
        Trace trace;
        auto task = create_task(with(Resource{trace}, [text = std::string(100, 'x')](auto&) -> Coro<std::size_t> {
            co_await turns(2);
            co_return text.size();
        }));
        EXPECT_EQ(co_await task, 100u);
    }());
}

TEST(With, enters_two_resources_in_order_and_leaves_them_in_reverse) {
    run([]() -> Coro<> {
        Trace trace;
        Resource second{trace, "b"};
        const auto both = co_await with(Resource{trace, "a"}, second,
                                        [](std::string& a, std::string& b) -> Coro<std::string> { co_return a + b; });
        EXPECT_EQ(both, "ab");
        EXPECT_EQ(trace.taken(), "enter-a enter-b exit-b exit-a");
        co_await with(Silent{trace}, Resource{trace, "b"}, [](std::string& b) -> Coro<> {
            EXPECT_EQ(b, "b");
            co_return;
        });
    }());
}

TEST(With, a_second_resource_that_cannot_be_entered_leaves_the_first) {
    struct Failing : Silent {
        Coro<> aenter() {
            throw ValueError("second");
            co_return;
        }
    };
    run([]() -> Coro<> {
        Trace trace;
        const auto block = [](std::string&) -> Coro<> { co_return; };
        EXPECT_EQ(co_await ending_of(with(Resource{trace}, Failing{{trace}}, block)), "hocket::ValueError: second");
        EXPECT_EQ(trace.taken(), "enter-r exit-r-with-an-error");
    }());
}

TEST(With, is_of_constant_stack_when_nested_a_hundred_thousand_deep) {
    struct Nothing {
        Coro<> aenter() { co_return; }
        Coro<> aexit(std::exception_ptr) { co_return; }
    };
    run([]() -> Coro<> {
        const std::function<Coro<int>(int)> nested = [&](int depth) -> Coro<int> {
            if (depth == 0) co_return 0;
            co_return 1 + co_await with(Nothing(), [&]() { return nested(depth - 1); });
        };
        EXPECT_EQ(co_await nested(100'000), 100'000);
    }());
}

}  // namespace
}  // namespace hocket
