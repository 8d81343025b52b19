// SPDX-License-Identifier: MIT
// Groups of exceptions: what they say, what they hold, how they are divided.
#include <hocket/base/exception_group.h>

#include <hocket/base/errors.h>

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

namespace hocket {
namespace {

template <class... E>
std::vector<std::exception_ptr> pointers(const E&... errors) {
    return {std::make_exception_ptr(errors)...};
}

std::string text(const std::optional<ExceptionGroup>& group) {
    return group ? describe(std::make_exception_ptr(*group)) : "nothing";
}

const ExceptionGroup nested("outer", pointers(ValueError("a"),
                                              ExceptionGroup("inner", pointers(TimeoutError("b"), ValueError("c"))),
                                              TimeoutError("d")));

TEST(ExceptionGroup, what_says_how_many_there_are) {
    EXPECT_STREQ(ExceptionGroup("load", pointers(ValueError("a"), ValueError("b"))).what(), "load (2 sub-exceptions)");
    EXPECT_STREQ(ExceptionGroup("load", pointers(ValueError("a"))).what(), "load (1 sub-exception)");
}

TEST(ExceptionGroup, message_is_what_was_given) { EXPECT_EQ(nested.message(), "outer"); }

TEST(ExceptionGroup, holds_the_very_exceptions_in_order) {
    const auto members = pointers(ValueError("a"), CancelledError(), 42);
    EXPECT_EQ(ExceptionGroup("all", members).exceptions(), members);
}

TEST(ExceptionGroup, a_copy_shares_the_members) {
    const ExceptionGroup copy = nested;
    EXPECT_EQ(&copy.exceptions(), &nested.exceptions());
}

TEST(ExceptionGroup, is_caught_as_a_standard_exception) { EXPECT_THROW(throw nested, std::exception); }

TEST(ExceptionGroup, without_members_is_an_error) {
    EXPECT_THROW(ExceptionGroup("none", {}), ValueError);
    EXPECT_THROW(ExceptionGroup("null", {nullptr}), ValueError);
}

TEST(ExceptionGroup, describe_has_a_line_for_each_member) {
    EXPECT_EQ(text(nested),
              "hocket::ExceptionGroup: outer (3 sub-exceptions)\n"
              "    1: hocket::ValueError: a\n"
              "    2: hocket::ExceptionGroup: inner (2 sub-exceptions)\n"
              "        1: hocket::TimeoutError: b\n"
              "        2: hocket::ValueError: c\n"
              "    3: hocket::TimeoutError: d");
}

TEST(ExceptionGroup, split_divides_by_type_at_every_depth) {
    const auto [values, others] = nested.split<ValueError>();
    EXPECT_EQ(text(values),
              "hocket::ExceptionGroup: outer (2 sub-exceptions)\n"
              "    1: hocket::ValueError: a\n"
              "    2: hocket::ExceptionGroup: inner (1 sub-exception)\n"
              "        1: hocket::ValueError: c");
    EXPECT_EQ(text(others),
              "hocket::ExceptionGroup: outer (2 sub-exceptions)\n"
              "    1: hocket::ExceptionGroup: inner (1 sub-exception)\n"
              "        1: hocket::TimeoutError: b\n"
              "    2: hocket::TimeoutError: d");
}

TEST(ExceptionGroup, split_finds_derived_types) {
    const auto [errors, others] = nested.split<std::runtime_error>();
    EXPECT_EQ(errors->exceptions().size(), 2u);
    EXPECT_EQ(others->exceptions().size(), 2u);
}

TEST(ExceptionGroup, split_leaves_a_part_that_has_no_members_empty) {
    EXPECT_EQ(text(nested.split<OSError>().first), "nothing");
    EXPECT_EQ(text(nested.split<OSError>().second), text(nested));
    EXPECT_EQ(text(nested.split<std::exception>().second), "nothing");
}

TEST(ExceptionGroup, a_nested_group_that_falls_on_one_side_stays_the_same_object) {
    EXPECT_EQ(nested.subgroup<std::logic_error>()->exceptions()[0], nested.exceptions()[0]);
    const auto others = nested.split<OSError>().second;
    EXPECT_EQ(others->exceptions()[1], nested.exceptions()[1]);
}

TEST(ExceptionGroup, subgroup_is_the_part_that_matches) {
    EXPECT_EQ(text(nested.subgroup<TimeoutError>()), text(nested.split<TimeoutError>().first));
    EXPECT_FALSE(nested.subgroup<OSError>());
}

TEST(ExceptionGroup, subgroup_finds_what_is_no_standard_exception) {
    const ExceptionGroup group("mixed", pointers(CancelledError("why"), ValueError("a")));
    EXPECT_EQ(text(group.subgroup<CancelledError>()),
              "hocket::ExceptionGroup: mixed (1 sub-exception)\n    1: hocket::CancelledError: why");
}

TEST(ExceptionGroup, a_group_that_matches_itself_is_not_divided) {
    EXPECT_EQ(&nested.subgroup<ExceptionGroup>()->exceptions(), &nested.exceptions());
    EXPECT_EQ(nested.exceptions()[1], nested.split<ExceptionGroup>().first->exceptions()[1]);
}

TEST(ExceptionGroup, is_found_in_an_exception_pointer) {
    const std::exception_ptr e = std::make_exception_ptr(nested);
    EXPECT_EQ(&exception_group(e)->exceptions(), &nested.exceptions());
    EXPECT_EQ(exception_group(std::make_exception_ptr(42)), nullptr);
    EXPECT_EQ(exception_group(nullptr), nullptr);
}

}  // namespace
}  // namespace hocket
