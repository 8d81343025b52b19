// SPDX-License-Identifier: MIT
// What OpenSSL knows of a connection and of the peer's certificate, in our words.
#include <hocket/net/tls_info.h>

#include <hocket/net/address.h>
#include <hocket/net/tls_transport_internal.h>

#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <algorithm>
#include <chrono>
#include <ctime>
#include <utility>

namespace hocket {

namespace {

std::string text_of(BIO* bio) {
    char* data = nullptr;
    const long size = BIO_ctrl(bio, BIO_CTRL_INFO, 0, static_cast<void*>(&data));
    return std::string(data, size > 0 ? static_cast<std::size_t>(size) : 0);
}

// What `print(bio)` prints.
template <class F>
std::string printed(F print) {
    BIO* bio = BIO_new(BIO_s_mem());
    if (!bio) throw std::bad_alloc();
    print(bio);
    std::string text = text_of(bio);
    BIO_free(bio);
    return text;
}

std::string name_of(const X509_NAME* name) {
    return printed([name](BIO* bio) { X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB); });
}

// Certificates without an end say 9999, which the clock's nanoseconds do not reach.
std::chrono::system_clock::time_point time_of(const ASN1_TIME* time) {
    using Clock = std::chrono::system_clock;
    std::tm parts{};
    if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
    return Clock::from_time_t(std::clamp(timegm(&parts), Clock::to_time_t(Clock::time_point::min()) + 1,
                                         Clock::to_time_t(Clock::time_point::max()) - 1));
}

std::string_view bytes_of(const ASN1_STRING* text) {
    return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
            static_cast<std::size_t>(ASN1_STRING_length(text))};
}

void add_ip_address(std::string_view bytes, std::vector<std::string>& to) {
    char text[INET6_ADDRSTRLEN];
    if (inet_ntop(bytes.size() == 4 ? AF_INET : AF_INET6, bytes.data(), text, sizeof text)) to.emplace_back(text);
}

void add_alternative_names(const X509* x509, TlsCertificate& to) {
    auto* names = static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(x509, NID_subject_alt_name, nullptr, nullptr));
    for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
        const GENERAL_NAME* name = sk_GENERAL_NAME_value(names, i);
        if (name->type == GEN_DNS) {
            to.dns_names.emplace_back(bytes_of(name->d.dNSName));
        } else if (name->type == GEN_IPADD) {
            const std::string_view bytes = bytes_of(name->d.iPAddress);
            if (bytes.size() == 4 || bytes.size() == 16) add_ip_address(bytes, to.ip_addresses);
        }
    }
    GENERAL_NAMES_free(names);
}

TlsCertificate certificate_of(X509* x509) {
    TlsCertificate certificate;
    certificate.subject = name_of(X509_get_subject_name(x509));
    certificate.issuer = name_of(X509_get_issuer_name(x509));
    certificate.not_before = time_of(X509_get0_notBefore(x509));
    certificate.not_after = time_of(X509_get0_notAfter(x509));
    certificate.serial_number = printed([x509](BIO* bio) { i2a_ASN1_INTEGER(bio, X509_get0_serialNumber(x509)); });
    certificate.der = printed([x509](BIO* bio) { i2d_X509_bio(bio, x509); });
    add_alternative_names(x509, certificate);
    return certificate;
}

}  // namespace

Shared<const TlsInfo> TlsTransport::tls() const {
    TlsInfo info;
    info.context = setup_.context;
    info.version = SSL_get_version(ssl_);
    const SSL_CIPHER* cipher = SSL_get_current_cipher(ssl_);
    if (cipher) {
        info.cipher = SSL_CIPHER_get_name(cipher);
        info.cipher_bits = SSL_CIPHER_get_bits(cipher, nullptr);
    }
    const unsigned char* protocol = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl_, &protocol, &size);
    if (size > 0) info.alpn_protocol.assign(reinterpret_cast<const char*>(protocol), size);
    const char* asked_for = SSL_get_servername(ssl_, TLSEXT_NAMETYPE_host_name);
    info.server_hostname = !setup_.server_hostname.empty() ? setup_.server_hostname : asked_for ? asked_for : "";
    info.session_reused = SSL_session_reused(ssl_) == 1;
    if (X509* x509 = SSL_get0_peer_certificate(ssl_)) info.peer_certificate = certificate_of(x509);
    return Shared<const TlsInfo>::make(std::move(info));
}

}  // namespace hocket
