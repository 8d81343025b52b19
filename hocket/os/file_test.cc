// SPDX-License-Identifier: MIT
// Files: modes, reads, lines, writes, positions, and how they are closed.
#include <hocket/os/file.h>

#include <hocket/os/in_folder_test.h>

#include <gtest/gtest.h>
#include <hocket/flow/gather.h>
#include <hocket/flow/with.h>

#include <fcntl.h>
#include <tests/support/trace.h>
#include <type_traits>

namespace hocket::fs {
namespace {

using testing::content_of;
using testing::ending_of;
using testing::put_file;

class FileTest : public testing::InFolder {};

// What opening in `mode` and reading or writing gives, for a file that holds "old".
Coro<std::string> opened(std::string mode) {
    put_file("x.txt", "old");
    auto file = co_await open("x.txt", std::move(mode));
    co_await file.write("new");
    co_await file.close();
    co_return content_of("x.txt");
}

TEST_F(FileTest, what_was_written_is_in_the_file) {
    run([]() -> Coro<> {
        auto file = co_await open("x.txt", "w");
        EXPECT_EQ(co_await file.write("hello\n"), 6U);
        EXPECT_EQ(co_await file.write("world\n"), 6U);
        co_await file.close();
        EXPECT_EQ(content_of("x.txt"), "hello\nworld\n");
    }());
}

TEST_F(FileTest, modes_are_pythons) {
    run([]() -> Coro<> {
        EXPECT_EQ(co_await opened("w"), "new");
        EXPECT_EQ(co_await opened("wb"), "new");
        EXPECT_EQ(co_await opened("a"), "oldnew");
        EXPECT_EQ(co_await opened("r+"), "new");
        EXPECT_EQ(co_await opened("+br"), "new");
        EXPECT_EQ(co_await opened("a+t"), "oldnew");
        EXPECT_EQ(co_await ending_of(opened("x")), "hocket::OSError: open x.txt: File exists");
        auto made = co_await open("made.txt", "x");
        EXPECT_EQ(content_of("made.txt"), "");
    }());
}

TEST_F(FileTest, a_mode_that_is_none_is_named) {
    run([]() -> Coro<> {
        for (const char* mode : {"", "q", "rw", "r++", "rbt", "b", "+", "rb "}) {
            EXPECT_EQ(co_await ending_of(open("x.txt", mode)), "hocket::ValueError: open x.txt: no mode is \"" +
                                                                   std::string(mode) +
                                                                   "\": it is one of r, w, a, x, and may have + and b");
        }
    }());
}

TEST_F(FileTest, what_cannot_be_opened_says_why) {
    run([]() -> Coro<> {
        std::filesystem::create_directory("folder");
        EXPECT_EQ(co_await ending_of(open("missing.txt")),
                  "hocket::OSError: open missing.txt: No such file or directory");
        EXPECT_EQ(co_await ending_of(open("folder")), "hocket::OSError: open folder: Is a directory");
        EXPECT_EQ(co_await ending_of(open("folder", "w")), "hocket::OSError: open folder: Is a directory");
        EXPECT_EQ(co_await ending_of(open(std::string("a\0b", 3))),
                  "hocket::ValueError: open: a null character in the name of a file");
    }());
}

TEST_F(FileTest, a_mode_forbids_what_it_does_not_allow) {
    run([]() -> Coro<> {
        auto file = co_await open("x.txt", "w");
        EXPECT_EQ(co_await ending_of(file.read()),
                  "hocket::ValueError: read from x.txt: it was opened with the mode \"w\"");
        auto other = co_await open("x.txt", "rb");
        EXPECT_EQ(co_await ending_of(other.write("a")),
                  "hocket::ValueError: write to x.txt: it was opened with the mode \"rb\"");
        EXPECT_EQ(co_await ending_of(other.truncate(0)),
                  "hocket::ValueError: truncate x.txt: it was opened with the mode \"rb\"");
    }());
}

TEST_F(FileTest, a_read_gives_n_bytes_and_fewer_at_the_end) {
    put_file("x.txt", "abcdefg");
    run([]() -> Coro<> {
        auto file = co_await open("x.txt");
        EXPECT_EQ(co_await file.read(3), "abc");
        EXPECT_EQ(co_await file.read(0), "");
        EXPECT_EQ(co_await file.read(10), "defg");
        EXPECT_EQ(co_await file.read(10), "");
    }());
}

TEST_F(FileTest, a_read_without_a_number_gives_all_that_is_left) {
    const std::string content(3 << 20, 'x');
    put_file("x.txt", "head" + content);
    run([](const std::string& expected) -> Coro<> {
        auto file = co_await open("x.txt");
        EXPECT_EQ(co_await file.read(4), "head");
        EXPECT_TRUE(co_await file.read() == expected);
        EXPECT_EQ(co_await file.read(), "");
    }(content));
}

TEST_F(FileTest, a_file_whose_size_is_not_known_is_read_to_its_end) {
    run([]() -> Coro<> {
        auto file = co_await open("/proc/self/status");
        EXPECT_TRUE((co_await file.read()).starts_with("Name:"));
    }());
}

TEST_F(FileTest, lines_have_their_newlines_and_the_last_may_have_none) {
    put_file("x.txt", "one\n\nthree");
    run([]() -> Coro<> {
        auto file = co_await open("x.txt");
        std::vector<std::string> lines;
        while (auto line = co_await file.next()) lines.push_back(*line);
        EXPECT_EQ(lines, (std::vector<std::string>{"one\n", "\n", "three"}));
        EXPECT_EQ(co_await file.readline(), "");
        co_await file.seek(0);
        EXPECT_EQ(co_await file.readline(), "one\n");
        lines = co_await file.readlines();
        EXPECT_EQ(lines, (std::vector<std::string>{"\n", "three"}));
        EXPECT_EQ(co_await file.readlines(), std::vector<std::string>());
    }());
}

TEST_F(FileTest, lines_longer_than_the_buffer_are_whole) {
    const std::string line = std::string(200'000, 'a') + "\n";
    put_file("x.txt", line + line + "end\n");
    run([](const std::string& expected) -> Coro<> {
        auto file = co_await open("x.txt");
        EXPECT_TRUE(co_await file.next() == expected);
        EXPECT_TRUE(co_await file.next() == expected);
        EXPECT_EQ(co_await file.next(), "end\n");
        EXPECT_EQ(co_await file.next(), std::nullopt);
    }(line));
}

TEST_F(FileTest, what_is_appended_later_is_seen_at_the_end) {
    put_file("log.txt", "one\n");
    run([]() -> Coro<> {
        auto file = co_await open("log.txt");
        EXPECT_EQ(co_await file.next(), "one\n");
        EXPECT_EQ(co_await file.next(), std::nullopt);
        auto log = co_await open("log.txt", "a");
        co_await log.write("two\n");
        co_await log.flush();
        EXPECT_EQ(co_await file.next(), "two\n");
    }());
}

TEST_F(FileTest, small_reads_and_writes_do_not_suspend) {
    put_file("x.txt", "a\nb\nc\n");
    run([]() -> Coro<> {
        auto file = co_await open("x.txt", "r");
        EXPECT_EQ(co_await file.next(), "a\n");
        bool others_ran = false;
        get_running_loop().call_soon([&] { others_ran = true; });
        EXPECT_EQ(co_await file.next(), "b\n");
        EXPECT_EQ(co_await file.next(), "c\n");
        EXPECT_FALSE(others_ran);
        auto out = co_await open("y.txt", "w");
        EXPECT_TRUE(others_ran);
        others_ran = false;
        get_running_loop().call_soon([&] { others_ran = true; });
        for (int i = 0; i < 1000; ++i) co_await out.write("a line\n");
        EXPECT_FALSE(others_ran);
        EXPECT_EQ(content_of("y.txt"), "");
        co_await out.flush();
        EXPECT_EQ(content_of("y.txt").size(), 7000U);
    }());
}

TEST_F(FileTest, large_writes_keep_their_order) {
    run([]() -> Coro<> {
        const std::string large(300'000, 'b');
        auto file = co_await open("x.txt", "w");
        co_await file.write("a");
        EXPECT_EQ(co_await file.write(large), large.size());
        co_await file.write("c");
        co_await file.close();
        EXPECT_TRUE(content_of("x.txt") == "a" + large + "c");
    }());
}

TEST_F(FileTest, seek_and_tell_know_what_is_in_the_buffers) {
    put_file("x.txt", "0123456789");
    run([]() -> Coro<> {
        auto file = co_await open("x.txt", "r+");
        EXPECT_EQ(co_await file.read(2), "01");
        EXPECT_EQ(co_await file.tell(), 2);
        EXPECT_EQ(co_await file.seek(3, SEEK_CUR), 5);
        EXPECT_EQ(co_await file.read(2), "56");
        co_await file.write("AB");
        EXPECT_EQ(co_await file.tell(), 9);
        EXPECT_EQ(co_await file.read(), "9");
        EXPECT_EQ(co_await file.seek(-4, SEEK_END), 6);
        EXPECT_EQ(co_await file.read(), "6AB9");
        EXPECT_EQ(co_await ending_of(file.seek(-1)), "hocket::OSError: seek in x.txt: Invalid argument");
        EXPECT_EQ(content_of("x.txt"), "0123456AB9");
    }());
}

TEST_F(FileTest, a_file_opened_for_appending_tells_its_end) {
    put_file("x.txt", "123");
    run([]() -> Coro<> {
        auto file = co_await open("x.txt", "a+");
        EXPECT_EQ(co_await file.tell(), 3);
        co_await file.write("4");
        EXPECT_EQ(co_await file.tell(), 4);
        co_await file.seek(0);
        EXPECT_EQ(co_await file.read(2), "12");
        co_await file.write("5");
        co_await file.close();
        EXPECT_EQ(content_of("x.txt"), "12345");
    }());
}

TEST_F(FileTest, truncate_cuts_and_extends) {
    put_file("x.txt", "0123456789");
    run([]() -> Coro<> {
        auto file = co_await open("x.txt", "r+");
        EXPECT_EQ(co_await file.read(4), "0123");
        EXPECT_EQ(co_await file.truncate(), 4);
        EXPECT_EQ(content_of("x.txt"), "0123");
        EXPECT_EQ(co_await file.truncate(6), 6);
        EXPECT_EQ(content_of("x.txt"), std::string("0123\0\0", 6));
        EXPECT_EQ(co_await file.tell(), 4);
        co_await file.write("ab");
        EXPECT_EQ(co_await file.truncate(5), 5);
        EXPECT_EQ(content_of("x.txt"), "0123a");
    }());
}

TEST_F(FileTest, with_gives_the_file_and_closes_it) {
    run([]() -> Coro<> {
        auto file = co_await open("x.txt", "w");
        co_await with(file, [](File& f) -> Coro<> { co_await f.write("in the block"); });
        EXPECT_TRUE(file.closed());
        EXPECT_EQ(content_of("x.txt"), "in the block");
        const auto size = co_await with(co_await open("x.txt"),
                                        [](File& f) -> Coro<std::size_t> { co_return (co_await f.read()).size(); });
        EXPECT_EQ(size, 12U);
    }());
}

TEST_F(FileTest, with_closes_the_file_when_the_block_fails) {
    run([]() -> Coro<> {
        auto file = co_await open("x.txt", "w");
        EXPECT_EQ(co_await ending_of(with(file,
                                          [](File& f) -> Coro<> {
                                              co_await f.write("before");
                                              throw ValueError("the block fails");
                                          })),
                  "hocket::ValueError: the block fails");
        EXPECT_TRUE(file.closed());
        EXPECT_EQ(content_of("x.txt"), "before");
    }());
}

TEST_F(FileTest, the_destructor_writes_and_closes) {
    run([]() -> Coro<> {
        {
            auto file = co_await open("x.txt", "w");
            co_await file.write("kept");
        }
        EXPECT_EQ(content_of("x.txt"), "kept");
    }());
}

TEST_F(FileTest, a_closed_file_refuses_and_says_so) {
    run([]() -> Coro<> {
        auto file = co_await open("x.txt", "w+");
        EXPECT_FALSE(file.closed());
        co_await file.close();
        EXPECT_TRUE(file.closed());
        co_await file.close();
        EXPECT_EQ(co_await ending_of(file.read()), "hocket::ValueError: read from x.txt: the file is closed");
        EXPECT_EQ(co_await ending_of(file.write("a")), "hocket::ValueError: write to x.txt: the file is closed");
        EXPECT_EQ(co_await ending_of(file.tell()),
                  "hocket::ValueError: tell the position in x.txt: the file is closed");
        EXPECT_EQ(testing::thrown_by([&] { return file.fileno(); }),
                  "hocket::ValueError: the descriptor of x.txt: the file is closed");
        EXPECT_EQ(file.name(), "x.txt");
    }());
}

TEST_F(FileTest, can_be_moved_and_not_copied) {
    static_assert(!std::is_copy_constructible_v<File> && std::is_nothrow_move_constructible_v<File>);
    run([]() -> Coro<> {
        auto first = co_await open("x.txt", "w");
        const int fd = first.fileno();
        File second = std::move(first);
        EXPECT_EQ(second.fileno(), fd);
        EXPECT_EQ(co_await second.write("moved"), 5U);
        EXPECT_TRUE(first.closed());
        EXPECT_EQ(testing::thrown_by([&] { return first.name(); }), "hocket::ValueError: the file was moved away");
        first = co_await open("y.txt", "w");
        second = std::move(first);  // closes x.txt
        EXPECT_EQ(content_of("x.txt"), "moved");
    }());
}

TEST_F(FileTest, its_descriptor_is_not_handed_to_other_programs) {
    run([]() -> Coro<> {
        auto file = co_await open("x.txt", "w");
        EXPECT_TRUE(::fcntl(file.fileno(), F_GETFD) & FD_CLOEXEC);
    }());
}

TEST_F(FileTest, an_operation_outlives_its_file) {
    put_file("x.txt", "content");
    run([]() -> Coro<> {
        Task<std::string> reading;
        {
            auto file = co_await open("x.txt");
            reading = create_task(file.read());
        }
        EXPECT_EQ(co_await reading, "content");
    }());
}

TEST_F(FileTest, a_file_outlives_its_loop) {
    put_file("x.txt", "12");
    run([]() -> Coro<> { co_return; }());
    std::optional<File> file;
    hocket::run([](std::optional<File>& f) -> Coro<> {
        f = co_await open("x.txt", "r+");
        EXPECT_EQ(co_await f->read(1), "1");
    }(file));
    hocket::run([](std::optional<File>& f) -> Coro<> {
        EXPECT_EQ(co_await f->read(1), "2");
        co_await f->write("3");
    }(file));
    file.reset();
    EXPECT_EQ(content_of("x.txt"), "123");
}

TEST_F(FileTest, what_cannot_be_written_is_told_by_who_hands_it_to_the_system) {
    if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "no /dev/full";
    run([]() -> Coro<> {
        auto file = co_await open("/dev/full", "w");
        co_await file.write("lost");
        EXPECT_EQ(co_await ending_of(file.flush()), "hocket::OSError: write to /dev/full: No space left on device");
        EXPECT_EQ(co_await ending_of(file.write(std::string(100'000, 'x'))),
                  "hocket::OSError: write to /dev/full: No space left on device");
        EXPECT_EQ(co_await ending_of(file.close()), "hocket::OSError: write to /dev/full: No space left on device");
        EXPECT_TRUE(file.closed());
    }());
}

TEST_F(FileTest, nothing_more_is_taken_while_it_cannot_be_written) {
    if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "no /dev/full";
    run([]() -> Coro<> {
        auto file = co_await open("/dev/full", "w");
        const std::string piece(70'000, 'x');
        for (int i = 0; i < 5; ++i) EXPECT_NE(co_await ending_of(file.write(piece)), "nothing");
        EXPECT_EQ(co_await file.tell(), 70'000);
        EXPECT_NE(co_await ending_of(file.close()), "nothing");
    }());
}

TEST_F(FileTest, a_destructor_that_cannot_write_reports) {
    if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "no /dev/full";
    testing::Reports reports;
    run([]() -> Coro<> {
        auto file = co_await open("/dev/full", "w");
        co_await file.write("lost");
    }());
    EXPECT_EQ(reports.taken(),
              "a file that was not closed loses what was written: write to /dev/full: No space left on device");
}

TEST_F(FileTest, files_are_opened_and_read_at_once) {
    put_file("a.txt", "a");
    put_file("b.txt", "b");
    run([]() -> Coro<> {
        auto [a, b] = co_await gather(open("a.txt"), open("b.txt"));
        auto [x, y] = co_await gather(a.read(), b.read());
        EXPECT_EQ(x + y, "ab");
    }());
}

}  // namespace
}  // namespace hocket::fs
