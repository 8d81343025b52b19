// SPDX-License-Identifier: MIT
// Servers: connections and their tasks, closing in every order, handlers that fail.
#include <hocket/net/server.h>

#include <gtest/gtest.h>
#include <hocket/core/sleep.h>
#include <hocket/flow/gather.h>
#include <hocket/flow/with.h>
#include <hocket/net/net_test.h>

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/stat.h>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace hocket {
namespace {

using testing::echo, testing::ask, testing::run_net, testing::ending_of, testing::turns, testing::until,
    testing::a_while, testing::RawPeer, testing::LoopErrors;

Coro<bool> refuses(std::uint16_t port) {
    const std::string end = co_await ending_of(open_connection("127.0.0.1", port));
    co_return end.find("Connection refused") != std::string::npos;
}

TEST(RealServer, each_connection_has_a_task_of_its_own) {
    run_net([]() -> Coro<> {
        const Server server = co_await start_server(echo, "127.0.0.1", 0);
        EXPECT_TRUE(server.is_serving());
        const std::uint16_t port = server.port();
        auto [a, b, c] = co_await gather(ask(port, "one"), ask(port, std::string(300'000, 'x')), ask(port, "three"));
        EXPECT_EQ(a + c, "onethree");
        EXPECT_EQ(b.size(), 300'000U);
    }());
}

TEST(RealServer, a_hundred_clients_at_once_are_served) {
    run_net([]() -> Coro<> {
        const Server server = co_await start_server(echo, "127.0.0.1", 0);
        std::vector<Coro<std::string>> asking;
        for (int i = 0; i < 100; ++i) asking.push_back(ask(server.port(), std::to_string(i)));
        const std::vector<std::string> answers = co_await gather(std::move(asking));
        for (std::size_t i = 0; i < 100; ++i) EXPECT_EQ(answers[i], std::to_string(i));
    }());
}

TEST(RealServer, it_goes_on_when_nobody_holds_it) {
    run_net([]() -> Coro<> {
        const std::uint16_t port = (co_await start_server(echo, "127.0.0.1", 0)).port();
        EXPECT_EQ(co_await ask(port, "still there"), "still there");
    }());
}

TEST(RealServer, what_the_handler_captured_lives_as_long_as_its_tasks) {
    run_net([]() -> Coro<> {
        auto held = std::make_shared<std::string>("captured");
        const std::weak_ptr<std::string> watch = held;
        std::optional<Server> server = co_await start_server(
            [held = std::move(held)](StreamReader r, StreamWriter w) -> Coro<> {
                co_await r.read(1);
                co_await w.write(*held);
            },
            "127.0.0.1", 0);
        RawPeer peer(server->sockets().at(0));
        co_await until([&] { return server->clients() == 1; });
        server->close();
        server.reset();
        EXPECT_FALSE(watch.expired());
        peer.send("x");
        co_await until([&] { return watch.expired(); });
        EXPECT_EQ(peer.receive(100), "captured");
    }());
}

TEST(RealServer, its_handler_may_close_it_before_there_is_a_coroutine) {
    run_net([]() -> Coro<> {
        std::optional<Server> server;
        server = co_await start_server(
            [&](StreamReader reader, StreamWriter writer) {
                server->close();
                server.reset();
                return echo(std::move(reader), std::move(writer));
            },
            "127.0.0.1", 0);
        const std::uint16_t port = server->port();
        EXPECT_EQ(co_await ask(port, "the last"), "the last");
        EXPECT_FALSE(server);
        EXPECT_TRUE(co_await refuses(port));
    }());
}

TEST(RealServer, a_handler_that_keeps_the_streams_of_its_clients_goes_with_them) {
    using Clients = std::vector<StreamWriter>;
    std::weak_ptr<Clients> watch;
    run_net([](std::weak_ptr<Clients>& w) -> Coro<> {
        auto clients = std::make_shared<Clients>();
        w = clients;
        const Server server = co_await start_server(
            [clients = std::move(clients)](StreamReader reader, StreamWriter writer) -> Coro<> {
                clients->push_back(writer);
                co_await writer.write(co_await reader.read(5));
                writer.close();
            },
            "127.0.0.1", 0);
        EXPECT_EQ(co_await ask(server.port(), "hello"), "hello");
        EXPECT_FALSE(w.expired());
    }(watch));
    EXPECT_TRUE(watch.expired());
}

TEST(RealServer, what_a_handler_captured_may_close_other_sockets_when_the_loop_ends) {
    run_net([]() -> Coro<> {
        const Server server = co_await start_server(echo, "127.0.0.1", 0);
        auto kept = std::make_shared<std::vector<Streams>>();
        const Server idle = co_await start_server([kept](StreamReader, StreamWriter) -> Coro<> { co_return; },
                                                  "127.0.0.1", 0, {.start_serving = false});
        for (int i = 0; i < 3; ++i) kept->push_back(co_await open_connection("127.0.0.1", server.port()));
    }());
}

TEST(RealServer, the_connection_is_closed_when_the_handler_returns) {
    run_net([]() -> Coro<> {
        const Server server = co_await start_server(
            [](StreamReader, StreamWriter w) -> Coro<> { co_await w.write("bye"); }, "127.0.0.1", 0);
        EXPECT_EQ(co_await ask(server.port(), ""), "bye");
    }());
}

TEST(RealServer, what_a_handler_throws_is_reported_and_its_connection_closed) {
    run_net([]() -> Coro<> {
        LoopErrors errors(get_running_loop());
        const Server server = co_await start_server(
            [](StreamReader r, StreamWriter) -> Coro<> {
                co_await r.read(1);
                throw ValueError("bad request");
            },
            "127.0.0.1", 0);
        EXPECT_EQ(co_await ask(server.port(), "x"), "");
        EXPECT_EQ(errors.taken(), "Unhandled exception in client_connected_cb | hocket::ValueError: bad request");
        EXPECT_EQ(co_await ask(server.port(), "y"), "");  // it still serves
        EXPECT_NE(errors.taken(), "");
    }());
}

TEST(RealServer, a_cancelled_handler_is_not_reported_and_its_connection_closed) {
    run_net([]() -> Coro<> {
        LoopErrors errors(get_running_loop());
        const Server server = co_await start_server(
            [](StreamReader r, StreamWriter) -> Coro<> {
                current_task().cancel();
                co_await r.read(1);
            },
            "127.0.0.1", 0);
        EXPECT_EQ(co_await ask(server.port(), ""), "");
        EXPECT_EQ(errors.taken(), "");
    }());
}

TEST(RealServer, handlers_have_the_context_of_whoever_started_it) {
    static ContextVar<std::string> name("name", "nobody");
    run_net([]() -> Coro<> {
        name.set("the starter");
        const Server server = co_await start_server(
            [](StreamReader, StreamWriter w) -> Coro<> {
                const std::string found = name.get();
                name.set("a handler");
                co_await w.write(found);
            },
            "127.0.0.1", 0);
        name.set("somebody else");
        EXPECT_EQ(co_await ask(server.port(), ""), "the starter");
        EXPECT_EQ(co_await ask(server.port(), ""), "the starter");
    }());
}

// 78
TEST(RealServer, close_refuses_new_clients_and_keeps_the_old) {
    run_net([]() -> Coro<> {
        const Server server = co_await start_server(echo, "127.0.0.1", 0);
        const std::uint16_t port = server.port();
        auto [reader, writer] = co_await open_connection("127.0.0.1", port);
        co_await writer.write("a");
        EXPECT_EQ(co_await reader.read(1), "a");
        server.close();
        server.close();
        EXPECT_FALSE(server.is_serving());
        EXPECT_TRUE(server.sockets().empty());
        EXPECT_EQ(server.port(), 0);
        EXPECT_TRUE(co_await refuses(port));
        co_await writer.write("b");
        EXPECT_EQ(co_await reader.read(1), "b");
    }());
}

TEST(RealServer, the_port_is_free_as_soon_as_it_is_closed) {
    run_net([]() -> Coro<> {
        const Server first = co_await start_server(echo, "127.0.0.1", 0);
        const Address address = first.sockets().at(0);
        first.close();
        const Server second = co_await start_server(echo, address);
        EXPECT_EQ(co_await ask(address.port(), "again"), "again");
    }());
}

// 78
TEST(RealServer, wait_closed_needs_it_closed_and_its_clients_gone) {
    run_net([]() -> Coro<> {
        const Server server = co_await start_server(echo, "127.0.0.1", 0);
        const Task<> waiting = create_task(server.wait_closed());
        auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
        co_await writer.write("a");
        EXPECT_EQ(co_await reader.read(1), "a");
        EXPECT_EQ(server.clients(), 1U);
        server.close();
        co_await a_while();
        EXPECT_FALSE(waiting.done());
        writer.close();
        co_await waiting;
        EXPECT_EQ(server.clients(), 0U);
        co_await server.wait_closed();
    }());
}

// 78
TEST(RealServer, wait_closed_waits_for_the_close_though_there_is_no_client) {
    run_net([]() -> Coro<> {
        const Server server = co_await start_server(echo, "127.0.0.1", 0);
        const Task<> waiting = create_task(server.wait_closed());
        co_await a_while();
        EXPECT_FALSE(waiting.done());
        server.close();
        co_await waiting;
    }());
}

TEST(RealServer, wait_closed_ends_though_close_comes_before_its_last_client_is_accepted) {
    run_net([]() -> Coro<> {
        const Server server = co_await start_server(echo, "127.0.0.1", 0);
        const Task<> earlier = create_task(server.wait_closed());
        co_await turns(1);
        const Streams client = co_await open_connection("127.0.0.1", server.port());
        EventLoop& loop = get_running_loop();
        loop.call_soon([&] { server.close(); });
        loop.call_soon([&] { client.second.close(); });
        co_await server.wait_closed();
        co_await earlier;
    }());
}

// 78
TEST(RealServer, close_clients_closes_every_connection_and_sends_what_waits) {
    run_net([]() -> Coro<> {
        const std::string data = testing::pattern(testing::much);
        bool written = false;
        const Server server = co_await start_server(
            [&](StreamReader r, StreamWriter w) -> Coro<> {
                w.write_nowait(data);
                written = true;
                co_await r.read();
            },
            "127.0.0.1", 0);
        auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
        co_await until([&] { return written; });
        server.close();
        server.close_clients();
        EXPECT_TRUE(co_await reader.read() == data);
        co_await server.wait_closed();
    }());
}

// 78
TEST(RealServer, abort_clients_ends_every_connection_at_once) {
    run_net([]() -> Coro<> {
        bool written = false;
        const Server server = co_await start_server(
            [&](StreamReader r, StreamWriter w) -> Coro<> {
                testing::keep_little(w);
                w.write_nowait(testing::pattern(16 << 20));
                written = true;
                co_await r.read();
            },
            "127.0.0.1", 0);
        RawPeer peer(server.sockets().at(0));
        co_await until([&] { return written; });
        server.close();
        server.abort_clients();
        co_await server.wait_closed();  // though the peer reads nothing
    }());
}

// 79
TEST(RealServer, cancelling_serve_forever_closes_and_then_waits) {
    run_net([]() -> Coro<> {
        const Server server = co_await start_server(echo, "127.0.0.1", 0, {.start_serving = false});
        const std::uint16_t port = server.port();
        EXPECT_FALSE(server.is_serving());
        EXPECT_TRUE(co_await refuses(port));
        const Task<> serving = create_task(server.serve_forever());
        co_await turns(2);
        auto [reader, writer] = co_await open_connection("127.0.0.1", port);
        co_await writer.write("a");
        EXPECT_EQ(co_await reader.read(1), "a");
        serving.cancel();
        co_await a_while();
        EXPECT_FALSE(serving.done());
        EXPECT_TRUE(co_await refuses(port));
        writer.close();
        EXPECT_EQ(co_await ending_of(serving), "hocket::CancelledError");
    }());
}

TEST(RealServer, it_serves_from_start_serving_on_and_knows_its_loop) {
    run_net([]() -> Coro<> {
        const Server server = co_await start_server(echo, "127.0.0.1", 0, {.start_serving = false});
        EXPECT_EQ(&server.get_loop(), &get_running_loop());
        const std::uint16_t port = server.port();
        EXPECT_FALSE(server.is_serving());
        EXPECT_TRUE(co_await refuses(port));
        server.start_serving();
        server.start_serving();
        EXPECT_TRUE(server.is_serving());
        EXPECT_EQ(co_await ask(port, "now"), "now");
        server.close();
        EXPECT_EQ(testing::thrown_by([&] { server.start_serving(); }), "hocket::RuntimeError: server is closed");
    }());
}

// 79
TEST(RealServer, close_ends_serve_forever_with_a_cancel) {
    run_net([]() -> Coro<> {
        const Server server = co_await start_server(echo, "127.0.0.1", 0);
        const Task<> serving = create_task(server.serve_forever());
        co_await turns(2);
        EXPECT_NE((co_await ending_of(server.serve_forever())).find("already being awaited"), std::string::npos);
        server.close();
        EXPECT_EQ(co_await ending_of(serving), "hocket::CancelledError");
        EXPECT_EQ(co_await ending_of(server.serve_forever()), "hocket::RuntimeError: server is closed");
    }());
}

TEST(RealServer, a_limit_of_nothing_is_refused_before_there_is_a_socket) {
    run_net([]() -> Coro<> {
        EXPECT_EQ(co_await ending_of(start_server(echo, "127.0.0.1", 0, {.limit = 0})),
                  "hocket::ValueError: Limit cannot be <= 0");
        EXPECT_EQ(co_await ending_of(start_server(echo, Address::parse("203.0.113.1:0"), {.limit = 0})),
                  "hocket::ValueError: Limit cannot be <= 0");
    }());
}

TEST(RealServer, its_connections_do_not_delay_small_writes) {
    run_net([]() -> Coro<> {
        auto c = co_await testing::connected();
        for (const StreamWriter& w : {c.writer, c.server_writer}) {
            int on = 0;
            socklen_t size = sizeof on;
            getsockopt(w.fileno(), IPPROTO_TCP, TCP_NODELAY, &on, &size);
            EXPECT_EQ(on, 1);
            EXPECT_NE(fcntl(w.fileno(), F_GETFD) & FD_CLOEXEC, 0);
        }
    }());
}

TEST(RealServer, one_that_is_kept_past_the_end_of_its_loop_has_none) {
    std::optional<Server> kept;
    run_net(
        [](std::optional<Server>& server) -> Coro<> { server = co_await start_server(echo, "127.0.0.1", 0); }(kept));
    const std::string gone = "hocket::RuntimeError: Event loop is closed";
    EXPECT_EQ(testing::thrown_by([&] { kept->get_loop(); }), gone);
    run_net([](const Server& server, const std::string& expected) -> Coro<> {  // another's, however alike
        EXPECT_EQ(testing::thrown_by([&] { server.get_loop(); }), expected);
        co_return;
    }(*kept, gone));
}

TEST(RealServer, a_block_closes_it_and_waits) {
    run_net([]() -> Coro<> {
        std::uint16_t port = 0;
        const std::string answer =
            co_await with(co_await start_server(echo, "127.0.0.1", 0), [&](Server& server) -> Coro<std::string> {
                port = server.port();
                co_return co_await ask(port, "inside");
            });
        EXPECT_EQ(answer, "inside");
        EXPECT_TRUE(co_await refuses(port));
    }());
}

TEST(RealServer, the_loop_may_end_while_clients_are_served) {
    run_net([]() -> Coro<> {
        static std::vector<RawPeer> peers;
        peers.clear();
        const Server server = co_await start_server(echo, "127.0.0.1", 0);
        for (int i = 0; i < 5; ++i) peers.emplace_back(server.sockets().at(0));
        co_await until([&] { return server.clients() == 5; });
        peers.clear();
        for (int i = 0; i < 3; ++i) {
            const RawPeer late(server.sockets().at(0));  // accepted or not, when the loop ends
        }
    }());
}

}  // namespace
}  // namespace hocket
