// SPDX-License-Identifier: MIT
// https: who is believed, what is kept apart, and ends that nobody announced.
#include <hocket/http/client_test.h>
#include <hocket/net/tls_test.h>

#include <string>

using namespace std::chrono_literals;

namespace hocket::http {
namespace {

using namespace testing;
using hocket::testing::Certificates, hocket::testing::LoopErrors, hocket::testing::server_of,
    hocket::testing::tls_client, hocket::testing::tls_server, hocket::testing::with_tls;

Coro<TestServer> secure_server(std::string answer = ok("secret")) {
    return TestServer::answering(std::move(answer), with_tls(tls_server()));
}

std::string at_localhost(const TestServer& server) {
    return "https://localhost:" + std::to_string(server.server.port()) + "/";
}

TEST(RealClientTls, a_server_is_verified_unless_something_else_is_said) {
    run_http([]() -> Coro<> {
        const LoopErrors errors(get_running_loop());
        const TestServer server = co_await secure_server();
        const ClientSession session;
        const std::string end = co_await ending_of(session.get(server.url()));
        EXPECT_TRUE(end.starts_with("hocket::http::ClientCertificateError: GET " + server.url() +
                                    ": TLS handshake with 127.0.0.1:"))
            << end;
        EXPECT_NE(end.find("certificate verify failed"), std::string::npos) << end;
    }());
}

TEST(RealClientTls, a_context_says_whom_to_trust) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await secure_server();
        const ClientSession session({.tls = tls_client()});
        const ClientResponse response = co_await session.get(server.url());
        EXPECT_EQ(response.tls()->version, "TLSv1.3");
        EXPECT_EQ(response.peername(), Address::parse("127.0.0.1:" + std::to_string(server.server.port())));
        EXPECT_EQ(co_await response.text(), "secret");
        const ClientResponse second = co_await session.get(server.url());
        EXPECT_EQ(co_await second.text(), "secret");
        EXPECT_EQ(second.tls().get(), response.tls().get());  // of one connection, and put together once
        EXPECT_EQ(server.connections(), 1);
    }());
}

TEST(RealClientTls, without_https_there_is_no_tls) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::answering(ok("x"));
        const ClientSession session;
        EXPECT_FALSE((co_await session.get(server.url())).tls());
    }());
}

TEST(RealClientTls, the_server_learns_the_name_and_has_to_prove_it) {
    run_http([]() -> Coro<> {
        const LoopErrors errors(get_running_loop());
        std::string asked_for;
        const TestServer server = co_await TestServer::start(
            [&asked_for](Peer& peer, int) -> Coro<> {
                asked_for = peer.writer.tls()->server_hostname;
                co_await peer.request();
                co_await peer.send(ok("x"));
            },
            with_tls(tls_server()));
        const ClientSession session({.tls = tls_client()});
        EXPECT_EQ(co_await text_of(session.get(at_localhost(server))), "x");
        EXPECT_EQ(asked_for, "localhost");

        const TestServer other =
            co_await TestServer::answering(ok("x"), with_tls(server_of(Certificates::get().of_another_host)));
        const std::string end = co_await ending_of(session.get(at_localhost(other)));
        EXPECT_TRUE(end.starts_with("hocket::http::ClientCertificateError: ")) << end;
    }());
}

TEST(RealClientTls, what_accepted_any_certificate_is_not_used_by_others) {
    run_http([]() -> Coro<> {
        const LoopErrors errors(get_running_loop());
        const TestServer server =
            co_await TestServer::answering(ok("x"), with_tls(server_of(Certificates::get().expired)));
        const ClientSession session({.tls = {}});
        EXPECT_EQ(co_await text_of(session.get(server.url(), {.dangerously_accept_any_certificate = true})), "x");
        const std::string end = co_await ending_of(session.get(server.url()));
        EXPECT_TRUE(end.starts_with("hocket::http::ClientCertificateError: ")) << end;
        EXPECT_EQ(co_await text_of(session.get(server.url(), {.dangerously_accept_any_certificate = true})), "x");
        EXPECT_EQ(server.requests().size(), 2U);
    }());
}

// The redirects may come from whoever is on the way, and the jar's cookies would go along.
TEST(RealClientTls, what_is_believed_of_one_server_is_not_believed_of_those_to_which_it_redirects) {
    run_http([]() -> Coro<> {
        const LoopErrors errors(get_running_loop());
        const ServerOptions expired = with_tls(server_of(Certificates::get().expired));
        const TestServer second = co_await TestServer::answering(ok("x"), expired);
        const TestServer first = co_await TestServer::answering(
            "HTTP/1.1 302 Found\r\nLocation: " + second.url() + "\r\nContent-Length: 0\r\n\r\n", expired);
        const ClientSession session;
        const TlsContext careless = TlsContext::client({.verify_mode = TlsVerifyMode::none, .check_hostname = false});
        const std::string refused = co_await ending_of(session.get(first.url(), {.fingerprint = std::string(64, 'a')}));
        const std::string fingerprint = refused.substr(refused.find("has the fingerprint ") + 20, 64);
        const RequestOptions all[] = {
            {.dangerously_accept_any_certificate = true}, {.tls = careless}, {.fingerprint = fingerprint}};
        for (const RequestOptions& options : all) {
            const std::string end = co_await ending_of(session.get(first.url(), options));
            EXPECT_TRUE(end.starts_with("hocket::http::ClientCertificateError: GET " + second.url())) << end;
        }
        EXPECT_EQ(first.requests().size(), 3U);
        EXPECT_TRUE(second.requests().empty());
    }());
}

TEST(RealClientTls, a_certificate_of_the_clients_that_is_refused_is_an_error_of_tls) {
    run_http([]() -> Coro<> {
        const LoopErrors errors(get_running_loop());
        const TestServer server =
            co_await TestServer::answering(ok("x"), with_tls(tls_server({.verify_mode = TlsVerifyMode::required,
                                                                         .ca_file = Certificates::get().ca_file,
                                                                         .minimum_version = TlsVersion::tls1_3})));
        int retries = 0;
        const ClientSession session({.retry = {.attempts = 3, .backoff = 1ms},
                                     .tls = tls_client(),
                                     .trace = [&retries](const TraceEvent& e) { retries += e.event == Trace::retry; }});
        const std::string end = co_await ending_of(session.get(server.url()));
        EXPECT_TRUE(end.starts_with("hocket::http::ClientTlsError: GET " + server.url() + ": ")) << end;
        EXPECT_EQ(retries, 0);
    }());
}

TEST(RealClientTls, another_protocol_than_http_1_is_refused_by_its_name) {
    run_http([]() -> Coro<> {
        const LoopErrors errors(get_running_loop());
        const TestServer server =
            co_await TestServer::answering(ok("x"), with_tls(tls_server({.alpn_protocols = {"h2"}})));
        const ClientSession session({.tls = tls_client({.alpn_protocols = {"h2", "http/1.1"}})});
        EXPECT_EQ(co_await ending_of(session.get(server.url())),
                  "hocket::http::ClientTlsError: GET " + server.url() + ": TLS with " + server.origin().substr(8) +
                      " agreed on the protocol \"h2\", and only HTTP/1 is spoken here");
    }());
}

TEST(RealClientTls, a_connection_of_other_settings_is_not_used) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await secure_server();
        const ClientSession session({.tls = tls_client()});
        EXPECT_EQ(co_await text_of(session.get(server.url())), "secret");
        EXPECT_EQ(co_await text_of(session.get(server.url(), {.tls = tls_client()})), "secret");
        EXPECT_EQ(server.connections(), 2);
    }());
}

TEST(RealClientTls, a_fingerprint_is_believed_and_no_other_certificate) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await secure_server();
        const ClientSession session;
        const std::string wrong(64, 'a');
        const std::string end = co_await ending_of(session.get(server.url(), {.fingerprint = wrong}));
        const std::string begin = "hocket::http::ServerFingerprintMismatch: GET " + server.url() +
                                  ": the certificate of " + server.origin().substr(8) + " has the fingerprint ";
        EXPECT_TRUE(end.starts_with(begin)) << end;
        EXPECT_TRUE(end.ends_with(", and not " + wrong)) << end;
        EXPECT_TRUE(server.requests().empty());

        std::string right = end.substr(begin.size(), 64), with_colons;
        for (std::size_t i = 0; i < right.size(); i += 2) with_colons += (i == 0 ? "" : ":") + right.substr(i, 2);
        EXPECT_EQ(co_await text_of(session.get(server.url(), {.fingerprint = right})), "secret");
        EXPECT_EQ(co_await text_of(session.get(server.url(), {.fingerprint = with_colons})), "secret");
        EXPECT_EQ(server.requests().size(), 2U);
    }());
}

TEST(RealClientTls, a_second_connection_resumes_the_session) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await secure_server(ok("x", "Connection: close\r\n"));
        const ClientSession session({.tls = tls_client()});
        const ClientResponse first = co_await session.get(server.url());
        co_await first.read();
        const ClientResponse second = co_await session.get(server.url());
        co_await second.read();
        EXPECT_FALSE(first.tls()->session_reused);
        EXPECT_TRUE(second.tls()->session_reused);
    }());
}

TEST(RealClientTls, a_body_that_is_cut_off_is_not_taken_for_whole) {
    run_http([]() -> Coro<> {
        const LoopErrors errors(get_running_loop());
        const TestServer server = co_await TestServer::start(
            [](Peer& peer, int number) -> Coro<> {
                co_await peer.request();
                co_await peer.send("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nall of it");
                if (number == 1) {
                    peer.writer.close();  // says that it is the end
                } else {
                    co_await a_while();
                    peer.writer.abort();
                }
            },
            with_tls(tls_server()));
        const ClientSession session({.tls = tls_client()});
        EXPECT_EQ(co_await text_of(session.get(server.url())), "all of it");
        const std::string end = co_await ending_of(text_of(session.get(server.url())));
        EXPECT_TRUE(end.starts_with("hocket::http::ClientPayloadError: GET " + server.url() + ": ")) << end;
    }());
}

TEST(RealClientTls, what_is_no_tls_is_an_error_of_tls) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::start([](Peer& peer, int) -> Coro<> {
            co_await peer.send("HTTP/1.1 400 Bad Request\r\n\r\n");
            co_await peer.end();
        });
        const ClientSession session({.tls = tls_client()});
        const std::string end = co_await ending_of(session.get("https" + server.url().substr(4)));
        EXPECT_TRUE(end.starts_with("hocket::http::ClientTlsError: GET https://127.0.0.1:")) << end;
    }());
}

// Http-security, 30 and 32.
TEST(RealClientTls, redirects_between_http_and_https_leave_credentials_behind) {
    run_http([]() -> Coro<> {
        for (const bool to_https : {true, false}) {
            const TestServer target =
                co_await TestServer::answering(ok("secret"), to_https ? with_tls(tls_server()) : ServerOptions());
            const std::string answer =
                "HTTP/1.1 302 Found\r\nLocation: " + target.url() + "\r\nContent-Length: 0\r\n\r\n";
            const TestServer first =
                co_await TestServer::answering(answer, to_https ? ServerOptions() : with_tls(tls_server()));
            const ClientSession session({.tls = tls_client()});
            EXPECT_EQ(co_await text_of(session.get(first.url(), {.headers = {{"Authorization", "Bearer t"}}})),
                      "secret");
            EXPECT_EQ(field_of(first.requests().at(0), "Authorization"), "Bearer t");
            EXPECT_EQ(field_of(target.requests().at(0), "Authorization"), "none");
        }
    }());
}

// Http-security, 33.
TEST(RealClientTls, secure_cookies_come_and_go_by_https) {
    run_http([]() -> Coro<> {
        const TestServer secured = co_await secure_server(ok("", "Set-Cookie: sid=1; Secure\r\n"));
        const TestServer open = co_await TestServer::answering(ok("", "Set-Cookie: b=2; Secure\r\n"));
        const ClientSession session({.tls = tls_client()});
        for (int i = 0; i < 2; ++i) {
            co_await session.get(secured.url());
            co_await session.get(open.url());
        }
        EXPECT_EQ(field_of(secured.requests().at(0), "Cookie"), "none");
        EXPECT_EQ(field_of(secured.requests().at(1), "Cookie"), "sid=1");
        EXPECT_EQ(field_of(open.requests().at(1), "Cookie"), "none");
    }());
}

TEST(RealClientTls, options_that_make_no_sense_are_refused) {
    run_http([]() -> Coro<> {
        const auto refused = [](SessionOptions options) -> std::string {
            try {
                const ClientSession session(std::move(options));
            } catch (const ValueError& e) {
                return e.what();
            }
            return "nothing";
        };
        EXPECT_EQ(refused({.fingerprint = "abc"}), "fingerprint is not in hexadecimal digits");
        EXPECT_EQ(refused({.fingerprint = "ab:cd"}), "fingerprint has 2 bytes; a SHA-256 has 32");
        EXPECT_EQ(refused({.tls = tls_server()}), "tls: a client cannot use a context made by TlsContext::server");
        EXPECT_EQ(refused({.tls = tls_client(), .dangerously_accept_any_certificate = true}),
                  "of tls and dangerously_accept_any_certificate, one: a TlsContext says what it accepts");
        co_return;
    }());
}

}  // namespace
}  // namespace hocket::http
