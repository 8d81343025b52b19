// SPDX-License-Identifier: MIT
// What the system rarely does, done on purpose: each is told, and what can go on does.
#include <hocket/flow/gather.h>
#include <hocket/net/datagram_test.h>
#include <hocket/net/tls_test.h>

#include <tests/support/torture.h>
#include <cerrno>
#include <cstring>
#include <string>

namespace hocket {
namespace {

using testing::Connected;
using testing::Faults;
using testing::FaultyBackend;
using testing::LoopErrors;
using testing::run_tortured;

FaultyBackend& faults() { return static_cast<FaultyBackend&>(get_running_loop().backend()); }

Coro<> greet(StreamReader, StreamWriter writer) { co_await writer.write("hello"); }

Coro<> accept_fails_with(int error) {
    LoopErrors errors(get_running_loop());
    const Server server = co_await start_server(greet, "127.0.0.1", 0, {.start_serving = false});
    faults().fail(Opcode::accept, error);
    server.start_serving();
    EXPECT_EQ(co_await testing::ask(server.port(), ""), "hello");  // it tries again by itself
    const std::string told = errors.taken();
    EXPECT_NE(told.find("socket.accept() out of system resource | hocket::OSError: accept on 127.0.0.1:"), told.npos)
        << told;
    EXPECT_NE(told.find(std::strerror(error)), told.npos) << told;
    server.close();
    co_await server.wait_closed();
}

TEST(RealFaults, an_accept_without_resources_is_told_and_tried_again) {
    for (const int error : {EMFILE, ENFILE, ENOBUFS, ENOMEM}) run_tortured({}, 1, accept_fails_with(error));
}

Coro<> accept_loses_one(int error) {
    LoopErrors errors(get_running_loop());
    const Server server = co_await start_server(greet, "127.0.0.1", 0, {.start_serving = false});
    faults().fail(Opcode::accept, error, 3);
    server.start_serving();
    EXPECT_EQ(co_await testing::ask(server.port(), ""), "hello");
    EXPECT_EQ(errors.taken(), "");
    server.close();
    co_await server.wait_closed();
}

TEST(RealFaults, a_connection_that_went_before_it_was_accepted_is_passed_over) {
    run_tortured({}, 1, accept_loses_one(ECONNABORTED));
}

Coro<> a_send_fails() {
    const Connected c = co_await testing::connected();
    faults().fail(Opcode::send, ENOBUFS);
    const std::string told = co_await testing::ending_of(c.writer.write("lost"));
    EXPECT_EQ(told, "hocket::OSError: write to " + c.writer.peername().str() + ": No buffer space available");
    EXPECT_TRUE(c.writer.is_closing());
    EXPECT_EQ(co_await testing::ending_of(c.writer.write("again")), told);
    EXPECT_EQ(co_await testing::ending_of(c.writer.wait_closed()), told);
    EXPECT_EQ(co_await c.server_reader.read(), "");
}

TEST(RealFaults, a_send_that_fails_ends_the_connection_and_says_why) { run_tortured({}, 1, a_send_fails()); }

Coro<> a_recv_fails() {
    const Connected c = co_await testing::connected();
    faults().fail(Opcode::poll, ENOMEM);
    faults().fail(Opcode::recv, ENOMEM);
    const std::string told = co_await testing::ending_of(c.reader.read());
    EXPECT_EQ(told, "hocket::OSError: read from " + c.writer.peername().str() + ": Cannot allocate memory");
    EXPECT_EQ(co_await testing::ending_of(c.reader.read()), told);
    EXPECT_TRUE(c.writer.is_closing());
}

TEST(RealFaults, a_read_that_fails_ends_the_connection_and_says_why) { run_tortured({}, 1, a_recv_fails()); }

Coro<> a_connect_fails() {
    const Server server = co_await start_server(greet, "127.0.0.1", 0);
    faults().fail(Opcode::connect, ENETUNREACH);
    EXPECT_EQ(co_await testing::ending_of(open_connection(server.sockets().at(0))),
              "hocket::OSError: connect to " + server.sockets().at(0).str() + ": Network is unreachable");
    EXPECT_EQ(co_await testing::ask(server.port(), ""), "hello");
    server.close();
    co_await server.wait_closed();
}

TEST(RealFaults, a_connect_that_fails_leaves_nothing) { run_tortured({}, 1, a_connect_fails()); }

Coro<> datagrams_meet_faults() {
    const DatagramEndpoint receiver = co_await testing::bound_endpoint();
    const DatagramEndpoint sender = co_await testing::connected_to(receiver.sockname());
    const std::string there = receiver.sockname().str();
    const std::string no_room = "hocket::OSError: send to " + there + ": No buffer space available";
    faults().fail(Opcode::sendmsg, ENOBUFS, 2);
    EXPECT_EQ(co_await testing::ending_of(sender.send("lost")), no_room);
    sender.sendto("lost, too");
    EXPECT_EQ(co_await testing::ending_of(sender.recvfrom()), no_room);
    co_await sender.send("comes");
    EXPECT_EQ((co_await receiver.recvfrom()).first, "comes");
    faults().fail(Opcode::recvmsg, ENOMEM);
    EXPECT_EQ(co_await testing::ending_of(receiver.recvfrom()),
              "hocket::OSError: receive on " + there + ": Cannot allocate memory");
    co_await sender.send("comes, too");
    EXPECT_EQ((co_await receiver.recvfrom()).first, "comes, too");
}

TEST(RealFaults, an_error_of_a_datagram_is_told_and_the_next_one_goes_on) {
    run_tortured({}, 1, datagrams_meet_faults());
}

Coro<> a_send_fails_under_tls() {
    const LoopErrors errors(get_running_loop());
    const Connected c = co_await testing::secured();
    faults().fail(Opcode::send, ENOBUFS);
    EXPECT_EQ(co_await testing::ending_of(c.writer.write("lost")),
              "hocket::OSError: write to " + c.writer.peername().str() + ": No buffer space available");
    EXPECT_TRUE(c.writer.is_closing());
    EXPECT_NE(co_await testing::ending_of(c.writer.write("again")), "nothing");
    EXPECT_NE(co_await testing::ending_of(c.server_reader.read()),
              "nothing");  // a reset, or an end without a word of TLS
}

TEST(RealFaults, a_send_that_fails_under_tls_is_no_end_for_the_peer) { run_tortured({}, 1, a_send_fails_under_tls()); }

Coro<> a_recv_fails_under_tls() {
    const LoopErrors errors(get_running_loop());
    const Connected c = co_await testing::secured();
    faults().fail(Opcode::poll, ENOMEM);
    faults().fail(Opcode::recv, ENOMEM);
    const std::string told = co_await testing::ending_of(c.reader.read());
    EXPECT_EQ(told, "hocket::OSError: read from " + c.writer.peername().str() + ": Cannot allocate memory");
    EXPECT_EQ(co_await testing::ending_of(c.reader.read()), told);
    EXPECT_TRUE(c.writer.is_closing());
}

TEST(RealFaults, a_read_that_fails_under_tls_is_told) { run_tortured({}, 1, a_recv_fails_under_tls()); }

/// A message through transfers of a few bytes each, told late.
Coro<> in_small_pieces() {
    const Connected c = co_await testing::connected();
    const std::string sent = testing::pattern(200'000);
    const auto writing = [](StreamWriter writer, const std::string& bytes) -> Coro<> {
        co_await writer.write(bytes);
        writer.write_eof();
    };
    auto [unit, received] = co_await gather(writing(c.writer, sent), c.server_reader.read());
    static_cast<void>(unit);
    EXPECT_TRUE(received == sent);
    EXPECT_GT(faults().shortened, 10);
    EXPECT_GT(faults().delayed, 10);
}

TEST(RealFaults, short_and_late_transfers_are_put_together) {
    run_tortured({.shorter = 90, .late = 50}, 1, in_small_pieces());
}

}  // namespace
}  // namespace hocket
