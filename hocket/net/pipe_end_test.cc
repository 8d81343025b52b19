// SPDX-License-Identifier: MIT
// The end of a stream over a pipe: a reader that goes, the last handle, the loop; and what is no pipe.
#include <hocket/net/pipe_test.h>

namespace hocket {
namespace {

using testing::a_while;
using testing::End;
using testing::ending_of;
using testing::Ends;
using testing::make_pipe;
using testing::much;
using testing::open_descriptors;
using testing::pattern;
using testing::run_net;

// ---- a reader that goes

TEST(RealPipe, a_writer_with_nothing_to_write_notices_that_the_reader_went) {
    run_net([]() -> Coro<> {
        Ends pipe = make_pipe();
        const StreamWriter writer = co_await connect_write_pipe(pipe.writing.give());
        const std::string name = "descriptor " + std::to_string(writer.fileno());
        co_await writer.write("taken");
        EXPECT_EQ(pipe.reading.read(100), "taken");
        pipe.reading.close();
        co_await writer.wait_closed();  // all was read: no error
        EXPECT_TRUE(writer.is_closing());
        EXPECT_EQ(writer.fileno(), -1);
        const std::string broken = "hocket::OSError: write to " + name + ": Broken pipe";
        EXPECT_EQ(co_await ending_of(writer.write("x")), broken);
        EXPECT_EQ(testing::thrown_by([&] { writer.write_nowait("x"); }), broken);
        EXPECT_EQ(co_await ending_of(writer.drain()), broken);
        writer.close();
    }());
}

TEST(RealPipe, what_can_no_longer_be_written_is_an_error_and_no_signal) {
    run_net([]() -> Coro<> {
        Ends pipe = make_pipe();
        const StreamWriter writer = co_await connect_write_pipe(pipe.writing.give());
        const std::string broken =
            "hocket::OSError: write to descriptor " + std::to_string(writer.fileno()) + ": Broken pipe";
        const Task<> writing = create_task(writer.write(pattern(much)));
        co_await a_while();
        pipe.reading.close();
        EXPECT_EQ(co_await ending_of(writing), broken);
        EXPECT_TRUE(writer.is_closing());
        EXPECT_EQ(co_await ending_of(writer.write("x")), broken);
        EXPECT_EQ(co_await ending_of(writer.drain()), broken);
        EXPECT_EQ(co_await ending_of(writer.wait_closed()), broken);
        EXPECT_EQ(writer.transport()->get_write_buffer_size(), 0U);
    }());
}

TEST(RealPipe, what_was_buffered_and_can_no_longer_be_written_is_an_error) {
    run_net([]() -> Coro<> {
        Ends pipe = make_pipe();
        const StreamWriter writer = co_await connect_write_pipe(pipe.writing.give());
        writer.write_nowait(pattern(much));
        const Task<> draining = create_task(writer.drain());
        co_await a_while();
        pipe.reading.close();
        const std::string end = co_await ending_of(draining);
        EXPECT_TRUE(end.ends_with(": Broken pipe")) << end;
        EXPECT_EQ(co_await ending_of(writer.wait_closed()), end);
    }());
}

TEST(RealPipe, a_socket_whose_other_side_is_closed_closes) {
    run_net([]() -> Coro<> {
        int fds[2];
        EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
        End other(fds[0]);
        const StreamWriter writer = co_await connect_write_pipe(fds[1]);
        co_await writer.write("1");
        EXPECT_EQ(other.read(100), "1");
        EXPECT_FALSE(writer.is_closing());
        other.close();
        co_await writer.wait_closed();
        EXPECT_TRUE(writer.is_closing());
    }());
}

// ---- what is taken over, and for how long

TEST(RealPipe, what_is_no_pipe_is_refused_and_stays_with_the_caller) {
    run_net([]() -> Coro<> {
        const End file(open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
        const std::string refused = "hocket::ValueError: connect a stream to descriptor " + std::to_string(file.get()) +
                                    ": it is no pipe, socket or character device";
        EXPECT_EQ(co_await ending_of(connect_read_pipe(file.get())), refused);
        EXPECT_EQ(co_await ending_of(connect_write_pipe(file.get())), refused);
        EXPECT_EQ(fcntl(file.get(), F_GETFL) & O_NONBLOCK, 0);
        EXPECT_EQ(co_await ending_of(connect_read_pipe(-1)),
                  "hocket::OSError: connect a stream to descriptor -1: Bad file descriptor");
        const Ends pipe = make_pipe();
        EXPECT_EQ(co_await ending_of(connect_read_pipe(pipe.reading.get(), {.limit = 0})),
                  "hocket::ValueError: Limit cannot be <= 0");
    }());
}

TEST(RealPipe, the_last_handle_closes_it) {
    run_net([]() -> Coro<> {
        const auto before = open_descriptors();
        {
            Ends pipe = make_pipe();
            StreamReader reader = co_await connect_read_pipe(pipe.reading.give());
            const Task<std::string> reading = create_task(reader.read());
            reader = StreamReader();
            const StreamWriter writer = co_await connect_write_pipe(pipe.writing.give());
            co_await a_while();
            reading.cancel();
            co_await ending_of(reading);
        }
        co_await testing::until([&] { return open_descriptors() == before; });
    }());
}

TEST(RealPipe, the_end_of_the_loop_closes_it) {
    const auto before = open_descriptors();
    std::optional<StreamReader> reader;
    std::optional<StreamWriter> writer;
    run([](std::optional<StreamReader>& r, std::optional<StreamWriter>& w) -> Coro<> {
        Ends pipe = make_pipe();
        r = co_await connect_read_pipe(pipe.reading.give());
        w = co_await connect_write_pipe(pipe.writing.give());
        w->write_nowait(pattern(much));
    }(reader, writer));
    EXPECT_EQ(open_descriptors(), before);
    EXPECT_EQ(writer->fileno(), -1);
}

TEST(RealPipe, a_reading_end_cannot_be_written) {
    run_net([]() -> Coro<> {
        Ends pipe = make_pipe();
        const StreamReader reader = co_await connect_read_pipe(pipe.reading.give());
        const std::string end = co_await ending_of(StreamWriter(reader.transport()).write("x"));
        EXPECT_TRUE(end.ends_with(": Bad file descriptor")) << end;
    }());
}

}  // namespace
}  // namespace hocket
