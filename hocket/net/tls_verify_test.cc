// SPDX-License-Identifier: MIT
// Whom TLS trusts: certificates that are in order, and all the ways in which they are not.
#include <gtest/gtest.h>
#include <hocket/net/tls_test.h>

#include <fstream>
#include <string>

namespace hocket {
namespace {

using testing::Certificates, testing::run_net, testing::secured, testing::tls_client, testing::tls_server,
    testing::ending_with, testing::ending_of, testing::LoopErrors;

const std::string failed =
    "hocket::TlsCertVerificationError: TLS handshake with 127.0.0.1:PORT: certificate verify failed: ";

Coro<> expect_refusal(testing::Identity identity, std::string reason) {
    const std::string end = co_await ending_with(std::move(identity), tls_client());
    EXPECT_EQ(end, failed + reason);
}

TEST(RealTlsVerify, a_certificate_that_is_in_order_is_accepted) {
    run_net([]() -> Coro<> {
        const std::string end = co_await ending_with(Certificates::get().server, tls_client());
        EXPECT_EQ(end, "nothing");
    }());
}

TEST(RealTlsVerify, an_expired_certificate_is_refused) {
    run_net(expect_refusal(Certificates::get().expired, "certificate has expired"));
}

TEST(RealTlsVerify, a_certificate_of_the_future_is_refused) {
    run_net(expect_refusal(Certificates::get().not_yet_valid, "certificate is not yet valid"));
}

TEST(RealTlsVerify, a_certificate_that_signed_itself_is_refused) {
    run_net([]() -> Coro<> {
        const std::string end = co_await ending_with(Certificates::get().self_signed, tls_client());
        EXPECT_TRUE(end.starts_with(failed + "self") && end.ends_with("signed certificate")) << end;
    }());
}

TEST(RealTlsVerify, a_certificate_of_an_unknown_authority_is_refused) {
    run_net(expect_refusal(Certificates::get().of_strangers, "unable to get local issuer certificate"));
}

TEST(RealTlsVerify, the_default_trusts_the_authorities_of_the_system_only) {
    run_net([]() -> Coro<> {
        const std::string end = co_await ending_with(Certificates::get().server, TlsContext::client());
        EXPECT_EQ(end, failed + "unable to get local issuer certificate");
    }());
}

TEST(RealTlsVerify, a_certificate_of_another_address_is_refused) {
    run_net(expect_refusal(Certificates::get().of_another_host,
                           "IP address mismatch, certificate is not valid for '127.0.0.1'"));
}

TEST(RealTlsVerify, a_certificate_of_another_host_is_refused) {
    run_net([]() -> Coro<> {
        ConnectionOptions options;
        options.server_hostname = "localhost";  // which is its common name, but that does not count
        const std::string end = co_await ending_with(Certificates::get().of_another_host, tls_client(), options);
        EXPECT_EQ(end,
                  "hocket::TlsCertVerificationError: TLS handshake with localhost (127.0.0.1:PORT): certificate verify "
                  "failed: hostname mismatch, certificate is not valid for 'localhost'");
    }());
}

TEST(RealTlsVerify, the_error_has_the_reason_as_a_number_too) {
    run_net([]() -> Coro<> {
        const LoopErrors errors(get_running_loop());
        ServerOptions server_options;
        server_options.tls = testing::server_of(Certificates::get().expired);
        const Server server = co_await start_server(testing::echo, "127.0.0.1", 0, server_options);
        ConnectionOptions options;
        options.tls = tls_client();
        bool caught = false;
        try {
            co_await open_connection("127.0.0.1", server.port(), options);
        } catch (const TlsCertVerificationError& e) {
            caught = true;
            EXPECT_EQ(e.verify_code(), 10);  // X509_V_ERR_CERT_HAS_EXPIRED
            EXPECT_EQ(e.verify_message(), "certificate has expired");
        }
        EXPECT_TRUE(caught);
    }());
}

TEST(RealTlsVerify, another_name_than_the_address_can_be_asked_for) {
    run_net([]() -> Coro<> {
        for (const char* name : {"localhost", "LOCALHOST", "localhost.", "b\u00fccher.example"}) {
            ConnectionOptions options;
            options.server_hostname = name;
            const std::string end = co_await ending_with(Certificates::get().server, tls_client(), options);
            EXPECT_EQ(end, "nothing") << name;
        }
    }());
}

TEST(RealTlsVerify, checks_can_be_switched_off_one_by_one) {
    run_net([]() -> Coro<> {
        const Certificates& all = Certificates::get();
        const TlsContext any_name = tls_client({.check_hostname = false});
        const std::string other = co_await ending_with(all.of_another_host, any_name);
        EXPECT_EQ(other, "nothing");
        const std::string strange = co_await ending_with(all.of_strangers, any_name);
        EXPECT_EQ(strange, failed + "unable to get local issuer certificate");
        const TlsContext anybody = TlsContext::client({.verify_mode = TlsVerifyMode::none});
        const std::string expired = co_await ending_with(all.expired, anybody);
        EXPECT_EQ(expired, "nothing");
    }());
}

TEST(RealTlsVerify, no_name_can_be_asked_for_where_none_is_checked) {
    run_net([]() -> Coro<> {
        ConnectionOptions options;
        options.server_hostname = "";
        const std::string end = co_await ending_with(Certificates::get().server, tls_client(), options);
        EXPECT_EQ(end, "hocket::ValueError: check_hostname requires server_hostname");
        const TlsContext any_name = tls_client({.check_hostname = false});
        const std::string accepted = co_await ending_with(Certificates::get().of_another_host, any_name, options);
        EXPECT_EQ(accepted, "nothing");
    }());
}

TEST(RealTlsVerify, authorities_can_be_given_as_data) {
    run_net([]() -> Coro<> {
        std::ifstream file(Certificates::get().ca_file);
        TlsClientOptions options;
        options.ca_data.assign(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
        const std::string end = co_await ending_with(Certificates::get().server, TlsContext::client(options));
        EXPECT_EQ(end, "nothing");
    }());
}

TEST(RealTlsVerify, a_certificate_can_be_trusted_itself) {
    run_net([]() -> Coro<> {
        const Certificates& all = Certificates::get();
        TlsClientOptions options;
        options.ca_file = all.server.certificate_file;
        const std::string end = co_await ending_with(all.server, TlsContext::client(options));
        EXPECT_EQ(end, "nothing");
    }());
}

// ---- Clients

TlsContext strict_server(TlsVerifyMode mode = TlsVerifyMode::required) {
    TlsServerOptions options;
    options.verify_mode = mode;
    options.ca_file = Certificates::get().ca_file;
    return tls_server(options);
}

TlsContext client_with(const testing::Identity& identity) {
    TlsClientOptions options;
    options.certificate_file = identity.certificate_file;
    options.private_key_file = identity.private_key_file;
    return tls_client(options);
}

TEST(RealTlsVerify, a_server_knows_the_client_by_its_certificate) {
    run_net([]() -> Coro<> {
        auto c = co_await secured(client_with(Certificates::get().client), strict_server());
        const auto info = c.server_writer.tls();
        EXPECT_EQ(info->peer_certificate.value().subject, "CN=Alice");
    }());
}

// With TLS 1.3 a client is done before the server has seen its certificate.
Coro<std::string> first_read_of(TlsContext client, TlsContext server_context, std::string& reported) {
    LoopErrors errors(get_running_loop());
    get_running_loop().set_debug(true);
    ServerOptions server_options;
    server_options.tls = std::move(server_context);
    const Server server = co_await start_server(testing::echo, "127.0.0.1", 0, server_options);
    ConnectionOptions options;
    options.tls = std::move(client);
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port(), options);
    std::string end = co_await ending_of(reader.read(1));
    end.resize(std::min(end.find(std::to_string(server.port())), end.size()));
    reported = errors.taken();
    co_return end;
}

TEST(RealTlsVerify, a_client_without_a_certificate_is_refused_where_one_is_required) {
    run_net([]() -> Coro<> {
        std::string reported;
        const std::string end = co_await first_read_of(tls_client(), strict_server(), reported);
        EXPECT_EQ(end, "hocket::TlsError: read from 127.0.0.1:");
        EXPECT_TRUE(reported.starts_with("TLS handshake failed | hocket::TlsError: TLS handshake with 127.0.0.1:") &&
                    reported.ends_with(": peer did not return a certificate"))
            << reported;
    }());
}

TEST(RealTlsVerify, a_client_whose_certificate_does_not_convince_is_refused) {
    run_net([]() -> Coro<> {
        for (const TlsVerifyMode mode : {TlsVerifyMode::optional, TlsVerifyMode::required}) {
            std::string reported;
            const std::string end =
                co_await first_read_of(client_with(Certificates::get().of_strangers), strict_server(mode), reported);
            EXPECT_EQ(end, "hocket::TlsError: read from 127.0.0.1:");
            EXPECT_TRUE(reported.ends_with("certificate verify failed: unable to get local issuer certificate"))
                << reported;
        }
    }());
}

TEST(RealTlsVerify, a_client_may_do_without_where_a_certificate_is_optional) {
    run_net([]() -> Coro<> {
        auto c = co_await secured(tls_client(), strict_server(TlsVerifyMode::optional));
        const auto info = c.server_writer.tls();
        EXPECT_FALSE(info->peer_certificate);
    }());
}

}  // namespace
}  // namespace hocket
