// SPDX-License-Identifier: MIT
// Binary files, and what is asked of any file: reads into memory, what there is, many lines, the device, its own properties.
#include <hocket/os/file.h>

#include <hocket/os/in_folder_test.h>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <tests/support/trace.h>
#include <unistd.h>
#include <array>

namespace hocket::fs {
namespace {

using testing::content_of;
using testing::ending_of;
using testing::put_file;

class FileBytes : public testing::InFolder {};

TEST_F(FileBytes, bytes_stay_as_they_are) {
    const std::string bytes = std::string("a\r\n\0\xff\r", 6);
    put_file("x", bytes);
    run([](const std::string& expected) -> Coro<> {
        auto file = co_await open("x", "rb");
        EXPECT_EQ(co_await file.read(), expected);
        auto out = co_await open("y", "wb");
        co_await out.write(expected);
        co_await out.close();
        EXPECT_EQ(content_of("y"), expected);
    }(bytes));
}

TEST_F(FileBytes, a_read_may_fill_memory_of_the_callers) {
    put_file("x", "0123456789");
    run([]() -> Coro<> {
        auto file = co_await open("x", "rb");
        std::array<char, 4> memory{};
        EXPECT_EQ(co_await file.readinto(memory), 4U);
        EXPECT_EQ(std::string(memory.data(), 4), "0123");
        EXPECT_EQ(co_await file.readinto(memory), 4U);
        EXPECT_EQ(co_await file.tell(), 8);
        EXPECT_EQ(co_await file.readinto(memory), 2U);
        EXPECT_EQ(std::string(memory.data(), 4), "8967");
        EXPECT_EQ(co_await file.readinto(memory), 0U);
        EXPECT_EQ(co_await file.readinto({}), 0U);
    }());
}

TEST_F(FileBytes, megabytes_go_into_memory_of_the_callers) {
    const std::string content(3 << 20, 'm');
    put_file("x", content);
    run([](const std::string& expected) -> Coro<> {
        auto file = co_await open("x", "rb");
        std::string memory(expected.size() + 1, ' ');
        EXPECT_EQ(co_await file.readinto(memory), expected.size());
        EXPECT_TRUE(memory == expected + " ");
    }(content));
}

TEST_F(FileBytes, peek_takes_nothing_and_read1_what_there_is) {
    put_file("x", "0123456789");
    run([]() -> Coro<> {
        auto file = co_await open("x", "rb");
        EXPECT_EQ(co_await file.peek(), "0123456789");
        EXPECT_EQ(co_await file.tell(), 0);
        EXPECT_EQ(co_await file.read1(3), "012");
        EXPECT_EQ(co_await file.read1(), "3456789");
        EXPECT_EQ(co_await file.read1(), "");
        EXPECT_EQ(co_await file.peek(), "");
    }());
}

TEST_F(FileBytes, read1_of_a_pipe_does_not_wait_for_more) {
    run([]() -> Coro<> {
        int ends[2];
        EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
        auto pipe = co_await open(ends[0], "rb");
        auto other = co_await open(ends[1], "wb", {.buffering = 0});
        co_await other.write("abc");
        EXPECT_EQ(co_await pipe.read1(), "abc");
        co_await other.write("de");
        EXPECT_EQ(co_await pipe.peek(), "de");
        co_await other.close();
        EXPECT_EQ(co_await pipe.read(), "de");
    }());
}

TEST_F(FileBytes, text_files_refuse_what_is_for_bytes) {
    put_file("x", "a");
    run([]() -> Coro<> {
        auto file = co_await open("x");
        std::array<char, 4> memory{};
        const std::string error = "hocket::ValueError: read bytes from x: it was opened with the mode \"r\"";
        EXPECT_EQ(co_await ending_of(file.readinto(memory)), error);
        EXPECT_EQ(co_await ending_of(file.read1()), error);
        EXPECT_EQ(co_await ending_of(file.peek()), error);
    }());
}

TEST_F(FileBytes, lines_are_written_without_newlines_of_their_own) {
    run([]() -> Coro<> {
        std::vector<std::string> lines{"a\n", "b", "", std::string(100'000, 'c'), "\nd"};
        auto file = co_await open("x", "w");
        co_await file.writelines(lines);
        EXPECT_EQ(co_await file.tell(), 100'005);
        co_await file.close();
        EXPECT_TRUE(content_of("x") == "a\nb" + lines[3] + "\nd");
    }());
}

TEST_F(FileBytes, what_is_synchronised_was_written_before) {
    run([]() -> Coro<> {
        auto file = co_await open("x", "w");
        co_await file.write("a");
        co_await file.fsync();
        EXPECT_EQ(content_of("x"), "a");
        co_await file.write("b");
        co_await file.fdatasync();
        EXPECT_EQ(content_of("x"), "ab");
        auto device = co_await open("/dev/null", "w");
        EXPECT_EQ(co_await ending_of(device.fsync()), "hocket::OSError: sync /dev/null: Invalid argument");
    }());
}

TEST_F(FileBytes, a_file_knows_its_mode_and_what_it_can) {
    put_file("x", "");
    run([]() -> Coro<> {
        auto file = co_await open("x", "r+b");
        EXPECT_EQ(file.mode(), "r+b");
        EXPECT_EQ(file.name(), "x");
        EXPECT_TRUE(file.readable() && file.writable() && file.seekable());
        EXPECT_FALSE(file.isatty());
        auto out = co_await open("x", "a");
        EXPECT_FALSE(out.readable());
        EXPECT_TRUE(out.writable());
        co_await out.close();
        EXPECT_EQ(out.mode(), "a");
        EXPECT_EQ(testing::thrown_by([&] { out.readable(); }), "hocket::ValueError: the mode of x: the file is closed");
        EXPECT_EQ(testing::thrown_by([&] { out.isatty(); }),
                  "hocket::ValueError: the descriptor of x: the file is closed");
    }());
}

TEST_F(FileBytes, a_pseudo_terminal_is_a_terminal_and_gets_each_line) {
    const int master = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (master < 0 || ::grantpt(master) < 0 || ::unlockpt(master) < 0) GTEST_SKIP() << "no pseudo-terminals";
    run([](int fd) -> Coro<> {
        auto terminal = co_await open(::ptsname(fd), "w");
        EXPECT_TRUE(terminal.isatty());
        co_await terminal.write("no line");
        co_await terminal.write(", a line\n");
        std::string seen(64, ' ');
        seen.resize(static_cast<std::size_t>(std::max<ssize_t>(::read(fd, seen.data(), seen.size()), 0)));
        EXPECT_EQ(seen, "no line, a line\r\n");
    }(master));
    ::close(master);
}

TEST_F(FileBytes, a_descriptor_becomes_a_file) {
    put_file("x", "content");
    run([]() -> Coro<> {
        const int fd = ::open("x", O_RDWR | O_CLOEXEC);
        {
            auto borrowed = co_await open(fd, "r+", {.closefd = false});
            EXPECT_EQ(borrowed.name(), "descriptor " + std::to_string(fd));
            EXPECT_EQ(borrowed.fileno(), fd);
            EXPECT_EQ(co_await borrowed.read(3), "con");
            co_await borrowed.seek(0);
            co_await borrowed.write("C");
            co_await borrowed.close();
            EXPECT_TRUE(borrowed.closed());
        }
        EXPECT_EQ(content_of("x"), "Content");
        EXPECT_GE(::fcntl(fd, F_GETFD), 0);
        auto owner = co_await open(fd, "a");
        EXPECT_EQ(co_await owner.tell(), 7);
        co_await owner.close();
        EXPECT_LT(::fcntl(fd, F_GETFD), 0);
    }());
}

TEST_F(FileBytes, a_descriptor_that_is_none_is_an_error_and_what_is_refused_stays_open) {
    run([]() -> Coro<> {
        EXPECT_EQ(co_await ending_of(open(9999)), "hocket::OSError: open descriptor 9999: Bad file descriptor");
        EXPECT_EQ(co_await ending_of(open(-1)), "hocket::OSError: open descriptor -1: Bad file descriptor");
        const int folder = ::open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        EXPECT_EQ(co_await ending_of(open(folder)),
                  "hocket::OSError: open descriptor " + std::to_string(folder) + ": Is a directory");
        EXPECT_EQ(::close(folder), 0);
    }());
}

TEST_F(FileBytes, a_descriptor_that_does_not_want_to_wait_is_waited_for) {
    run([]() -> Coro<> {
        int ends[2];
        EXPECT_EQ(::pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
        auto in = co_await open(ends[0], "rb");
        auto out = co_await open(ends[1], "wb");
        const std::string large(300'000, 'x');  // more than a pipe holds
        const auto writing = create_task(
            [](File file, std::string data) -> Coro<> {
                co_await file.write(std::move(data));
                co_await file.close();
            },
            std::move(out), large);
        EXPECT_TRUE(co_await in.read() == large);
        co_await writing;
    }());
}

TEST_F(FileBytes, whoever_reads_a_file_in_memory_lets_the_others_run) {
    put_file("x", std::string(1 << 20, 'x'));
    run([]() -> Coro<> {
        int turns = 0;
        bool reading = true;
        const auto other = create_task(
            [](int& count, const bool& go_on) -> Coro<> {
                while (go_on) {
                    co_await hocket::sleep(0);
                    ++count;
                }
            },
            std::ref(turns), std::cref(reading));
        auto file = co_await open("x", "rb");
        while (!(co_await file.read(1000)).empty()) {
        }
        reading = false;
        co_await other;
        EXPECT_GE(turns, 10);
    }());
}

}  // namespace
}  // namespace hocket::fs
