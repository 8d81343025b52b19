// SPDX-License-Identifier: MIT
// Files sent to sockets without a stream.
#include <hocket/net/sendfile_test.h>

#include <gtest/gtest.h>
#include <hocket/os/file.h>

#include <string>
#include <utility>

namespace hocket {
namespace {

using testing::run_net, testing::pattern, testing::ending_of, testing::a_while, testing::NamelessFile,
    testing::refuse_sendfile, testing::until_some_came, testing::much;

const std::string content = pattern(much + 1);

/// A socket, and the streams at its other end.
struct SocketAndStreams {
    int sock = -1;
    Streams streams;

    SocketAndStreams(int fd, Streams others) : sock(fd), streams(std::move(others)) {}
    SocketAndStreams(SocketAndStreams&& other) noexcept
        : sock(std::exchange(other.sock, -1)), streams(std::move(other.streams)) {}
    ~SocketAndStreams() { close(); }
    void close() {
        if (sock >= 0) get_running_loop().backend().close(std::exchange(sock, -1));
    }
    const StreamReader& reader() const { return streams.first; }
};

Coro<SocketAndStreams> socket_and_streams(bool refuses) {
    int ends[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
    if (refuses) refuse_sendfile(ends[0]);
    Streams streams = co_await open_connection({.sock = ends[1]});
    co_return SocketAndStreams(ends[0], std::move(streams));
}

class RealSockSendfile : public ::testing::TestWithParam<bool> {};

INSTANTIATE_TEST_SUITE_P(, RealSockSendfile, ::testing::Bool(), testing::name_of_way);

TEST_P(RealSockSendfile, a_file_arrives_whole_between_what_is_sent_before_and_after) {
    run_net([](bool refuses) -> Coro<> {
        auto s = co_await socket_and_streams(refuses);
        const NamelessFile file(content);
        const Task<std::string> received = create_task(s.reader().read());
        EXPECT_EQ(::send(s.sock, "before ", 7, 0), 7);
        EXPECT_EQ(co_await sock_sendfile(s.sock, file.fd()), std::ssize(content));
        EXPECT_EQ(file.position(), std::ssize(content));
        EXPECT_EQ(::send(s.sock, " after", 6, 0), 6);
        s.close();
        EXPECT_TRUE(co_await received == "before " + content + " after");
    }(GetParam()));
}

TEST_P(RealSockSendfile, a_part_arrives_alone_and_the_file_stands_behind_it) {
    run_net([](bool refuses) -> Coro<> {
        auto s = co_await socket_and_streams(refuses);
        const NamelessFile file(content), empty("");
        EXPECT_EQ(co_await sock_sendfile(s.sock, file.fd(), {.offset = 1000, .count = 2000}), 2000);
        EXPECT_EQ(file.position(), 3000);
        EXPECT_EQ(co_await sock_sendfile(s.sock, empty.fd()), 0);
        EXPECT_EQ(empty.position(), 0);
        s.close();
        EXPECT_EQ(co_await s.reader().read(), content.substr(1000, 2000));
    }(GetParam()));
}

TEST_P(RealSockSendfile, an_open_file_is_sent_and_stands_behind_it) {
    run_net([](bool refuses) -> Coro<> {
        auto s = co_await socket_and_streams(refuses);
        const NamelessFile nameless("one\ntwo\n");
        auto file = co_await fs::open(nameless.path());
        EXPECT_EQ(co_await sock_sendfile(s.sock, file, {.count = 4}), 4);
        EXPECT_EQ(co_await file.next(), "two\n");
        EXPECT_EQ(co_await s.reader().readexactly(4), "one\n");
        co_await file.close();
    }(GetParam()));
}

TEST_P(RealSockSendfile, a_cancel_ends_it_leaves_nothing_in_flight_and_the_position_tells_what_was_sent) {
    run_net([](bool refuses) -> Coro<> {
        auto s = co_await socket_and_streams(refuses);
        const NamelessFile file(content);
        const std::size_t before = get_running_loop().backend().pending();
        const Task<std::int64_t> sending = create_task(sock_sendfile(s.sock, file.fd()));
        co_await until_some_came(s.reader());
        EXPECT_FALSE(sending.done());
        co_await testing::until([&] { return get_running_loop().backend().pending() == before + 1; });
        sending.cancel();
        EXPECT_EQ(co_await ending_of(sending), "hocket::CancelledError");
        EXPECT_EQ(get_running_loop().backend().pending(), before);
        s.close();
        const std::string received = co_await s.reader().read();
        EXPECT_TRUE(received == content.substr(0, received.size()));
        EXPECT_EQ(file.position(), std::ssize(received));
        EXPECT_GT(file.position(), 0);
    }(GetParam()));
}

TEST_P(RealSockSendfile, a_peer_that_goes_ends_it_and_the_position_tells_how_far_it_came) {
    run_net([](bool refuses) -> Coro<> {
        auto s = co_await socket_and_streams(refuses);
        const NamelessFile file(content);
        const Task<std::int64_t> sending = create_task(sock_sendfile(s.sock, file.fd()));
        co_await s.reader().readexactly(1024);
        co_await a_while();
        s.streams.second.abort();
        const std::string end = co_await ending_of(sending);
        EXPECT_TRUE(end.starts_with("hocket::OSError: send to descriptor ")) << end;
        EXPECT_GE(file.position(), 1024);
        EXPECT_LT(file.position(), std::ssize(content));
        EXPECT_NE((co_await ending_of(sock_sendfile(s.sock, file.fd()))).find("Broken pipe"), std::string::npos);
    }(GetParam()));
}

TEST(RealSockSendfileByTheSystem, where_it_cannot_be_and_must_be_nothing_is_sent) {
    run_net([]() -> Coro<> {
        auto s = co_await socket_and_streams(true);
        const NamelessFile file(content);
        EXPECT_EQ(co_await ending_of(sock_sendfile(s.sock, file.fd(), {.fallback = false})),
                  "hocket::SendfileNotAvailableError: sendfile is not available for descriptor " +
                      std::to_string(file.fd()) + " and this socket");
        EXPECT_EQ(file.position(), 0);
        EXPECT_EQ(co_await ending_of(sock_sendfile(s.sock, -1, {.fallback = false})),
                  "hocket::SendfileNotAvailableError: sendfile is not available for descriptor -1 and this socket");
        s.close();
        EXPECT_EQ(co_await s.reader().read(), "");
    }());
}

TEST(RealSockSendfileByTheSystem, a_socket_that_blocks_or_has_no_stream_is_refused) {
    run_net([]() -> Coro<> {
        const NamelessFile file(content);
        const int blocks = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const int datagrams = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        EXPECT_EQ(co_await ending_of(sock_sendfile(blocks, file.fd())),
                  "hocket::ValueError: the socket must be non-blocking");
        EXPECT_EQ(co_await ending_of(sock_sendfile(datagrams, file.fd())),
                  "hocket::ValueError: only SOCK_STREAM type sockets are supported");
        EXPECT_EQ(co_await ending_of(sock_sendfile(-1, file.fd())),
                  "hocket::OSError: send to descriptor -1: Bad file descriptor");
        ::close(blocks);
        ::close(datagrams);
    }());
}

TEST(RealSockSendfileByTheSystem, what_is_wrong_with_the_part_is_told) {
    run_net([]() -> Coro<> {
        auto s = co_await socket_and_streams(false);
        const NamelessFile file(content);
        EXPECT_EQ(co_await ending_of(sock_sendfile(s.sock, file.fd(), {.offset = -1})),
                  "hocket::ValueError: offset must be a non-negative integer (got -1)");
        EXPECT_EQ(co_await ending_of(sock_sendfile(s.sock, file.fd(), {.count = -1})),
                  "hocket::ValueError: count must be a positive integer (got -1)");
    }());
}

}  // namespace
}  // namespace hocket
