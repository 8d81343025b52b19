// SPDX-License-Identifier: MIT
// Servers on sockets: starting, serving, ending, and what does not fit between the two.
#include <hocket/flow/gather.h>
#include <hocket/flow/with.h>
#include <hocket/http/server_test.h>
#include <hocket/net/net_test.h>

#include <sys/socket.h>
#include <chrono>
#include <csignal>

namespace hocket::http {

namespace {

using namespace std::chrono_literals;
using hocket::testing::much;
using hocket::testing::run_net;
using hocket::testing::until;

constexpr std::string_view get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

Application example() {
    Application app;
    app.get("/", [] { return std::string("hello"); });
    app.get("/much", [] { return bytes_response(hocket::testing::pattern(4 << 20)); });
    app.get("/delay/{ms}", [](int ms) -> Coro<std::string> {
        co_await hocket::sleep(std::chrono::milliseconds(ms));
        co_return "slept";
    });
    app.post("/unread", [] { return std::string("not read"); });
    return app;
}

/// All that the server answers up to its end of the connection.
Coro<std::string> talk(std::uint16_t port, std::string bytes) {
    auto [reader, writer] = co_await open_connection("127.0.0.1", port);
    co_await writer.write(bytes);
    co_return co_await reader.read();
}

Coro<std::string> ask(std::uint16_t port, std::string target) {
    return talk(port, "GET " + std::move(target) + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
}

Coro<> serves() {
    HttpServer server = co_await serve(example(), "127.0.0.1", 0);
    EXPECT_EQ(server.url(), "http://127.0.0.1:" + std::to_string(server.port()));
    auto [first, second] = co_await gather(ask(server.port(), "/"), ask(server.port(), "/delay/5"));
    EXPECT_EQ(body_of(first), "hello");
    EXPECT_EQ(body_of(second), "slept");
    EXPECT_EQ(server.requests(), 2U);
    co_await until([&] { return server.connections() == 0; });
    server.close();
    co_await server.wait_closed();
    EXPECT_EQ(server.port(), 0);
}

Coro<> with_a_server() {
    std::uint16_t port = 0;
    co_await with(co_await serve(example(), "127.0.0.1", 0), [&](HttpServer& server) -> Coro<> {
        port = server.port();
        EXPECT_EQ(body_of(co_await ask(port, "/")), "hello");
    });
    bool refused = false;
    try {
        co_await ask(port, "/");
    } catch (const OSError& e) {
        refused = e.error_number() == ECONNREFUSED;
    }
    EXPECT_TRUE(refused);
}

Coro<> an_occupied_port() {
    HttpServer server = co_await serve(example(), "127.0.0.1", 0);
    std::string error;
    try {
        co_await serve(example(), "127.0.0.1", server.port());
    } catch (const OSError& e) {
        error = e.what();
    }
    EXPECT_EQ(error, "bind to 127.0.0.1:" + std::to_string(server.port()) + ": Address already in use");
    server.close();
    co_await server.wait_closed();
}

Coro<> much_at_once() {
    HttpServer server = co_await serve(example(), "127.0.0.1", 0);
    EXPECT_EQ(body_of(co_await ask(server.port(), "/much")), hocket::testing::pattern(4 << 20));
    server.close();
    co_await server.wait_closed();
}

Coro<> many_ahead() {
    HttpServer server = co_await serve(example(), "127.0.0.1", 0);
    std::string requests;
    for (int i = 0; i < 2000; ++i) requests += get;
    const std::string answers =
        co_await talk(server.port(), requests + "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    std::size_t count = 0;
    for (std::size_t at = answers.find("hello"); at != std::string::npos; at = answers.find("hello", at + 1)) ++count;
    EXPECT_EQ(count, 2001U);
    server.close();
    co_await server.wait_closed();
}

Coro<> read_no_further() {
    hocket::Event go;
    Application app;
    app.get("/", [&](Request&) -> Coro<std::string> {
        co_await go.wait();
        co_return "hello";
    });
    HttpServer server = co_await serve(app, "127.0.0.1", 0);
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
    hocket::testing::keep_little(writer);
    std::string requests;
    while (requests.size() < 16 * much) requests += get;
    auto sending = create_task(writer.write(requests));
    co_await until([&] { return server.requests() == 1; });
    for (int i = 0; i < 50; ++i) co_await hocket::sleep(1ms);
    EXPECT_FALSE(sending.done());  // the rest waits where it costs the server nothing
    server.abort();
    bool failed = false;
    try {
        co_await sending;
    } catch (const OSError&) {
        failed = true;
    }
    EXPECT_TRUE(failed);
    co_await server.wait_closed();
}

Coro<> ends_gracefully() {
    HttpServer server = co_await serve(example(), "127.0.0.1", 0);
    auto [idle, idle_writer] = co_await open_connection("127.0.0.1", server.port());
    co_await idle_writer.write(get);
    EXPECT_TRUE((co_await idle.readuntil("hello")).ends_with("hello"));
    auto busy = create_task(ask(server.port(), "/delay/50"));
    co_await until([&] { return server.requests() == 2; });
    server.close();
    EXPECT_EQ(co_await idle.read(), "");
    co_await server.wait_closed();
    EXPECT_EQ(body_of(co_await busy), "slept");
}

Coro<> ends_without_patience() {
    HttpServer server = co_await serve(example(), "127.0.0.1", 0, {.shutdown_timeout = 0s});
    auto busy = create_task(ask(server.port(), "/delay/600000"));
    co_await until([&] { return server.requests() == 1; });
    server.close();
    co_await server.wait_closed();
    std::string answer;
    try {
        answer = co_await busy;
    } catch (const OSError&) {
        answer = "lost";
    }
    EXPECT_EQ(body_of(answer), "");
}

constexpr std::string_view unfinished = "POST /unread HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc";

// It has not sent all of its request: the stream waits for the peer to end, so that it reads its answer.
Coro<> ends_a_peer_that_stays() {
    HttpServer server = co_await serve(example(), "127.0.0.1", 0, {.shutdown_timeout = 50ms});
    Network::of(get_running_loop()).tidy_interval = 1h;  // what ends before then ends by the time limit
    const hocket::testing::RawPeer peer(server.sockets().at(0));
    co_await until([&] { return server.connections() == 1; });
    peer.send(unfinished);
    const TimePoint begin = get_running_loop().time();
    server.close();
    co_await server.wait_closed();
    EXPECT_GE(get_running_loop().time() - begin, 50ms);
    EXPECT_EQ(server.connections(), 0U);
}

Coro<> aborts_a_peer_that_stays() {
    HttpServer server = co_await serve(example(), "127.0.0.1", 0);
    Network::of(get_running_loop()).tidy_interval = 1h;
    const hocket::testing::RawPeer peer(server.sockets().at(0));
    co_await until([&] { return server.connections() == 1; });
    peer.send(unfinished);
    server.close();
    for (int i = 0; i < 50; ++i) co_await hocket::sleep(1ms);
    EXPECT_EQ(server.connections(), 1U);
    server.abort();
    co_await server.wait_closed();
    EXPECT_EQ(server.connections(), 0U);
}

// Its client has gone, and it does not look.
Coro<> ends_a_handler_that_stays() {
    bool cancelled = false;
    Application app;
    app.get("/", [&](Request&) -> Coro<std::string> {
        try {
            co_await hocket::testing::forever();
        } catch (const CancelledError&) {
            cancelled = true;
            throw;
        }
        co_return "";
    });
    HttpServer server = co_await serve(app, "127.0.0.1", 0, {.shutdown_timeout = 50ms});
    hocket::testing::RawPeer peer(server.sockets().at(0));
    peer.send("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
    co_await until([&] { return server.requests() == 1; });
    peer.reset();
    server.close();
    co_await server.wait_closed();
    EXPECT_TRUE(cancelled);
}

Coro<> ends_at_once() {
    HttpServer server = co_await serve(example(), "127.0.0.1", 0);
    auto busy = create_task(ask(server.port(), "/delay/600000"));
    co_await until([&] { return server.requests() == 1; });
    server.abort();
    co_await server.wait_closed();
    std::string answer;
    try {
        answer = co_await busy;
    } catch (const OSError&) {  // it may see a reset
    }
    EXPECT_EQ(answer, "");
}

Coro<> streams_on_a_kept_connection() {
    hocket::Event go;
    Application app = example();
    app.get("/stream", [&] {
        return stream_response([](hocket::Event& until) -> AsyncGenerator<std::string> {
            co_yield "first";
            co_await until.wait();
            co_yield "last";
        }(go));
    });
    HttpServer server = co_await serve(app, "127.0.0.1", 0);
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
    for (int i = 0; i < 20; ++i) {
        go.clear();
        co_await writer.write("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
        EXPECT_TRUE((co_await reader.readuntil("first\r\n")).ends_with("first\r\n"));
        if (i % 2) co_await hocket::sleep(1ms);  // by now the watcher waits at the socket
        go.set();
        EXPECT_EQ(co_await reader.readuntil("0\r\n\r\n"), "4\r\nlast\r\n0\r\n\r\n");
        co_await writer.write(get);
        EXPECT_TRUE((co_await reader.readuntil("hello")).ends_with("hello"));
    }
    go.clear();
    co_await writer.write("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_TRUE((co_await reader.readuntil("first\r\n")).ends_with("first\r\n"));
    server.abort();
    co_await server.wait_closed();
    EXPECT_EQ(server.requests(), 41U);
}

// An end of file would say that the body is whole.
Coro<> resets_a_body_without_a_length(bool by_the_server) {
    Application app;
    app.get("/", [] {
        return stream_response([]() -> AsyncGenerator<std::string> {
            co_yield "begun";
            co_await hocket::testing::forever();
        }());
    });
    HttpServer server = co_await serve(app, "127.0.0.1", 0);
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
    co_await writer.write("GET / HTTP/1.0\r\n\r\n");
    EXPECT_TRUE((co_await reader.readuntil("begun")).ends_with("begun"));
    by_the_server ? server.abort() : writer.write_eof();
    int error = 0;
    try {
        co_await reader.read();
    } catch (const OSError& e) {
        error = e.error_number();
    }
    EXPECT_EQ(error, ECONNRESET);
    server.close();
    co_await server.wait_closed();
}

Coro<> serving_forever() {
    HttpServer server = co_await serve(example(), "127.0.0.1", 0);
    auto forever = create_task(server.serve_forever());
    EXPECT_EQ(body_of(co_await ask(server.port(), "/")), "hello");
    forever.cancel();
    bool cancelled = false;
    try {
        co_await forever;
    } catch (const CancelledError&) {
        cancelled = true;
    }
    EXPECT_TRUE(cancelled);
    EXPECT_EQ(server.port(), 0);
    EXPECT_EQ(server.connections(), 0U);
}

Coro<> on_a_path() {
    const std::string path = ::testing::TempDir() + "hocket_http_" + std::to_string(getpid());
    HttpServer server = co_await serve(example(), Address::local(path));
    auto [reader, writer] = co_await open_connection(Address::local(path));
    co_await writer.write("GET / HTTP/1.0\r\n\r\n");
    EXPECT_EQ(body_of(co_await reader.read()), "hello");
    server.close();
    co_await server.wait_closed();
}

// The answer is written while the client sends on: what it sends must not reset the connection before it has read.
Coro<> refuses_while_the_client_sends() {
    HttpServer server = co_await serve(example(), "127.0.0.1", 0);
    const Told told;
    const std::string rest(512 << 10, 'x');
    for (const auto& [head, status] :
         {std::pair("POST /unread HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\n", "413"),
          std::pair("POST /unread HTTP/1.1\r\nHost : x\r\nContent-Length: 2000000\r\n\r\n", "400"),
          std::pair("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\nand more", "200")}) {
        auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
        co_await writer.write(head);
        auto sending = create_task(writer.write(rest));
        co_await until([&] { return sending.done(); });
        for (int i = 0; i < 5; ++i) {  // the server has long closed its half
            co_await hocket::sleep(1ms);
            co_await writer.write("more");
        }
        EXPECT_EQ(status_of(co_await reader.read()), status);
    }
    EXPECT_EQ(told.text, "");
    server.close();
    co_await server.wait_closed();
}

Coro<> a_peer_that_resets() {
    HttpServer server = co_await serve(example(), "127.0.0.1", 0);
    const Told told;
    for (const char* bytes :
         {"", "GET / HT", "GET /delay/20 HTTP/1.1\r\nHost: x\r\n\r\n", "GET /much HTTP/1.1\r\nHost: x\r\n\r\n",
          "POST /unread HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\na"}) {
        hocket::testing::RawPeer peer(server.sockets().at(0));
        peer.send(bytes);
        co_await hocket::testing::a_while();
        peer.reset();
    }
    co_await until([&] { return server.connections() == 0; });
    EXPECT_EQ(told.text, "");
    EXPECT_EQ(body_of(co_await ask(server.port(), "/")), "hello");
    server.close();
    co_await server.wait_closed();
}

}  // namespace

TEST(RealHttpServer, serves_connections_beside_each_other) { run_net(serves()); }
TEST(RealHttpServer, ends_with_its_block) { run_net(with_a_server()); }
TEST(RealHttpServer, an_occupied_port_is_an_error_that_names_it) { run_net(an_occupied_port()); }
TEST(RealHttpServer, a_large_answer_arrives_whole) { run_net(much_at_once()); }
TEST(RealHttpServer, thousands_of_requests_may_be_sent_ahead) { run_net(many_ahead()); }
TEST(RealHttpServer, a_client_that_sends_ahead_is_read_no_further_than_a_buffer) { run_net(read_no_further()); }
TEST(RealHttpServer, closing_ends_idle_connections_and_waits_for_requests) { run_net(ends_gracefully()); }
TEST(RealHttpServer, without_patience_requests_end_at_the_close) { run_net(ends_without_patience()); }
TEST(RealHttpServer, the_time_limit_of_closing_ends_peers_that_stay) { run_net(ends_a_peer_that_stays()); }
TEST(RealHttpServer, aborting_ends_peers_that_stay) { run_net(aborts_a_peer_that_stays()); }
TEST(RealHttpServer, the_time_limit_of_closing_ends_handlers_whose_client_has_gone) {
    run_net(ends_a_handler_that_stays());
}
TEST(RealHttpServer, is_closed_between_two_runs_of_its_loop) {
    Runner runner;
    const HttpServer server = runner.run(serve(example(), "127.0.0.1", 0));
    server.close();
    runner.run(server.wait_closed());
    EXPECT_EQ(server.port(), 0);
}
TEST(RealHttpServer, a_streamed_answer_leaves_its_connection_usable) { run_net(streams_on_a_kept_connection()); }
TEST(RealHttpServer, an_unfinished_body_without_a_length_ends_with_a_reset) {
    run_net(resets_a_body_without_a_length(false));
    run_net(resets_a_body_without_a_length(true));
}
TEST(RealHttpServer, aborting_ends_requests) { run_net(ends_at_once()); }
TEST(RealHttpServer, serves_until_it_is_cancelled) { run_net(serving_forever()); }
TEST(RealHttpServer, listens_on_a_path) { run_net(on_a_path()); }
TEST(RealHttpServer, a_refusal_reaches_a_client_that_sends_on) { run_net(refuses_while_the_client_sends()); }
TEST(RealHttpServer, a_peer_that_resets_its_connection_is_nobodys_error) { run_net(a_peer_that_resets()); }

namespace {

void end_by(int signal, int times) {
    const auto before = hocket::testing::open_descriptors();
    Application app;
    app.get("/", [](Request&) -> Coro<std::string> {
        co_await hocket::sleep(10min);
        co_return "";
    });
    bool started = false;
    Task<std::string> request;
    run_app(app, {.port = 0, .started = [&](const HttpServer& server) {
                      started = true;
                      if (times > 1) request = create_task(ask(server.port(), "/"));
                      create_task(
                          [](HttpServer served, int number, int count) -> Coro<> {
                              for (int i = 0; i < count; ++i) {
                                  if (count > 1) co_await until([&] { return served.requests() == 1; });
                                  raise(number);
                                  co_await hocket::sleep(5ms);
                              }
                          },
                          server, signal, times);
                  }});
    request = {};
    EXPECT_TRUE(started);
    EXPECT_EQ(hocket::testing::open_descriptors(), before);
}

}  // namespace

TEST(RealHttpRunApp, ends_at_a_signal) {
    end_by(SIGINT, 1);
    end_by(SIGTERM, 1);
}
TEST(RealHttpRunApp, a_second_signal_aborts_what_is_left) { end_by(SIGTERM, 2); }

}  // namespace hocket::http
