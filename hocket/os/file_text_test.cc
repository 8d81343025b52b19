// SPDX-License-Identifier: MIT
// Text files: UTF-8 that is checked, characters that are counted, newlines of every kind.
#include <hocket/os/file.h>

#include <hocket/os/in_folder_test.h>

#include <gtest/gtest.h>

#include <tests/support/trace.h>
#include <cstdio>

namespace hocket::fs {
namespace {

using testing::content_of;
using testing::ending_of;
using testing::put_file;

class FileText : public testing::InFolder {};

/// One after the other, with a bar between them.
std::string joined(const std::vector<std::string>& lines) {
    std::string all;
    for (const std::string& line : lines) all += (all.empty() ? "" : "|") + line;
    return all;
}

Coro<std::string> lines_of(std::string path, std::string mode, OpenOptions options = {}) {
    auto file = co_await open(std::move(path), std::move(mode), options);
    co_return joined(co_await file.readlines());
}

TEST_F(FileText, every_newline_is_read_as_one) {
    put_file("x.txt", "a\r\nb\rc\n\r");
    run([]() -> Coro<> {
        auto file = co_await open("x.txt");
        EXPECT_EQ(co_await file.read(), "a\nb\nc\n\n");
        co_await file.seek(0);
        EXPECT_EQ(co_await file.readline(), "a\n");
        EXPECT_EQ(co_await file.tell(), 3);
        EXPECT_EQ(co_await file.next(), "b\n");
        EXPECT_EQ(joined(co_await file.readlines()), "c\n|\n");
    }());
}

TEST_F(FileText, newlines_may_be_kept_or_be_of_one_kind) {
    put_file("x.txt", "a\r\nb\rc\n");
    run([]() -> Coro<> {
        EXPECT_EQ(co_await lines_of("x.txt", "r", {.newline = Newline::keep}), "a\r\n|b\r|c\n");
        EXPECT_EQ(co_await lines_of("x.txt", "r", {.newline = Newline::lf}), "a\r\n|b\rc\n");
        EXPECT_EQ(co_await lines_of("x.txt", "r", {.newline = Newline::crlf}), "a\r\n|b\rc\n");
        EXPECT_EQ(co_await lines_of("x.txt", "r", {.newline = Newline::cr}), "a\r|\nb\r|c\n");
        EXPECT_EQ(co_await lines_of("x.txt", "rb"), "a\r\n|b\rc\n");
    }());
}

TEST_F(FileText, newlines_are_written_as_they_were_asked_for) {
    run([]() -> Coro<> {
        auto file = co_await open("x.txt", "w", {.newline = Newline::crlf});
        EXPECT_EQ(co_await file.write("a\nb\n"), 4U);
        EXPECT_EQ(co_await file.tell(), 6);
        co_await file.close();
        EXPECT_EQ(content_of("x.txt"), "a\r\nb\r\n");
        file = co_await open("x.txt", "w");
        co_await file.write("a\r\nb\n");
        co_await file.close();
        EXPECT_EQ(content_of("x.txt"), "a\r\nb\n");
    }());
}

TEST_F(FileText, sizes_are_counted_in_characters) {
    put_file("x.txt", "na\xc3\xafve \xe2\x82\xac\r\n\xf0\x9f\x8e\xb5!");
    run([]() -> Coro<> {
        auto file = co_await open("x.txt");
        EXPECT_EQ(co_await file.read(3), "na\xc3\xaf");
        EXPECT_EQ(co_await file.tell(), 4);
        EXPECT_EQ(co_await file.read(5), "ve \xe2\x82\xac\n");
        EXPECT_EQ(co_await file.read(1), "\xf0\x9f\x8e\xb5");
        EXPECT_EQ(co_await file.read(9), "!");
        auto out = co_await open("y.txt", "w");
        EXPECT_EQ(co_await out.write("na\xc3\xafve"), 5U);
        auto bytes = co_await open("z", "wb");
        EXPECT_EQ(co_await bytes.write("na\xc3\xafve"), 6U);
    }());
}

TEST_F(FileText, a_character_that_two_reads_of_the_system_bring_is_whole) {
    std::string content(65535, 'a');
    content += "\xe2\x82\xac\r\nend";
    put_file("x.txt", content);
    run([]() -> Coro<> {
        auto file = co_await open("x.txt", "r", {.buffering = 65536});
        EXPECT_EQ((co_await file.readline()).substr(65530), "aaaaa\xe2\x82\xac\n");
        EXPECT_EQ(co_await file.readline(), "end");
        for (const int buffering : {0, 2, 3}) {
            put_file("y.txt", "\xe2\x82\xac\r\n\xe2\x82\xac\r\r\n");
            EXPECT_EQ(co_await lines_of("y.txt", "r", {.buffering = buffering}), "\xe2\x82\xac\n|\xe2\x82\xac\n|\n");
        }
    }());
}

TEST_F(FileText, a_line_may_have_a_limit) {
    put_file("x.txt", "abcdef\ng\n");
    run([]() -> Coro<> {
        auto file = co_await open("x.txt");
        EXPECT_EQ(co_await file.readline(4), "abcd");
        EXPECT_EQ(co_await file.readline(4), "ef\n");
        EXPECT_EQ(co_await file.readline(0), "");
        EXPECT_EQ(co_await file.readline(2), "g\n");
        EXPECT_EQ(co_await file.readline(2), "");
    }());
}

TEST_F(FileText, what_is_no_utf_8_is_an_error_that_says_where) {
    put_file("x.txt", "good\n\xc3\xa9 bad: \xff\nmore\n");
    run([]() -> Coro<> {
        const std::string error = "hocket::UnicodeDecodeError: read from x.txt: no UTF-8 at byte 13: 0xff";
        auto file = co_await open("x.txt");
        EXPECT_EQ(co_await file.readline(), "good\n");
        EXPECT_EQ(co_await ending_of(file.readline()), error);
        EXPECT_EQ(co_await ending_of(file.read()), error);
        EXPECT_EQ(co_await ending_of(file.readlines()), error);
        EXPECT_EQ(co_await file.tell(), 5);
        EXPECT_EQ(co_await file.read(7), "\xc3\xa9 bad: ");  // nothing was taken by the others
        EXPECT_EQ(co_await ending_of(file.read(1)), error);
        try {
            co_await file.read();
        } catch (const UnicodeDecodeError& e) {
            EXPECT_EQ(e.start(), 13);
        }
        co_await file.seek(14);
        EXPECT_EQ(co_await file.read(), "\nmore\n");
        auto bytes = co_await open("x.txt", "rb");
        EXPECT_EQ((co_await bytes.read()).size(), 20U);
    }());
}

TEST_F(FileText, what_is_no_utf_8_may_be_replaced_or_left_out) {
    const std::string bytes = "a\xff\xe2\x82z\r\n\xe2\x82\xac\xc3";
    put_file("x.txt", bytes);
    run([](const std::string& original) -> Coro<> {
        for (const int buffering : {-1, 0, 2, 3, 5}) {
            auto replacing = co_await open("x.txt", "r", {.buffering = buffering, .errors = Errors::replace});
            EXPECT_EQ(co_await replacing.readline(), "a\xef\xbf\xbd\xef\xbf\xbdz\n");
            EXPECT_EQ(co_await replacing.tell(), 7);
            EXPECT_EQ(co_await replacing.read(), "\xe2\x82\xac\xef\xbf\xbd");
            co_await replacing.seek(0);
            EXPECT_EQ(co_await replacing.read(3), "a\xef\xbf\xbd\xef\xbf\xbd");
            EXPECT_EQ(co_await replacing.read(3), "z\n\xe2\x82\xac");
            auto ignoring = co_await open("x.txt", "r", {.buffering = buffering, .errors = Errors::ignore});
            EXPECT_EQ(co_await ignoring.read(2), "az");
            EXPECT_EQ(co_await ignoring.read(9), "\n\xe2\x82\xac");
        }
        auto out = co_await open("y.txt", "w", {.errors = Errors::ignore});
        co_await out.write(original);
        co_await out.close();
        EXPECT_EQ(content_of("y.txt"), "az\r\n\xe2\x82\xac");
        EXPECT_EQ(co_await ending_of(open("x.txt", "rb", {.errors = Errors::replace})),
                  "hocket::ValueError: open x.txt: a binary file has no errors of text");
    }(bytes));
}

TEST_F(FileText, a_file_that_ends_within_a_character_says_so) {
    put_file("x.txt", "a\xe2\x82");
    run([]() -> Coro<> {
        auto file = co_await open("x.txt");
        EXPECT_EQ(co_await file.read(1), "a");
        EXPECT_EQ(co_await ending_of(file.read()),
                  "hocket::UnicodeDecodeError: read from x.txt: no UTF-8 at byte 1: 0xe2, where the file ends within a "
                  "character");
    }());
}

TEST_F(FileText, a_seek_into_a_character_is_found_out) {
    put_file("x.txt", "\xe2\x82\xac");
    run([]() -> Coro<> {
        auto file = co_await open("x.txt");
        co_await file.seek(1);
        EXPECT_EQ(co_await ending_of(file.read()),
                  "hocket::UnicodeDecodeError: read from x.txt: no UTF-8 at byte 1: 0x82");
    }());
}

TEST_F(FileText, text_that_is_no_utf_8_is_not_written) {
    run([]() -> Coro<> {
        auto file = co_await open("x.txt", "w");
        EXPECT_EQ(co_await ending_of(file.write("abc\xff")),
                  "hocket::UnicodeEncodeError: write to x.txt: no UTF-8 at byte 3 of what is to be written");
        co_await file.write("d");
        co_await file.close();
        EXPECT_EQ(content_of("x.txt"), "d");
    }());
}

TEST_F(FileText, what_follows_the_end_may_come_later) {
    put_file("x.txt", "a\r");
    run([]() -> Coro<> {
        auto file = co_await open("x.txt");
        EXPECT_EQ(co_await file.next(), "a\n");
        EXPECT_EQ(co_await file.next(), std::nullopt);
        auto out = co_await open("x.txt", "a");
        co_await out.write("b\xc3\xa9\n");
        co_await out.close();
        EXPECT_EQ(co_await file.next(), "b\xc3\xa9\n");
    }());
}

TEST_F(FileText, options_that_make_no_sense_are_refused) {
    run([]() -> Coro<> {
        EXPECT_EQ(co_await ending_of(open("x.txt", "wb", {.newline = Newline::crlf})),
                  "hocket::ValueError: open x.txt: a binary file has no newlines");
        EXPECT_EQ(co_await ending_of(open("x.txt", "w", {.buffering = -7})),
                  "hocket::ValueError: open x.txt: a buffer of -7 bytes");
        EXPECT_EQ(co_await ending_of(open("x.txt", "w", {.closefd = false})),
                  "hocket::ValueError: open x.txt: closefd is for a descriptor");
        EXPECT_FALSE(std::filesystem::exists("x.txt"));
    }());
}

TEST_F(FileText, a_buffer_may_hold_a_line_or_nothing) {
    run([]() -> Coro<> {
        auto by_lines = co_await open("x.txt", "w", {.buffering = 1});
        co_await by_lines.write("a");
        EXPECT_EQ(content_of("x.txt"), "");
        co_await by_lines.write("b\nc");
        EXPECT_EQ(content_of("x.txt"), "ab\nc");
        auto at_once = co_await open("y", "wb", {.buffering = 0});
        co_await at_once.write("a");
        EXPECT_EQ(content_of("y"), "a");
        auto small = co_await open("z", "wb", {.buffering = 4});
        co_await small.write("abc");
        EXPECT_EQ(content_of("z"), "");
        co_await small.write("d");
        EXPECT_EQ(content_of("z"), "abcd");
    }());
}

}  // namespace
}  // namespace hocket::fs
