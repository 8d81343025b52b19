// SPDX-License-Identifier: MIT
// The beginning of a TLS connection: what is agreed on, peers that speak something else or nothing, and arguments.
#include <gtest/gtest.h>
#include <hocket/flow/gather.h>
#include <hocket/flow/wait_for.h>
#include <hocket/net/tls_test.h>

#include <string>
#include <utility>
#include <vector>

using namespace std::chrono_literals;

namespace hocket {
namespace {

using testing::run_net, testing::secured, testing::tls_client, testing::tls_server, testing::ending_of, testing::echo,
    testing::LoopErrors, testing::RawPeer, testing::until, testing::Certificates, testing::with_tls, testing::by_tls;

TEST(RealTls, a_connection_is_secured_in_both_directions) {
    run_net([]() -> Coro<> {
        auto c = co_await secured();
        co_await c.writer.write("question");
        EXPECT_EQ(co_await c.server_reader.readexactly(8), "question");
        co_await c.server_writer.write("answer");
        EXPECT_EQ(co_await c.reader.readexactly(6), "answer");
    }());
}

TEST(RealTls, nothing_of_it_goes_over_the_wire_as_it_is) {
    run_net([]() -> Coro<> {
        std::string seen;
        const Server server = co_await start_server(echo, "127.0.0.1", 0, with_tls(tls_server()));
        const std::uint16_t port = server.port();
        // Between the two ends stands one that only copies, and looks.
        const Server between = co_await start_server(
            [&seen, port](StreamReader client_reader, StreamWriter client_writer) -> Coro<> {
                auto [reader, writer] = co_await open_connection("127.0.0.1", port);
                const auto copy = [&seen](StreamReader from, StreamWriter to) -> Coro<> {
                    for (;;) {
                        const std::string data = co_await from.read(65536);
                        if (data.empty()) co_return to.write_eof();
                        seen += data;
                        co_await to.write(data);
                    }
                };
                co_await gather(copy(client_reader, writer), copy(reader, client_writer));
            },
            "127.0.0.1", 0);
        auto [reader, writer] = co_await open_connection("127.0.0.1", between.port(), by_tls(tls_client()));
        const std::string secret = "the password is sesame";
        co_await writer.write(secret);
        EXPECT_EQ(co_await reader.readexactly(secret.size()), secret);
        EXPECT_GT(seen.size(), 500U);
        EXPECT_EQ(seen.find("sesame"), std::string::npos);
        writer.close();
        co_await writer.wait_closed();
    }());
}

TEST(RealTls, a_server_and_a_client_over_a_unix_domain_socket) {
    run_net([]() -> Coro<> {
        const Address address = Address::local(Certificates::get().folder + "/socket");
        const Server server = co_await start_server(echo, address, with_tls(tls_server()));
        ConnectionOptions options = by_tls(tls_client());
        options.server_hostname = "localhost";
        auto [reader, writer] = co_await open_connection(address, options);
        co_await writer.write("hello");
        EXPECT_EQ(co_await reader.readexactly(5), "hello");
        EXPECT_EQ(writer.peername(), address);
        const LoopErrors errors(get_running_loop());
        options.server_hostname = "example.org";
        const std::string end = co_await ending_of(open_connection(address, options));
        EXPECT_EQ(end,
                  "hocket::TlsCertVerificationError: TLS handshake with example.org (" + address.str() +
                      "): certificate verify failed: hostname mismatch, certificate is not valid for 'example.org'");
    }());
}

TEST(RealTls, twenty_five_clients_at_once_are_served) {
    run_net([]() -> Coro<> {
        const Server server = co_await start_server(echo, "127.0.0.1", 0, with_tls(tls_server()));
        const auto ask = [](std::uint16_t port, TlsContext context, std::string text) -> Coro<std::string> {
            auto [reader, writer] = co_await open_connection("127.0.0.1", port, by_tls(context));
            writer.write_nowait(text);
            std::string answer = co_await reader.readexactly(text.size());
            writer.close();
            co_await writer.wait_closed();
            co_return answer;
        };
        const TlsContext context = tls_client();
        std::vector<Coro<std::string>> asking;
        for (int i = 0; i < 25; ++i) asking.push_back(ask(server.port(), context, testing::pattern(100'000)));
        const std::vector<std::string> answers = co_await gather(std::move(asking));
        for (const std::string& answer : answers) EXPECT_TRUE(answer == testing::pattern(100'000));
    }());
}

// ---- What is agreed on

TEST(RealTls, both_sides_can_ask_what_was_agreed_on) {
    run_net([]() -> Coro<> {
        auto c = co_await secured();
        const auto info = c.writer.tls();
        EXPECT_EQ(info->version, "TLSv1.3");
        EXPECT_TRUE(info->cipher.starts_with("TLS_")) << info->cipher;
        EXPECT_GE(info->cipher_bits, 128);
        EXPECT_EQ(info->alpn_protocol, "");
        EXPECT_FALSE(info->session_reused);
        EXPECT_FALSE(info->context.is_server());
        const auto theirs = c.server_writer.tls();
        EXPECT_EQ(theirs->cipher, info->cipher);
        EXPECT_TRUE(theirs->context.is_server());
        EXPECT_FALSE(theirs->peer_certificate);
        c.writer.abort();
        co_await c.writer.wait_closed();
        EXPECT_EQ(c.writer.tls()->version, "TLSv1.3");
        EXPECT_FALSE(c.writer.peername() == Address());
        EXPECT_EQ(c.writer.fileno(), -1);
    }());
}

TEST(RealTls, a_client_can_read_the_certificate_of_the_server) {
    run_net([]() -> Coro<> {
        auto c = co_await secured();
        const TlsCertificate certificate = c.writer.tls()->peer_certificate.value();
        EXPECT_EQ(certificate.subject, "CN=server");
        EXPECT_EQ(certificate.issuer, "CN=An authority");
        EXPECT_EQ(certificate.dns_names, (std::vector<std::string>{"localhost", "xn--bcher-kva.example"}));
        EXPECT_EQ(certificate.ip_addresses, (std::vector<std::string>{"127.0.0.1", "::1"}));
        EXPECT_EQ(certificate.not_after - certificate.not_before, 31 * 24h);
        EXPECT_LT(certificate.not_before, std::chrono::system_clock::now());
        EXPECT_EQ(certificate.serial_number.substr(0, 2), "10");
        EXPECT_EQ(certificate.der.substr(0, 2), "\x30\x82");  // a SEQUENCE
    }());
}

TEST(RealTls, a_certificate_without_an_end_has_the_last_time_that_the_clock_knows) {
    run_net([]() -> Coro<> {
        auto c = co_await secured(tls_client(), testing::server_of(testing::Certificates::get().endless));
        EXPECT_GT(c.writer.tls()->peer_certificate.value().not_after,
                  std::chrono::system_clock::time_point::max() - 48h);
    }());
}

TEST(RealTls, a_plain_stream_has_no_tls_to_ask_for) {
    run_net([]() -> Coro<> {
        auto c = co_await testing::connected();
        EXPECT_FALSE(c.writer.tls());
    }());
}

TEST(RealTls, a_name_is_told_to_the_server_and_an_address_is_not) {
    run_net([]() -> Coro<> {
        ConnectionOptions options = by_tls(tls_client());
        options.server_hostname = "localhost";
        auto named = co_await secured(options, with_tls(tls_server()));
        EXPECT_EQ(named.server_writer.tls()->server_hostname, "localhost");
        EXPECT_EQ(named.writer.tls()->server_hostname, "localhost");
        auto numeric = co_await secured();
        EXPECT_EQ(numeric.server_writer.tls()->server_hostname, "");
        EXPECT_EQ(numeric.writer.tls()->server_hostname, "127.0.0.1");
        // What was connected to is the default.
        auto [reader, writer] = co_await open_connection("localhost", numeric.server.port(), by_tls(tls_client()));
        EXPECT_EQ(writer.tls()->server_hostname, "localhost");
    }());
}

TEST(RealTls, the_versions_are_what_both_allow) {
    run_net([]() -> Coro<> {
        const TlsContext old = tls_client({.maximum_version = TlsVersion::tls1_2});
        auto c = co_await secured(old);
        EXPECT_EQ(c.writer.tls()->version, "TLSv1.2");
        co_await c.writer.write("old");
        EXPECT_EQ(co_await c.server_reader.readexactly(3), "old");

        LoopErrors errors(get_running_loop());
        get_running_loop().set_debug(true);
        const TlsContext modern = tls_server({.minimum_version = TlsVersion::tls1_3});
        const Server server = co_await start_server(echo, "127.0.0.1", 0, with_tls(modern));
        const std::string end = co_await ending_of(open_connection("127.0.0.1", server.port(), by_tls(old)));
        EXPECT_EQ(end, "hocket::TlsError: TLS handshake with " + server.sockets().at(0).str() +
                           ": tlsv1 alert protocol version");
        EXPECT_TRUE(errors.taken().ends_with(": unsupported protocol"));
    }());
}

TEST(RealTls, the_ciphers_are_what_both_allow) {
    run_net([]() -> Coro<> {
        TlsClientOptions options;
        options.ciphersuites = "TLS_CHACHA20_POLY1305_SHA256";
        auto c = co_await secured(tls_client(options));
        EXPECT_EQ(c.writer.tls()->cipher, "TLS_CHACHA20_POLY1305_SHA256");
        options.maximum_version = TlsVersion::tls1_2;
        options.ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256";
        auto old = co_await secured(tls_client(options));
        EXPECT_EQ(old.writer.tls()->cipher, "ECDHE-ECDSA-AES128-GCM-SHA256");
    }());
}

TEST(RealTls, the_protocol_that_the_server_likes_best_is_chosen) {
    run_net([]() -> Coro<> {
        const TlsContext client = tls_client({.alpn_protocols = {"http/1.1", "h2"}});
        const TlsContext server = tls_server({.alpn_protocols = {"h2", "http/1.1"}});
        auto c = co_await secured(client, server);
        EXPECT_EQ(c.writer.tls()->alpn_protocol, "h2");
        EXPECT_EQ(c.server_writer.tls()->alpn_protocol, "h2");
        const TlsContext strange = tls_server({.alpn_protocols = {"gopher"}});
        auto none = co_await secured(client, strange);
        EXPECT_EQ(none.writer.tls()->alpn_protocol, "");
        auto without = co_await secured(client, tls_server());
        EXPECT_EQ(without.writer.tls()->alpn_protocol, "");
    }());
}

// ---- Peers that do not play

// What a client meets at a server that does `what` with its connections.
template <class F>
Coro<std::string> ending_at(F what, ConnectionOptions options = by_tls(tls_client())) {
    const Server server = co_await start_server(what, "127.0.0.1", 0);
    std::string end = co_await ending_of(open_connection("127.0.0.1", server.port(), options));
    const std::string port = ":" + std::to_string(server.port());
    if (const std::size_t at = end.find(port); at != std::string::npos) end.replace(at, port.size(), ":PORT");
    co_return end;
}

Coro<> silence(StreamReader reader, StreamWriter) { co_await reader.read(); }

TEST(RealTls, a_server_that_speaks_plain_text_is_named) {
    run_net([]() -> Coro<> {
        const auto greet = [](StreamReader, StreamWriter writer) -> Coro<> {
            co_await writer.write("220 smtp.example.org ESMTP\r\n");
        };
        const std::string end = co_await ending_at(greet);
        EXPECT_EQ(end, "hocket::TlsError: TLS handshake with 127.0.0.1:PORT: wrong version number");
    }());
}

TEST(RealTls, a_server_that_goes_in_the_midst_of_the_handshake_has_reset_it) {
    run_net([]() -> Coro<> {
        LoopErrors errors(get_running_loop());
        const auto go = [](StreamReader reader, StreamWriter) -> Coro<> { co_await reader.read(1024); };
        const std::string end = co_await ending_at(go);
        EXPECT_EQ(end, "hocket::OSError: TLS handshake with 127.0.0.1:PORT: Connection reset by peer");
        const auto reset = [](StreamReader reader, StreamWriter writer) -> Coro<> {
            co_await reader.read(1024);
            writer.transport()->reset();
        };
        const std::string end_of_reset = co_await ending_at(reset);
        EXPECT_EQ(end_of_reset, "hocket::OSError: read from 127.0.0.1:PORT: Connection reset by peer");
        EXPECT_EQ(errors.taken(), "");
    }());
}

TEST(RealTls, a_server_that_says_nothing_is_left_after_a_while) {
    run_net([]() -> Coro<> {
        LoopErrors errors(get_running_loop());
        ConnectionOptions options = by_tls(tls_client());
        options.tls_handshake_timeout = 10ms;
        const std::string end = co_await ending_at(silence, options);
        EXPECT_EQ(end,
                  "hocket::OSError: TLS handshake with 127.0.0.1:PORT took longer than 0.01 s: Software caused "
                  "connection abort");
        EXPECT_EQ(errors.taken(), "");
    }());
}

TEST(RealTls, a_cancel_in_the_midst_of_the_handshake_closes_what_was_opened) {
    run_net([]() -> Coro<> {
        LoopErrors errors(get_running_loop());
        Future<> gone;
        const Server server = co_await start_server(
            [&](StreamReader reader, StreamWriter) -> Coro<> {
                co_await ending_of(reader.read());  // until the client goes
                gone.set_result();
            },
            "127.0.0.1", 0);
        const std::string end =
            co_await ending_of(wait_for(open_connection("127.0.0.1", server.port(), by_tls(tls_client())), 50ms));
        EXPECT_EQ(end, "hocket::TimeoutError: timed out");
        co_await gone;
        EXPECT_EQ(errors.taken(), "");
    }());
}

// A client below the library does `what` to a server, which then goes on serving; what was reported.
template <class F>
Coro<std::string> reported_of(F what, Duration limit = 60s, bool debug = true) {
    LoopErrors errors(get_running_loop());
    get_running_loop().set_debug(debug);
    ServerOptions options = with_tls(tls_server());
    options.tls_handshake_timeout = limit;
    const Server server = co_await start_server(echo, "127.0.0.1", 0, options);
    RawPeer peer(server.sockets().at(0));
    co_await until([&] { return server.clients() == 1; });
    what(peer);
    // While that goes on, another is served.
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port(), by_tls(tls_client()));
    co_await writer.write("still there");
    EXPECT_EQ(co_await reader.readexactly(11), "still there");
    writer.close();
    co_await writer.wait_closed();
    co_await until([&] { return server.clients() == 0; });
    std::string reported = errors.taken();
    const std::size_t from = reported.find("127.0.0.1:"), to = reported.find_first_not_of("0123456789", from + 10);
    if (from != std::string::npos) reported.replace(from, to - from, "CLIENT");
    co_return reported;
}

TEST(RealTls, a_client_that_speaks_plain_text_is_reported_and_the_server_goes_on) {
    run_net([]() -> Coro<> {
        const std::string reported = co_await reported_of([](RawPeer& peer) { peer.send("GET / HTTP/1.1\r\n\r\n"); });
        EXPECT_EQ(reported, "TLS handshake failed | hocket::TlsError: TLS handshake with CLIENT: http request");
    }());
}

TEST(RealTls, outside_of_debug_mode_a_handshake_that_fails_is_not_reported) {
    run_net([]() -> Coro<> {
        const auto plain_text = [](RawPeer& peer) { peer.send("GET / HTTP/1.1\r\n"); };
        EXPECT_EQ(co_await reported_of(plain_text, 60s, false), "");
    }());
}

TEST(RealTls, a_handshake_that_the_server_itself_aborts_is_not_reported) {
    run_net([]() -> Coro<> {
        LoopErrors errors(get_running_loop());
        get_running_loop().set_debug(true);
        const Server server = co_await start_server(echo, "127.0.0.1", 0, with_tls(tls_server()));
        const RawPeer peer(server.sockets().at(0));
        co_await until([&] { return server.clients() == 1; });
        server.close();
        server.abort_clients();
        co_await server.wait_closed();
        co_await hocket::sleep(0);
        EXPECT_EQ(errors.taken(), "");
    }());
}

TEST(RealTls, a_client_that_sends_garbage_is_reported_and_the_server_goes_on) {
    run_net([]() -> Coro<> {
        const std::string reported = co_await reported_of([](RawPeer& peer) { peer.send(testing::pattern(1000)); });
        EXPECT_TRUE(reported.starts_with("TLS handshake failed | hocket::TlsError: TLS handshake with CLIENT: "))
            << reported;
    }());
}

TEST(RealTls, a_client_that_goes_in_the_midst_of_the_handshake_is_reported_and_the_server_goes_on) {
    run_net([]() -> Coro<> {
        const std::string reported = co_await reported_of([](RawPeer& peer) {
            peer.send("\x16\x03\x01");  // the beginning of a record
            peer.close();
        });
        EXPECT_EQ(reported,
                  "TLS handshake failed | hocket::OSError: TLS handshake with CLIENT: Connection reset by peer");
    }());
}

TEST(RealTls, a_client_that_says_nothing_blocks_nobody_and_is_dropped_after_a_while) {
    run_net([]() -> Coro<> {
        const std::string reported = co_await reported_of([](RawPeer&) {}, 500ms);
        EXPECT_EQ(reported,
                  "TLS handshake failed | hocket::OSError: TLS handshake with CLIENT took longer than 0.5 s: Software "
                  "caused connection abort");
    }());
}

TEST(RealTls, a_client_that_does_not_trust_the_server_says_so) {
    run_net([]() -> Coro<> {
        LoopErrors errors(get_running_loop());
        get_running_loop().set_debug(true);
        bool handled = false;
        const auto handler = [&handled](StreamReader, StreamWriter) -> Coro<> {
            handled = true;
            co_return;
        };
        const Address path = Address::local(Certificates::get().folder + "/socket");
        const Server server = co_await start_server(handler, "127.0.0.1", 0, with_tls(tls_server()));
        const Server local = co_await start_server(handler, path, with_tls(tls_server()));
        ConnectionOptions options = by_tls(TlsContext::client());
        const std::string end = co_await ending_of(open_connection("127.0.0.1", server.port(), options));
        EXPECT_TRUE(end.starts_with("hocket::TlsCertVerificationError: ")) << end;
        co_await until([&] { return server.clients() == 0; });
        EXPECT_TRUE(errors.taken().ends_with(": tlsv1 alert unknown ca"));
        options.server_hostname = "invalid";
        const std::string local_end = co_await ending_of(open_connection(path, options));
        EXPECT_TRUE(local_end.starts_with("hocket::TlsCertVerificationError: ")) << local_end;
        co_await until([&] { return local.clients() == 0; });
        EXPECT_FALSE(handled);
    }());
}

}  // namespace
}  // namespace hocket
