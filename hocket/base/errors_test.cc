// SPDX-License-Identifier: MIT
// The exceptions' places in the hierarchy, and how they are described.
#include <hocket/base/errors.h>

#include <gtest/gtest.h>

#include <cerrno>
#include <string>

namespace hocket {
namespace {

template <class E>
std::exception_ptr thrown(E&& e) {
    return std::make_exception_ptr(std::forward<E>(e));
}

template <class E>
bool caught_as_std_exception(E&& e) {
    try {
        throw std::forward<E>(e);
    } catch (const std::exception&) {
        return true;
    } catch (...) {
        return false;
    }
}

// 25
TEST(Errors, cancellation_and_the_end_of_the_program_are_no_std_exceptions) {
    EXPECT_FALSE(caught_as_std_exception(CancelledError()));
    EXPECT_FALSE(caught_as_std_exception(KeyboardInterrupt()));
    EXPECT_FALSE(caught_as_std_exception(SystemExit{1}));
    EXPECT_TRUE(caught_as_std_exception(RuntimeError("x")));
    EXPECT_TRUE(caught_as_std_exception(InvalidStateError("x")));
    EXPECT_TRUE(caught_as_std_exception(ValueError("x")));
    EXPECT_TRUE(caught_as_std_exception(TimeoutError()));
    EXPECT_TRUE(caught_as_std_exception(OSError(ENOENT, "x")));
}

TEST(Errors, a_cancellation_carries_its_message) {
    EXPECT_EQ(CancelledError("too slow").message(), "too slow");
    EXPECT_EQ(CancelledError().message(), "");
    const CancelledError e("kept");
    const CancelledError copy = e;
    EXPECT_EQ(copy.message(), "kept");
}

TEST(Errors, the_systems_say_what_was_attempted_and_why_it_failed) {
    const OSError e(ECONNREFUSED, "connect to 127.0.0.1:81");
    EXPECT_STREQ(e.what(), "connect to 127.0.0.1:81: Connection refused");
    EXPECT_EQ(e.error_number(), ECONNREFUSED);
    EXPECT_EQ(e.code(), std::errc::connection_refused);
}

TEST(Describe, names_the_type_and_what_it_says) {
    EXPECT_EQ(describe(thrown(RuntimeError("no"))), "hocket::RuntimeError: no");
    EXPECT_EQ(describe(thrown(std::runtime_error("no such page"))), "std::runtime_error: no such page");
    EXPECT_EQ(describe(thrown(TimeoutError())), "hocket::TimeoutError: timed out");
    EXPECT_EQ(describe(thrown(CancelledError("stop"))), "hocket::CancelledError: stop");
    EXPECT_EQ(describe(thrown(CancelledError())), "hocket::CancelledError");
    EXPECT_EQ(describe(thrown(SystemExit{3})), "hocket::SystemExit: 3");
    EXPECT_EQ(describe(thrown(KeyboardInterrupt())), "hocket::KeyboardInterrupt");
}

TEST(Describe, copes_with_anything_that_is_thrown) {
    EXPECT_EQ(describe(thrown(42)), "int");
    EXPECT_EQ(describe(thrown(static_cast<const char*>("words"))), "char const*: words");
    EXPECT_NE(describe(thrown(std::string("more words"))).find(": more words"), std::string::npos);
    EXPECT_EQ(describe(nullptr), "no exception");
}

TEST(Errors, are_told_apart_without_being_thrown) {
    const auto cancelled = thrown(CancelledError("m"));
    EXPECT_TRUE(is_cancelled(cancelled));
    ASSERT_NE(cancelled_error(cancelled), nullptr);
    EXPECT_EQ(cancelled_error(cancelled)->message(), "m");
    EXPECT_FALSE(is_cancelled(thrown(RuntimeError("x"))));
    EXPECT_FALSE(is_cancelled(nullptr));
    EXPECT_EQ(cancelled_error(thrown(1)), nullptr);
    EXPECT_TRUE(ends_the_loop(thrown(KeyboardInterrupt())));
    EXPECT_TRUE(ends_the_loop(thrown(SystemExit{})));
    EXPECT_FALSE(ends_the_loop(cancelled));
    EXPECT_FALSE(ends_the_loop(nullptr));
}

}  // namespace
}  // namespace hocket
