// SPDX-License-Identifier: MIT
// How requests end that nobody waits for any more, and that a server which closes loses none.
#include <hocket/flow/gather.h>
#include <hocket/http/server_test.h>
#include <hocket/net/net_test.h>

#include <chrono>
#include <vector>

namespace hocket::http {

namespace {

using namespace std::chrono_literals;
using hocket::testing::RawPeer;
using hocket::testing::run_net;
using hocket::testing::until;

constexpr std::string_view get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

// ---- Handlers whose client has gone

/// What becomes of a handler, as a text.
Application waiting(std::string& trace, RouteOptions options) {
    Application app;
    const auto wait = [&trace](Request& request) -> Coro<std::string> {
        const std::string body = co_await request.body();
        trace += "begins " + body + "\n";
        try {
            co_await hocket::sleep(1h);
        } catch (const CancelledError&) {
            trace += "cancelled\n";
            throw;
        }
        trace += "ends\n";
        co_return "slept";
    };
    app.any("/", wait, std::move(options));
    app.get("/hello", [] { return std::string("hello"); }, {.handler_cancellation = true});
    app.get("/later",
            [](Request&) -> Coro<std::string> {
                co_await hocket::sleep(1s);
                co_return "later";
            },
            {.handler_cancellation = true});
    return app;
}

Coro<std::string> what_becomes(RouteOptions route, ServeOptions options, std::string_view bytes) {
    std::string trace;
    HandFed connection(waiting(trace, std::move(route)), options);
    co_await connection.exchange(bytes);
    connection.wire.feed_eof();
    co_await hocket::sleep(2h);
    co_return trace;
}

Coro<> vanished_clients() {
    EXPECT_EQ(co_await what_becomes({}, {}, get), "begins \nends\n");
    EXPECT_EQ(co_await what_becomes({.handler_cancellation = true}, {}, get), "begins \ncancelled\n");
    EXPECT_EQ(co_await what_becomes({}, {.handler_cancellation = true}, get), "begins \ncancelled\n");
    EXPECT_EQ(co_await what_becomes({.handler_cancellation = false}, {.handler_cancellation = true}, get),
              "begins \nends\n");
    constexpr std::string_view post = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc";
    EXPECT_EQ(co_await what_becomes({.handler_cancellation = true}, {}, post), "begins abc\ncancelled\n");
}

Coro<> a_late_body() {
    std::string trace;
    HandFed connection(waiting(trace, {.handler_cancellation = true}));
    co_await connection.exchange("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n");
    EXPECT_EQ(trace, "");
    co_await connection.exchange("abc");
    EXPECT_EQ(trace, "begins abc\n");
    connection.wire.feed_eof();
    for (int i = 0; i < 20; ++i) co_await hocket::sleep(0);
    EXPECT_EQ(trace, "begins abc\ncancelled\n");
}

Coro<> a_client_that_stays() {
    std::string trace;
    HandFed connection(waiting(trace, {}));
    for (int i = 0; i < 3; ++i) {
        co_await connection.exchange("GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
        co_await hocket::sleep(2s);
        EXPECT_EQ(body_of(connection.take()), "later");
        EXPECT_EQ(body_of(co_await connection.exchange("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n")), "hello");
    }
    co_await connection.exchange("GET /later HTTP/1.1\r\nHost: x\r\n\r\nGET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
    co_await hocket::sleep(2s);
    const std::string both = connection.take();
    EXPECT_NE(both.find("later"), std::string::npos);
    EXPECT_EQ(body_of(both.substr(both.find("later"))), "hello");
}

Coro<> an_aborted_server() {
    std::string trace;
    HandFed connection(waiting(trace, {.handler_cancellation = true}));
    co_await connection.exchange(get);
    connection.server->close();
    connection.server->abort();
    for (int i = 0; i < 20; ++i) co_await hocket::sleep(0);
    EXPECT_EQ(trace, "begins \ncancelled\n");
    EXPECT_TRUE(connection.task.done());
}

// ---- Closing under load

Application example() {
    Application app;
    app.get("/", [](Request&) -> Coro<std::string> {
        co_await hocket::sleep(1ms);
        co_return "hello";
    });
    return app;
}

/// A whole answer; what came of it, if it is not whole.
Coro<std::string> rest_of(StreamReader reader) {
    try {
        co_return co_await reader.read();
    } catch (const OSError& e) {
        co_return e.what();
    }
}

// Connections of which the server knows nothing yet, since its loop has had no turn, with their requests.
Coro<> the_queue() {
    constexpr int count = 300;
    HttpServer server = co_await serve(example(), "127.0.0.1", 0);
    std::vector<RawPeer> peers;
    peers.reserve(count);
    for (int i = 0; i < count; ++i) peers.emplace_back(server.sockets().at(0)).send(get);
    EXPECT_EQ(server.requests(), 0U);
    server.close();
    co_await server.wait_closed();
    EXPECT_EQ(server.requests(), static_cast<std::uint64_t>(count));
    int whole = 0;
    for (RawPeer& peer : peers) {
        char buffer[1024];
        const auto n = recv(peer.fd(), buffer, sizeof buffer, 0);
        if (n > 0 && std::string_view(buffer, static_cast<std::size_t>(n)).ends_with("hello")) ++whole;
    }
    EXPECT_EQ(whole, count);
}

// The only connection there is, which the server has not seen before it closes.
Coro<> a_single_late_one() {
    HttpServer server = co_await serve(example(), "127.0.0.1", 0);
    RawPeer peer(server.sockets().at(0));
    server.close();
    co_await hocket::sleep(20ms);
    peer.send(get);
    co_await server.wait_closed();
    EXPECT_EQ(server.requests(), 1U);
}

// It sends no more than half of a request: it has the time of a shutdown, and no more.
Coro<> a_single_late_one_that_stays() {
    HttpServer server = co_await serve(example(), "127.0.0.1", 0, {.head_timeout = 0s, .shutdown_timeout = 50ms});
    RawPeer peer(server.sockets().at(0));
    server.close();
    peer.send("GET / HT");
    co_await server.wait_closed();
    EXPECT_EQ(server.connections(), 0U);
}

// Each of these has connected before the close, and sends its request after it.
Coro<> first_requests() {
    HttpServer server = co_await serve(example(), "127.0.0.1", 0);
    std::vector<Task<std::string>> answers;
    std::vector<StreamWriter> writers;
    for (int i = 0; i < 100; ++i) {
        auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
        answers.push_back(create_task(rest_of(std::move(reader))));
        writers.push_back(std::move(writer));
    }
    server.close();
    co_await hocket::sleep(10ms);
    for (StreamWriter& writer : writers) co_await writer.write(get);
    co_await server.wait_closed();
    int whole = 0;
    for (Task<std::string>& answer : answers) {
        const std::string text = co_await answer;
        if (body_of(text) == "hello" && text.find("Connection: close") != std::string::npos) ++whole;
    }
    EXPECT_EQ(whole, 100);
}

// Virtual, so that the second passes at once.
Coro<> silent_connections() {
    const auto state = Shared<HttpServerState>::make(example(), ServeOptions());
    HandFed silent(state);
    co_await silent.exchange("");
    state->await_late_requests([state] { state->has_looked(true); }, [state] { state->has_looked(false); });
    state->close();
    co_await hocket::sleep(500ms);
    EXPECT_FALSE(silent.wire.closed);
    co_await hocket::sleep(600ms);
    EXPECT_TRUE(silent.wire.closed);
    co_await silent.task;
}

Coro<> what_has_come_is_served() {
    HttpServer server = co_await serve(example(), "127.0.0.1", 0);
    RawPeer peer(server.sockets().at(0));
    peer.send(get);
    co_await until([&] { return server.requests() == 1; });
    co_await until([&] { return server.connections() == 1; });
    co_await hocket::sleep(20ms);
    peer.send(get);  // on a connection that is idle, as far as the server knows
    server.close();
    co_await server.wait_closed();
    EXPECT_EQ(server.requests(), 2U);
}

}  // namespace

TEST(VirtualHttpHandlerCancellation, is_a_choice_of_the_route_and_of_the_server) { run(vanished_clients()); }
TEST(VirtualHttpHandlerCancellation, begins_when_the_body_has_been_read) { run(a_late_body()); }
TEST(VirtualHttpHandlerCancellation, leaves_clients_alone_that_stay) { run(a_client_that_stays()); }
TEST(VirtualHttpHandlerCancellation, a_watched_handler_ends_with_its_server) { run(an_aborted_server()); }
TEST(RealHttpServerClose, serves_what_waits_in_the_systems_queue) { run_net(the_queue()); }
TEST(RealHttpServerClose, serves_a_single_one_of_which_it_has_not_heard) { run_net(a_single_late_one()); }
TEST(RealHttpServerClose, waits_no_longer_for_a_single_one_than_for_others) { run_net(a_single_late_one_that_stays()); }
TEST(RealHttpServerClose, serves_who_has_connected_and_asks_soon) { run_net(first_requests()); }
TEST(RealHttpServerClose, serves_what_has_come_on_an_idle_connection) { run_net(what_has_come_is_served()); }
TEST(VirtualHttpServerClose, waits_no_longer_than_a_second_for_first_requests) { run(silent_connections()); }

}  // namespace hocket::http
