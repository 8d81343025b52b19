// SPDX-License-Identifier: MIT
// Options of TLS that make no sense, and what is said of them.
#include <gtest/gtest.h>
#include <hocket/net/tls_test.h>

#include <string>

using namespace std::chrono_literals;

namespace hocket {
namespace {

using testing::run_net, testing::tls_client, testing::tls_server, testing::ending_of, testing::echo, testing::with_tls,
    testing::by_tls;

TEST(RealTlsArguments, options_of_tls_without_tls_are_refused) {
    run_net([]() -> Coro<> {
        ConnectionOptions named;
        named.server_hostname = "localhost";
        EXPECT_EQ(co_await ending_of(open_connection("127.0.0.1", 1, named)),
                  "hocket::ValueError: server_hostname is only meaningful with tls");
        EXPECT_EQ(co_await ending_of(open_connection(Address::local("/no/such"), named)),
                  "hocket::ValueError: server_hostname is only meaningful with tls");
        ConnectionOptions hasty;
        hasty.tls_handshake_timeout = 1s;
        EXPECT_EQ(co_await ending_of(open_connection("example.com", 80, hasty)),
                  "hocket::ValueError: tls_handshake_timeout is only meaningful with tls");
        EXPECT_EQ(co_await ending_of(open_connection(Address::local("/no/such"), hasty)),
                  "hocket::ValueError: tls_handshake_timeout is only meaningful with tls");
        ConnectionOptions slow;
        slow.tls_shutdown_timeout = 1s;
        EXPECT_EQ(co_await ending_of(open_connection("example.com", 80, slow)),
                  "hocket::ValueError: tls_shutdown_timeout is only meaningful with tls");
        ServerOptions server;
        server.tls_handshake_timeout = 1s;
        EXPECT_EQ(co_await ending_of(start_server(echo, "example.com", 80, server)),
                  "hocket::ValueError: tls_handshake_timeout is only meaningful with tls");
        EXPECT_EQ(co_await ending_of(start_server(echo, Address::local("/no/such"), server)),
                  "hocket::ValueError: tls_handshake_timeout is only meaningful with tls");
    }());
}

TEST(RealTlsArguments, a_time_limit_is_a_positive_number) {
    run_net([]() -> Coro<> {
        ConnectionOptions options = by_tls(tls_client());
        options.tls_handshake_timeout = 0s;
        EXPECT_EQ(co_await ending_of(open_connection("127.0.0.1", 1, options)),
                  "hocket::ValueError: tls_handshake_timeout should be a positive number, got 0");
        options.tls_handshake_timeout = -10s;
        EXPECT_EQ(co_await ending_of(open_connection("127.0.0.1", 1, options)),
                  "hocket::ValueError: tls_handshake_timeout should be a positive number, got -10");
        ServerOptions server = with_tls(tls_server());
        server.tls_shutdown_timeout = 0s;
        EXPECT_EQ(co_await ending_of(start_server(echo, "127.0.0.1", 0, server)),
                  "hocket::ValueError: tls_shutdown_timeout should be a positive number, got 0");
    }());
}

TEST(RealTlsArguments, a_context_is_of_one_side) {
    run_net([]() -> Coro<> {
        EXPECT_EQ(co_await ending_of(open_connection("127.0.0.1", 1, by_tls(tls_server()))),
                  "hocket::ValueError: a client cannot use a context made by TlsContext::server");
        EXPECT_EQ(co_await ending_of(start_server(echo, "127.0.0.1", 0, with_tls(tls_client()))),
                  "hocket::ValueError: a server cannot use a context made by TlsContext::client");
    }());
}

TEST(RealTlsArguments, without_a_host_the_name_has_to_be_given) {
    run_net([]() -> Coro<> {
        const std::string refused =
            "hocket::ValueError: you have to pass server_hostname when using tls without a host";
        EXPECT_EQ(co_await ending_of(open_connection(Address::local("/no/such"), by_tls(tls_client()))), refused);
        EXPECT_EQ(co_await ending_of(open_connection("", 1, by_tls(tls_client()))), refused);
    }());
}

TEST(RealTlsArguments, names_that_are_none_are_refused) {
    run_net([]() -> Coro<> {
        ConnectionOptions options = by_tls(tls_client());
        options.server_hostname = ".example.org";
        EXPECT_EQ(co_await ending_of(open_connection("127.0.0.1", 1, options)),
                  "hocket::ValueError: server_hostname cannot start with a leading dot");
        options.server_hostname = "\u3002example.org";  // a full stop of another script
        EXPECT_EQ(co_await ending_of(open_connection("127.0.0.1", 1, options)),
                  "hocket::ValueError: server_hostname cannot start with a leading dot");
        options.server_hostname = "example..org";
        EXPECT_EQ(co_await ending_of(open_connection("127.0.0.1", 1, options)),
                  "hocket::ValueError: server_hostname example..org has an empty label");
        options.server_hostname = std::string("localhost\0.example.org", 22);
        EXPECT_EQ(co_await ending_of(open_connection("127.0.0.1", 1, options)),
                  "hocket::ValueError: server_hostname has a null character");
        options.server_hostname = "\xff\xfe";
        const std::string end = co_await ending_of(open_connection("127.0.0.1", 1, options));
        EXPECT_TRUE(end.starts_with("hocket::ValueError: server_hostname ")) << end;
    }());
}

}  // namespace
}  // namespace hocket
