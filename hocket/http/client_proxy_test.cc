// SPDX-License-Identifier: MIT
// Requests through proxies: who gets to see what.
#include <hocket/http/client_test.h>
#include <hocket/http/url.h>
#include <hocket/net/tls_test.h>

#include <cstdlib>
#include <string>

using namespace std::chrono_literals;

namespace hocket::http {
namespace {

using namespace testing;
using namespace std::string_literals;
using hocket::testing::tls_client, hocket::testing::tls_server, hocket::testing::with_tls;

Coro<> pass(StreamReader from, StreamWriter to) {
    try {
        while (!from.at_eof()) {
            const std::string bytes = co_await from.read(65536);
            co_await to.write(bytes);
        }
    } catch (const OSError&) {
        to.abort();
    }
    to.close();
}

/// Both ways, to a server of this machine, until both have ended.
Coro<> relay(Peer& peer, std::uint16_t port, std::string ahead = {}) {
    auto [reader, writer] = co_await open_connection("127.0.0.1", port);
    if (!ahead.empty()) co_await peer.send(std::move(ahead));
    co_await gather(pass(peer.reader, writer), pass(reader, peer.writer));
}

/// A proxy that knows CONNECT, and answers with `answer`.
Coro<TestServer> tunnelling(std::uint16_t port, std::string answer = "HTTP/1.1 200 Connection established\r\n\r\n") {
    return TestServer::start([port, answer = std::move(answer)](Peer& peer, int) -> Coro<> {
        co_await peer.request();
        co_await relay(peer, port, answer);
    });
}

std::string proxy_url(const TestServer& proxy, std::string_view scheme = "http", std::string_view user = "") {
    return std::string(scheme)
        .append("://")
        .append(user)
        .append("127.0.0.1:")
        .append(std::to_string(proxy.server.port()));
}

TEST(RealClientProxy, a_proxy_is_asked_for_the_url) {
    run_http([]() -> Coro<> {
        const TestServer proxy = co_await TestServer::answering(ok("from afar"));
        const ClientSession session({.proxy = proxy_url(proxy, "http", "us%40er:pw@")});
        for (const char* path : {"/a?b=c", "/d"}) {
            EXPECT_EQ(co_await text_of(session.get("http://far.example:8080" + std::string(path) + "#top")),
                      "from afar");
        }
        const std::string& request = proxy.requests().at(0);
        EXPECT_TRUE(request.starts_with("GET http://far.example:8080/a?b=c HTTP/1.1\r\nHost: far.example:8080\r\n"))
            << request;
        EXPECT_EQ(field_of(request, "Proxy-Authorization"), "Basic dXNAZXI6cHc=");
        EXPECT_EQ(proxy.connections(), 1);
    }());
}

// Http-security, 35.
TEST(RealClientProxy, only_the_proxy_gets_its_credentials) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::answering(ok("x"), with_tls(tls_server()));
        const TestServer proxy = co_await tunnelling(server.server.port());
        const ClientSession session({.tls = tls_client(), .proxy = proxy_url(proxy, "http", "ada:pw@")});
        const Headers headers{{"Proxy-Authorization", "mine"}, {"Authorization", "theirs"}};
        EXPECT_EQ(co_await text_of(session.get(server.url(), {.headers = headers})), "x");
        const std::string target = server.origin().substr(8);
        EXPECT_EQ(proxy.requests().at(0), "CONNECT " + target + " HTTP/1.1\r\nHost: " + target +
                                              "\r\nProxy-Authorization: Basic YWRhOnB3\r\n\r\n");
        EXPECT_EQ(field_of(server.requests().at(0), "Proxy-Authorization"), "none");
        EXPECT_EQ(field_of(server.requests().at(0), "Authorization"), "theirs");
        EXPECT_TRUE(server.requests().at(0).starts_with("GET / HTTP/1.1\r\n"));
    }());
}

TEST(RealClientProxy, credentials_for_a_proxy_stay_here_where_there_is_none) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::answering(ok("x"));
        const ClientSession session;
        const Headers headers{{"Proxy-Authorization", "mine"}};
        co_await session.get(server.url(), {.headers = headers});
        EXPECT_EQ(field_of(server.requests().at(0), "Proxy-Authorization"), "none");
        co_await session.get("http://far.example/", {.headers = headers, .proxy = proxy_url(server)});
        EXPECT_EQ(field_of(server.requests().at(1), "Proxy-Authorization"), "mine");
    }());
}

TEST(RealClientProxy, connections_to_a_host_are_counted_whatever_the_way) {
    run_http([]() -> Coro<> {
        const TestServer proxy = co_await TestServer::start([](Peer& peer, int) -> Coro<> {
            co_await peer.request();
            co_await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
            co_await peer.end();
        });
        const ClientSession session({.limit_per_host = 1});
        const ClientResponse first =
            co_await session.get("http://far.example/", {.proxy = proxy_url(proxy, "http", "ada:x@")});
        const Task<ClientResponse> second =
            create_task(session.get("http://far.example/", {.proxy = proxy_url(proxy, "http", "bob:x@")}));
        co_await hocket::testing::a_while();
        EXPECT_FALSE(second.done());
        EXPECT_EQ(proxy.connections(), 1);
        first.close();
        EXPECT_EQ((co_await second).status(), 200);
    }());
}

TEST(RealClientProxy, a_tunnel_is_kept_for_the_next_request) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::answering(ok("x"), with_tls(tls_server()));
        const TestServer proxy = co_await tunnelling(server.server.port());
        const ClientSession session({.tls = tls_client(), .proxy = proxy_url(proxy)});
        for (int i = 0; i < 3; ++i) EXPECT_EQ(co_await text_of(session.get(server.url())), "x");
        EXPECT_EQ(proxy.connections(), 1);
        EXPECT_EQ(co_await text_of(session.get(server.url(), {.proxy = ""})), "x");  // past the proxy
        EXPECT_EQ(co_await text_of(session.get(server.url(), {.proxy = proxy_url(proxy, "http", "u:p@")})), "x");
        EXPECT_EQ(server.connections(), 3);
        EXPECT_EQ(proxy.connections(), 2);
    }());
}

// Http-security, 34.
TEST(RealClientProxy, what_comes_behind_the_answer_to_connect_goes_to_tls) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::answering(ok("x"), with_tls(tls_server()));
        const std::string forged = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n";
        const TestServer proxy = co_await tunnelling(server.server.port(), forged + ok("forged"));
        const ClientSession session({.tls = tls_client(), .proxy = proxy_url(proxy)});
        const std::string end = co_await ending_of(text_of(session.get(server.url())));
        EXPECT_TRUE(end.starts_with("hocket::http::ClientTlsError: GET " + server.url() + ": TLS handshake with"))
            << end;
    }());
}

TEST(RealClientProxy, an_answer_to_connect_may_come_in_single_bytes) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::answering(ok("x"), with_tls(tls_server()));
        const std::uint16_t port = server.server.port();
        const TestServer proxy = co_await TestServer::start([port](Peer& peer, int) -> Coro<> {
            co_await peer.request();
            for (const char c : "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n"s) {
                co_await peer.send(std::string(1, c));
                co_await turns(3);
            }
            co_await relay(peer, port);
        });
        const ClientSession session({.tls = tls_client(), .proxy = proxy_url(proxy)});
        EXPECT_EQ(co_await text_of(session.get(server.url())), "x");  // the tunnel has no body, whatever is said of one
    }());
}

TEST(RealClientProxy, who_gives_up_on_a_proxy_leaves_nothing_open) {
    run_http([]() -> Coro<> {
        const TestServer proxy = co_await TestServer::start([](Peer& peer, int) -> Coro<> { co_await peer.end(); });
        for (const char* scheme : {"http", "socks5"}) {
            const ClientSession session({.proxy = proxy_url(proxy, scheme)});
            auto task = create_task(session.get("https://far.example/"));
            co_await until([&] { return proxy.clients() == 1; });
            task.cancel();
            co_await gather(settle, task);
            co_await until([&] { return proxy.clients() == 0; });
            EXPECT_EQ(co_await ending_of(session.get("https://far.example/", {.timeouts = {.connect = 20ms}})),
                      "hocket::http::ConnectTimeout: GET https://far.example/: connect to far.example:443 through the "
                      "proxy " +
                          proxy_url(proxy, scheme) + ": timed out after 0.02 s");
            co_await until([&] { return proxy.clients() == 0; });
        }
    }());
}

TEST(RealClientProxy, a_proxys_refusal_is_not_the_servers_answer) {
    run_http([]() -> Coro<> {
        const TestServer proxy = co_await TestServer::answering(
            "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 4\r\n\r\npage");
        const ClientSession session({.proxy = proxy_url(proxy, "http", "ada:secret@")});
        EXPECT_EQ(co_await ending_of(session.get("https://far.example/x")),
                  "hocket::http::ClientHttpProxyError: GET https://far.example/x: the proxy " + proxy_url(proxy) +
                      " refused to connect to far.example:443: 407 Proxy Authentication Required");
    }());
}

std::string many_informational() {
    std::string bytes;
    for (int i = 0; i < 100; ++i) bytes += "HTTP/1.1 100 Continue\r\n\r\n";
    return bytes;
}

TEST(RealClientProxy, hostile_and_absent_proxies_are_named) {
    run_http([]() -> Coro<> {
        for (const auto& [answer, why] :
             {std::pair{"\0\0\0\0 no HTTP\r\n\r\n"s, ""s}, std::pair{many_informational(), ""s},
              std::pair{""s, "it closed the connection before it answered"s}}) {
            const TestServer proxy = co_await TestServer::start([bytes = answer](Peer& peer, int) -> Coro<> {
                co_await peer.request();
                co_await peer.send(bytes);
                peer.writer.close();
            });
            const ClientSession session({.proxy = proxy_url(proxy)});
            const std::string end = co_await ending_of(session.get("https://far.example/"));
            EXPECT_TRUE(end.starts_with("hocket::http::ClientProxyError: GET https://far.example/: the proxy " +
                                        proxy_url(proxy) + ": " + why))
                << end;
        }
        const ClientSession session({.proxy = "http://127.0.0.1:1"});
        EXPECT_EQ(co_await ending_of(session.get("http://far.example/")),
                  "hocket::http::ClientProxyError: GET http://far.example/: the proxy http://127.0.0.1:1: connect to "
                  "127.0.0.1:1: Connection refused");
    }());
}

TEST(RealClientProxy, socks_carries_http_and_https_and_resolves_names) {
    run_http([]() -> Coro<> {
        for (const bool is_secure : {false, true}) {
            const TestServer server =
                co_await TestServer::answering(ok("x"), is_secure ? with_tls(tls_server()) : ServerOptions());
            std::string asked;
            const TestServer proxy = co_await TestServer::start([&](Peer& peer, int) -> Coro<> {
                EXPECT_EQ(co_await peer.reader.readexactly(4), "\5\2\0\2"s);
                co_await peer.send("\5\2"s);
                EXPECT_EQ(co_await peer.reader.readexactly(6), "\1\1u\2pw"s);
                co_await peer.send("\1\0"s);
                asked = co_await peer.reader.readexactly(5);
                asked += co_await peer.reader.readexactly(static_cast<std::size_t>(asked[4]) + 2);
                co_await relay(peer, server.server.port(), "\5\0\0\1\0\0\0\0\0\0"s);
            });
            const ClientSession session({.tls = tls_client(), .proxy = proxy_url(proxy, "socks5", "u:pw@")});
            const std::string url = std::string(is_secure ? "https" : "http") + "://localhost/";
            EXPECT_EQ(co_await text_of(session.get(url)), "x");
            EXPECT_EQ(asked, "\5\1\0\3\x09localhost"s + (is_secure ? "\1\xbb"s : "\0\x50"s));
            EXPECT_TRUE(server.requests().at(0).starts_with("GET / HTTP/1.1\r\nHost: localhost\r\n"));
            EXPECT_EQ(field_of(server.requests().at(0), "Proxy-Authorization"), "none");
        }
    }());
}

TEST(RealClientProxy, what_a_socks_proxy_refuses_is_said) {
    run_http([]() -> Coro<> {
        const TestServer proxy = co_await TestServer::start([](Peer& peer, int) -> Coro<> {
            co_await peer.send("\5\0\5\3\0\1\0\0\0\0\0\0"s);
            co_await peer.end();
        });
        const ClientSession session({.proxy = proxy_url(proxy, "socks5")});
        EXPECT_EQ(co_await ending_of(session.get("http://far.example/")),
                  "hocket::http::ClientProxyError: GET http://far.example/: the proxy " + proxy_url(proxy, "socks5") +
                      ": it did not connect to the server: network unreachable");
        const RetryOptions often{.attempts = 3, .backoff = std::chrono::milliseconds(1)};
        co_await ending_of(session.get("http://far.example/", {.retry = often}));
        EXPECT_EQ(proxy.connections(), 2);  // which would refuse it once more
    }());
}

TEST(RealClientProxy, a_proxy_may_be_spoken_to_by_tls) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::answering(ok("x"), with_tls(tls_server()));
        const std::uint16_t port = server.server.port();
        const TestServer proxy = co_await TestServer::start(
            [port](Peer& peer, int) -> Coro<> {
                const std::string request = co_await peer.request();
                if (request.starts_with("CONNECT ")) {
                    co_await relay(peer, port, "HTTP/1.1 200 OK\r\n\r\n");
                } else {
                    co_await peer.send(ok("by the proxy"));
                }
            },
            with_tls(tls_server()));
        const ClientSession session({.tls = tls_client(), .proxy = proxy_url(proxy, "https")});
        const ClientResponse open = co_await session.get("http://far.example/");
        EXPECT_EQ(co_await open.text(), "by the proxy");
        EXPECT_FALSE(open.tls());  // what the proxy has is no part of an answer that came in the clear
        EXPECT_EQ(co_await text_of(session.get(server.url())), "x");  // TLS within TLS
        EXPECT_EQ(server.requests().size(), 1U);
    }());
}

TEST(RealClientProxy, a_proxys_certificate_is_verified) {
    run_http([]() -> Coro<> {
        const hocket::testing::LoopErrors errors(get_running_loop());
        const TestServer proxy = co_await TestServer::answering(ok("x"), with_tls(tls_server()));
        const ClientSession session({.proxy = proxy_url(proxy, "https")});
        const std::string end = co_await ending_of(session.get("http://far.example/"));
        EXPECT_TRUE(end.starts_with("hocket::http::ClientTlsError: GET http://far.example/: the proxy " +
                                    proxy_url(proxy, "https") + ": TLS handshake with 127.0.0.1:"))
            << end;  // the system's certificates do not know it
        EXPECT_TRUE(proxy.requests().empty());
    }());
}

TEST(RealClientProxy, the_environment_is_read_where_it_is_trusted) {
    run_http([]() -> Coro<> {
        const TestServer proxy = co_await TestServer::answering(ok("by proxy"));
        const TestServer server = co_await TestServer::answering(ok("direct"));
        ::setenv("http_proxy", proxy_url(proxy).c_str(), 1);
        ::setenv("no_proxy", "127.0.0.0/8", 1);
        const ClientSession trusting({.trust_env = true}), other;
        ::unsetenv("http_proxy");
        ::unsetenv("no_proxy");
        EXPECT_EQ(co_await text_of(trusting.get("http://far.example/")), "by proxy");
        EXPECT_EQ(co_await text_of(trusting.get(server.url())), "direct");
        EXPECT_EQ(co_await text_of(other.get(server.url())), "direct");
    }());
}

}  // namespace
}  // namespace hocket::http
