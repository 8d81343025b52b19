// SPDX-License-Identifier: MIT
// Servers whose connections call protocols, and the ways to a connection that do.
#include <hocket/net/protocol_test.h>

#include <gtest/gtest.h>
#include <hocket/core/context.h>
#include <hocket/flow/gather.h>
#include <hocket/flow/with.h>
#include <hocket/net/sockets_test.h>
#include <hocket/net/tls_test.h>
#include <hocket/net/torture_test.h>

#include <unistd.h>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace hocket {
namespace {

using testing::run_net, testing::Notes, testing::Noting, testing::NotingBuffered, testing::noting, testing::until_lost,
    testing::until, testing::a_while, testing::turns, testing::LoopErrors, testing::pattern, testing::RawPeer,
    testing::ending_of, testing::ask;

auto echoing() {
    return [] { return std::make_unique<testing::EchoProtocol>(); };
}

TEST(RealProtocolServer, each_connection_has_a_protocol_of_its_own) {
    run_net([]() -> Coro<> {
        const Server server = co_await create_server(echoing(), "127.0.0.1", 0);
        EXPECT_TRUE(server.is_serving());
        const std::uint16_t port = server.port();
        auto [a, b, c] = co_await gather(ask(port, "one"), ask(port, std::string(300'000, 'x')), ask(port, "three"));
        EXPECT_EQ(a + c, "onethree");
        EXPECT_EQ(b.size(), 300'000U);
        co_await until([&] { return server.clients() == 0; });
    }());
}

TEST(RealProtocolServer, several_hosts_a_path_and_a_bound_socket_will_do) {
    run_net([]() -> Coro<> {
        const Server hosts = co_await create_server(echoing(), {"127.0.0.1", "127.0.0.2"}, 0);
        EXPECT_EQ(hosts.sockets().size(), 2U);
        EXPECT_EQ(co_await ask(hosts.port(), "hosts"), "hosts");

        const std::string path = ::testing::TempDir() + "hocket-protocol-" + std::to_string(getpid());
        Notes notes;
        const Server local = co_await create_server(echoing(), Address::local(path));
        auto [transport, protocol] = co_await create_connection(noting(notes), Address::local(path));
        transport.write("path");
        co_await until([&] { return notes.data == "path"; });
        EXPECT_EQ(transport.peername(), Address::local(path));
        transport.close();
        co_await until_lost(notes);
        local.close();
        EXPECT_FALSE(std::filesystem::exists(path));

        testing::Own bound = testing::bound_socket();
        const Server given = co_await create_server(echoing(), {.sock = dup(bound)});
        EXPECT_EQ(co_await ask(given.port(), "given"), "given");
    }());
}

TEST(RealProtocolServer, close_clients_and_abort_clients_end_every_connection) {
    for (const bool abort : {false, true}) {
        Notes first, second;
        run_net([](Notes& a, Notes& b, bool aborts) -> Coro<> {
            int made = 0;
            const auto factory = [&] { return std::make_unique<Noting>(made++ == 0 ? a : b); };
            const Server server = co_await create_server(factory, "127.0.0.1", 0);
            const RawPeer one(server.sockets().at(0)), other(server.sockets().at(0));
            co_await until([&] { return server.clients() == 2 && a.transport && b.transport; });
            a.transport.pause_reading();
            one.send("unread");
            co_await a_while();
            b.transport.write("bye");
            server.close();
            Task<> closed = create_task(server.wait_closed());
            co_await turns(3);
            EXPECT_FALSE(closed.done());
            aborts ? server.abort_clients() : server.close_clients();
            co_await closed;
            co_await until([&] { return a.lost && b.lost; });
            EXPECT_EQ(a.calls.taken() + ", " + b.calls.taken(), "made lost, made lost");
            EXPECT_EQ(a.error_text() + b.error_text(), "nothingnothing");
            EXPECT_EQ(other.receive(10), "bye");
            EXPECT_EQ(other.receive(10), "");
        }(first, second, abort));
    }
}

TEST(RealProtocolServer, one_that_is_closed_waits_until_connection_lost_was_called) {
    Notes notes;
    run_net([](Notes& n) -> Coro<> {
        co_await with(co_await create_server(noting(n), "127.0.0.1", 0), [&](Server& server) -> Coro<> {
            auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
            co_await until([&] { return bool(n.transport); });
            writer.close();
        });
        EXPECT_EQ(n.calls.taken(), "made eof lost");
    }(notes));
}

TEST(RealProtocolServer, one_that_is_closed_waits_for_protocols_that_read_nothing_or_secure) {
    for (const bool secures : {false, true}) {
        Notes notes;
        run_net([](Notes& n, bool tls) -> Coro<> {
            const Server server = co_await create_server(noting(n), "127.0.0.1", 0);
            const RawPeer peer(server.sockets().at(0));
            co_await until([&] { return bool(n.transport); });
            std::optional<Task<>> securing;
            if (tls) {
                securing = create_task(n.transport.start_tls(testing::tls_server()));
            } else {
                n.transport.pause_reading();
            }
            co_await a_while();
            server.close();
            server.abort_clients();
            co_await server.wait_closed();
            EXPECT_EQ(n.calls.taken(), "made lost");
            if (securing) co_await ending_of(*securing);
        }(notes, secures));
    }
}

// An accept without resources leaves the listener with nothing in flight, so that it is closed at once, as the connection is.
Coro<> close_before_the_first_step(bool cancel) {
    LoopErrors errors(get_running_loop());
    Notes notes;
    const Server server = co_await create_server(noting(notes), "127.0.0.1", 0);
    static_cast<testing::FaultyBackend&>(get_running_loop().backend()).fail(Opcode::accept, EMFILE);
    const RawPeer accepted(server.sockets().at(0)), waiting(server.sockets().at(0));
    while (server.clients() == 0) co_await hocket::sleep(0);
    std::vector<AnyTask> tasks = all_tasks();
    std::erase(tasks, current_task());
    if (cancel) {
        for (const AnyTask& t : tasks) t.cancel();
    }
    server.close();
    server.abort_clients();
    co_await server.wait_closed();
    EXPECT_EQ(notes.calls.taken(), cancel ? "" : "made lost");
    EXPECT_NE(errors.taken(), "");
}

TEST(RealProtocolServer, one_that_is_closed_waits_for_what_it_has_just_accepted) {
    for (const bool cancel : {false, true}) testing::run_tortured({}, 1, close_before_the_first_step(cancel));
}

TEST(RealProtocolServer, what_the_factory_throws_is_reported_and_ends_its_connection_only) {
    Notes notes;
    run_net([](Notes& n) -> Coro<> {
        LoopErrors errors(get_running_loop());
        int made = 0;
        const auto factory = [&]() -> std::unique_ptr<Noting> {
            ++made;
            if (made == 1) throw std::runtime_error("not today");
            return made == 2 ? nullptr : std::make_unique<Noting>(n);
        };
        const Server server = co_await create_server(factory, "127.0.0.1", 0);
        for (int i = 0; i < 2; ++i) {
            auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
            EXPECT_EQ(co_await reader.read(), "");
        }
        EXPECT_EQ(errors.taken(),
                  "Error on transport creation for incoming connection | std::runtime_error: not today\n"
                  "Error on transport creation for incoming connection | "
                  "hocket::ValueError: the factory has made no protocol");
        const RawPeer peer(server.sockets().at(0));
        co_await until([&] { return bool(n.transport); });
    }(notes));
}

TEST(RealProtocolServer, protocols_see_the_context_variables_of_who_made_them) {
    Notes client, server_side;
    run_net([](Notes& n, Notes& s) -> Coro<> {
        static ContextVar<int> var("var", 0);
        int in_client = 0, in_server = 0;
        n.on_data = [&](std::string_view) { in_client = var.get(); };
        s.on_made = [&] { in_server = var.get(); };
        s.on_data = [&](std::string_view data) { s.transport.write(data); };
        var.set(1);
        const Server server = co_await create_server(noting(s), "127.0.0.1", 0);
        var.set(2);
        auto [transport, protocol] = co_await create_connection(noting(n), "127.0.0.1", server.port());
        var.set(3);
        transport.write("x");
        co_await until([&] { return !n.data.empty(); });
        EXPECT_EQ(in_client, 2);
        EXPECT_EQ(in_server, 1);
    }(client, server_side));
}

// ---- Clients

TEST(RealCreateConnection, it_connects_as_streams_do_and_has_their_errors) {
    Notes notes;
    run_net([](Notes& n) -> Coro<> {
        const std::string end = co_await ending_of(create_connection(noting(n), "127.0.0.1", 1));
        EXPECT_EQ(end, "hocket::OSError: connect to 127.0.0.1:1: Connection refused");
        EXPECT_EQ(co_await ending_of(create_connection(noting(n), ConnectionOptions())),
                  "hocket::ValueError: neither an address nor sock was specified");
        const Server server = co_await create_server(echoing(), "127.0.0.1", 0);
        ConnectionOptions options;
        options.happy_eyeballs_delay = std::chrono::milliseconds(250);
        auto [transport, protocol] = co_await create_connection(noting(n), "localhost", server.port(), options);
        transport.write("by name");
        co_await until([&] { return n.data == "by name"; });
    }(notes));
}

TEST(RealCreateConnection, what_the_factory_throws_is_thrown_and_the_connection_closed) {
    run_net([]() -> Coro<> {
        const Server server = co_await create_server(echoing(), "127.0.0.1", 0);
        const auto fails = []() -> std::unique_ptr<Noting> { throw std::runtime_error("none left"); };
        const auto gives_none = [] { return std::unique_ptr<Noting>(); };
        EXPECT_EQ(co_await ending_of(create_connection(fails, "127.0.0.1", server.port())),
                  "std::runtime_error: none left");
        EXPECT_EQ(co_await ending_of(create_connection(gives_none, "127.0.0.1", server.port())),
                  "hocket::ValueError: the factory has made no protocol");
        co_await until([&] { return server.clients() == 0; });
    }());
}

TEST(RealCreateConnection, one_that_is_cancelled_at_any_step_leaves_nothing_behind) {
    for (int steps = 0; steps < 12; ++steps) {
        Notes notes;
        run_net([](Notes& n, int after) -> Coro<> {
            const Server server = co_await create_server(echoing(), "127.0.0.1", 0);
            const auto connecting = create_task(create_connection(noting(n), "127.0.0.1", server.port()));
            co_await turns(after);
            connecting.cancel();
            const std::string end = co_await ending_of(connecting);
            if (end != "nothing") {
                EXPECT_EQ(end, "hocket::CancelledError");
                co_await until([&] { return n.lost || !n.transport; });
            }
            if (n.transport) n.transport.close();
        }(notes, steps));
    }
}

TEST(RealCreateConnection, one_whose_protocols_task_is_cancelled_at_any_step_ends) {
    for (int steps = 0; steps < 6; ++steps) {
        Notes notes;
        run_net([](Notes& n, int after) -> Coro<> {
            auto pair = testing::socket_pair(SOCK_STREAM);
            const auto connecting = create_task(create_connection(noting(n), {.sock = dup(pair.a)}));
            co_await turns(after);
            std::vector<AnyTask> tasks = all_tasks();
            std::erase(tasks, current_task());
            for (const AnyTask& t : tasks) {
                if (!(t == connecting)) t.cancel();
            }
            const std::string end = co_await ending_of(connecting);
            EXPECT_EQ(end, n.transport ? "nothing" : "hocket::CancelledError");
            if (n.transport) {
                n.transport.close();
                co_await until_lost(n);
            }
        }(notes, steps));
    }
}

TEST(RealCreateConnection, a_stream_that_a_task_reads_is_refused) {
    Notes notes;
    run_net([](Notes& n) -> Coro<> {
        auto pair = testing::socket_pair(SOCK_STREAM);
        const Streams streams = co_await open_connection({.sock = dup(pair.a)});
        const Task<std::string> reading = create_task(streams.first.readexactly(1));
        co_await turns(2);
        EXPECT_EQ(co_await ending_of(serve_protocol(streams, std::make_unique<Noting>(n))),
                  "hocket::RuntimeError: serve_protocol() called while another coroutine is already waiting for "
                  "incoming data");
        EXPECT_EQ(::write(pair.b, "x", 1), 1);
        EXPECT_EQ(co_await reading, "x");
        EXPECT_FALSE(n.transport);
    }(notes));
}

TEST(RealCreateConnection, sockets_that_others_have_connected_or_accepted_are_taken_over) {
    Notes client, server_side;
    run_net([](Notes& n, Notes& s) -> Coro<> {
        auto pair = testing::socket_pair(SOCK_STREAM);
        auto [a, protocol_a] = co_await create_connection(noting(n), {.sock = dup(pair.a)});
        auto [b, protocol_b] = co_await connect_accepted_socket(noting(s), dup(pair.b));
        a.write("there");
        co_await until([&] { return s.data == "there"; });
        b.write("and back");
        co_await until([&] { return n.data == "and back"; });
        pair.a.close();
        pair.b.close();
        a.close();
        co_await until_lost(s);
        co_await until_lost(n);
        EXPECT_EQ(s.calls.taken(), "made data eof lost");
        EXPECT_EQ(n.calls.taken(), "made data lost");
    }(client, server_side));
}

// What 100 connections at once with both kinds of protocol at both ends send and give back.
TEST(RealCreateConnection, a_hundred_at_once_lose_no_byte) {
    struct Pair {
        Notes notes;
        ProtocolTransport transport;
    };
    std::vector<std::unique_ptr<Pair>> pairs;
    run_net([](std::vector<std::unique_ptr<Pair>>& all) -> Coro<> {
        const Server server = co_await create_server(echoing(), "127.0.0.1", 0);
        const std::string data = pattern(100'000);
        for (int i = 0; i < 100; ++i) {
            Pair& p = *all.emplace_back(std::make_unique<Pair>());
            if (i % 2 == 0) {
                p.transport = (co_await create_connection(noting(p.notes), "127.0.0.1", server.port())).first;
            } else {
                const auto factory = noting<NotingBuffered>(p.notes);
                p.transport = (co_await create_connection(factory, "127.0.0.1", server.port())).first;
            }
            p.transport.write(data);
            p.transport.write_eof();
        }
        for (const auto& p : all) {
            co_await until_lost(p->notes);
            EXPECT_TRUE(p->notes.data == data) << p->notes.data.size();
            EXPECT_EQ(p->notes.error_text(), "nothing");
        }
    }(pairs));
}

}  // namespace
}  // namespace hocket
