// SPDX-License-Identifier: MIT
// How servers accept: several connections at once, and what keeps them from it.
#include <gtest/gtest.h>
#include <hocket/net/net_test.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <tests/support/trace.h>
#include <unistd.h>
#include <optional>
#include <string>
#include <vector>

namespace hocket {
namespace {

using testing::echo, testing::ask, testing::run_net, testing::turns, testing::until, testing::RawPeer,
    testing::LoopErrors;

/// Descriptors have numbers below `end` as long as it lives.
class DescriptorLimit {
public:
    explicit DescriptorLimit(rlim_t end) {
        getrlimit(RLIMIT_NOFILE, &before_);
        const rlimit low{.rlim_cur = end, .rlim_max = before_.rlim_max};
        setrlimit(RLIMIT_NOFILE, &low);
    }
    DescriptorLimit(const DescriptorLimit&) = delete;
    DescriptorLimit& operator=(const DescriptorLimit&) = delete;
    ~DescriptorLimit() { setrlimit(RLIMIT_NOFILE, &before_); }

private:
    rlimit before_{};
};

Coro<std::string> told(LoopErrors& errors) {
    std::string text;
    co_await until([&] { return !(text = errors.taken()).empty(); });
    co_return text;
}

// 80
TEST(RealServer, without_descriptors_it_reports_pauses_and_goes_on) {
    run_net([]() -> Coro<> {
        LoopErrors errors(get_running_loop());
        const Server server = co_await start_server(echo, "127.0.0.1", 0);
        const std::string address = server.sockets().at(0).str();
        RawPeer peer(server.sockets().at(0));
        std::optional<DescriptorLimit> limit(3);
        const std::string said = co_await told(errors);
        limit.reset();
        EXPECT_EQ(said, "socket.accept() out of system resource | hocket::OSError: accept on " + address +
                            ": Too many open files");
        EXPECT_EQ(server.clients(), 0U);
        EXPECT_EQ(co_await ask(server.port(), "later"), "later");
        EXPECT_EQ(errors.taken(), "");
    }());
}

TEST(RealServer, it_may_be_closed_while_accepting_pauses) {
    run_net([]() -> Coro<> {
        LoopErrors errors(get_running_loop());
        const Server server = co_await start_server(echo, "127.0.0.1", 0);
        RawPeer peer(server.sockets().at(0));
        std::optional<DescriptorLimit> limit(3);
        co_await told(errors);
        limit.reset();
        server.close();
        co_await server.wait_closed();
    }());
}

// UNIX-domain: there a connection is in the queue when `connect` returns.
Address path_of(const char* name) {
    return Address::local("/tmp/hocket-test-" + std::to_string(getpid()) + "-" + name + ".sock");
}

Coro<> first_accepted(Server server) {
    while (server.clients() == 0) co_await turns(1);
}

TEST(RealServer, connections_that_are_there_are_accepted_in_one_turn) {
    run_net([]() -> Coro<> {
        const Server server = co_await start_server(echo, path_of("at-once"));
        std::vector<RawPeer> peers;
        for (int i = 0; i < 20; ++i) peers.emplace_back(server.sockets().at(0));
        co_await first_accepted(server);
        EXPECT_EQ(server.clients(), 20U);
        peers.clear();
        co_await until([&] { return server.clients() == 0; });
        peers.emplace_back(server.sockets().at(0));
        co_await first_accepted(server);
    }());
}

TEST(RealServer, so_they_are_over_tcp) {
    run_net([]() -> Coro<> {
        const int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        RawAddress raw = Address::parse("127.0.0.1:0").raw();
        EXPECT_EQ(bind(listening, raw.get(), raw.size), 0);
        EXPECT_EQ(listen(listening, 100), 0);
        EXPECT_EQ(getsockname(listening, raw.get(), &raw.size), 0);
        std::vector<RawPeer> peers;
        for (int i = 0; i < 20; ++i) peers.emplace_back(Address::from_raw(raw));
        co_await until([&] {
            tcp_info info{};
            socklen_t size = sizeof info;
            getsockopt(listening, IPPROTO_TCP, TCP_INFO, &info, &size);
            return info.tcpi_unacked == 20;  // in the queue
        });
        const Server server = co_await start_server(echo, {.sock = listening});
        co_await first_accepted(server);
        EXPECT_EQ(server.clients(), 20U);
        peers.emplace_back(server.sockets().at(0));
        co_await until([&] { return server.clients() == 21; });
    }());
}

TEST(RealServer, no_more_than_the_backlog_are_accepted_in_one_turn) {
    run_net([]() -> Coro<> {
        const Server server = co_await start_server(echo, path_of("in-turn"), {.backlog = 2});
        std::vector<RawPeer> peers;
        for (int i = 0; i < 3; ++i) peers.emplace_back(server.sockets().at(0));
        co_await first_accepted(server);
        EXPECT_EQ(server.clients(), 2U);
        co_await until([&] { return server.clients() == 3; });
    }());
}

TEST(RealServer, those_that_wait_can_be_taken_before_the_close) {
    run_net([]() -> Coro<> {
        int handled = 0;
        const Server server = co_await start_server(
            [&handled](StreamReader, StreamWriter) -> Coro<> {
                ++handled;
                co_return;
            },
            "127.0.0.1", 0, {.backlog = 200});
        std::vector<RawPeer> peers;
        peers.reserve(100);
        for (int i = 0; i < 100; ++i) peers.emplace_back(server.sockets().at(0));
        EXPECT_EQ(handled, 0);
        server.accept_waiting();
        server.close();
        co_await server.wait_closed();
        EXPECT_EQ(handled, 100);
        server.accept_waiting();  // of one that is closed: nothing
    }());
}

TEST(RealServer, one_that_its_handler_closes_accepts_no_more) {
    run_net([]() -> Coro<> {
        std::optional<Server> server;
        int served = 0;
        const auto handler = [&](const StreamReader&, const StreamWriter&) {
            ++served;
            server->close();
            return turns(0);
        };
        server = co_await start_server(handler, path_of("closed"));
        std::vector<RawPeer> peers;
        for (int i = 0; i < 5; ++i) peers.emplace_back(server->sockets().at(0));
        co_await server->wait_closed();
        EXPECT_EQ(served, 1);
        for (const RawPeer& peer : peers) EXPECT_EQ(peer.receive(1), "");
    }());
}

TEST(RealServer, of_those_that_are_there_as_many_are_accepted_as_there_are_descriptors_for) {
    run_net([]() -> Coro<> {
        LoopErrors errors(get_running_loop());
        const Server server = co_await start_server(echo, path_of("few"));
        std::vector<RawPeer> peers;
        for (int i = 0; i < 5; ++i) peers.emplace_back(server.sockets().at(0));
        std::vector<int> others;
        for (int fd = 0; (fd = dup(STDERR_FILENO)) < 40;) others.push_back(fd);
        close(40);
        std::optional<DescriptorLimit> limit(42);  // 40 and 41 are left
        const std::string said = co_await told(errors);
        limit.reset();
        for (const int fd : others) close(fd);
        EXPECT_TRUE(said.ends_with(": Too many open files")) << said;
        EXPECT_EQ(server.clients(), 2U);
        co_await until([&] { return server.clients() == 5; });
        EXPECT_EQ(errors.taken(), "");
    }());
}

}  // namespace
}  // namespace hocket
