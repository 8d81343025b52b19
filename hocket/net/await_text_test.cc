// SPDX-License-Identifier: MIT
// What tasks say that wait for sockets, servers and names.
#include <hocket/core/await_graph.h>
#include <hocket/net/datagram_test.h>
#include <hocket/net/names_test.h>
#include <hocket/net/net_test.h>
#include <hocket/net/tls_test.h>

#include <gtest/gtest.h>

#include <sys/socket.h>
#include <string>
#include <vector>

namespace hocket {
namespace {

using testing::a_while, testing::connected, testing::echo, testing::ending_of, testing::much, testing::pattern,
    testing::run_net, testing::turns;

std::string state_of(const AnyTask& task) { return capture_call_graph(task).state; }

// `descriptor 7, TCP to 127.0.0.1:8080`
template <class End>
std::string tcp(const End& end) {
    return "descriptor " + std::to_string(end.transport()->fileno()) + ", TCP to " + end.transport()->peername().str();
}

Coro<> end_of(Task<std::string> task) {
    task.cancel();
    static_cast<void>(co_await ending_of(task));
}

TEST(RealAwaitText, who_reads_names_descriptor_and_peer) {
    run_net([]() -> Coro<> {
        auto c = co_await connected();
        const Task<std::string> reading = create_task(c.reader.readline());
        co_await a_while();
        EXPECT_EQ(state_of(reading), "waits for read from " + tcp(c.reader));
        co_await end_of(reading);
    }());
}

TEST(RealAwaitText, who_writes_too_and_who_drains_how_much_is_left) {
    run_net([]() -> Coro<> {
        auto c = co_await connected();
        const std::string data = pattern(much);
        const Task<> writing = create_task(c.writer.write(data));
        co_await a_while();
        EXPECT_EQ(state_of(writing), "waits for write to " + tcp(c.writer));
        EXPECT_TRUE(co_await c.server_reader.readexactly(data.size()) == data);
        co_await writing;
        c.writer.write_nowait(pattern(16 * much));
        const Task<> draining = create_task(c.writer.drain());
        co_await a_while();
        const std::string state = state_of(draining);
        EXPECT_TRUE(state.starts_with("waits for StreamWriter.drain, ")) << state;
        EXPECT_TRUE(state.ends_with(" bytes to " + tcp(c.writer))) << state;
        c.writer.transport()->abort();
        static_cast<void>(co_await ending_of(draining));
    }());
}

TEST(RealAwaitText, under_tls_it_is_the_socket_below) {
    run_net([]() -> Coro<> {
        auto c = co_await testing::secured();
        const Task<std::string> reading = create_task(c.reader.readline());
        co_await a_while();
        EXPECT_EQ(state_of(reading), "waits for read from " + tcp(c.reader));
        co_await end_of(reading);
    }());
}

TEST(RealAwaitText, a_server_says_where_it_serves_and_how_many_are_left) {
    run_net([]() -> Coro<> {
        const Server server = co_await start_server(echo, "127.0.0.1", 0);
        const std::string address = "127.0.0.1:" + std::to_string(server.port());
        const Task<> serving = create_task(server.serve_forever());
        auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
        co_await writer.write("x");
        EXPECT_EQ(co_await reader.read(1), "x");
        EXPECT_EQ(state_of(serving), "waits for Server.serve_forever on " + address);
        server.close();
        co_await turns(5);
        EXPECT_EQ(state_of(serving), "waits for Server.wait_closed, 1 connection left");
        writer.close();
        EXPECT_EQ(co_await ending_of(serving), "hocket::CancelledError");
    }());
}

TEST(RealAwaitText, who_waits_for_a_datagram_names_its_socket) {
    run_net([]() -> Coro<> {
        const DatagramEndpoint endpoint = co_await testing::bound_endpoint();
        const auto waiting = create_task(endpoint.recvfrom());
        co_await turns(3);
        const std::string state = state_of(waiting);
        EXPECT_TRUE(state.starts_with("waits for datagram from descriptor ")) << state;
        EXPECT_TRUE(state.ends_with(", UDP on " + endpoint.sockname().str())) << state;
        waiting.cancel();
        static_cast<void>(co_await ending_of(waiting));
    }());
}

TEST(AwaitText, who_looks_a_name_up_says_which) {
    run([]() -> Coro<> {
        const auto names = testing::TestNames::install();
        names->add_host("a.test", {"192.0.2.1"});
        names->hold("a.test");
        const Task<std::vector<Address>> asking = create_task(getaddrinfo("a.test", 1));
        co_await names->until_asked(1);
        EXPECT_EQ(state_of(asking), "waits for getaddrinfo of a.test");
        names->release("a.test");
        co_await asking;
    }());
}

}  // namespace
}  // namespace hocket
