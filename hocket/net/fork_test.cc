// SPDX-License-Identifier: MIT
// A process that forks while its loop lives: what the child has of connections, datagrams and servers stays the parent's.
#include <gtest/gtest.h>
#include <hocket/net/datagram_test.h>
#include <hocket/net/sendfile_test.h>
#include <hocket/net/sockets_test.h>
#include <hocket/net/tls_test.h>

#include <sys/wait.h>
#include <unistd.h>
#include <string>
#include <string_view>
#include <utility>

namespace hocket {
namespace {

using testing::ask;
using testing::LoopErrors;
using testing::run_net;

// What the child does, in its own words; then the parent goes on.
template <class F>
Coro<> child_does(F what) {
    const pid_t child = ::fork();
    if (child == 0) {
        ::alarm(20);
        {
            const LoopErrors errors(get_running_loop());  // of handlers whose connections are aborted
            co_await what();
        }
        ::_exit(::testing::Test::HasFailure() ? 20 : 0);
    }
    int status = -1;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
}

const std::string aborted = ": Software caused connection abort";

TEST(RealNetFork, what_the_child_closes_goes_on_in_the_parent) {
    run_net([]() -> Coro<> {
        const Server server = co_await start_server(testing::echo, "127.0.0.1", 0);
        auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
        co_await writer.write("before");
        EXPECT_EQ(co_await reader.readexactly(6), "before");
        const pid_t child = ::fork();
        if (child == 0) {
            ::alarm(20);
            const LoopErrors errors(get_running_loop());  // of the handler whose connection is aborted
            writer.close();
            server.close();
            server.abort_clients();
            co_await server.wait_closed();
            ::_exit(0);
        }
        int status = -1;
        ::waitpid(child, &status, 0);
        EXPECT_EQ(status, 0);
        co_await writer.write("after");
        EXPECT_EQ(co_await reader.readexactly(5), "after");
        EXPECT_EQ(co_await ask(server.port(), "another"), "another");
    }());
}

// What waits to be sent, and what nobody has read, is the parent's, whether the child closes it or only goes on.
TEST(RealNetFork, connections_are_lost_to_the_child_and_go_on_in_the_parent) {
    for (const bool tls : {false, true}) {
        for (const bool closes : {false, true}) {
            run_net([](bool secured, bool close) -> Coro<> {
                auto c = secured ? co_await testing::secured() : co_await testing::connected();
                const std::string much = testing::pattern(testing::much);
                co_await c.server_writer.write("unread");
                const Task<> writing = create_task(c.writer.write(much));
                co_await testing::a_while();
                const auto in_the_child = [&]() -> Coro<> {
                    if (close) {
                        c.writer.close();
                        c.server_writer.close();
                    }
                    const std::string end = co_await testing::ending_of(writing);
                    EXPECT_TRUE(end.ends_with(aborted)) << end;
                    co_await testing::a_while();
                    EXPECT_TRUE(c.writer.is_closing());
                    EXPECT_TRUE(c.server_writer.is_closing());
                };
                co_await child_does(in_the_child);
                EXPECT_EQ(co_await c.server_reader.readexactly(much.size()), much);
                co_await writing;
                EXPECT_EQ(co_await c.reader.readexactly(6), "unread");
                co_await c.server_writer.write("after");
                EXPECT_EQ(co_await c.reader.readexactly(5), "after");
                co_await c.writer.write("after");
                c.writer.close();
                EXPECT_EQ(co_await c.server_reader.read(), "after");
            }(tls, closes));
        }
    }
}

TEST(RealNetFork, what_waits_to_be_sent_is_sent_by_the_parent_alone) {
    for (const bool much : {false, true}) {
        run_net([](bool more_than_fits) -> Coro<> {
            auto c = co_await testing::connected();
            const std::string data = testing::pattern(more_than_fits ? testing::much : 5);
            co_await testing::a_while();  // so that the loop has nothing to poll for before the turn that sends
            c.writer.write_nowait(data);
            if (more_than_fits) co_await testing::a_while();
            co_await child_does([]() -> Coro<> { co_await testing::a_while(); });
            EXPECT_EQ(co_await c.server_reader.readexactly(data.size()), data);
            co_await c.writer.write("after");
            c.writer.close();
            EXPECT_EQ(co_await c.server_reader.read(), "after");
        }(much));
    }
}

TEST(RealNetFork, a_file_is_sent_by_the_parent_alone) {
    run_net([]() -> Coro<> {
        auto c = co_await testing::connected();
        const std::string data = testing::pattern(testing::much);
        const testing::NamelessFile file(data);
        const Task<std::int64_t> sending = create_task(c.writer.sendfile(file.fd(), {.offset = 0}));
        co_await testing::a_while();
        const auto in_the_child = [&]() -> Coro<> {
            const std::string end = co_await testing::ending_of(sending);
            EXPECT_TRUE(end.ends_with(aborted)) << end;
        };
        co_await child_does(in_the_child);
        EXPECT_EQ(co_await c.server_reader.readexactly(data.size()), data);
        EXPECT_EQ(co_await sending, static_cast<std::int64_t>(data.size()));
    }());
}

TEST(RealNetFork, what_comes_is_read_by_the_parent_alone) {
    run_net([]() -> Coro<> {
        auto c = co_await testing::connected();
        const Task<std::string> reading = create_task(c.server_reader.read(5));
        co_await testing::a_while();
        const auto in_the_child = [&]() -> Coro<> {
            EXPECT_EQ(co_await reading, "");
            const auto grandchild = [&]() -> Coro<> {
                co_await testing::a_while();
                EXPECT_TRUE(c.writer.is_closing());
            };
            co_await child_does(grandchild);
        };
        co_await child_does(in_the_child);
        co_await c.writer.write("hello");
        EXPECT_EQ(co_await reading, "hello");
    }());
}

TEST(RealNetFork, what_the_parent_has_accepted_is_the_parents) {
    run_net([]() -> Coro<> {
        const Server server = co_await start_server(testing::echo, "127.0.0.1", 0, {.backlog = 1});
        const testing::RawPeer peer(server.sockets().at(0)), another(server.sockets().at(0));
        while (server.clients() == 0) co_await hocket::sleep(0);
        // With epoll the second has been accepted, too, and the loop does not know it yet. Else a child that serves accepts it for itself.
        const bool both = std::string_view(get_running_loop().backend().name()) == "epoll";
        const auto in_the_child = [&]() -> Coro<> {
            if (!both) server.close();
            co_await testing::a_while();
            EXPECT_EQ(server.clients(), 0U);
        };
        co_await child_does(in_the_child);
        for (const testing::RawPeer* p : {&peer, &another}) {
            p->send("hello");
            char answer[5];
            co_await testing::until([&] { return ::recv(p->fd(), answer, sizeof answer, MSG_DONTWAIT) == 5; });
            EXPECT_EQ(std::string_view(answer, 5), "hello");
        }
    }());
}

TEST(RealNetFork, datagrams_that_wait_are_sent_by_the_parent_alone) {
    for (const bool closes : {false, true}) {
        run_net([](bool close) -> Coro<> {
            auto [endpoint, peer] = co_await testing::joined();
            const int n = testing::fill(endpoint);
            const auto in_the_child = [&]() -> Coro<> {
                if (close) endpoint.close();
                co_await testing::a_while();
                EXPECT_TRUE(endpoint.is_closing());
                EXPECT_EQ(endpoint.get_write_buffer_size(), 0U);
            };
            co_await child_does(in_the_child);
            for (int i = 0; i < n; ++i) EXPECT_EQ(co_await testing::arrives_at(peer), std::to_string(i));
            endpoint.sendto("after");
            EXPECT_EQ(co_await testing::arrives_at(peer), "after");
        }(closes));
    }
}

TEST(RealNetFork, a_close_of_tls_that_has_begun_is_the_parents) {
    run_net([]() -> Coro<> {
        auto c = co_await testing::secured();
        co_await testing::a_while();
        c.writer.close();  // its last word waits for a turn of the loop
        co_await child_does([]() -> Coro<> { co_await testing::a_while(); });
        EXPECT_EQ(co_await c.server_reader.read(), "");
        c.server_writer.close();
        co_await c.writer.wait_closed();
        co_await c.server_writer.wait_closed();
    }());
}

TEST(RealNetFork, the_child_serves_clients_of_its_own) {
    run_net([]() -> Coro<> {
        const Server server = co_await start_server(testing::echo, "127.0.0.1", 0);
        EXPECT_EQ(co_await ask(server.port(), "before"), "before");
        const pid_t child = ::fork();
        if (child == 0) {
            ::alarm(20);
            LoopErrors errors(get_running_loop());
            const Server own = co_await start_server(testing::echo, "127.0.0.1", 0);
            const std::string answer = co_await ask(own.port(), "in the child");
            ::_exit(answer != "in the child" ? 1 : errors.taken().empty() ? 0 : 2);
        }
        int status = -1;
        ::waitpid(child, &status, 0);
        EXPECT_EQ(status, 0);
        EXPECT_EQ(co_await ask(server.port(), "after"), "after");
    }());
}

}  // namespace
}  // namespace hocket
