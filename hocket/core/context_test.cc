// SPDX-License-Identifier: MIT
// Context variables: setting, resetting, copies at registration, contexts that a program holds.
#include <hocket/core/context.h>

#include <hocket/io/runner.h>

#include <tests/support/trace.h>

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <variant>

namespace hocket {
namespace {

using namespace std::chrono_literals;

using testing::Census;
using testing::thrown_by;
using testing::Trace;

ContextVar<std::string> user("user");
ContextVar<int> depth("depth", 0);
ContextVar<int> other("other", -1);

TEST(ContextVar, has_its_initial_value_or_none) {
    EXPECT_EQ(depth.get(), 0);
    EXPECT_EQ(thrown_by([] { static_cast<void>(user.get()); }),
              "hocket::RuntimeError: context variable user has no value here");
    EXPECT_STREQ(user.name(), "user");
}

TEST(ContextVar, what_a_task_sets_is_its_own) {
    run([]() -> Coro<> {
        depth.set(1);
        const auto child = create_task([]() -> Coro<int> {
            const int seen = depth.get();
            depth.set(2);
            co_await testing::turns(1);
            co_return seen * 10 + depth.get();
        });
        depth.set(3);  // after the copy was taken
        EXPECT_EQ(co_await child, 12);
        EXPECT_EQ(depth.get(), 3);
    }());
    EXPECT_EQ(depth.get(), 0);
}

TEST(ContextVar, what_a_coroutine_sets_its_awaiter_sees) {
    run([]() -> Coro<> {
        co_await []() -> Coro<> {
            depth.set(4);
            co_return;
        }();
        EXPECT_EQ(depth.get(), 4);
    }());
}

TEST(ContextVar, reset_restores_what_the_set_found) {
    run([]() -> Coro<> {
        auto first = user.set("ann");
        auto second = user.set("bob");
        EXPECT_EQ(user.get(), "bob");
        user.reset(second);
        EXPECT_EQ(user.get(), "ann");
        user.reset(first);
        EXPECT_NE(thrown_by([] { static_cast<void>(user.get()); }), "nothing");
        co_return;
    }());
}

TEST(ContextVar, a_token_is_good_once_and_for_its_variable) {
    run([]() -> Coro<> {
        auto token = depth.set(1);
        EXPECT_EQ(thrown_by([&] { other.reset(token); }),
                  "hocket::ValueError: the token is not one of context variable other");
        depth.reset(token);
        EXPECT_EQ(thrown_by([&] { depth.reset(token); }),
                  "hocket::RuntimeError: the token of context variable depth was used already");
        co_return;
    }());
}

TEST(ContextVar, a_token_is_good_in_the_context_where_it_was_made) {
    run([]() -> Coro<> {
        auto token = depth.set(1);
        co_await create_task([&]() -> Coro<> {
            EXPECT_EQ(thrown_by([&] { depth.reset(token); }),
                      "hocket::ValueError: the token of context variable depth was made in another context");
            co_return;
        });
        EXPECT_NE(thrown_by([&] { copy_context().run([&] { depth.reset(token); }); }), "nothing");
        depth.reset(token);
        EXPECT_EQ(depth.get(), 0);
    }());
}

TEST(ContextVar, many_variables_do_not_disturb_each_other) {
    run([]() -> Coro<> {
        auto a = depth.set(1);
        user.set("x");
        other.set(2);
        depth.reset(a);
        EXPECT_EQ(depth.get(), 0);
        EXPECT_EQ(user.get(), "x");
        EXPECT_EQ(other.get(), 2);
        depth.set(9);
        EXPECT_EQ(other.get(), 2);
        co_return;
    }());
}

TEST(ContextVar, what_get_gave_holds_while_others_are_set) {
    run([]() -> Coro<> {
        depth.set(1);
        user.set("a name that stands on the heap");
        const std::string& name = user.get();
        auto token = depth.set(2);
        other.set(3);
        depth.reset(token);
        EXPECT_EQ(&user.get(), &name);
        EXPECT_EQ(name, "a name that stands on the heap");
        co_return;
    }());
}

struct Copied {
    int* copies;
    explicit Copied(int& count) : copies(&count) {}
    Copied(const Copied& from) : copies(from.copies) { ++*copies; }
    Copied(Copied&&) noexcept = default;
    Copied& operator=(const Copied& from) {
        copies = from.copies;
        ++*copies;
        return *this;
    }
};

TEST(ContextVar, values_are_not_copied) {
    static ContextVar<Copied> counted("counted");
    run([]() -> Coro<> {
        int copies = 0;
        depth.set(1);
        counted.set(Copied(copies));
        const Copied* first = &counted.get();
        depth.set(2);
        {
            auto token = counted.set(Copied(copies));
            co_await create_task([]() -> Coro<> {
                depth.set(3);
                static_cast<void>(counted.get());
                co_return;
            });
            counted.reset(token);
        }
        EXPECT_EQ(&counted.get(), first);
        copy_context().run([] { depth.set(4); });
        EXPECT_EQ(copies, 0);
    }());
}

TEST(ContextVar, at_the_place_of_a_dead_one_has_none_of_its_values) {
    run([]() -> Coro<> {
        std::variant<std::monostate, ContextVar<int>, ContextVar<std::string>> place;
        place.emplace<1>("number").set(7);
        EXPECT_EQ(place.emplace<2>("text", "initial").get(), "initial");
        EXPECT_EQ(place.emplace<1>("another number", 1).get(), 1);
        co_return;
    }());
}

// Sets the variable that it is a value of, as it goes.
struct Successor {
    static ContextVar<std::shared_ptr<Successor>> last;
    ~Successor() { last.set(nullptr); }
};
ContextVar<std::shared_ptr<Successor>> Successor::last("last");

TEST(ContextVar, may_be_set_by_the_destructor_of_a_value_that_goes) {
    run([]() -> Coro<> {
        Successor::last.set(std::make_shared<Successor>());
        auto token = Successor::last.set(std::make_shared<Successor>());
        Successor::last.reset(token);
        EXPECT_EQ(Successor::last.get(), nullptr);
        co_return;
    }());
}

// 9
TEST(ContextVar, callbacks_and_timers_have_a_copy_of_the_context_of_their_registration) {
    Trace trace;
    run([&]() -> Coro<> {
        EventLoop& loop = get_running_loop();
        depth.set(1);
        loop.call_soon([&] {
            trace.note(depth.get());
            depth.set(7);
            loop.call_soon([&] { trace.note(depth.get()); });
        });
        const Future<> last;
        loop.call_later(std::chrono::milliseconds(1), [&] {
            trace.note(depth.get());
            last.set_result();
        });
        depth.set(2);
        loop.call_soon([&] { trace.note(depth.get()); });
        co_await last;
    }());
    EXPECT_EQ(trace.taken(), "1 2 7 1");
}

TEST(ContextVar, values_are_freed_with_the_last_context_that_has_them) {
    static ContextVar<std::shared_ptr<Census::Member>> held("held");
    Census census;
    run([&]() -> Coro<> {
        const auto child = create_task([&]() -> Coro<> {
            held.set(std::make_shared<Census::Member>(census.member()));
            create_task(testing::turns(3));
            co_return;
        });
        co_await child;
        EXPECT_EQ(census.alive(), 1);  // the grandchild's copy
        co_await testing::turns(5);
        EXPECT_EQ(census.alive(), 0);
    }());
}

TEST(ContextVar, each_thread_has_its_own_outside_of_loops) {
    depth.set(5);
    int seen = -1;
    std::thread([&] { seen = depth.get(); }).join();
    EXPECT_EQ(seen, 0);
    auto token = depth.set(6);
    depth.reset(token);
    EXPECT_EQ(depth.get(), 5);
    depth.set(0);
}

// The values of a loop that is prepared on one thread and runs on another are counted by one thread only.
TEST(ContextVar, what_one_thread_prepares_for_another_shares_nothing_with_it) {
    user.set("a name that stands on the heap");
    const auto loop = new_event_loop();
    const auto copies = [] {
        for (int i = 0; i < 20'000; ++i) copy_context();
    };
    std::string seen;
    const auto task = loop->create_task([](auto& work, std::string& to) -> Coro<> {
        work();
        to = user.get();
        co_return;
    }(copies, seen));
    int called = 0;
    loop->call_soon([&] {
        copies();
        called += user.get() == "a name that stands on the heap";
    });
    loop->call_later(0s, [&] {
        copies();
        called += user.get() == "a name that stands on the heap";
        loop->stop();
    });
    std::thread runs_it([&] { loop->run_forever(); });
    copies();
    runs_it.join();
    EXPECT_EQ(seen, "a name that stands on the heap");
    EXPECT_EQ(called, 2);
    EXPECT_EQ(user.get(), "a name that stands on the heap");
}

// ---- Contexts

TEST(Context, is_where_a_callback_runs_when_it_is_given) {
    run([]() -> Coro<> {
        const Context context = copy_context();
        EventLoop& loop = get_running_loop();
        loop.call_soon([] { depth.set(1); }, {.context = &context});
        loop.call_later(0s, [] { depth.set(depth.get() + 10); }, {.context = &context});
        co_await testing::turns(3);
        EXPECT_EQ(*context.get(depth), 11);
        const Future<> done;
        done.add_done_callback([](const Future<>&) { depth.set(depth.get() + 100); }, {.context = &context});
        done.set_result();
        co_await testing::turns(2);
        EXPECT_EQ(*context.get(depth), 111);
        EXPECT_EQ(depth.get(), 0);
    }());
}

TEST(Context, cannot_be_entered_twice) {
    run([]() -> Coro<> {
        const Context context = copy_context(), other_context = copy_context();
        const auto enter = [&] { context.run([] {}); };
        const std::string refusal = "hocket::RuntimeError: cannot enter a context that is entered already";
        EXPECT_EQ(context.run([&] { return thrown_by(enter); }), refusal);
        EXPECT_EQ(context.run([&] { return other_context.run([&] { return thrown_by(enter); }); }), refusal);
        EXPECT_EQ(thrown_by(enter), "nothing");
        const auto within = create_task(TaskOptions{.context = &context}, [&]() -> Coro<> {
            EXPECT_EQ(thrown_by(enter), refusal);
            co_return;
        });
        co_await within;
    }());
}

TEST(Context, keeps_what_is_set_inside_its_run) {
    run([]() -> Coro<> {
        depth.set(1);
        const Context context = copy_context();
        EXPECT_EQ(context.run(
                      [](int n) {
                          EXPECT_EQ(depth.get(), 1);
                          depth.set(n);
                          return depth.get() * 2;
                      },
                      8),
                  16);
        EXPECT_EQ(depth.get(), 1);
        EXPECT_NE(context.get(depth), nullptr);
        EXPECT_EQ(*context.get(depth), 8);
        EXPECT_EQ(Context().get(depth), nullptr);
        EXPECT_EQ(context.run([] { return depth.get(); }), 8);
        co_return;
    }());
}

TEST(Context, is_left_by_an_exception_too) {
    run([]() -> Coro<> {
        depth.set(1);
        const Context context;
        EXPECT_EQ(thrown_by([&] {
                      context.run([] {
                          depth.set(2);
                          throw RuntimeError("x");
                      });
                  }),
                  "hocket::RuntimeError: x");
        EXPECT_EQ(depth.get(), 1);
        EXPECT_EQ(*context.get(depth), 2);
        co_return;
    }());
}

TEST(Context, copies_are_independent_and_handles_share) {
    depth.set(1);
    const Context context = copy_context(), copy = context.run(copy_context), handle = context;
    handle.run([] { depth.set(2); });
    EXPECT_EQ(*context.get(depth), 2);
    EXPECT_EQ(*copy.get(depth), 1);
    depth.set(0);
}

TEST(Context, given_to_tasks_is_shared_by_them) {
    run([]() -> Coro<> {
        const Context context;
        const auto setter = create_task(
            []() -> Coro<> {
                depth.set(3);
                co_await testing::turns(1);
            }(),
            {.context = &context});
        const auto reader = create_task(
            []() -> Coro<int> {
                co_await testing::turns(1);
                co_return depth.get();
            }(),
            {.context = &context});
        co_await setter;
        EXPECT_EQ(co_await reader, 3);
        EXPECT_EQ(*context.get(depth), 3);
        EXPECT_EQ(depth.get(), 0);
    }());
}

TEST(Context, may_be_entered_inside_another) {
    const Context a, b;
    a.run([&] {
        depth.set(1);
        b.run([&] {
            EXPECT_EQ(depth.get(), 0);
            depth.set(2);
        });
        EXPECT_EQ(depth.get(), 1);
    });
    EXPECT_EQ(*b.get(depth), 2);
    EXPECT_EQ(depth.get(), 0);
}

}  // namespace
}  // namespace hocket
