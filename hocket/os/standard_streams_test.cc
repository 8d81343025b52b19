// SPDX-License-Identifier: MIT
// Standard input, output and error as files.
#include <hocket/os/file.h>

#include <hocket/os/files_test.h>

#include <gtest/gtest.h>
#include <hocket/flow/wait_for.h>
#include <hocket/io/runner.h>

#include <fcntl.h>
#include <tests/support/trace.h>
#include <unistd.h>
#include <cstdio>

namespace hocket::fs {
namespace {

using namespace std::chrono_literals;

/// While it lives, a standard descriptor is one end of a pipe, whose other end this has.
class Piped {
public:
    explicit Piped(int standard) : standard_(standard), before_(::fcntl(standard, F_DUPFD_CLOEXEC, 3)) {
        std::fflush(nullptr);
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) < 0) ADD_FAILURE() << "no pipe";
        const bool input = standard == STDIN_FILENO;
        ::dup2(ends[input ? 0 : 1], standard);
        ::close(ends[input ? 0 : 1]);
        other_ = ends[input ? 1 : 0];
    }
    Piped(const Piped&) = delete;
    Piped& operator=(const Piped&) = delete;
    ~Piped() {
        close();
        ::dup2(before_, standard_);
        ::close(before_);
    }
    void put(std::string_view text) {
        EXPECT_EQ(::write(other_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
    }
    std::string got() {
        std::string text(1000, ' ');
        const ssize_t n = ::read(other_, text.data(), text.size());
        text.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
        return text;
    }
    void close() {
        if (other_ >= 0) ::close(std::exchange(other_, -1));
    }

private:
    int standard_, before_;
    int other_ = -1;
};

TEST(StandardStreams, input_is_read_by_lines) {
    Piped pipe(STDIN_FILENO);
    hocket::run([](Piped& in) -> Coro<> {
        in.put("one\r\ntwo\nthree");
        in.close();
        auto input = standard_input();
        EXPECT_EQ(input.name(), "standard input");
        EXPECT_EQ(co_await input.readline(), "one\n");
        EXPECT_EQ(co_await input.next(), "two\n");
        EXPECT_EQ(co_await input.read(), "three");
        EXPECT_EQ(co_await input.next(), std::nullopt);
        co_await input.close();
        EXPECT_GE(::fcntl(STDIN_FILENO, F_GETFD), 0);
    }(pipe));
}

TEST(StandardStreams, input_may_be_bytes) {
    Piped pipe(STDIN_FILENO);
    hocket::run([](Piped& in) -> Coro<> {
        in.put("\xff\r\n");
        in.close();
        auto input = standard_input("rb");
        EXPECT_EQ(co_await input.read(), "\xff\r\n");
    }(pipe));
}

TEST(StandardStreams, input_that_is_no_text_is_told) {
    Piped pipe(STDIN_FILENO);
    hocket::run([](Piped& in) -> Coro<> {
        in.put("a\xff");
        in.close();
        auto input = standard_input();
        EXPECT_EQ(co_await testing::ending_of(input.read()),
                  "hocket::UnicodeDecodeError: read from standard input: no UTF-8 at byte 1: 0xff");
    }(pipe));
}

TEST(StandardStreams, output_collects_until_it_is_flushed_and_error_output_until_a_line_ends) {
    Piped out(STDOUT_FILENO), err(STDERR_FILENO);
    hocket::run([](Piped& o, Piped& e) -> Coro<> {
        auto output = standard_output();
        co_await output.write("a\n");
        co_await output.write("b");
        co_await output.flush();
        EXPECT_EQ(o.got(), "a\nb");
        auto errors = standard_error();
        co_await errors.write("x");
        co_await errors.write("y\n");
        EXPECT_EQ(e.got(), "xy\n");
        co_await output.write("last");
        co_await output.close();
        EXPECT_EQ(o.got(), "last");
        EXPECT_EQ(co_await testing::ending_of(output.read()),
                  "hocket::ValueError: read from standard output: the file is closed");
    }(out, err));
}

// A thread that waited for the input would keep the loop from its end.
TEST(RealStandardStreams, a_loop_ends_though_nobody_types) {
    Piped pipe(STDIN_FILENO);
    hocket::run([]() -> Coro<> {
        auto input = standard_input();
        EXPECT_EQ(co_await testing::ending_of(wait_for(input.readline(), 1ms)), "hocket::TimeoutError: timed out");
    }());
    hocket::run([](Piped& in) -> Coro<> {
        auto input = standard_input();
        const auto line = create_task(input.readline());
        co_await testing::turns(3);
        EXPECT_FALSE(line.done());
        in.put("typed\n");
        EXPECT_EQ(co_await line, "typed\n");
    }(pipe));
}

}  // namespace
}  // namespace hocket::fs
