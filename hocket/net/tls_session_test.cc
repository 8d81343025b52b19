// SPDX-License-Identifier: MIT
// Sessions: the second connection to a place is spared the certificates.
#include <gtest/gtest.h>
#include <hocket/net/tls_test.h>

#include <string>

namespace hocket {
namespace {

using testing::run_net, testing::tls_client, testing::tls_server, testing::Certificates;

// Sends what comes back, so that the server's tickets have come, too; whether a session was resumed.
Coro<bool> resumes(std::uint16_t port, TlsContext context, std::optional<std::string> name = std::nullopt,
                   bool is_cut = false) {
    ConnectionOptions options;
    options.tls = std::move(context);
    options.server_hostname = std::move(name);
    auto [reader, writer] = co_await open_connection("127.0.0.1", port, options);
    co_await writer.write("hello");
    EXPECT_EQ(co_await reader.readexactly(5), "hello");
    const auto info = writer.tls();
    EXPECT_EQ(info->peer_certificate.value().subject, "CN=server");
    is_cut ? writer.abort() : writer.close();
    co_await writer.wait_closed();
    co_return info->session_reused;
}

Coro<Server> start(TlsServerOptions options = {}) {
    ServerOptions server;
    server.tls = tls_server(std::move(options));
    return start_server(testing::echo, "127.0.0.1", 0, server);
}

TEST(RealTlsSession, a_second_connection_resumes_the_session_of_the_first) {
    run_net([]() -> Coro<> {
        const Server server = co_await start();
        for (const TlsVersion version : {TlsVersion::tls1_2, TlsVersion::tls1_3}) {
            TlsClientOptions options;
            options.maximum_version = version;
            const TlsContext context = tls_client(options);
            const bool first = co_await resumes(server.port(), context);
            EXPECT_FALSE(first);
            for (int i = 0; i < 3; ++i) {
                const bool again = co_await resumes(server.port(), context);
                EXPECT_TRUE(again);
            }
        }
    }());
}

TEST(RealTlsSession, each_context_and_each_place_has_its_own) {
    run_net([]() -> Coro<> {
        const Server server = co_await start();
        const TlsContext context = tls_client();
        co_await resumes(server.port(), context);
        const bool by_name = co_await resumes(server.port(), context, "localhost");
        EXPECT_FALSE(by_name);
        const bool by_another = co_await resumes(server.port(), tls_client());
        EXPECT_FALSE(by_another);
        const bool same = co_await resumes(server.port(), context);
        EXPECT_TRUE(same);
    }());
}

TEST(RealTlsSession, a_connection_that_was_aborted_leaves_its_session) {
    run_net([]() -> Coro<> {
        const testing::LoopErrors errors(get_running_loop());
        const Server server = co_await start();
        const TlsContext context = tls_client();
        co_await resumes(server.port(), context, {}, true);
        const bool again = co_await resumes(server.port(), context);
        EXPECT_TRUE(again);
    }());
}

TEST(RealTlsSession, either_side_can_do_without) {
    run_net([]() -> Coro<> {
        const Server server = co_await start();
        TlsClientOptions client_options;
        client_options.session_resumption = false;
        const TlsContext forgetful = tls_client(client_options);
        co_await resumes(server.port(), forgetful);
        const bool forgotten = co_await resumes(server.port(), forgetful);
        EXPECT_FALSE(forgotten);

        TlsServerOptions server_options;
        server_options.session_resumption = false;
        const Server without = co_await start(server_options);
        const TlsContext context = tls_client();
        co_await resumes(without.port(), context);
        const bool refused = co_await resumes(without.port(), context);
        EXPECT_FALSE(refused);
    }());
}

TEST(RealTlsSession, a_server_that_does_not_know_the_ticket_begins_anew) {
    run_net([]() -> Coro<> {
        const TlsContext context = tls_client();
        std::uint16_t port = 0;
        {
            const Server server = co_await start();
            port = server.port();
            co_await resumes(port, context);
            server.close();
            co_await server.wait_closed();
        }
        ServerOptions options;
        options.tls = tls_server();  // another one
        const Server server = co_await start_server(testing::echo, "127.0.0.1", port, options);
        const bool resumed = co_await resumes(port, context);
        EXPECT_FALSE(resumed);
    }());
}

TEST(RealTlsSession, a_client_that_has_a_certificate_resumes_too) {
    run_net([]() -> Coro<> {
        TlsServerOptions strict;
        strict.verify_mode = TlsVerifyMode::required;
        strict.ca_file = Certificates::get().ca_file;
        std::vector<std::string> seen;
        ServerOptions options;
        options.tls = tls_server(strict);
        const Server server = co_await start_server(
            [&seen](StreamReader reader, StreamWriter writer) -> Coro<> {
                const auto info = writer.tls();
                seen.push_back(info->peer_certificate ? info->peer_certificate->subject : "nobody");
                co_await testing::echo(std::move(reader), std::move(writer));
            },
            "127.0.0.1", 0, options);
        TlsClientOptions alice;
        alice.certificate_file = Certificates::get().client.certificate_file;
        alice.private_key_file = Certificates::get().client.private_key_file;
        const TlsContext context = tls_client(alice);
        co_await resumes(server.port(), context);
        const bool again = co_await resumes(server.port(), context);
        EXPECT_TRUE(again);
        EXPECT_EQ(seen, (std::vector<std::string>{"CN=Alice", "CN=Alice"}));
    }());
}

}  // namespace
}  // namespace hocket
