// SPDX-License-Identifier: MIT
// Streams over pipes and terminals that were opened elsewhere: what is read, and what is written.
#include <hocket/net/pipe_test.h>

#include <hocket/core/await_graph.h>

namespace hocket {
namespace {

using testing::a_while;
using testing::ending_of;
using testing::Ends;
using testing::make_pipe;
using testing::make_terminal;
using testing::much;
using testing::pattern;
using testing::run_net;

// ---- reading

TEST(RealPipe, what_comes_is_read_and_then_the_end) {
    run_net([]() -> Coro<> {
        Ends pipe = make_pipe();
        const StreamReader reader = co_await connect_read_pipe(pipe.reading.give());
        EXPECT_GE(reader.transport()->fileno(), 0);
        pipe.writing.write("1");
        EXPECT_EQ(co_await reader.read(100), "1");
        pipe.writing.write("2345");
        EXPECT_EQ(co_await reader.readexactly(4), "2345");
        EXPECT_FALSE(reader.at_eof());
        pipe.writing.close();
        EXPECT_EQ(co_await reader.read(), "");
        EXPECT_TRUE(reader.at_eof());
    }());
}

TEST(RealPipe, a_read_waits_for_what_comes_later) {
    run_net([]() -> Coro<> {
        Ends pipe = make_pipe();
        const StreamReader reader = co_await connect_read_pipe(pipe.reading.give());
        const std::string where = "read from descriptor " + std::to_string(reader.transport()->fileno()) + ", pipe";
        const Task<std::string> reading = create_task(reader.readline());
        co_await a_while();
        EXPECT_FALSE(reading.done());
        AwaitDescription awaited;
        reader.transport()->describe(awaited);
        EXPECT_EQ(awaited.text, where);
        pipe.writing.write("a line\nmore");
        EXPECT_EQ(co_await reading, "a line\n");
        EXPECT_EQ(co_await reader.read(100), "more");
    }());
}

TEST(RealPipe, the_end_closes_the_descriptor) {
    run_net([]() -> Coro<> {
        Ends pipe = make_pipe();
        const StreamReader reader = co_await connect_read_pipe(pipe.reading.give());
        pipe.writing.write("last words");
        pipe.writing.close();
        EXPECT_EQ(co_await reader.readexactly(4), "last");
        EXPECT_EQ(co_await reader.read(), " words");
        EXPECT_EQ(reader.transport()->fileno(), -1);
        EXPECT_EQ(co_await reader.read(), "");
    }());
}

TEST(RealPipe, nothing_is_read_before_a_task_asks) {
    run_net([]() -> Coro<> {
        Ends pipe = make_pipe();
        const StreamReader reader = co_await connect_read_pipe(pipe.reading.give());
        const std::string data = pattern(much);
        const Task<std::string> reading = create_task([](StreamReader r) -> Coro<std::string> {
            std::string all = co_await r.read(1);
            EXPECT_EQ(r.transport()->unread().size(), 0U);
            co_await a_while();
            EXPECT_EQ(r.transport()->unread().size(), 0U);
            all += co_await r.read();
            co_return all;
        }(reader));
        const StreamWriter writer = co_await connect_write_pipe(pipe.writing.give());
        co_await writer.write(data.substr(0, 1));
        co_await a_while();
        co_await writer.write(std::string_view(data).substr(1));
        writer.close();
        EXPECT_TRUE(co_await reading == data);
    }());
}

TEST(RealPipe, a_cancelled_read_loses_nothing) {
    run_net([]() -> Coro<> {
        Ends pipe = make_pipe();
        const StreamReader reader = co_await connect_read_pipe(pipe.reading.give());
        for (int i = 0; i < 50; ++i) {
            const Task<std::string> reading = create_task(reader.readexactly(10));
            co_await testing::turns(i % 4);
            pipe.writing.write("half ");
            co_await testing::turns(i % 3);
            reading.cancel();
            co_await ending_of(reading);
            EXPECT_TRUE(reading.cancelled());
            pipe.writing.write("more.");
            EXPECT_EQ(co_await reader.readexactly(10), "half more.");
        }
    }());
}

TEST(RealPipe, closing_a_reading_end_breaks_the_pipe) {
    run_net([]() -> Coro<> {
        Ends pipe = make_pipe();
        const StreamReader reader = co_await connect_read_pipe(pipe.reading.give());
        const StreamWriter writer = co_await connect_write_pipe(pipe.writing.give());
        const Task<std::string> reading = create_task(reader.read());
        co_await a_while();
        reader.transport()->close();
        EXPECT_TRUE(reader.transport()->is_closing());
        reader.transport()->close();
        EXPECT_EQ(co_await reading, "");
        co_await reader.transport()->wait_closed();
        EXPECT_EQ(reader.transport()->fileno(), -1);
        co_await writer.wait_closed();
    }());
}

TEST(RealPipe, a_long_line_is_refused_as_in_every_stream) {
    run_net([]() -> Coro<> {
        Ends pipe = make_pipe();
        const StreamReader reader = co_await connect_read_pipe(pipe.reading.give(), {.limit = 4});
        pipe.writing.write("too long\nshort");
        pipe.writing.close();
        EXPECT_EQ(co_await ending_of(reader.readline()),
                  "hocket::ValueError: Separator is found, but chunk is longer than limit");
        EXPECT_EQ(co_await reader.read(), "short");
    }());
}

// ---- writing

TEST(RealPipe, what_is_written_arrives) {
    run_net([]() -> Coro<> {
        Ends pipe = make_pipe();
        const StreamWriter writer = co_await connect_write_pipe(pipe.writing.give());
        EXPECT_TRUE(writer.can_write_eof());
        co_await writer.write("1");
        EXPECT_EQ(pipe.reading.read(100), "1");
        writer.write_nowait("23");
        writer.write_nowait("");
        writer.write_nowait("45");
        EXPECT_EQ(writer.transport()->get_write_buffer_size(), 4U);
        co_await writer.write("6");
        EXPECT_EQ(pipe.reading.read(100), "23456");
        writer.close();
        co_await writer.wait_closed();
        EXPECT_EQ(pipe.reading.read(100), "");
    }());
}

TEST(RealPipe, a_write_waits_for_a_reader_that_is_slow) {
    run_net([]() -> Coro<> {
        Ends pipe = make_pipe();
        const StreamReader reader = co_await connect_read_pipe(pipe.reading.give());
        const StreamWriter writer = co_await connect_write_pipe(pipe.writing.give());
        const std::string data = pattern(much);
        const Task<> writing = create_task(writer.write(data));
        co_await a_while();
        EXPECT_FALSE(writing.done());
        EXPECT_TRUE(co_await reader.readexactly(data.size()) == data);
        co_await writing;
    }());
}

TEST(RealPipe, drain_waits_until_little_is_left) {
    run_net([]() -> Coro<> {
        Ends pipe = make_pipe();
        const StreamReader reader = co_await connect_read_pipe(pipe.reading.give());
        const StreamWriter writer = co_await connect_write_pipe(pipe.writing.give());
        const std::string data = pattern(much);
        writer.write_nowait(data);
        const Task<> draining = create_task(writer.drain());
        co_await testing::until([&] { return writer.transport()->get_write_buffer_size() < much; });
        EXPECT_FALSE(draining.done());
        writer.write_nowait("end");
        EXPECT_TRUE(co_await reader.readexactly(data.size()) == data);
        EXPECT_EQ(co_await reader.readexactly(3), "end");
        co_await draining;
    }());
}

TEST(RealPipe, a_cancelled_write_is_sent_whole_all_the_same) {
    run_net([]() -> Coro<> {
        Ends pipe = make_pipe();
        const StreamReader reader = co_await connect_read_pipe(pipe.reading.give());
        const StreamWriter writer = co_await connect_write_pipe(pipe.writing.give());
        const std::string data = pattern(much);
        const Task<> writing = create_task(writer.write(std::string(data)));
        co_await a_while();
        writing.cancel();
        co_await ending_of(writing);
        EXPECT_TRUE(writing.cancelled());
        EXPECT_TRUE(co_await reader.readexactly(data.size()) == data);
    }());
}

TEST(RealPipe, close_and_write_eof_send_what_waits) {
    run_net([]() -> Coro<> {
        for (const bool by_eof : {false, true}) {
            Ends pipe = make_pipe();
            const StreamReader reader = co_await connect_read_pipe(pipe.reading.give());
            const StreamWriter writer = co_await connect_write_pipe(pipe.writing.give());
            const std::string data = pattern(much);
            writer.write_nowait(data);
            co_await testing::turns(1);
            by_eof ? writer.write_eof() : writer.close();
            EXPECT_TRUE(writer.is_closing());
            writer.close();
            writer.write_eof();
            EXPECT_NE(co_await ending_of(writer.write("more")), "nothing");
            co_await a_while();
            EXPECT_GE(writer.fileno(), 0);
            EXPECT_TRUE(co_await reader.read() == data);
            co_await writer.wait_closed();
            EXPECT_EQ(writer.fileno(), -1);
        }
    }());
}

TEST(RealPipe, abort_drops_what_waits) {
    run_net([]() -> Coro<> {
        Ends pipe = make_pipe();
        const StreamWriter writer = co_await connect_write_pipe(pipe.writing.give());
        const std::string data = pattern(much);
        writer.write_nowait(data);
        co_await a_while();
        writer.abort();
        EXPECT_TRUE(writer.is_closing());
        co_await writer.wait_closed();
        std::string all;
        for (std::string some; !(some = pipe.reading.read(much)).empty();) all += some;
        EXPECT_LT(all.size(), data.size());
        EXPECT_TRUE(data.starts_with(all));
    }());
}

// ---- terminals

TEST(RealPipe, a_terminal_is_read) {
    run_net([]() -> Coro<> {
        Ends terminal = make_terminal();
        const StreamReader reader = co_await connect_read_pipe(terminal.reading.give());
        terminal.writing.write("1");
        EXPECT_EQ(co_await reader.read(100), "1");
        terminal.writing.write("2345");
        EXPECT_EQ(co_await reader.readexactly(4), "2345");
        const std::string name = "descriptor " + std::to_string(reader.transport()->fileno());
        terminal.writing.close();
        const std::string hung_up = "hocket::OSError: read from " + name + ": Input/output error";
        EXPECT_EQ(co_await ending_of(reader.read(100)), hung_up);
        EXPECT_EQ(co_await ending_of(reader.read(100)), hung_up);
        EXPECT_EQ(reader.transport()->fileno(), -1);
    }());
}

TEST(RealPipe, a_terminal_is_written) {
    run_net([]() -> Coro<> {
        Ends terminal = make_terminal();
        const StreamWriter writer = co_await connect_write_pipe(terminal.writing.give());
        co_await writer.write("1");
        EXPECT_EQ(terminal.reading.read(100), "1");
        co_await writer.write("2345");
        EXPECT_EQ(terminal.reading.read(100), "2345");
        EXPECT_FALSE(writer.is_closing());
        terminal.reading.close();
        writer.close();
        co_await writer.wait_closed();
    }());
}

TEST(RealPipe, a_terminal_is_read_and_written_through_two_descriptors) {
    run_net([]() -> Coro<> {
        Ends terminal = make_terminal();
        const StreamWriter writer = co_await connect_write_pipe(dup(terminal.writing.get()));
        const StreamReader reader = co_await connect_read_pipe(terminal.writing.give());
        const Task<std::string> reading = create_task(reader.read(100));
        co_await writer.write("1");
        EXPECT_EQ(terminal.reading.read(100), "1");
        EXPECT_FALSE(reading.done());
        terminal.reading.write("a");
        EXPECT_EQ(co_await reading, "a");
        co_await writer.write("2345");
        EXPECT_EQ(terminal.reading.read(100), "2345");
        terminal.reading.write("bcde");
        EXPECT_EQ(co_await reader.readexactly(4), "bcde");
        writer.close();
        co_await writer.wait_closed();
        terminal.reading.write("f");
        EXPECT_EQ(co_await reader.read(100), "f");
    }());
}

TEST(VirtualPipe, there_are_no_pipes_in_virtual_time) {
    run([]() -> Coro<> {
        EXPECT_EQ(co_await ending_of(connect_read_pipe(0)),
                  "hocket::OSError: connect a stream to descriptor 0: Operation not supported");
    }());
}

}  // namespace
}  // namespace hocket
