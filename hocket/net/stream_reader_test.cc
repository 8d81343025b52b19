// SPDX-License-Identifier: MIT
// Reading from streams that are fed by hand: every rule of StreamReader that needs no network.
#include <hocket/flow/ensure_future.h>
#include <hocket/net/stream_reader.h>

#include <gtest/gtest.h>
#include <hocket/net/net_test.h>

#include <string>
#include <vector>

namespace hocket {
namespace {

using testing::ended;
using testing::ending_of;
using testing::fed;
using testing::turns;

TEST(StreamReader, read_gives_what_is_there_up_to_n_bytes_and_does_not_suspend) {
    run([]() -> Coro<> {
        const testing::TurnWatch turn;
        const StreamReader reader = fed("abcdef");
        EXPECT_EQ(co_await reader.read(4), "abcd");
        EXPECT_EQ(co_await reader.read(0), "");
        EXPECT_EQ(co_await reader.read(4), "ef");
        EXPECT_FALSE(turn.passed());
    }());
}

TEST(StreamReader, read_is_not_bound_by_the_limit) {
    run([]() -> Coro<> {
        const StreamReader reader = fed("chunk", 3);
        EXPECT_EQ(co_await reader.read(5), "chunk");
        EXPECT_EQ(reader.transport()->unread(), "");
    }());
}

TEST(StreamReader, bytes_that_are_fed_in_parts_are_one_text) {
    run([]() -> Coro<> {
        const StreamReader reader = fed("zero ");
        reader.feed_data("line1");
        reader.feed_data("\nline2\nline3\n");
        EXPECT_EQ(co_await reader.read(5), "zero ");
        EXPECT_EQ(co_await reader.readline(), "line1\n");
        EXPECT_EQ(co_await reader.read(7), "line2\nl");
        EXPECT_EQ(reader.transport()->unread(), "ine3\n");
    }());
}

TEST(StreamReader, empty_data_changes_nothing) {
    run([]() -> Coro<> {
        const StreamReader reader;
        const Task<std::string> task = create_task(reader.read(5));
        co_await turns(2);
        reader.feed_data("");
        co_await turns(2);
        EXPECT_FALSE(task.done());
        EXPECT_EQ(reader.transport()->unread(), "");
        reader.feed_data("ab");
        EXPECT_EQ(co_await task, "ab");
    }());
}

TEST(StreamReader, read_waits_for_the_first_byte_and_not_for_more) {
    run([]() -> Coro<> {
        const StreamReader reader;
        const Task<std::string> task = create_task(reader.read(100));
        co_await turns(3);
        EXPECT_FALSE(task.done());
        reader.feed_data("x");
        EXPECT_EQ(co_await task, "x");
    }());
}

TEST(StreamReader, read_at_the_end_gives_an_empty_string) {
    run([]() -> Coro<> {
        const StreamReader reader;
        const Task<std::string> task = create_task(reader.read(1));
        co_await turns(2);
        reader.feed_eof();
        EXPECT_EQ(co_await task, "");
        EXPECT_EQ(co_await reader.read(1), "");
    }());
}

TEST(StreamReader, peek_leaves_in_the_stream_what_it_shows_until_that_is_consumed) {
    run([]() -> Coro<> {
        const StreamReader reader;
        const auto peeking = ensure_future(reader.peek());
        co_await turns(2);
        EXPECT_FALSE(peeking.done());
        reader.feed_data("abcdef");
        EXPECT_EQ(co_await peeking, "abcdef");
        EXPECT_EQ(co_await reader.peek(), "abcdef");
        reader.consume(2);
        EXPECT_EQ(co_await reader.peek(), "cdef");
        EXPECT_EQ(co_await reader.read(1), "c");
        EXPECT_EQ(testing::thrown_by([&] { reader.consume(4); }),
                  "hocket::ValueError: StreamReader::consume of 4 bytes, where there are 3");
        reader.consume(3);
        reader.feed_eof();
        EXPECT_EQ(co_await reader.peek(), "");
        reader.consume(0);
    }());
}

TEST(StreamReader, a_second_task_that_would_wait_in_peek_is_refused) {
    run([]() -> Coro<> {
        const StreamReader reader;
        const auto reading = create_task(reader.read(1));
        co_await turns(1);
        EXPECT_EQ(co_await ending_of(reader.peek()),
                  "hocket::RuntimeError: peek() called while another coroutine is already waiting for incoming data");
        reader.feed_data("x");
        co_await reading;
    }());
}

TEST(StreamReader, read_without_a_size_reads_all) {
    run([]() -> Coro<> {
        const StreamReader reader = fed("one ");
        const Task<std::string> task = create_task(reader.read());
        for (const char* part : {"two ", "three"}) {
            co_await turns(2);
            reader.feed_data(part);
        }
        co_await turns(2);
        EXPECT_FALSE(task.done());
        reader.feed_eof();
        EXPECT_EQ(co_await task, "one two three");
    }());
}

TEST(StreamReader, readexactly_waits_until_all_is_there) {
    run([]() -> Coro<> {
        const StreamReader reader = fed("abc");
        const Task<std::string> task = create_task(reader.readexactly(5));
        co_await turns(2);
        reader.feed_data("d");
        co_await turns(2);
        EXPECT_FALSE(task.done());
        reader.feed_data("efg");
        EXPECT_EQ(co_await task, "abcde");
        EXPECT_EQ(co_await reader.readexactly(0), "");
        EXPECT_EQ(co_await reader.read(10), "fg");
    }());
}

// 76
TEST(StreamReader, readexactly_at_the_end_drains_the_buffer_into_the_error) {
    run([]() -> Coro<> {
        const StreamReader reader = ended("abc");
        try {
            co_await reader.readexactly(5);
            ADD_FAILURE();
        } catch (const IncompleteReadError& e) {
            EXPECT_EQ(e.partial(), "abc");
            EXPECT_EQ(e.expected(), 5U);
            EXPECT_STREQ(e.what(), "3 bytes read on a total of 5 expected bytes");
        }
        EXPECT_TRUE(reader.at_eof());
        EXPECT_EQ(co_await reader.read(5), "");
    }());
}

TEST(StreamReader, readexactly_is_not_bound_by_the_limit) {
    run([]() -> Coro<> {
        const StreamReader reader = fed(std::string(1000, 'x'), 10);
        EXPECT_EQ((co_await reader.readexactly(1000)).size(), 1000U);
    }());
}

TEST(StreamReader, readline_gives_lines_with_their_end_and_then_the_rest) {
    run([]() -> Coro<> {
        const StreamReader reader = ended("one\n\ntwo\nrest");
        EXPECT_EQ(co_await reader.readline(), "one\n");
        EXPECT_EQ(co_await reader.readline(), "\n");
        EXPECT_EQ(co_await reader.readline(), "two\n");
        EXPECT_EQ(co_await reader.readline(), "rest");
        EXPECT_EQ(co_await reader.readline(), "");
    }());
}

TEST(StreamReader, readline_waits_for_the_newline) {
    run([]() -> Coro<> {
        const StreamReader reader = fed("a lo");
        const Task<std::string> task = create_task(reader.readline());
        co_await turns(2);
        reader.feed_data("ng li");
        co_await turns(2);
        EXPECT_FALSE(task.done());
        reader.feed_data("ne\nnext");
        EXPECT_EQ(co_await task, "a long line\n");
    }());
}

// 75
TEST(StreamReader, a_line_over_the_limit_is_dropped_and_the_next_one_can_be_read) {
    run([]() -> Coro<> {
        const StreamReader reader = fed("too long\nok\n", 5);
        EXPECT_EQ(co_await ending_of(reader.readline()),
                  "hocket::ValueError: Separator is found, but chunk is longer than limit");
        EXPECT_EQ(co_await reader.readline(), "ok\n");
    }());
}

// 75
TEST(StreamReader, what_has_come_of_a_line_over_the_limit_is_dropped) {
    run([]() -> Coro<> {
        const StreamReader reader = fed("too long", 5);
        EXPECT_EQ(co_await ending_of(reader.readline()),
                  "hocket::ValueError: Separator is not found, and chunk exceed the limit");
        reader.feed_data("ok\n");
        EXPECT_EQ(co_await reader.readline(), "ok\n");
    }());
}

// What comes while it waits counts as what was there.
TEST(StreamReader, a_line_that_grows_over_the_limit_while_it_is_awaited_is_dropped) {
    run([]() -> Coro<> {
        const StreamReader whole(7), cut(7);
        const Task<std::string> first = create_task(whole.readline()), second = create_task(cut.readline());
        co_await turns(2);
        for (const char* part : {"chunk1", "chunk2", "chunk3\n"}) whole.feed_data(part);
        for (const char* part : {"chunk1", "chunk2\n", "chunk3\n"}) cut.feed_data(part);
        for (const StreamReader& reader : {whole, cut}) reader.feed_eof();
        EXPECT_TRUE((co_await ending_of(first)).starts_with("hocket::ValueError: Separator is found"));
        EXPECT_TRUE((co_await ending_of(second)).starts_with("hocket::ValueError: Separator is found"));
        EXPECT_EQ(whole.transport()->unread(), "");
        EXPECT_EQ(cut.transport()->unread(), "chunk3\n");
    }());
}

TEST(StreamReader, a_line_of_exactly_the_limit_is_read) {
    run([]() -> Coro<> {
        const StreamReader reader = fed("12345\n12345", 5);
        EXPECT_EQ(co_await reader.readline(), "12345\n");
        const Task<std::string> task = create_task(reader.readline());
        co_await turns(2);
        EXPECT_FALSE(task.done());
        reader.feed_data("\n");
        EXPECT_EQ(co_await task, "12345\n");
    }());
}

// 75
TEST(StreamReader, next_gives_the_lines_one_by_one) {
    run([]() -> Coro<> {
        const StreamReader reader = ended("one\ntwo\nrest");
        std::string lines;
        while (auto line = co_await reader.next()) lines += "[" + *line + "]";
        EXPECT_EQ(lines, "[one\n][two\n][rest]");
    }());
}

// 76
TEST(StreamReader, an_exception_is_thrown_by_every_read_whatever_the_buffer_holds) {
    run([]() -> Coro<> {
        const StreamReader reader = fed("data\n");
        reader.set_exception(std::make_exception_ptr(ValueError("broken")));
        for (int i = 0; i < 2; ++i) {
            EXPECT_EQ(co_await ending_of(reader.read(1)), "hocket::ValueError: broken");
            EXPECT_EQ(co_await ending_of(reader.read()), "hocket::ValueError: broken");
            EXPECT_EQ(co_await ending_of(reader.readexactly(1)), "hocket::ValueError: broken");
            EXPECT_EQ(co_await ending_of(reader.readline()), "hocket::ValueError: broken");
            EXPECT_EQ(co_await ending_of(reader.readuntil("\n")), "hocket::ValueError: broken");
        }
        EXPECT_EQ(describe(reader.exception()), "hocket::ValueError: broken");
    }());
}

TEST(StreamReader, an_exception_ends_the_wait) {
    run([]() -> Coro<> {
        const StreamReader reader;
        const Task<std::string> task = create_task(reader.readline());
        co_await turns(2);
        reader.set_exception(std::make_exception_ptr(ValueError("broken")));
        EXPECT_EQ(co_await ending_of(task), "hocket::ValueError: broken");
    }());
}

// 76
TEST(StreamReader, two_readers_at_once_are_an_error) {
    run([]() -> Coro<> {
        const StreamReader reader;
        const Task<std::string> first = create_task(reader.read(1));
        co_await turns(1);
        EXPECT_EQ(
            co_await ending_of(reader.readline()),
            "hocket::RuntimeError: readline() called while another coroutine is already waiting for incoming data");
        EXPECT_EQ(co_await ending_of(reader.read(1)),
                  "hocket::RuntimeError: read() called while another coroutine is already waiting for incoming data");
        reader.feed_data("x");
        EXPECT_EQ(co_await first, "x");
    }());
}

TEST(StreamReader, a_cancelled_read_leaves_what_has_come) {
    run([]() -> Coro<> {
        const StreamReader reader = fed("abc");
        const Task<std::string> task = create_task(reader.readexactly(5));
        co_await turns(2);
        task.cancel();
        co_await turns(2);
        EXPECT_TRUE(task.cancelled());
        reader.feed_data("d");
        EXPECT_EQ(co_await reader.read(10), "abcd");
    }());
}

TEST(StreamReader, a_read_cancelled_after_data_came_leaves_the_data) {
    run([]() -> Coro<> {
        const StreamReader reader;
        const Task<std::string> task = create_task(reader.read(10));
        co_await turns(2);
        reader.feed_data("abc");
        task.cancel();
        co_await turns(2);
        EXPECT_TRUE(task.cancelled());
        EXPECT_EQ(co_await reader.read(10), "abc");
    }());
}

TEST(StreamReader, a_cancelled_read_of_everything_leaves_what_has_come) {
    run([]() -> Coro<> {
        const StreamReader reader = fed("ab");
        const Task<std::string> task = create_task(reader.read());
        co_await turns(2);
        reader.feed_data("cd");
        co_await turns(2);
        task.cancel();
        co_await turns(2);
        EXPECT_TRUE(task.cancelled());
        EXPECT_EQ(co_await reader.read(10), "abcd");
    }());
}

TEST(StreamReader, it_is_at_the_end_when_the_stream_is_and_all_was_read) {
    run([]() -> Coro<> {
        const StreamReader reader = fed("ab");
        EXPECT_FALSE(reader.at_eof());
        reader.feed_eof();
        EXPECT_FALSE(reader.at_eof());
        co_await reader.read(1);
        EXPECT_FALSE(reader.at_eof());
        co_await reader.read(1);
        EXPECT_TRUE(reader.at_eof());
        EXPECT_THROW(reader.feed_data("x"), RuntimeError);
    }());
}

TEST(StreamReader, an_exception_may_be_set_after_a_read_was_cancelled) {
    run([]() -> Coro<> {
        const StreamReader reader;
        EXPECT_FALSE(reader.exception());
        const Task<std::string> task = create_task(reader.readline());
        co_await turns(1);
        task.cancel();
        co_await turns(1);
        reader.set_exception(std::make_exception_ptr(RuntimeError("message")));
        co_await turns(1);
        EXPECT_TRUE(task.cancelled());
        EXPECT_FALSE(reader.transport()->awaited());
        EXPECT_EQ(describe(reader.exception()), "hocket::RuntimeError: message");
    }());
}

TEST(StreamReader, a_limit_of_zero_is_refused) { EXPECT_THROW(StreamReader(0), ValueError); }

TEST(StreamReader, a_stream_fed_byte_by_byte_gives_the_same_lines) {
    run([]() -> Coro<> {
        std::string text;
        for (int i = 0; i < 300; ++i) text += std::string(static_cast<std::size_t>(i % 50), 'x') + "\n";
        const StreamReader reader;
        const Task<std::string> task = create_task(
            [](StreamReader r) -> Coro<std::string> {
                std::string all;
                while (auto line = co_await r.next()) {
                    EXPECT_EQ(line->find('\n'), line->size() - 1);
                    all += *line;
                }
                co_return all;
            },
            reader);
        for (const char c : text) {
            reader.feed_data(std::string_view(&c, 1));
            if (c == 'x') co_await turns(1);
        }
        reader.feed_eof();
        EXPECT_EQ(co_await task, text);
    }());
}

}  // namespace
}  // namespace hocket
