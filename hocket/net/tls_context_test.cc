// SPDX-License-Identifier: MIT
// Contexts of TLS: files that are wrong, settings that make no sense, and errors that say so.
#include <hocket/net/tls_context.h>

#include <gtest/gtest.h>
#include <hocket/net/tls_test.h>

#include <unistd.h>
#include <fstream>
#include <string>

namespace hocket {
namespace {

using testing::Certificates, testing::thrown_by;

TlsServerOptions server_options() {
    const Certificates& certificates = Certificates::get();
    TlsServerOptions options;
    options.certificate_file = certificates.server.certificate_file;
    options.private_key_file = certificates.server.private_key_file;
    return options;
}

std::string refusal(const TlsServerOptions& options) {
    return thrown_by([&] { TlsContext::server(options); });
}
std::string refusal(const TlsClientOptions& options) {
    return thrown_by([&] { TlsContext::client(options); });
}

TEST(OnceTlsContext, an_empty_one_means_no_tls) {
    EXPECT_FALSE(TlsContext());
    const TlsContext client = TlsContext::client();
    EXPECT_TRUE(client);
    EXPECT_FALSE(client.is_server());
    const TlsContext server = TlsContext::server(server_options());
    EXPECT_TRUE(server.is_server());
    TlsContext other = client;
    EXPECT_EQ(other, client);
    other = server;
    EXPECT_EQ(other, server);
    EXPECT_FALSE(other == TlsContext::server(server_options()));
}

TEST(OnceTlsContext, a_file_that_is_not_there_is_named) {
    TlsServerOptions options = server_options();
    options.certificate_file = "/no/such.crt";
    EXPECT_EQ(refusal(options), "hocket::OSError: load the certificate /no/such.crt: No such file or directory");
    options = server_options();
    options.private_key_file = "/no/such.key";
    EXPECT_EQ(refusal(options), "hocket::OSError: load the private key /no/such.key: No such file or directory");
    EXPECT_EQ(refusal(TlsClientOptions{.ca_file = "/no/ca.crt"}),
              "hocket::OSError: load CA certificates from /no/ca.crt: No such file or directory");
    EXPECT_EQ(refusal(TlsClientOptions{.ca_path = "/no/folder"}),
              "hocket::OSError: load CA certificates from /no/folder: No such file or directory");
    EXPECT_EQ(refusal(TlsClientOptions{.ca_path = "/dev/null"}),
              "hocket::OSError: load CA certificates from /dev/null: Not a directory");
    EXPECT_EQ(refusal(TlsClientOptions{.keylog_file = "/no/such.log"}),
              "hocket::OSError: open the keylog file /no/such.log: No such file or directory");
}

TEST(OnceTlsContext, a_file_that_is_no_certificate_is_named) {
    TlsServerOptions options = server_options();
    options.certificate_file = "/dev/null";
    EXPECT_EQ(refusal(options), "hocket::TlsError: load the certificate /dev/null: no start line");
    EXPECT_EQ(refusal(TlsClientOptions{.ca_file = "/dev/null"})
                  .find("hocket::TlsError: load CA certificates from /dev/null: "),
              0U);
    EXPECT_EQ(refusal(TlsClientOptions{.ca_data = "no certificate"}),
              "hocket::TlsError: load CA certificates from ca_data: no start line");
}

TEST(OnceTlsContext, what_is_damaged_behind_a_good_certificate_is_an_error) {
    std::ifstream file(Certificates::get().ca_file);
    const std::string good((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    EXPECT_EQ(refusal(TlsClientOptions{.ca_data = good + "text between them\n" + good}), "nothing");
    const std::string bad = "-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n";
    EXPECT_EQ(
        refusal(TlsClientOptions{.ca_data = good + bad}).find("hocket::TlsError: load CA certificates from ca_data: "),
        0U);
}

TEST(OnceTlsContext, the_key_of_another_certificate_is_refused) {
    TlsServerOptions options = server_options();
    options.private_key_file = Certificates::get().client.private_key_file;
    EXPECT_EQ(refusal(options),
              "hocket::TlsError: load the private key " + options.private_key_file + ": key values mismatch");
}

TEST(OnceTlsContext, an_encrypted_key_needs_its_password_and_nobody_is_asked) {
    TlsServerOptions options = server_options();
    options.private_key_file = Certificates::get().encrypted_key_file;
    const std::string refused = "hocket::TlsError: load the private key " + options.private_key_file + ": ";
    EXPECT_EQ(refusal(options).find(refused), 0U) << refusal(options);
    options.private_key_password = "open sezame";
    EXPECT_EQ(refusal(options).find(refused), 0U) << refusal(options);
    options.private_key_password = "open sesame";
    EXPECT_EQ(refusal(options), "nothing");
}

TEST(OnceTlsContext, key_and_certificate_may_stand_in_one_file) {
    const std::string both = Certificates::get().folder + "/both.pem";
    std::ofstream(both) << std::ifstream(Certificates::get().server.private_key_file).rdbuf()
                        << std::ifstream(Certificates::get().server.certificate_file).rdbuf();
    EXPECT_EQ(refusal(TlsServerOptions{.certificate_file = both}), "nothing");
}

TEST(OnceTlsContext, settings_that_make_no_sense_are_refused) {
    EXPECT_EQ(refusal(TlsServerOptions{}), "hocket::ValueError: a TLS server needs a certificate_file");
    EXPECT_EQ(refusal(TlsClientOptions{.private_key_file = "key.pem"}),
              "hocket::ValueError: private_key_file is only meaningful with certificate_file");
    EXPECT_EQ(refusal(TlsClientOptions{.alpn_protocols = {"h2", ""}}),
              "hocket::ValueError: a protocol of ALPN has 1 to 255 bytes, not 0");
    EXPECT_EQ(refusal(TlsClientOptions{.minimum_version = TlsVersion::tls1_3, .maximum_version = TlsVersion::tls1_2}),
              "hocket::ValueError: minimum_version is later than maximum_version");
    EXPECT_EQ(refusal(TlsClientOptions{.ciphers = "ROT13"}),
              "hocket::TlsError: use the ciphers 'ROT13': no cipher match");
    EXPECT_EQ(refusal(TlsClientOptions{.ciphersuites = "ROT13"}),
              "hocket::TlsError: use the ciphersuites 'ROT13': no cipher match");
}

TEST(OnceTlsContext, an_error_has_a_code_of_its_own_category) {
    try {
        TlsContext::client({.ciphers = "ROT13"});
        FAIL();
    } catch (const OSError& e) {  // as Python's ssl.SSLError is one
        EXPECT_STREQ(e.code().category().name(), "tls");
        EXPECT_EQ(e.code().message(), "no cipher match");
        EXPECT_FALSE(e.code() == std::errc::no_such_file_or_directory);
    }
}

}  // namespace
}  // namespace hocket
