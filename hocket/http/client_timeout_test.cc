// SPDX-License-Identifier: MIT
// Time limits by phase: each has an error of its own, which says what was waited for.
#include <hocket/http/application.h>
#include <hocket/http/client_test.h>

#include <string>

using namespace std::chrono_literals;

namespace hocket::http {
namespace {

using namespace testing;

constexpr const char* begun = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf";

/// Reads a request, sends `bytes`, and nothing more.
Coro<TestServer> silent_after(std::string bytes) {
    return TestServer::start([bytes = std::move(bytes)](Peer& peer, int) -> Coro<> {
        co_await peer.request();
        if (!bytes.empty()) co_await peer.send(bytes);
        co_await peer.end();
    });
}

TEST(RealClientTimeout, the_wait_for_a_place) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await silent_after(begun);
        const ClientSession session({.limit = 1, .timeouts = {.pool = 20ms}});
        const ClientResponse first = co_await session.get(server.url());
        EXPECT_EQ(co_await ending_of(session.get(server.url("/b"))),
                  "hocket::http::PoolTimeout: GET " + server.url("/b") + ": no connection was free for 0.02 s");
        first.close();
        EXPECT_EQ((co_await session.get(server.url("/c"))).status(), 200);  // the place is there for others
    }());
}

TEST(RealClientTimeout, connecting_with_the_handshake) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::start([](Peer& peer, int) -> Coro<> { co_await peer.end(); });
        const ClientSession session({.dangerously_accept_any_certificate = true});
        const std::string url = "https" + server.url().substr(4);
        EXPECT_EQ(co_await ending_of(session.get(url, {.timeouts = {.connect = 20ms}})),
                  "hocket::http::ConnectTimeout: GET " + url + ": connect to " + server.origin().substr(7) +
                      ": timed out after 0.02 s");
        co_await until([&] { return server.clients() == 0; });
    }());
}

TEST(RealClientTimeout, the_answer_that_does_not_come) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await silent_after("");
        const ClientSession session({.timeouts = {.sock_read = 20ms}});
        EXPECT_EQ(co_await ending_of(session.get(server.url())), "hocket::http::ReadTimeout: GET " + server.url() +
                                                                     ": nothing came from " +
                                                                     server.origin().substr(7) + " for 0.02 s");
        co_await until([&] { return server.clients() == 0; });
    }());
}

TEST(RealClientTimeout, the_body_that_stops) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await silent_after(begun);
        const ClientSession session;
        const ClientResponse response = co_await session.get(server.url(), {.timeouts = {.sock_read = 20ms}});
        const std::string expected = "hocket::http::ReadTimeout: GET " + server.url() + ": nothing came from " +
                                     server.origin().substr(7) + " for 0.02 s";
        EXPECT_EQ(co_await ending_of(response.read()), expected);
        EXPECT_EQ(co_await ending_of(response.read()), expected);
        co_await until([&] { return server.clients() == 0; });
    }());
}

TEST(RealClientTimeout, a_body_that_comes_slowly_is_no_silence) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::start([](Peer& peer, int) -> Coro<> {
            co_await peer.request();
            co_await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n");
            for (int i = 0; i < 10; ++i) {
                co_await peer.send("x");
                co_await hocket::sleep(1ms);
            }
            co_await peer.end();
        });
        const ClientSession session({.timeouts = {.sock_read = 30s}});
        EXPECT_EQ(co_await text_of(session.get(server.url())), "xxxxxxxxxx");
    }());
}

TEST(RealClientTimeout, the_server_that_takes_nothing_of_the_body) {
    run_http([]() -> Coro<> {
        bool is_over = false;
        const TestServer server = co_await TestServer::start([&is_over](Peer& peer, int) -> Coro<> {
            co_await peer.reader.read(1);
            co_await until([&is_over] { return is_over; });
        });
        const ClientSession session;
        EXPECT_EQ(co_await ending_of(
                      session.put(server.url(), {.data = std::string(64 << 20, 'x'), .timeouts = {.write = 100ms}})),
                  "hocket::http::WriteTimeout: PUT " + server.url() + ": " + server.origin().substr(7) +
                      " took nothing of the body for 0.1 s");
        is_over = true;
    }());
}

AsyncGenerator<std::string> slow_words() {
    for (int i = 0; i < 3; ++i) {
        co_await hocket::sleep(3s);
        co_yield "word ";
    }
}

TEST(VirtualClientTimeout, the_answer_is_due_when_the_body_is_sent) {
    run([]() -> Coro<> {
        Application app;
        app.post("/", [](Request& request) -> Coro<std::string> { co_return co_await request.text(); });
        app.post("/never", [](Request& request) -> Coro<std::string> {
            co_await request.text();
            co_await hocket::sleep(1h);
            co_return "late";
        });
        const ClientSession session({.timeouts = {.sock_read = 2s}, .connector = connect_to(app)});
        RequestOptions slow{.stream = slow_words()};
        EXPECT_EQ(co_await text_of(session.post("http://x/", std::move(slow))), "word word word ");
        RequestOptions silent{.stream = slow_words()};
        EXPECT_EQ(co_await ending_of(session.post("http://x/never", std::move(silent))),
                  "hocket::http::ReadTimeout: POST http://x/never: nothing came from memory for 2 s");
    }());
}

AsyncGenerator<std::string> endless(bool& is_closed) {
    struct Closed {
        bool& flag;
        ~Closed() { flag = true; }
    } const closed{is_closed};
    for (;;) co_yield std::string(100'000, 'x');
}

TEST(VirtualClientTimeout, the_server_that_takes_nothing_of_a_stream) {
    run([]() -> Coro<> {
        Application app;
        app.post("/", [](Request&) -> Coro<std::string> {
            co_await hocket::sleep(1h);
            co_return "late";
        });
        const ClientSession session({.timeouts = {.write = 2s}, .connector = connect_to(app)});
        bool is_closed = false;
        RequestOptions options{.stream = endless(is_closed)};
        EXPECT_EQ(co_await ending_of(session.post("http://x/", std::move(options))),
                  "hocket::http::WriteTimeout: POST http://x/: memory took nothing of the body for 2 s");
        co_await until([&] { return is_closed; });
    }());
}

TEST(RealClientTimeout, the_whole_has_its_own_text_beside_phases) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await silent_after("");
        const ClientSession session({.timeouts = {.connect = 30s, .sock_read = 30s}});
        EXPECT_EQ(co_await ending_of(session.get(server.url(), {.timeout = 20ms})),
                  "hocket::TimeoutError: GET " + server.url() + ": timed out after 0.02 s");
        co_await until([&] { return server.clients() == 0; });
    }());
}

AsyncGenerator<std::string> impatient() {
    co_yield "a";
    throw TimeoutError("mine");
}

TEST(ClientTimeout, what_the_programs_own_parts_throw_is_not_a_limit_of_the_request) {
    run([]() -> Coro<> {
        const auto connector = [](const Url&) -> Coro<Streams> {
            co_await hocket::sleep(0s);
            throw TimeoutError("mine");
        };
        const ClientSession session({.timeouts = {.connect = 30s}, .connector = connector});
        EXPECT_EQ(co_await ending_of(session.get("http://x/")), "hocket::TimeoutError: mine");
        Application app;
        app.post("/", [](Request& request) -> Coro<std::string> { co_return co_await request.text(); });
        const ClientSession other({.connector = connect_to(app)});
        RequestOptions options{.stream = impatient()};
        EXPECT_EQ(co_await ending_of(other.post("http://x/", std::move(options))), "hocket::TimeoutError: mine");
    }());
}

TEST(ClientTimeout, what_is_below_nothing_has_passed) {
    run([]() -> Coro<> {
        Application app;
        app.post("/", [](Request& request) -> Coro<std::string> { co_return co_await request.text(); });
        const ClientSession session({.connector = connect_to(app)});
        EXPECT_EQ(co_await ending_of(session.post("http://x/", {.timeout = -5s})),
                  "hocket::TimeoutError: POST http://x/: timed out after -5 s");
        EXPECT_EQ(co_await ending_of(session.post("http://x/", {.timeouts = {.connect = -5s}})),
                  "hocket::http::ConnectTimeout: POST http://x/: connect to x:80: timed out after -5 s");
        EXPECT_EQ(co_await ending_of(session.post("http://x/", {.timeouts = {.sock_read = -5s}})),
                  "hocket::http::ReadTimeout: POST http://x/: nothing came from memory for -5 s");
    }());
}

TEST(RealClientTimeout, the_making_of_a_form_is_within_the_time) {
    run_http([]() -> Coro<> {
        const ClientSession session;
        const FormData form{{.name = "f", .path = "/no/such/file"}};
        EXPECT_EQ(co_await ending_of(session.post("http://127.0.0.1:1/", {.multipart = form, .timeout = -5s})),
                  "hocket::TimeoutError: POST http://127.0.0.1:1/: timed out after -5 s");
    }());
}

TEST(RealClientTimeout, nothing_of_a_request_is_no_limit_where_the_session_has_one) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::start([](Peer& peer, int) -> Coro<> {
            co_await peer.request();
            co_await hocket::sleep(20ms);
            co_await peer.send(ok("late"));
            co_await peer.end();
        });
        const ClientSession session({.timeouts = {.sock_read = 1ms}});
        EXPECT_EQ(co_await text_of(session.get(server.url(), {.timeouts = {.sock_read = 0s}})), "late");
    }());
}

}  // namespace
}  // namespace hocket::http
