// SPDX-License-Identifier: MIT
// Files sent over streams: what arrives, where the file stands then, and what ends it early.
#include <hocket/net/sendfile_test.h>

#include <gtest/gtest.h>
#include <hocket/os/file.h>

#include <optional>
#include <string>
#include <utility>

namespace hocket {
namespace {

using testing::connected, testing::with_peer, testing::run_net, testing::pattern, testing::ending_of, testing::a_while,
    testing::NamelessFile, testing::refuse_sendfile, testing::until_some_came, testing::much;

const std::string content = pattern(much + 1);

/// All that `reader` brings until the end.
Task<std::string> rest_of(const StreamReader& reader) { return create_task(reader.read()); }

/// Both ways: the system's, and by reading and writing.
class RealSendfile : public ::testing::TestWithParam<bool> {
protected:
    static void prepare(const StreamWriter& writer) {
        if (GetParam()) refuse_sendfile(writer.fileno());
    }
};

INSTANTIATE_TEST_SUITE_P(, RealSendfile, ::testing::Bool(), testing::name_of_way);

TEST_P(RealSendfile, a_file_arrives_whole_and_stands_at_its_end) {
    run_net([]() -> Coro<> {
        auto c = co_await connected();
        prepare(c.writer);
        const NamelessFile file(content);
        const Task<std::string> received = rest_of(c.server_reader);
        EXPECT_EQ(co_await c.writer.sendfile(file.fd()), std::ssize(content));
        c.writer.close();
        EXPECT_TRUE(co_await received == content);
        EXPECT_EQ(file.position(), std::ssize(content));
    }());
}

TEST_P(RealSendfile, a_part_arrives_alone_and_the_file_stands_behind_it) {
    run_net([]() -> Coro<> {
        auto c = co_await connected();
        prepare(c.writer);
        const NamelessFile file(content);
        EXPECT_EQ(co_await c.writer.sendfile(file.fd(), {.offset = 1000, .count = 100}), 100);
        EXPECT_EQ(file.position(), 1100);
        EXPECT_EQ(co_await c.writer.sendfile(file.fd(), {.offset = std::ssize(content) - 5, .count = 100}), 5);
        EXPECT_EQ(file.position(), std::ssize(content));
        c.writer.close();
        EXPECT_EQ(co_await c.server_reader.read(), content.substr(1000, 100) + content.substr(content.size() - 5));
    }());
}

TEST_P(RealSendfile, it_begins_at_the_beginning_wherever_the_file_stands) {
    run_net([]() -> Coro<> {
        auto c = co_await connected();
        prepare(c.writer);
        const NamelessFile file("0123456789");
        EXPECT_EQ(::lseek(file.fd(), 7, SEEK_SET), 7);
        EXPECT_EQ(co_await c.writer.sendfile(file.fd(), {.count = 3}), 3);
        EXPECT_EQ(file.position(), 3);
        EXPECT_EQ(co_await c.server_reader.readexactly(3), "012");
    }());
}

TEST_P(RealSendfile, an_empty_file_is_sent_at_once) {
    run_net([]() -> Coro<> {
        auto c = co_await connected();
        prepare(c.writer);
        const NamelessFile file("");
        EXPECT_EQ(co_await c.writer.sendfile(file.fd()), 0);
        EXPECT_EQ(file.position(), 0);
        const NamelessFile other("0123456789");
        EXPECT_EQ(co_await c.writer.sendfile(other.fd(), {.offset = 10}), 0);
        EXPECT_EQ(other.position(), 0);
    }());
}

TEST_P(RealSendfile, it_stands_between_what_is_written_before_and_after) {
    run_net([]() -> Coro<> {
        auto c = co_await connected();
        prepare(c.writer);
        const NamelessFile file(content);
        const std::string before = pattern(8 << 10), after = pattern(9 << 10);
        const Task<std::string> received = rest_of(c.server_reader);
        c.writer.write_nowait(before);
        EXPECT_EQ(co_await c.writer.sendfile(file.fd()), std::ssize(content));
        c.writer.write_nowait(after);
        c.writer.close();
        EXPECT_TRUE(co_await received == before + content + after);
    }());
}

TEST_P(RealSendfile, a_peer_that_goes_ends_it_and_the_position_tells_how_far_it_came) {
    run_net([]() -> Coro<> {
        auto p = co_await with_peer();
        testing::keep_little(p.writer);
        prepare(p.writer);
        const NamelessFile file(pattern(8 * much));
        const Task<std::int64_t> sending = create_task(p.writer.sendfile(file.fd()));
        char bytes[1024];
        co_await testing::until(
            [&] { return recv(p.peer.fd(), bytes, sizeof bytes, MSG_PEEK | MSG_DONTWAIT) == ssize_t{1024}; });
        EXPECT_EQ(p.peer.receive(1024).size(), 1024U);
        EXPECT_FALSE(sending.done());
        p.peer.reset();
        const std::string end = co_await ending_of(sending);
        EXPECT_TRUE(end.starts_with("hocket::OSError: write to ")) << end;
        EXPECT_TRUE(end.ends_with("Connection reset by peer") || end.ends_with("Broken pipe")) << end;
        EXPECT_GE(file.position(), 1024);
        EXPECT_LT(file.position(), static_cast<std::int64_t>(8 * much));
        EXPECT_TRUE(p.writer.is_closing());
    }());
}

TEST_P(RealSendfile, a_peer_that_goes_when_it_has_all_is_no_error) {
    run_net([]() -> Coro<> {
        auto c = co_await connected();
        prepare(c.writer);
        const NamelessFile file(content);
        const Task<> receiving = create_task([](StreamReader reader, StreamWriter writer) -> Coro<> {
            EXPECT_TRUE(co_await reader.readexactly(content.size()) == content);
            writer.close();
        }(c.server_reader, c.server_writer));
        EXPECT_EQ(co_await c.writer.sendfile(file.fd()), std::ssize(content));
        co_await receiving;
        EXPECT_EQ(file.position(), std::ssize(content));
    }());
}

TEST_P(RealSendfile, a_cancel_ends_it_and_the_position_tells_what_the_peer_gets) {
    run_net([]() -> Coro<> {
        auto c = co_await connected();
        prepare(c.writer);
        const NamelessFile file(pattern(8 * much));
        const Task<std::int64_t> sending = create_task(c.writer.sendfile(file.fd()));
        co_await until_some_came(c.server_reader);
        EXPECT_FALSE(sending.done());
        sending.cancel();
        EXPECT_EQ(co_await ending_of(sending), "hocket::CancelledError");
        const std::int64_t sent = file.position();
        EXPECT_GT(sent, 0);
        const Task<std::string> received = rest_of(c.server_reader);
        co_await c.writer.write("end");
        c.writer.close();
        EXPECT_TRUE(co_await received == pattern(static_cast<std::size_t>(sent)) + "end");
    }());
}

TEST_P(RealSendfile, one_that_is_cancelled_before_it_begins_sends_nothing) {
    run_net([]() -> Coro<> {
        auto c = co_await connected();
        prepare(c.writer);
        const NamelessFile file(content);
        const Task<std::int64_t> sending = create_task([](StreamWriter writer, int fd) -> Coro<std::int64_t> {
            get_running_loop().current->cancel();
            co_return co_await writer.sendfile(fd);
        }(c.writer, file.fd()));
        EXPECT_EQ(co_await ending_of(sending), "hocket::CancelledError");
        EXPECT_EQ(file.position(), 0);
        co_await c.writer.write("only");
        c.writer.close();
        EXPECT_EQ(co_await c.server_reader.read(), "only");
    }());
}

TEST_P(RealSendfile, an_abort_ends_it) {
    run_net([]() -> Coro<> {
        auto c = co_await connected();
        prepare(c.writer);
        const NamelessFile file(pattern(8 * much));
        const Task<std::int64_t> sending = create_task(c.writer.sendfile(file.fd()));
        co_await until_some_came(c.server_reader);
        c.writer.abort();
        const std::string end = co_await ending_of(sending);
        // Where it reads and writes, the abort may come between: then the next write finds it.
        EXPECT_TRUE(end.ends_with("Software caused connection abort") ||
                    (GetParam() && end.ends_with("Cannot send after transport endpoint shutdown")))
            << end;
        EXPECT_GT(file.position(), 0);
    }());
}

TEST_P(RealSendfile, of_a_closing_stream_it_is_refused) {
    run_net([]() -> Coro<> {
        auto c = co_await connected();
        prepare(c.writer);
        const NamelessFile file(content);
        c.writer.close();
        const std::string end = co_await ending_of(c.writer.sendfile(file.fd()));
        EXPECT_TRUE(end.ends_with("Cannot send after transport endpoint shutdown")) << end;
        EXPECT_EQ(co_await c.server_reader.read(), "");
        EXPECT_EQ(file.position(), 0);
    }());
}

TEST_P(RealSendfile, what_is_wrong_with_the_part_is_told) {
    run_net([]() -> Coro<> {
        auto c = co_await connected();
        prepare(c.writer);
        const NamelessFile file(content);
        EXPECT_EQ(co_await ending_of(c.writer.sendfile(file.fd(), {.offset = -1})),
                  "hocket::ValueError: offset must be a non-negative integer (got -1)");
        EXPECT_EQ(co_await ending_of(c.writer.sendfile(file.fd(), {.count = -1})),
                  "hocket::ValueError: count must be a positive integer (got -1)");
        EXPECT_EQ(co_await ending_of(c.writer.sendfile(file.fd(), {.count = 0})),
                  "hocket::ValueError: count must be a positive integer (got 0)");
    }());
}

TEST_P(RealSendfile, a_file_that_is_open_is_sent_from_its_beginning_and_stands_behind_what_was_sent) {
    run_net([]() -> Coro<> {
        auto c = co_await connected();
        prepare(c.writer);
        const NamelessFile nameless("one\ntwo\nthree\n");
        auto file = co_await fs::open(nameless.path(), "r+");
        EXPECT_EQ(co_await file.readline(), "one\n");
        EXPECT_EQ(co_await c.writer.sendfile(file, {.offset = 2, .count = 6}), 6);
        EXPECT_EQ(co_await file.tell(), 8);
        EXPECT_EQ(co_await file.readline(), "three\n");
        co_await file.write("four\n");
        EXPECT_EQ(co_await c.writer.sendfile(file), 19);
        c.writer.close();
        EXPECT_EQ(co_await c.server_reader.read(), "e\ntwo\none\ntwo\nthree\nfour\n");
        co_await file.close();
        EXPECT_NE((co_await ending_of(c.writer.sendfile(file))).find("the file is closed"), std::string::npos);
    }());
}

TEST_P(RealSendfile, the_other_operations_of_an_open_file_wait_for_it) {
    run_net([]() -> Coro<> {
        auto c = co_await connected();
        prepare(c.writer);
        const NamelessFile nameless(content);
        auto file = co_await fs::open(nameless.path());
        const Task<std::int64_t> sending = create_task(c.writer.sendfile(file));
        co_await a_while();
        const Task<> closing = create_task(file.close());
        co_await a_while();
        EXPECT_FALSE(closing.done());
        EXPECT_TRUE(co_await c.server_reader.readexactly(content.size()) == content);
        EXPECT_EQ(co_await sending, std::ssize(content));
        co_await closing;
    }());
}

TEST(RealSendfileByTheSystem, writing_meanwhile_is_refused) {
    run_net([]() -> Coro<> {
        auto c = co_await connected();
        const NamelessFile file(content);
        const Task<std::int64_t> sending = create_task(c.writer.sendfile(file.fd()));
        co_await until_some_came(c.server_reader);
        const std::string refused = "hocket::RuntimeError: unable to write; sendfile is in progress";
        EXPECT_EQ(testing::thrown_by([&] { c.writer.write_nowait("data"); }), refused);
        EXPECT_EQ(co_await ending_of(c.writer.write("data")), refused);
        EXPECT_EQ(co_await ending_of(c.writer.sendfile(file.fd())), refused);
        EXPECT_TRUE(co_await c.server_reader.readexactly(content.size()) == content);
        EXPECT_EQ(co_await sending, std::ssize(content));
        co_await c.writer.write("data");
        EXPECT_EQ(co_await c.server_reader.readexactly(4), "data");
    }());
}

TEST(RealSendfileByTheSystem, a_close_and_an_end_of_file_come_behind_it) {
    for (const bool close : {false, true}) {
        run_net([](bool closes) -> Coro<> {
            auto c = co_await connected();
            const NamelessFile file(content);
            const Task<std::int64_t> sending = create_task(c.writer.sendfile(file.fd()));
            co_await until_some_came(c.server_reader);
            closes ? c.writer.close() : c.writer.write_eof();
            EXPECT_FALSE(sending.done());
            EXPECT_TRUE(co_await c.server_reader.read() == content);
            EXPECT_EQ(co_await sending, std::ssize(content));
            EXPECT_EQ(c.writer.is_closing(), closes);
        }(close));
    }
}

TEST(RealSendfileByTheSystem, a_cancel_when_all_is_sent_delivers_the_result_first) {
    run_net([]() -> Coro<> {
        auto c = co_await connected();
        const NamelessFile file("0123456789");
        std::string seen;
        const Task<> task = create_task([](StreamWriter writer, int fd, std::string& result) -> Coro<> {
            result = std::to_string(co_await writer.sendfile(fd));
            co_await hocket::sleep(0);
            result += " and went on";
        }(c.writer, file.fd(), seen));
        co_await testing::until([&] { return file.position() == 10 || !c.server_reader.transport()->silent(); });
        task.cancel();
        co_await ending_of(task);
        EXPECT_TRUE(seen == "10" || seen == "10 and went on") << seen;
    }());
}

TEST(RealSendfileByTheSystem, where_it_cannot_be_and_must_be_nothing_is_sent) {
    run_net([]() -> Coro<> {
        auto c = co_await connected();
        refuse_sendfile(c.writer.fileno());
        const NamelessFile file(content);
        const std::string end = co_await ending_of(c.writer.sendfile(file.fd(), {.fallback = false}));
        EXPECT_EQ(end, "hocket::SendfileNotAvailableError: sendfile is not available for descriptor " +
                           std::to_string(file.fd()) + " and this socket");
        EXPECT_EQ(file.position(), 0);
        c.writer.close();
        EXPECT_EQ(co_await c.server_reader.read(), "");
    }());
}

TEST(RealSendfileByTheSystem, what_is_no_file_has_no_such_way) {
    run_net([]() -> Coro<> {
        auto c = co_await connected();
        EXPECT_EQ(co_await ending_of(c.writer.sendfile(-1, {.fallback = false})),
                  "hocket::SendfileNotAvailableError: sendfile is not available for descriptor -1 and this socket");
        EXPECT_EQ(co_await ending_of(c.writer.sendfile(-1)),
                  "hocket::OSError: read from descriptor -1: Bad file descriptor");
        co_await c.writer.write("it lives");
        EXPECT_EQ(co_await c.server_reader.readexactly(8), "it lives");
    }());
}

TEST(RealSendfileByTheSystem, a_pipe_is_sent_from_where_it_is) {
    run_net([]() -> Coro<> {
        auto c = co_await connected();
        int ends[2];
        EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
        EXPECT_EQ(::write(ends[1], "0123456789", 10), 10);
        EXPECT_EQ(co_await c.writer.sendfile(ends[0], {.count = 4}), 4);
        EXPECT_EQ(co_await ending_of(c.writer.sendfile(ends[0], {.offset = 2})),
                  "hocket::OSError: seek in descriptor " + std::to_string(ends[0]) + ": Illegal seek");
        const Task<std::int64_t> rest = create_task(c.writer.sendfile(ends[0]));
        co_await a_while();
        EXPECT_FALSE(rest.done());
        ::close(ends[1]);
        EXPECT_EQ(co_await rest, 6);
        EXPECT_EQ(co_await c.server_reader.readexactly(10), "0123456789");
        ::close(ends[0]);
    }());
}

/// A stream that is no socket: it keeps what is written.
class Collecting final : public Transport {
public:
    Coro<> write(std::string_view data) override {
        text += data;
        co_return;
    }
    std::string text;
};

TEST(RealSendfileOfOtherStreams, it_is_read_and_written) {
    run_net([]() -> Coro<> {
        auto* stream = new Collecting;
        const StreamWriter writer{TransportHandle(stream)};
        const NamelessFile file(content);
        EXPECT_EQ(co_await writer.sendfile(file.fd()), std::ssize(content));
        EXPECT_TRUE(stream->text == content);
        EXPECT_EQ(file.position(), std::ssize(content));
        EXPECT_EQ(co_await writer.sendfile(file.fd(), {.offset = 7, .count = 5}), 5);
        EXPECT_TRUE(stream->text == content + content.substr(7, 5));
        EXPECT_EQ(file.position(), 12);
    }());
}

TEST(RealSendfileOfOtherStreams, without_that_there_is_no_way) {
    run_net([]() -> Coro<> {
        const StreamWriter writer{TransportHandle(new Collecting)};
        const NamelessFile file(content);
        EXPECT_EQ(co_await ending_of(writer.sendfile(file.fd(), {.fallback = false})),
                  "hocket::SendfileNotAvailableError: fallback is disabled and native sendfile is not supported for "
                  "this stream");
        EXPECT_EQ(file.position(), 0);
    }());
}

TEST(RealSendfileOfOtherStreams, one_that_cannot_be_written_to_refuses) {
    run_net([]() -> Coro<> {
        const StreamReader reader;
        const StreamWriter writer(reader.transport());
        const NamelessFile file(content);
        EXPECT_EQ(co_await ending_of(writer.sendfile(file.fd())),
                  "hocket::RuntimeError: this stream cannot be written to");
        EXPECT_EQ(file.position(), 0);
    }());
}

}  // namespace
}  // namespace hocket
