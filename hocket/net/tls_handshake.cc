// SPDX-License-Identifier: MIT
// The beginning of TLS: arguments, whom to expect, and the handshake.
#include <hocket/flow/wait_for.h>
#include <hocket/net/stream_writer.h>
#include <hocket/net/tls_context_internal.h>
#include <hocket/net/tls_error_internal.h>
#include <hocket/net/tls_transport_internal.h>

#include <idn2.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <optional>
#include <utility>

namespace hocket {

namespace {

constexpr Duration default_handshake_timeout = std::chrono::seconds(60);
constexpr Duration default_shutdown_timeout = std::chrono::seconds(30);

std::string seconds_of(Duration d) {
    char text[32];
    std::snprintf(text, sizeof text, "%g", static_cast<double>(d.count()) / 1e9);
    return text;
}

Duration checked(const char* name, std::optional<Duration> timeout, Duration otherwise) {
    if (timeout && timeout->count() <= 0)
        throw ValueError(std::string(name) + " should be a positive number, got " + seconds_of(*timeout));
    return timeout.value_or(otherwise);
}

std::string ascii_of(const std::string& name) {
    if (std::ranges::all_of(name, [](char c) { return static_cast<unsigned char>(c) < 0x80; })) return name;
    char* ascii = nullptr;
    const int error = idn2_to_ascii_8z(name.c_str(), &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
    if (error != IDN2_OK) throw ValueError("server_hostname " + name + " is no name: " + idn2_strerror(error));
    std::string result = ascii;
    idn2_free(ascii);
    return result;
}

// As it goes into the handshake and is compared with certificates: ASCII, without the dot at the end of a full name. One that begins with
// a dot would fit every name below it; there are other characters that become dots.
std::string checked_hostname(std::string name) {
    if (name.find('\0') != std::string::npos) throw ValueError("server_hostname has a null character");
    name = ascii_of(name);
    if (name.starts_with('.')) throw ValueError("server_hostname cannot start with a leading dot");
    if (name.find("..") != std::string::npos) throw ValueError("server_hostname " + name + " has an empty label");
    if (name.ends_with('.')) name.pop_back();
    return name;
}

// ---- The stream below, as OpenSSL's source and sink

TlsTransport& transport_of(BIO* bio) noexcept { return *static_cast<TlsTransport*>(BIO_get_data(bio)); }

int read_below(BIO* bio, char* to, int n) noexcept {
    TlsTransport& transport = transport_of(bio);
    BIO_clear_retry_flags(bio);
    const std::string_view there = transport.encrypted().substr(0, static_cast<std::size_t>(n));
    if (there.empty()) {
        BIO_set_retry_read(bio);  // at the end, too: OpenSSL would let nothing be written any more
        return -1;
    }
    std::memcpy(to, there.data(), there.size());
    transport.consume_encrypted(there.size());
    return static_cast<int>(there.size());
}

int write_below(BIO* bio, const char* from, int n) noexcept {
    try {
        transport_of(bio).append_encrypted({from, static_cast<std::size_t>(n)});
        return n;
    } catch (...) {  // no memory: OpenSSL reports a failure
        return -1;
    }
}

long control_below(BIO*, int command, long, void*) noexcept { return command == BIO_CTRL_FLUSH; }

BIO* bio_of(TlsTransport& transport) {
    static const BIO_METHOD* const method = [] {
        BIO_METHOD* m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "a stream of hocket's");
        BIO_meth_set_read(m, read_below);
        BIO_meth_set_write(m, write_below);
        BIO_meth_set_ctrl(m, control_below);
        return m;
    }();
    BIO* bio = BIO_new(method);
    if (!bio) throw std::bad_alloc();
    BIO_set_data(bio, &transport);
    BIO_set_init(bio, 1);
    return bio;
}

}  // namespace

TlsSetup tls_setup(TlsSide side, TlsContext context, std::optional<std::string> server_hostname,
                   std::optional<Duration> handshake_timeout, std::optional<Duration> shutdown_timeout) {
    if (!context) throw ValueError("start_tls needs a context that is not empty");
    if (side == TlsSide::client && context.is_server())
        throw ValueError("a client cannot use a context made by TlsContext::server");
    if (side == TlsSide::server && !context.is_server())
        throw ValueError("a server cannot use a context made by TlsContext::client");
    TlsSetup setup;
    setup.handshake_timeout = checked("tls_handshake_timeout", handshake_timeout, default_handshake_timeout);
    setup.shutdown_timeout = checked("tls_shutdown_timeout", shutdown_timeout, default_shutdown_timeout);
    if (context.is_server()) {
        if (server_hostname) throw ValueError("server_hostname is only meaningful for a client");
    } else {
        setup.server_hostname = checked_hostname(std::move(server_hostname).value_or(std::string()));
        if (setup.server_hostname.empty() && context.state().check_hostname())
            throw ValueError("check_hostname requires server_hostname");
    }
    setup.context = std::move(context);
    return setup;
}

void check_no_tls_timeouts(std::optional<Duration> handshake_timeout, std::optional<Duration> shutdown_timeout) {
    if (handshake_timeout) throw ValueError("tls_handshake_timeout is only meaningful with tls");
    if (shutdown_timeout) throw ValueError("tls_shutdown_timeout is only meaningful with tls");
}

TlsTransport::TlsTransport(Transport& lower, TlsSetup setup)
    : Transport(lower.limit()),
      lower_(lower),
      loop_(lower.loop()),
      setup_(std::move(setup)),
      peer_(lower.peername().str()) {
    lower_.share();
    clear_tls_errors();
    TlsContextState& state = setup_.context.state();
    ssl_ = SSL_new(state.native());
    try {
        if (!ssl_) throw_tls_setup_error(attempted_handshake());
        BIO* bio = bio_of(*this);
        SSL_set_bio(ssl_, bio, bio);
        SSL_set_app_data(ssl_, this);
        const auto now = virtual_time();
        if (now) X509_VERIFY_PARAM_set_time(SSL_get0_param(ssl_), *now);
        if (state.is_server()) {
            SSL_set_accept_state(ssl_);
        } else {
            SSL_set_connect_state(ssl_);
            set_name();
            if (SSL_SESSION* session = state.take_session(session_key())) {
                if (now) TlsContextState::make_seem_new(session);
                SSL_set_session(ssl_, session);
                SSL_SESSION_free(session);
            }
        }
    } catch (...) {
        SSL_free(ssl_);
        lower_.drop();
        throw;
    }
    lower_.wanted_ = lower_.securing_ = true;  // nobody else reads or writes during the handshake
}

std::optional<std::time_t> TlsTransport::virtual_time() const noexcept {
    if (!loop_ || loop_->backend().real_time()) return std::nullopt;
    return static_cast<std::time_t>(loop_->backend().wall_time() / 1'000'000'000);
}

TlsTransport::~TlsTransport() {
    // OpenSSL forgets the session of what is freed without a close, which TLS has not asked for since 1.1 (RFC 5246, 7.2.1).
    if (carried_) SSL_set_shutdown(ssl_, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(ssl_);
    if (carried_) lower_.upper_ = nullptr;
    lower_.wanted_ = lower_.securing_ = false;
    lower_.drop();
}

// Whom to ask for, and who may answer. An address is no name: the extension of RFC 6066 has no place for it.
void TlsTransport::set_name() {
    std::string& name = setup_.server_hostname;
    if (name.empty()) return;
    X509_VERIFY_PARAM* const verify = SSL_get0_param(ssl_);
    const bool check = setup_.context.state().check_hostname();
    int done = 1;
    if (const auto address = Address::numeric(name, 0)) {
        const std::string host = address->host();
        if (check) done = X509_VERIFY_PARAM_set1_ip_asc(verify, host.substr(0, host.find('%')).c_str());
    } else {
        // The macro for this, SSL_set_tlsext_host_name, has a cast that C++ warns of.
        if (SSL_ctrl(ssl_, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data()) != 1)
            throw_tls_setup_error(attempted_handshake());
        X509_VERIFY_PARAM_set_hostflags(verify,
                                        X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
        if (check) done = X509_VERIFY_PARAM_set1_host(verify, name.data(), name.size());
    }
    if (done != 1) throw_tls_setup_error(attempted_handshake());
}

// `TLS handshake with 127.0.0.1:8443`, `TLS handshake with example.org (93.184.216.34:443)`
std::string TlsTransport::attempted_handshake() const {
    const std::string& name = setup_.server_hostname;
    if (name.empty() || name == lower_.peername().host()) return "TLS handshake with " + peer_;
    return "TLS handshake with " + name + " (" + peer_ + ")";
}

void TlsTransport::throw_handshake_error() {
    const unsigned long error = last_tls_error();
    const long verify = SSL_get_verify_result(ssl_);
    if (ERR_GET_REASON(error) == SSL_R_CERTIFICATE_VERIFY_FAILED && verify != X509_V_OK) {
        clear_tls_errors();
        throw TlsCertVerificationError(static_cast<int>(verify), attempted_handshake(), setup_.server_hostname);
    }
    std::rethrow_exception(tls_error(attempted_handshake()));
}

// What it sends is not waited for: when that fails, the peer may have said why, and that is read first. Where the stream takes nothing,
// since its end was written, RuntimeError leaves it.
Coro<> TlsTransport::handshake() {
    for (;;) {
        clear_tls_errors();
        const int done = SSL_do_handshake(ssl_);
        const int why = SSL_get_error(ssl_, done);
        if (done != 1 && why != SSL_ERROR_WANT_READ) throw_handshake_error();
        try {
            send_records();
        } catch (const OSError&) {  // the peer may have said why
            records_.clear();
        }
        if (done == 1) break;
        if (lower_.exception()) std::rethrow_exception(lower_.exception());
        if (no_more_encrypted()) throw OSError(ECONNRESET, attempted_handshake());
        co_await lower_.more();
    }
    if (lower_.is_closing()) throw OSError(ECONNABORTED, attempted_handshake());
}

void TlsTransport::give_up_handshake() noexcept {
    say_last_words();
    lower_.consume(encrypted().size());  // whatever it is, it is no data
}

void TlsTransport::take_over() noexcept {
    lower_.wanted_ = lower_.securing_ = false;
    lower_.carry(*this);
    carried_ = true;
}

Coro<> start_tls(TransportHandle stream, TlsSetup setup) {
    Transport& lower = *stream;
    lower.check_loop("StreamWriter::start_tls");
    if (lower.awaited())
        throw RuntimeError("start_tls() called while another coroutine is already waiting for incoming data");
    if (lower.is_closing()) throw OSError(ESHUTDOWN, "TLS handshake with " + lower.peername().str());
    if (lower.sending_file()) throw RuntimeError("unable to start TLS; sendfile is in progress");
    const Duration timeout = setup.handshake_timeout;
    TlsTransport* tls = nullptr;
    try {
        tls = new TlsTransport(lower, std::move(setup));
    } catch (...) {  // nothing more is to be written in the clear
        lower.close();
        throw;
    }
    const TransportHandle holding(tls);
    try {
        co_await wait_for(tls->handshake(), timeout);
    } catch (const TimeoutError&) {
        tls->give_up_handshake();
        lower.abort();
        throw OSError(ECONNABORTED, "TLS handshake with " + lower.peername().str() + " took longer than " +
                                        seconds_of(timeout) + " s");
    } catch (const OSError&) {
        tls->give_up_handshake();
        lower.close();
        throw;
    } catch (...) {  // a cancel
        tls->give_up_handshake();
        lower.abort();
        throw;
    }
    tls->take_over();
}

Coro<> start_tls_of(TransportHandle stream, TlsContext context, StartTlsOptions options) {
    TlsSetup setup = tls_setup(TlsSide::either, std::move(context), std::move(options.server_hostname),
                               options.tls_handshake_timeout, options.tls_shutdown_timeout);
    co_await start_tls(std::move(stream), std::move(setup));
}

}  // namespace hocket
