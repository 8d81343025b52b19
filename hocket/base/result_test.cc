// SPDX-License-Identifier: MIT
// Outcomes as values.
#include <hocket/base/result.h>

#include <tests/support/trace.h>

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace hocket {
namespace {

std::exception_ptr failure(const char* what) { return std::make_exception_ptr(RuntimeError(what)); }

TEST(Result, holds_a_value) {
    const Result<std::string> r = "yes";
    EXPECT_TRUE(r.ok());
    EXPECT_TRUE(r);
    EXPECT_EQ(r.value(), "yes");
    EXPECT_EQ(*r, "yes");
    EXPECT_EQ(r->size(), 3U);
    EXPECT_EQ(r.exception(), nullptr);
    EXPECT_EQ(r.error(), "");
}

TEST(Result, holds_an_exception_and_throws_it_in_place_of_the_value) {
    const Result<int> r = failure("broken");
    EXPECT_FALSE(r);
    EXPECT_EQ(r.error(), "hocket::RuntimeError: broken");
    EXPECT_EQ(testing::thrown_by([&] { static_cast<void>(r.value()); }), "hocket::RuntimeError: broken");
    EXPECT_EQ(testing::thrown_by([&] { static_cast<void>(*r); }), "hocket::RuntimeError: broken");
    EXPECT_FALSE(r.cancelled());
}

TEST(Result, tells_a_cancellation_from_other_exceptions) {
    const Result<int> r = std::make_exception_ptr(CancelledError("enough"));
    EXPECT_TRUE(r.cancelled());
    EXPECT_FALSE(Result<int>(1).cancelled());
}

TEST(Result, of_void_says_whether_it_worked) {
    const Result<void> good;
    EXPECT_TRUE(good.ok());
    static_cast<void>(good.value());
    const Result<void> bad = failure("no");
    EXPECT_FALSE(bad.ok());
    EXPECT_EQ(testing::thrown_by([&] { static_cast<void>(bad.value()); }), "hocket::RuntimeError: no");
}

TEST(Result, gives_away_what_can_only_be_moved) {
    Result<std::unique_ptr<int>> r = std::make_unique<int>(4);
    const std::unique_ptr<int> p = std::move(r).value();
    EXPECT_EQ(*p, 4);
}

TEST(Result, is_copied_as_it_is_though_it_can_be_tested) {
    Result<bool> failed = failure("no");
    const Result<bool> copy = failed;
    EXPECT_EQ(copy.error(), "hocket::RuntimeError: no");
}

TEST(Result, of_a_boolean_is_true_when_it_is_there) {
    EXPECT_TRUE(Result<bool>(false).ok());
    EXPECT_FALSE(*Result<bool>(false));
}

}  // namespace
}  // namespace hocket
