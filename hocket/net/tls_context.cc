// SPDX-License-Identifier: MIT
// Settings into OpenSSL's context, and the sessions of clients.
#include <hocket/net/tls_context.h>

#include <hocket/base/errors.h>
#include <hocket/io/file_calls_internal.h>
#include <hocket/net/tls_context_internal.h>
#include <hocket/net/tls_error_internal.h>
#include <hocket/net/tls_transport_internal.h>

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <optional>
#include <utility>

namespace hocket {

namespace {

constexpr std::size_t most_sessions = 256;  // of a client: so many places

// ---- What OpenSSL calls. Nothing is thrown through its frames.

// Without this it would ask the terminal.
int give_password(char* buffer, int size, int, void* password) noexcept {
    const auto& text = *static_cast<const std::string*>(password);
    if (text.empty() || text.size() > static_cast<std::size_t>(size)) return -1;
    return static_cast<int>(text.copy(buffer, text.size()));
}

TlsContextState& state_of(const SSL* ssl) noexcept {
    return *static_cast<TlsContextState*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
}

void log_key_of(const SSL* ssl, const char* line) noexcept { state_of(ssl).log_key(line); }

// A connection without a protocol in common goes on without one, as Python's does.
int choose_protocol(SSL* ssl, const unsigned char** chosen, unsigned char* size, const unsigned char* offered,
                    unsigned offered_size, void*) noexcept {
    const std::string& mine = state_of(ssl).alpn_protocols();
    unsigned char* found = nullptr;
    const int result = SSL_select_next_proto(&found, size, reinterpret_cast<const unsigned char*>(mine.data()),
                                             static_cast<unsigned>(mine.size()), offered, offered_size);
    *chosen = found;
    return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

std::optional<std::time_t> virtual_time_of(const SSL* ssl) noexcept {
    return static_cast<const TlsTransport*>(SSL_get_app_data(ssl))->virtual_time();
}

#if OPENSSL_VERSION_NUMBER >= 0x30400000L
std::time_t time_of(const SSL_SESSION* session) noexcept { return SSL_SESSION_get_time_ex(session); }
void set_time(SSL_SESSION* session, std::time_t time) noexcept { SSL_SESSION_set_time_ex(session, time); }
#else  // whose times OpenSSL 3.4 calls deprecated, since a long need not hold them
std::time_t time_of(const SSL_SESSION* session) noexcept { return SSL_SESSION_get_time(session); }
void set_time(SSL_SESSION* session, std::time_t time) noexcept { SSL_SESSION_set_time(session, time); }
#endif

// The ticket of a session has the time in it at which it was made.
int date_ticket(SSL* ssl, void*) noexcept {
    if (const auto now = virtual_time_of(ssl)) set_time(SSL_get_session(ssl), *now);
    return 1;
}

// Does what OpenSSL does without it, but goes by the loop's time.
SSL_TICKET_RETURN take_ticket(SSL* ssl, SSL_SESSION* session, const unsigned char*, std::size_t,
                              SSL_TICKET_STATUS status, void*) noexcept {
    if (status != SSL_TICKET_SUCCESS && status != SSL_TICKET_SUCCESS_RENEW) return SSL_TICKET_RETURN_IGNORE_RENEW;
    if (const auto now = virtual_time_of(ssl)) {
        if (*now - time_of(session) > SSL_SESSION_get_timeout(session)) return SSL_TICKET_RETURN_IGNORE_RENEW;
        TlsContextState::make_seem_new(session);
    }
    return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW;
}

int keep_new_session(SSL* ssl, SSL_SESSION* session) noexcept {
    const auto* transport = static_cast<const TlsTransport*>(SSL_get_app_data(ssl));
    try {
        state_of(ssl).keep_session(transport->session_key(), session);
        return 1;    // the reference is taken over
    } catch (...) {  // no memory: the next connection begins anew
        return 0;
    }
}

// ---- Settings

int number_of(TlsVersion version) noexcept { return version == TlsVersion::tls1_2 ? TLS1_2_VERSION : TLS1_3_VERSION; }

std::string alpn_wire_format(const std::vector<std::string>& protocols) {
    std::string wire;
    for (const std::string& protocol : protocols) {
        if (protocol.empty() || protocol.size() > 255)
            throw ValueError("a protocol of ALPN has 1 to 255 bytes, not " + std::to_string(protocol.size()));
        wire += static_cast<char>(protocol.size());
        wire += protocol;
    }
    return wire;
}

int verify_flags(TlsVerifyMode mode) noexcept {
    switch (mode) {
        case TlsVerifyMode::none: return SSL_VERIFY_NONE;
        case TlsVerifyMode::optional: return SSL_VERIFY_PEER;
        case TlsVerifyMode::required: break;
    }
    return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
}

std::string contents_of(const std::string& file, const std::string& attempted) {
    const int fd = sys::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) throw OSError(errno, attempted);
    std::string all;
    char part[4096];
    ssize_t count = 0;
    do {
        count = sys::read(fd, part, sizeof part);
        if (count > 0) all.append(part, static_cast<std::size_t>(count));
    } while (count > 0 || (count < 0 && errno == EINTR));
    const int error = errno;
    sys::close(fd);
    if (count < 0) throw OSError(error, attempted);
    return all;
}

struct Bio {
    BIO* bio;
    explicit Bio(const std::string& text) : bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))) {}
    Bio(const Bio&) = delete;
    Bio& operator=(const Bio&) = delete;
    ~Bio() { BIO_free(bio); }
};

// Throws, unless no more than the end of the text has kept OpenSSL from reading one more certificate.
void check_end_of_certificates(const std::string& attempted) {
    const unsigned long error = ERR_peek_last_error();
    if (ERR_GET_LIB(error) != ERR_LIB_PEM || ERR_GET_REASON(error) != PEM_R_NO_START_LINE)
        throw_tls_setup_error(attempted);
    ERR_clear_error();
}

void trust(SSL_CTX* context, const std::string& pem, const std::string& attempted) {
    const Bio bio(pem);
    for (int n = 0;; ++n) {
        X509* certificate = PEM_read_bio_X509_AUX(bio.bio, nullptr, nullptr, nullptr);
        if (!certificate) {
            if (n == 0) throw_tls_setup_error(attempted);
            return check_end_of_certificates(attempted);
        }
        const int added = X509_STORE_add_cert(SSL_CTX_get_cert_store(context), certificate);
        X509_free(certificate);
        if (added != 1) throw_tls_setup_error(attempted);
    }
}

// The first certificate is the own one; those behind it lead to an authority.
void present(SSL_CTX* context, const std::string& pem, const std::string& password, const std::string& attempted) {
    const Bio bio(pem);
    void* const asked = const_cast<std::string*>(&password);
    X509* own = PEM_read_bio_X509_AUX(bio.bio, nullptr, give_password, asked);
    const int done = own ? SSL_CTX_use_certificate(context, own) : 0;
    X509_free(own);
    if (done != 1) throw_tls_setup_error(attempted);
    while (X509* issuer = PEM_read_bio_X509(bio.bio, nullptr, give_password, asked)) {
        if (SSL_CTX_add0_chain_cert(context, issuer) != 1) {
            X509_free(issuer);
            throw_tls_setup_error(attempted);
        }
    }
    check_end_of_certificates(attempted);
}

}  // namespace

template <class Options>
void TlsContextState::set_up(const Options& options) {
    clear_tls_errors();
    native_ = SSL_CTX_new(server_ ? TLS_server_method() : TLS_client_method());
    if (!native_) throw_tls_setup_error("make a TLS context");
    SSL_CTX_set_app_data(native_, this);
    SSL_CTX_set_options(native_, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    // An idle connection holds no buffers, and a record may be written from a place that moves.
    SSL_CTX_set_mode(native_, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    if (options.minimum_version > options.maximum_version)
        throw ValueError("minimum_version is later than maximum_version");
    SSL_CTX_set_min_proto_version(native_, number_of(options.minimum_version));
    SSL_CTX_set_max_proto_version(native_, number_of(options.maximum_version));
    if (!options.ciphers.empty() && SSL_CTX_set_cipher_list(native_, options.ciphers.c_str()) != 1)
        throw_tls_setup_error("use the ciphers '" + options.ciphers + "'");
    if (!options.ciphersuites.empty() && SSL_CTX_set_ciphersuites(native_, options.ciphersuites.c_str()) != 1)
        throw_tls_setup_error("use the ciphersuites '" + options.ciphersuites + "'");

    load_identity(options.certificate_file, options.private_key_file, options.private_key_password);
    SSL_CTX_set_verify(native_, verify_flags(options.verify_mode), nullptr);
    // As Python 3.13's default context: a certificate that is trusted itself ends the chain, and what RFC 5280 demands is demanded.
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(native_),
                                X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_X509_STRICT | X509_V_FLAG_TRUSTED_FIRST);
    load_trust(options.ca_file, options.ca_path, options.ca_data, options.verify_mode != TlsVerifyMode::none);
    alpn_protocols_ = alpn_wire_format(options.alpn_protocols);

    if (options.keylog_file.empty()) return;
    keylog_ = ::open(options.keylog_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (keylog_ < 0) throw OSError(errno, "open the keylog file " + options.keylog_file);
    SSL_CTX_set_keylog_callback(native_, log_key_of);
}

TlsContextState::TlsContextState(const TlsClientOptions& options)
    : server_(false), check_hostname_(options.check_hostname && options.verify_mode != TlsVerifyMode::none) {
    try {
        set_up(options);
    } catch (...) {
        free_all();
        throw;
    }
    const auto* protocols = reinterpret_cast<const unsigned char*>(alpn_protocols_.data());
    SSL_CTX_set_alpn_protos(native_, protocols, static_cast<unsigned>(alpn_protocols_.size()));
    SSL_CTX_set_session_cache_mode(native_, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    if (options.session_resumption) SSL_CTX_sess_set_new_cb(native_, keep_new_session);
}

TlsContextState::TlsContextState(const TlsServerOptions& options) : server_(true) {
    if (options.certificate_file.empty()) throw ValueError("a TLS server needs a certificate_file");
    try {
        set_up(options);
    } catch (...) {
        free_all();
        throw;
    }
    if (!alpn_protocols_.empty()) SSL_CTX_set_alpn_select_cb(native_, choose_protocol, nullptr);
    // Sessions are in the tickets that clients keep; the server has none.
    SSL_CTX_set_session_cache_mode(native_, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_session_ticket_cb(native_, date_ticket, take_ticket, nullptr);
    SSL_CTX_set_session_id_context(native_, reinterpret_cast<const unsigned char*>("hocket"), 6);
    if (options.session_resumption) return;
    SSL_CTX_set_options(native_, SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(native_, 0);
}

TlsContextState::~TlsContextState() { free_all(); }

void TlsContextState::free_all() noexcept {
    for (const Session& s : sessions_) SSL_SESSION_free(s.session);
    SSL_CTX_free(native_);
    if (keylog_ >= 0) ::close(keylog_);
}

void TlsContextState::load_identity(const std::string& certificate, const std::string& key,
                                    const std::string& password) {
    if (certificate.empty()) {
        if (!key.empty()) throw ValueError("private_key_file is only meaningful with certificate_file");
        return;
    }
    std::string attempted = "load the certificate " + certificate;
    present(native_, contents_of(certificate, attempted), password, attempted);
    const std::string& key_file = key.empty() ? certificate : key;
    attempted = "load the private key " + key_file;
    const std::string pem = contents_of(key_file, attempted);
    const Bio bio(pem);
    EVP_PKEY* own = PEM_read_bio_PrivateKey(bio.bio, nullptr, give_password, const_cast<std::string*>(&password));
    const int done = own ? SSL_CTX_use_PrivateKey(native_, own) : 0;
    EVP_PKEY_free(own);
    // That the key is another certificate's is noticed here.
    if (done != 1 || SSL_CTX_check_private_key(native_) != 1) throw_tls_setup_error(attempted);
}

void TlsContextState::load_trust(const std::string& file, const std::string& path, const std::string& data,
                                 bool system) {
    const std::string attempted = "load CA certificates from ";
    if (!file.empty()) trust(native_, contents_of(file, attempted + file), attempted + file);
    if (!path.empty()) {  // OpenSSL looks there only when it needs one, and says nothing
        struct stat status{};
        const int error = ::stat(path.c_str(), &status) != 0 ? errno : S_ISDIR(status.st_mode) ? 0 : ENOTDIR;
        if (error != 0) throw OSError(error, attempted + path);
        if (SSL_CTX_load_verify_dir(native_, path.c_str()) != 1) throw_tls_setup_error(attempted + path);
    }
    if (!data.empty()) trust(native_, data, attempted + "ca_data");
    const bool given = !file.empty() || !path.empty() || !data.empty();
    if (system && !given && SSL_CTX_set_default_verify_paths(native_) != 1)
        throw_tls_setup_error("load the system's CA certificates");
}

// ---- What connections ask

ssl_session_st* TlsContextState::take_session(std::string_view key) noexcept {
    const std::lock_guard lock(mutex_);
    const auto found = std::ranges::find(sessions_, key, &Session::key);
    if (found == sessions_.end()) return nullptr;
    SSL_SESSION* const session = found->session;
    if (SSL_SESSION_get_protocol_version(session) < TLS1_3_VERSION) {
        SSL_SESSION_up_ref(session);
    } else {
        sessions_.erase(found);
    }
    return session;
}

// A second more or less does not show: OpenSSL takes one off (RFC 8446, 4.2.11.1 has the age in milliseconds; it counts seconds).
void TlsContextState::make_seem_new(ssl_session_st* session) noexcept { set_time(session, std::time(nullptr)); }

void TlsContextState::keep_session(const std::string& key, ssl_session_st* session) {
    const std::lock_guard lock(mutex_);
    const auto found = std::ranges::find(sessions_, key, &Session::key);
    if (found != sessions_.end()) {
        SSL_SESSION_free(std::exchange(found->session, session));
        return;
    }
    Session kept{key, session};
    if (sessions_.size() >= most_sessions) {
        SSL_SESSION_free(sessions_.front().session);
        sessions_.erase(sessions_.begin());
    }
    sessions_.push_back(std::move(kept));
}

void TlsContextState::log_key(const char* line) const noexcept {
    char text[512];
    const std::size_t size = std::min(std::strlen(line), sizeof text - 1);
    std::memcpy(text, line, size);
    text[size] = '\n';
    if (::write(keylog_, text, size + 1) < 0) return;  // it is a help for a person, who will miss it
}

// ---- Handles

TlsContext TlsContext::client(TlsClientOptions options) {
    return TlsContext(Shared<TlsContextState>::make(std::as_const(options)));
}

TlsContext TlsContext::server(TlsServerOptions options) {
    return TlsContext(Shared<TlsContextState>::make(std::as_const(options)));
}

bool TlsContext::is_server() const noexcept { return state_ && state_->is_server(); }

}  // namespace hocket
