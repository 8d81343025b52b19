// SPDX-License-Identifier: MIT
// What a side of TLS connections is made of: certificates, whom it trusts, versions, ciphers.
#pragma once

#include <hocket/base/clock.h>
#include <hocket/base/owners.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace hocket {

class TlsContextState;

/// Older versions are not spoken (RFC 8996).
enum class TlsVersion : std::uint8_t { tls1_2, tls1_3 };

/// Whether the peer has to prove who it is (`ssl.VerifyMode`). `optional` is for servers: a certificate is checked if the client has one.
enum class TlsVerifyMode : std::uint8_t { none, optional, required };

/// `TlsContext::client({.ca_file = "ca.pem"})`. Files are PEM.
struct TlsClientOptions {
    std::string ca_file = {};  ///< certificates to trust; without any of these three, those of the system
    std::string ca_path = {};  ///< a folder of such, named by hash (`openssl rehash`)
    std::string ca_data = {};  ///< such certificates themselves
    TlsVerifyMode verify_mode = TlsVerifyMode::required;  ///< with `none`, anybody may pose as the server
    bool check_hostname = true;             ///< the certificate is for the name, or the IP address, that was asked for
    std::string certificate_file = {};      ///< the client's own, and those between it and the root
    std::string private_key_file = {};      ///< its key; by default in the same file
    std::string private_key_password = {};  ///< of an encrypted key
    std::vector<std::string> alpn_protocols = {};  ///< such as `h2`, `http/1.1`, the best first (RFC 7301)
    TlsVersion minimum_version = TlsVersion::tls1_2;
    TlsVersion maximum_version = TlsVersion::tls1_3;
    std::string ciphers = {};        ///< of TLS 1.2, as OpenSSL lists them
    std::string ciphersuites = {};   ///< of TLS 1.3: `TLS_AES_256_GCM_SHA384:...`
    bool session_resumption = true;  ///< a second connection to the same place is spared most of the handshake
    std::string keylog_file = {};    ///< the connections' secrets are appended to it, for Wireshark
};

/// `TlsContext::server({.certificate_file = "cert.pem", .private_key_file = "key.pem"})`. Files are PEM.
struct TlsServerOptions {
    std::string certificate_file = {};                ///< the server's own, and those between it and the root
    std::string private_key_file = {};                ///< its key; by default in the same file
    std::string private_key_password = {};            ///< of an encrypted key
    TlsVerifyMode verify_mode = TlsVerifyMode::none;  ///< whether clients have to have certificates
    std::string ca_file = {};                         ///< of clients: certificates to trust; without any, the system's
    std::string ca_path = {};                         ///< a folder of such, named by hash (`openssl rehash`)
    std::string ca_data = {};                         ///< such certificates themselves
    std::vector<std::string> alpn_protocols = {};     ///< the first that the client speaks, too, is chosen
    TlsVersion minimum_version = TlsVersion::tls1_2;
    TlsVersion maximum_version = TlsVersion::tls1_3;
    std::string ciphers = {};        ///< of TLS 1.2, as OpenSSL lists them
    std::string ciphersuites = {};   ///< of TLS 1.3: `TLS_AES_256_GCM_SHA384:...`
    bool session_resumption = true;  ///< clients get tickets, with which they are spared most of the next handshake
    std::string keylog_file = {};    ///< the connections' secrets are appended to it, for Wireshark
};

/// The settings of one side of TLS connections (`ssl.SSLContext`, as `ssl.create_default_context` makes it): TLS 1.2 and up, no
/// renegotiation, no compression; a client verifies the server's certificate and name. Copies stand for the same one, which lives as long as
/// they and the connections made with it. Empty, it means: no TLS. Thread-safe: loops of several threads may share one.
class HOCKET_EXPORT TlsContext {
public:
    TlsContext() noexcept = default;

    /// Reads the files, and blocks meanwhile. Throws OSError or TlsError, which name the file and what is wrong with it; ValueError.
    static TlsContext client(TlsClientOptions options = {});
    /// The same of the other side. Throws ValueError without a certificate.
    static TlsContext server(TlsServerOptions options);

    explicit operator bool() const noexcept { return static_cast<bool>(state_); }
    bool is_server() const noexcept;
    TlsContextState& state() const noexcept { return *state_; }
    friend bool operator==(const TlsContext& a, const TlsContext& b) noexcept { return a.state_ == b.state_; }

private:
    explicit TlsContext(Shared<TlsContextState> state) noexcept : state_(std::move(state)) {}
    Shared<TlsContextState> state_;
};

/// `co_await writer.start_tls(context, {.server_hostname = "example.org"})`
struct StartTlsOptions {
    std::optional<std::string> server_hostname = {};     ///< of a client: whom the certificate must be for
    std::optional<Duration> tls_handshake_timeout = {};  ///< 60 s, if not given
    std::optional<Duration> tls_shutdown_timeout = {};   ///< 30 s, if not given: how long a close may take
};

}  // namespace hocket
