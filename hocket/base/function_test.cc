// SPDX-License-Identifier: MIT
// The move-only callable: what it takes, owns and frees.
#include <hocket/base/function.h>

#include <tests/support/trace.h>

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>

namespace hocket {
namespace {

int seven() { return 7; }

TEST(Function, calls_what_it_holds) {
    const Function<int(int, int)> add = [](int a, int b) { return a + b; };
    EXPECT_EQ(add(2, 3), 5);
}

TEST(Function, is_false_while_empty) {
    Function<void()> f;
    EXPECT_FALSE(f);
    f = [] {};
    EXPECT_TRUE(f);
    f = nullptr;
    EXPECT_FALSE(f);
}

TEST(Function, made_of_a_callable_that_is_empty_is_empty) {
    int (*const no_function)() = nullptr;
    EXPECT_FALSE(Function<int()>(no_function));
    EXPECT_FALSE(Function<int()>(std::function<int()>()));
    EXPECT_FALSE(Function<void()>(Function<int()>()));
    EXPECT_TRUE(Function<void()>(std::function<int()>([] { return 1; })));
    EXPECT_EQ(Function<int()>(seven)(), 7);
    EXPECT_EQ(Function<int()>(&seven)(), 7);
    EXPECT_EQ(Function<int()>([] { return 8; })(), 8);  // can be a pointer, but is none
}

TEST(Function, holds_what_can_only_be_moved) {
    Function<int()> f = [p = std::make_unique<int>(7)] { return *p; };
    const Function<int()> g = std::move(f);
    EXPECT_EQ(g(), 7);
    EXPECT_FALSE(f);
}

TEST(Function, passes_references_and_values_that_can_only_be_moved) {
    const Function<void(std::string&, std::unique_ptr<int>)> f = [](std::string& text, std::unique_ptr<int> p) {
        text += std::to_string(*p);
    };
    std::string text = "n=";
    f(text, std::make_unique<int>(3));
    EXPECT_EQ(text, "n=3");
}

TEST(Function, drops_a_result_that_nobody_wants) {
    int calls = 0;
    const Function<void()> f = [&] { return ++calls; };
    f();
    EXPECT_EQ(calls, 1);
}

TEST(Function, keeps_the_state_of_a_mutable_callable) {
    const Function<int()> counter = [n = 0]() mutable { return ++n; };
    counter();
    EXPECT_EQ(counter(), 2);
}

TEST(Function, frees_its_target_once) {
    testing::Census census;
    {
        Function<void()> f = [m = census.member()] {};
        Function<void()> g = std::move(f);
        f = std::move(g);
        EXPECT_EQ(census.alive(), 1);
        f = [] {};
        EXPECT_EQ(census.alive(), 0);
        f = [m = census.member()] {};
    }
    EXPECT_EQ(census.alive(), 0);
}

TEST(Function, survives_assignment_to_itself) {
    Function<int()> f = [] { return 1; };
    Function<int()>& same = f;
    f = std::move(same);
    EXPECT_EQ(f(), 1);
}

}  // namespace
}  // namespace hocket
