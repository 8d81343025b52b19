// SPDX-License-Identifier: MIT
// What goes wrong with a request: each error names the method, the URL and the reason, and nothing is left behind.
#include <hocket/core/sleep.h>
#include <hocket/flow/wait_for.h>
#include <hocket/http/client_session.h>
#include <hocket/http/client_test.h>

#include <string>

using namespace std::chrono_literals;

namespace hocket::http {
namespace {

using namespace testing;

// Reads a request, sends `bytes` and closes.
Coro<TestServer> saying(std::string bytes) {
    co_return co_await TestServer::start([bytes = std::move(bytes)](Peer& peer, int) -> Coro<> {
        co_await peer.request();
        co_await peer.send(bytes);
    });
}

Coro<TestServer> silent() {
    co_return co_await TestServer::start([](Peer& peer, int) -> Coro<> { co_await peer.end(); });
}

TEST(RealClientError, what_is_no_url_is_refused) {
    run_http([]() -> Coro<> {
        const ClientSession session;
        EXPECT_TRUE((co_await ending_of(session.get("http://[::1/")))
                        .starts_with("hocket::http::InvalidUrl: parse URL http://[::1/: "));
        EXPECT_TRUE((co_await ending_of(session.get("/relative")))
                        .starts_with("hocket::http::InvalidUrl: parse URL /relative: "));
        EXPECT_EQ(co_await ending_of(session.get("ftp://127.0.0.1/")),
                  "hocket::http::InvalidUrl: GET ftp://127.0.0.1/: the scheme \"ftp\" is not http");
        EXPECT_EQ(co_await ending_of(session.get("ftp://a:secret@127.0.0.1/x")),
                  "hocket::http::InvalidUrl: GET ftp://127.0.0.1/x: the scheme \"ftp\" is not http");
        EXPECT_EQ(co_await ending_of(session.get("mailto:a@b")),
                  "hocket::http::InvalidUrl: GET mailto:a@b: the scheme \"mailto\" is not http");
    }());
}

TEST(RealClientError, a_refused_connection_says_who_refused) {
    run_http([]() -> Coro<> {
        const ClientSession session;
        EXPECT_EQ(co_await ending_of(session.get("http://127.0.0.1:1/x")),
                  "hocket::http::ClientConnectionError: GET http://127.0.0.1:1/x: connect to 127.0.0.1:1: Connection "
                  "refused");
    }());
}

TEST(RealClientError, an_unknown_host_is_named) {
    run_http([]() -> Coro<> {
        const ClientSession session;
        const std::string end = co_await ending_of(session.post("http://no-such-host.invalid/x"));
        EXPECT_TRUE(end.starts_with(
            "hocket::http::ClientConnectionError: POST http://no-such-host.invalid/x: resolve no-such-host.invalid: "))
            << end;
    }());
}

TEST(RealClientError, a_server_that_closes_before_it_answers) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await saying("");
        const ClientSession session;
        EXPECT_EQ(co_await ending_of(session.get(server.url("/x"))),
                  "hocket::http::ServerDisconnectedError: GET " + server.url("/x") +
                      ": the server closed the connection before it answered");
        EXPECT_EQ(server.connections(), 1);  // a new connection is not tried twice
    }());
}

TEST(RealClientError, a_server_that_closes_in_the_midst_of_the_head) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await saying("HTTP/1.1 200 OK\r\nContent-");
        const ClientSession session;
        EXPECT_EQ(co_await ending_of(session.get(server.url("/x"))),
                  "hocket::http::ServerDisconnectedError: GET " + server.url("/x") +
                      ": the server closed the connection in the midst of its answer's head");
    }());
}

TEST(RealClientError, a_server_that_closes_midway_through_the_body) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await saying("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
        const ClientSession session;
        const ClientResponse response = co_await session.get(server.url("/x"));
        const std::string expected = "hocket::http::ClientPayloadError: GET " + server.url("/x") +
                                     ": the server closed the connection after 4 of 10 bytes of the body";
        EXPECT_EQ(co_await ending_of(response.read()), expected);
        EXPECT_EQ(co_await ending_of(response.next()), expected);
        EXPECT_EQ(response.status(), 200);
    }());
}

TEST(RealClientError, a_server_that_closes_midway_through_a_chunk) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await saying("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhal");
        const ClientSession session;
        const ClientResponse response = co_await session.get(server.url("/x"));
        EXPECT_TRUE((co_await ending_of(response.read()))
                        .starts_with("hocket::http::ClientPayloadError: GET " + server.url("/x") +
                                     ": the server closed the connection after 3 bytes of the body"));
    }());
}

TEST(RealClientError, a_connection_that_is_reset) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::start([](Peer& peer, int) -> Coro<> {
            co_await peer.request();
            const linger at_once{.l_onoff = 1, .l_linger = 0};
            setsockopt(peer.writer.fileno(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
            peer.writer.abort();
        });
        const ClientSession session;
        EXPECT_EQ(co_await ending_of(session.get(server.url("/x"))),
                  "hocket::http::ServerDisconnectedError: GET " + server.url("/x") + ": read from " +
                      server.origin().substr(7) + ": Connection reset by peer");
    }());
}

TEST(RealClientError, an_answer_that_is_no_http) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await saying("SSH-2.0-OpenSSH_9.2\r\n");
        const ClientSession session;
        const std::string end = co_await ending_of(session.get(server.url("/x")));
        EXPECT_TRUE(
            end.starts_with("hocket::http::ClientResponseError: GET " + server.url("/x") + ": read HTTP response: "))
            << end;
    }());
}

TEST(RealClientError, a_head_that_is_too_large) {
    run_http([]() -> Coro<> {
        std::string head = "HTTP/1.1 200 OK\r\n";
        for (int i = 0; i < 100; ++i) head += "X-Field: " + std::string(1'000, 'x') + "\r\n";
        const TestServer server = co_await saying(head + "\r\n");
        const ClientSession session;
        EXPECT_EQ(co_await ending_of(session.get(server.url("/x"))), "hocket::http::ClientResponseError: GET " +
                                                                         server.url("/x") +
                                                                         ": read HTTP response: the head is too long");
    }());
}

TEST(RealClientError, a_malformed_chunk) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await saying("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n");
        const ClientSession session;
        const ClientResponse response = co_await session.get(server.url("/x"));
        EXPECT_TRUE(
            (co_await ending_of(response.text()))
                .starts_with("hocket::http::ClientPayloadError: GET " + server.url("/x") + ": read HTTP response: "));
    }());
}

TEST(RealClientError, a_status_is_an_error_where_that_is_asked_for) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::answering([](const std::string& request) {
            return request.starts_with("GET /404") ? "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
                                                   : "HTTP/1.1 500 \r\nContent-Length: 0\r\n\r\n";
        });
        const ClientSession session;
        const ClientResponse response = co_await session.get(server.url("/404"));
        EXPECT_FALSE(response.ok());
        const std::string not_found =
            "hocket::http::ClientResponseError: GET " + server.url("/404") + ": 404 Not Found";
        EXPECT_EQ(hocket::testing::thrown_by([&] { response.raise_for_status(); }), not_found);
        EXPECT_EQ(co_await ending_of(session.get(server.url("/404"), {.raise_for_status = true})), not_found);

        const ClientSession strict({.raise_for_status = true});
        EXPECT_EQ(co_await ending_of(strict.get(server.url("/500"))),
                  "hocket::http::ClientResponseError: GET " + server.url("/500") + ": 500 Internal Server Error");
        EXPECT_EQ((co_await strict.get(server.url("/500"), {.raise_for_status = false})).status(), 500);
        try {
            co_await strict.get(server.url("/500"));
        } catch (const ClientResponseError& e) {
            EXPECT_EQ(e.status(), 500);
        }
    }());
}

// ---- Time limits

TEST(RealClientError, a_server_that_never_answers_meets_the_time_limit) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await silent();
        const ClientSession session({.timeout = 20ms});
        EXPECT_EQ(co_await ending_of(session.get(server.url("/x"))),
                  "hocket::TimeoutError: GET " + server.url("/x") + ": timed out after 0.02 s");
        EXPECT_EQ(co_await ending_of(session.get(server.url("/x"), {.timeout = 10ms})),
                  "hocket::TimeoutError: GET " + server.url("/x") + ": timed out after 0.01 s");
        co_await until([&] { return server.clients() == 0; });
    }());
}

TEST(RealClientError, the_time_limit_covers_the_body) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::start([](Peer& peer, int) -> Coro<> {
            co_await peer.request();
            co_await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
            co_await peer.end();
        });
        const ClientSession session;
        const ClientResponse response = co_await session.get(server.url("/x"), {.timeout = 200ms});
        const std::string expected = "hocket::TimeoutError: GET " + server.url("/x") + ": timed out after 0.2 s";
        EXPECT_EQ(co_await ending_of(response.read()), expected);
        EXPECT_EQ(co_await ending_of(response.read()), expected);
        co_await until([&] { return server.clients() == 0; });
    }());
}

TEST(RealClientError, the_time_limit_covers_redirects) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::start([](Peer& peer, int) -> Coro<> {
            co_await peer.request();
            co_await peer.send("HTTP/1.1 302 Found\r\nLocation: /never\r\nContent-Length: 0\r\n\r\n");
            co_await peer.end();
        });
        const ClientSession session;
        EXPECT_EQ(co_await ending_of(session.get(server.url("/x"), {.timeout = 100ms})),
                  "hocket::TimeoutError: GET " + server.url("/never") + ": timed out after 0.1 s");
    }());
}

TEST(RealClientError, a_limit_of_nothing_is_none) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::start([](Peer& peer, int) -> Coro<> {
            co_await peer.request();
            co_await hocket::sleep(20ms);
            co_await peer.send(ok("late"));
        });
        const ClientSession session({.timeout = 5ms});
        EXPECT_EQ(co_await text_of(session.get(server.url(), {.timeout = 0s})), "late");
    }());
}

// ---- Cancels

TEST(RealClientError, a_cancel_closes_the_connection_wherever_the_request_is) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::start([](Peer& peer, int) -> Coro<> {
            const std::string request = co_await peer.request();
            if (request.starts_with("GET /head")) co_await peer.send("HTTP/1.1 200 OK\r\nContent-Le");
            if (request.starts_with("GET /body"))
                co_await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
            co_await peer.end();
        });
        const ClientSession session({.limit = 1});
        for (const char* path : {"/nothing", "/head", "/body"}) {
            for (int when = 1; when < 12; ++when) {
                const Task<std::string> task = create_task(text_of(session.get(server.url(path))));
                co_await turns(when);
                if (when > 8) co_await a_while();
                task.cancel();
                EXPECT_EQ(co_await ending_of(task), "hocket::CancelledError");
            }
        }
        co_await until([&] { return server.clients() == 0; });
    }());
}

TEST(RealClientError, a_cancel_in_the_midst_of_connecting_lets_the_next_one_go_on) {
    run_http([]() -> Coro<> {
        // A queue that is full: the system answers no further connection.
        const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        RawAddress raw = Address::parse("127.0.0.1:0").raw();
        EXPECT_EQ(bind(fd, raw.get(), raw.size), 0);
        EXPECT_EQ(listen(fd, 0), 0);
        getsockname(fd, raw.get(), &raw.size);
        const Address full = Address::from_raw(raw);
        const hocket::testing::RawPeer first(full);
        const TestServer server = co_await TestServer::answering(ok("x"));

        const ClientSession session({.limit = 1});
        const Task<ClientResponse> connecting = create_task(session.get("http://" + full.str() + "/"));
        const Task<std::string> waiting = create_task(text_of(session.get(server.url())));
        co_await a_while();
        EXPECT_FALSE(connecting.done());
        EXPECT_FALSE(waiting.done());
        connecting.cancel();
        EXPECT_EQ(co_await ending_of(connecting), "hocket::CancelledError");
        EXPECT_EQ(co_await waiting, "x");
        close(fd);
    }());
}

TEST(RealClientError, a_cancel_of_a_large_request_leaves_no_task) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::start([](Peer& peer, int) -> Coro<> {
            hocket::testing::keep_little(peer.writer);
            co_await peer.reader.readuntil("\r\n\r\n");
            co_await hocket::sleep(30ms);
        });
        const ClientSession session;
        const Task<ClientResponse> task = create_task(session.post(server.url(), {.data = std::string(20 << 20, 'x')}));
        co_await hocket::sleep(10ms);
        task.cancel();
        EXPECT_EQ(co_await ending_of(task), "hocket::CancelledError");
    }());
}

// ---- What a server may send

TEST(RealClientError, a_head_has_the_limits_of_the_session) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::answering([](const std::string& request) {
            if (request.starts_with("GET /line ")) return "HTTP/1.1 200 " + std::string(10'000, 'x') + "\r\n\r\n";
            return ok("x", "X: " + std::string(10'000, 'y') + "\r\n");
        });
        const std::string error = "hocket::http::ClientResponseError: GET ";
        const ClientSession usual;
        EXPECT_EQ(co_await ending_of(usual.get(server.url("/line"))),
                  error + server.url("/line") + ": read HTTP response: the status line is too long");
        EXPECT_EQ(co_await ending_of(usual.get(server.url("/field"))),
                  error + server.url("/field") + ": read HTTP response: a header line is too long");
        const ClientSession patient({.limits = {.line = 16 << 10, .field = 16 << 10}});
        EXPECT_EQ((co_await patient.get(server.url("/line"))).reason().size(), 10'000U);
        EXPECT_EQ((co_await patient.get(server.url("/field"))).headers().get("X")->size(), 10'000U);
        const ClientSession strict({.limits = {.field = 16 << 10, .fields = 1}});
        EXPECT_EQ(co_await ending_of(strict.get(server.url("/field"))),
                  error + server.url("/field") + ": read HTTP response: too many header fields");
    }());
}

TEST(RealClientError, a_body_may_have_a_limit) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::answering([](const std::string& request) {
            const std::string chunks =
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n";
            if (request.starts_with("GET /chunks ")) return chunks;
            return ok(request.starts_with("GET /three ") ? "abc" : "abcd");
        });
        const ClientSession session({.limits = {.body = 3}});
        EXPECT_EQ(co_await text_of(session.get(server.url("/three"))), "abc");
        EXPECT_EQ(co_await ending_of(session.get(server.url("/four"))),
                  "hocket::http::ClientResponseError: GET " + server.url("/four") +
                      ": read HTTP response: the body is longer than 3 bytes");
        const ClientResponse response = co_await session.get(server.url("/chunks"));
        EXPECT_EQ(co_await ending_of(response.read()), "hocket::http::ClientPayloadError: GET " +
                                                           server.url("/chunks") +
                                                           ": read HTTP response: the body is longer than 3 bytes");
    }());
}

}  // namespace
}  // namespace hocket::http
