// SPDX-License-Identifier: MIT
// Values and exceptions as bytes, and back.
#include <hocket/os/marshal.h>

#include <gtest/gtest.h>
#include <hocket/base/unicode_error.h>

#include <span>
#include <stdexcept>

#include <tests/support/trace.h>

namespace hocket {
namespace {

struct Point {
    double x, y;
    friend bool operator==(const Point&, const Point&) = default;
};
enum class Colour : std::uint8_t { red, green };

template <class T>
T there_and_back(const T& value) {
    std::string bytes;
    put_value(bytes, value);
    std::string_view rest = bytes;
    T copy = get_value<T>(rest);
    EXPECT_TRUE(rest.empty());
    return copy;
}

template <class T>
void expect_same(const T& value) {
    EXPECT_TRUE(there_and_back(value) == value);
}

TEST(OnceMarshal, values_come_back_as_they_were) {
    expect_same(42);
    expect_same(-1.5L);
    expect_same(true);
    expect_same(Colour::green);
    expect_same(Point{1, 2});
    expect_same(std::string());
    expect_same(std::string("a\0b", 3));
    expect_same(std::vector<int>{1, 2, 3});
    expect_same(std::vector<int>());
    expect_same(std::vector<bool>{true, false, true});
    expect_same(std::vector<Point>{{1, 2}, {3, 4}});
    expect_same(std::vector<std::string>{"one", "", "three"});
    expect_same(std::vector<std::vector<std::string>>{{"a"}, {}, {"b", "c"}});
    expect_same(std::pair<int, std::string>(1, "one"));
    expect_same(std::tuple<int, std::string, std::vector<double>>(1, "one", {1.5}));
    expect_same(std::tuple<>());
    expect_same(std::optional<std::string>("there"));
    expect_same(std::optional<std::string>());
    expect_same(std::optional<std::pair<int, int>>({1, 2}));
    expect_same(std::array<int, 3>{1, 2, 3});
    expect_same(std::array<std::string, 2>{"a", "b"});
}

TEST(OnceMarshal, a_large_array_is_one_piece) {
    auto values = std::make_unique<std::array<double, 100'000>>();
    values->back() = 7;
    std::string bytes;
    put_value(bytes, *values);
    EXPECT_EQ(bytes.size(), sizeof *values);
}

TEST(OnceMarshal, what_refers_to_other_memory_is_refused) {
    static_assert(!Marshallable<int*>);
    static_assert(!Marshallable<const char*>);
    static_assert(!Marshallable<std::string_view>);
    static_assert(!Marshallable<std::span<int>>);
    static_assert(!Marshallable<int Point::*>);
    static_assert(!Marshallable<void (*)()>);
    static_assert(!Marshallable<std::vector<std::string_view>>);
    static_assert(!Marshallable<std::optional<const char*>>);
    static_assert(!Marshallable<std::array<char*, 2>>);
    static_assert(!Marshallable<std::unique_ptr<int>>);
    static_assert(!Marshallable<std::exception_ptr>);
    static_assert(Marshallable<std::vector<std::optional<std::tuple<int, std::string>>>>);
}

TEST(OnceMarshal, a_message_that_ends_too_early_is_an_error) {
    std::string bytes;
    put_value(bytes, std::string("a long text"));
    std::string_view half = std::string_view(bytes).substr(0, 12);
    EXPECT_THROW(get_value<std::string>(half), RuntimeError);
}

struct NoSuchPage : std::runtime_error {
    using std::runtime_error::runtime_error;
};

std::string exception_there_and_back(std::exception_ptr error) {
    std::string bytes;
    put_exception(bytes, error);
    return testing::thrown_by([&] { throw_exception(bytes); });
}
template <class E>
std::string exception_there_and_back(const E& error) {
    return exception_there_and_back(std::make_exception_ptr(error));
}

TEST(OnceMarshal, common_exceptions_keep_their_types) {
    EXPECT_EQ(exception_there_and_back(ValueError("a")), "hocket::ValueError: a");
    EXPECT_EQ(exception_there_and_back(UnicodeDecodeError("a", 7)), "hocket::UnicodeDecodeError: a");
    EXPECT_EQ(exception_there_and_back(TimeoutError()), "hocket::TimeoutError: timed out");
    EXPECT_EQ(exception_there_and_back(std::out_of_range("b")), "std::out_of_range: b");
    EXPECT_EQ(exception_there_and_back(std::bad_alloc()), "std::bad_alloc: std::bad_alloc");
    EXPECT_EQ(exception_there_and_back(std::runtime_error("")), "std::runtime_error");
}

TEST(OnceMarshal, errors_of_the_system_keep_their_numbers) {
    EXPECT_EQ(exception_there_and_back(OSError(2, "open x")), "hocket::OSError: open x: No such file or directory");
    std::string bytes;
    put_exception(bytes, std::make_exception_ptr(OSError(13, "open x")));
    try {
        throw_exception(bytes);
    } catch (const OSError& e) {
        EXPECT_EQ(e.error_number(), 13);
    }
    const std::system_error plain(std::make_error_code(std::errc::timed_out));
    EXPECT_EQ(exception_there_and_back(plain), testing::thrown_by([&] { throw plain; }));
}

TEST(OnceMarshal, other_exceptions_are_told_in_words) {
    EXPECT_EQ(exception_there_and_back(NoSuchPage("7")),
              "hocket::RuntimeError: a worker process threw hocket::(anonymous namespace)::NoSuchPage: 7");
    EXPECT_EQ(exception_there_and_back(3), "hocket::RuntimeError: a worker process threw int");
    EXPECT_EQ(exception_there_and_back(CancelledError("stop")),
              "hocket::RuntimeError: a worker process threw hocket::CancelledError: stop");
}

}  // namespace
}  // namespace hocket
