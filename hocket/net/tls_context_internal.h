// SPDX-License-Identifier: MIT
// What the copies of a TLS context share.
#pragma once

#include <hocket/net/tls_context.h>

#include <mutex>
#include <string>
#include <string_view>
#include <vector>

struct ssl_ctx_st;
struct ssl_session_st;

namespace hocket {

class TlsContextState {
public:
    explicit TlsContextState(const TlsClientOptions& options);
    explicit TlsContextState(const TlsServerOptions& options);
    TlsContextState(const TlsContextState&) = delete;
    TlsContextState& operator=(const TlsContextState&) = delete;
    ~TlsContextState();

    ssl_ctx_st* native() const noexcept { return native_; }
    bool is_server() const noexcept { return server_; }
    /// Whether a client may not do without the name of the server.
    bool check_hostname() const noexcept { return check_hostname_; }

    // A client's sessions, the newest of each place: `key` says which.

    /// A reference that is the caller's; null if there is none. One of TLS 1.3 is no longer kept: a ticket that is used twice would let an
    /// onlooker see that both are the same client (RFC 8446, appendix C.4), and there will be new ones.
    ssl_session_st* take_session(std::string_view key) noexcept;
    /// For a loop in virtual time, of which OpenSSL does not know: the age of a session that is about to be used, which it sends if the session is
    /// of TLS 1.3, is that of a new one. How old it is, its ticket says to the server.
    static void make_seem_new(ssl_session_st* session) noexcept;
    /// Takes over the caller's reference.
    void keep_session(const std::string& key, ssl_session_st* session);

    /// OpenSSL has a line for the file of secrets.
    void log_key(const char* line) const noexcept;
    /// In the form of RFC 7301: each with its length before it.
    const std::string& alpn_protocols() const noexcept { return alpn_protocols_; }

private:
    struct Session {
        std::string key;
        ssl_session_st* session;
    };
    template <class Options>
    void set_up(const Options& options);
    void load_trust(const std::string& file, const std::string& path, const std::string& data, bool system);
    void load_identity(const std::string& certificate, const std::string& key, const std::string& password);
    void free_all() noexcept;

    ssl_ctx_st* native_ = nullptr;
    bool server_;
    bool check_hostname_ = false;
    int keylog_ = -1;  // a descriptor
    std::string alpn_protocols_;
    std::mutex mutex_;
    std::vector<Session> sessions_;  // the oldest first
};

}  // namespace hocket
