// SPDX-License-Identifier: MIT
// Reading up to a separator, or the first of several.
#include <hocket/net/stream_reader.h>

#include <gtest/gtest.h>
#include <hocket/net/net_test.h>

#include <string>
#include <string_view>
#include <vector>

namespace hocket {
namespace {

using testing::ended;
using testing::ending_of;
using testing::fed;
using testing::turns;

TEST(StreamReader, a_readuntil_over_the_limit_leaves_the_bytes) {
    run([]() -> Coro<> {
        for (const char* text : {"too long|more", "too long"}) {
            const StreamReader reader = fed(text, 5);
            for (int i = 0; i < 2; ++i) {
                try {
                    co_await reader.readuntil("|");
                    ADD_FAILURE();
                } catch (const LimitOverrunError& e) {
                    EXPECT_EQ(e.consumed(), 8U);
                }
            }
            EXPECT_EQ(co_await reader.readexactly(8), "too long");
        }
    }());
}

TEST(StreamReader, a_separator_may_come_in_parts) {
    run([]() -> Coro<> {
        const StreamReader reader;
        const Task<std::string> task = create_task(reader.readuntil("END"));
        for (const char* part : {"aE", "NbEN", "D", "rest"}) {
            co_await turns(2);
            reader.feed_data(part);
        }
        EXPECT_EQ(co_await task, "aENbEND");
        EXPECT_EQ(co_await reader.read(10), "rest");
    }());
}

TEST(StreamReader, a_separator_may_be_any_text_in_memory) {
    run([]() -> Coro<> {
        const StreamReader reader = fed("some data\r\nmore");
        const std::vector<char> separator{'\r', '\n'};
        const std::string_view view(separator.data(), separator.size());
        EXPECT_EQ(co_await reader.readuntil(view), "some data\r\n");
        EXPECT_EQ(reader.transport()->unread(), "more");
    }());
}

TEST(StreamReader, what_looks_like_a_separators_beginning_is_no_end) {
    run([]() -> Coro<> {
        const StreamReader reader;
        for (const std::vector<std::string>& parts : std::vector<std::vector<std::string>>{
                 {"QWEaa", "XYaa", "a"}, {"QWEaa", "XYa", "aa"}, {"aaa"}, {"Xaaa"}, {"YYY", "a", "a", "a"}}) {
            std::string whole;
            for (const std::string& part : parts) {
                reader.feed_data(part);
                whole += part;
            }
            EXPECT_EQ(co_await reader.readuntil("aaa"), whole);
            EXPECT_EQ(reader.transport()->unread(), "");
        }
    }());
}

TEST(StreamReader, separators_of_different_lengths_may_come_in_parts) {
    run([]() -> Coro<> {
        const StreamReader reader = fed("data");
        const std::vector<std::string> separators{"A", "long sep"};
        const Task<std::string> task = create_task(reader.readuntil(separators));
        for (const char* part : {"Z", "Aaaa"}) {
            co_await turns(2);
            reader.feed_data(part);
        }
        EXPECT_EQ(co_await task, "dataZA");
        EXPECT_EQ(reader.transport()->unread(), "aaa");
    }());
}

TEST(StreamReader, of_several_separators_the_one_that_ends_first_counts_for_the_limit) {
    run([]() -> Coro<> {
        const StreamReader reader = fed("some dataA", 3);
        const std::vector<std::string> separators{"A", "ome dataA"};
        EXPECT_EQ(co_await ending_of(reader.readuntil(separators)),
                  "hocket::LimitOverrunError: Separator is found, but chunk is longer than limit");
        EXPECT_EQ(reader.transport()->unread(), "some dataA");
    }());
}

TEST(StreamReader, of_several_separators_the_one_that_ends_first_wins) {
    run([]() -> Coro<> {
        const std::vector<std::string> separators{"\r\n", "\n", "<end>"};
        const StreamReader reader = ended("a\r\nb\nc<end>d");
        EXPECT_EQ(co_await reader.readuntil(separators), "a\r\n");
        EXPECT_EQ(co_await reader.readuntil(separators), "b\n");
        EXPECT_EQ(co_await reader.readuntil(separators), "c<end>");
        EXPECT_EQ(co_await reader.readuntil({"d", "cd"}), "d");
        const StreamReader overlapping = fed("ABCDEFG");
        EXPECT_EQ(co_await overlapping.readuntil({"DEF", "BCDE"}), "ABCDE");
    }());
}

TEST(StreamReader, readuntil_at_the_end_gives_what_is_left_with_the_error) {
    run([]() -> Coro<> {
        const StreamReader reader = ended("abc");
        try {
            co_await reader.readuntil("|");
            ADD_FAILURE();
        } catch (const IncompleteReadError& e) {
            EXPECT_EQ(e.partial(), "abc");
            EXPECT_FALSE(e.expected());
        }
        EXPECT_TRUE(reader.at_eof());
    }());
}

TEST(StreamReader, empty_separators_are_refused) {
    run([]() -> Coro<> {
        const StreamReader reader;
        EXPECT_EQ(co_await ending_of(reader.readuntil("")),
                  "hocket::ValueError: Separator should be at least one-byte string");
        EXPECT_EQ(co_await ending_of(reader.readuntil({"a", ""})),
                  "hocket::ValueError: Separator should be at least one-byte string");
        EXPECT_EQ(co_await ending_of(reader.readuntil(std::vector<std::string>{})),
                  "hocket::ValueError: Separator should contain at least one element");
    }());
}

}  // namespace
}  // namespace hocket
