// SPDX-License-Identifier: MIT
// The words of TLS's errors.
#include <hocket/net/tls_error_internal.h>

#include <openssl/err.h>
#include <openssl/sslerr.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

namespace hocket {

namespace {

class TlsCategory final : public std::error_category {
public:
    const char* name() const noexcept override { return "tls"; }
    std::string message(int code) const override {
        const char* reason = ERR_reason_error_string(static_cast<unsigned long>(code));
        return reason ? reason : "error " + std::to_string(code) + " of OpenSSL";
    }
};

class VerificationCategory final : public std::error_category {
public:
    const char* name() const noexcept override { return "tls verification"; }
    std::string message(int code) const override {
        return std::string("certificate verify failed: ") + X509_verify_cert_error_string(code);
    }
};

const TlsCategory tls_category;
const VerificationCategory verification_category;

std::error_code code_of(unsigned long error) noexcept { return {static_cast<int>(error), tls_category}; }

bool concerns_the_name(int verify_code) noexcept {
    return verify_code == X509_V_ERR_HOSTNAME_MISMATCH || verify_code == X509_V_ERR_IP_ADDRESS_MISMATCH;
}

}  // namespace

TlsError::~TlsError() = default;
TlsCertVerificationError::~TlsCertVerificationError() = default;

TlsCertVerificationError::TlsCertVerificationError(int verify_code, const std::string& attempted,
                                                   const std::string& expected)
    : TlsError(std::error_code(verify_code, verification_category), attempted) {
    std::string text = TlsError::what();
    if (concerns_the_name(verify_code)) text += ", certificate is not valid for '" + expected + "'";
    text_ = Shared<const std::string>::make(std::move(text));
}

std::string TlsCertVerificationError::verify_message() const { return X509_verify_cert_error_string(verify_code()); }

void clear_tls_errors() noexcept { ERR_clear_error(); }

unsigned long last_tls_error() noexcept { return ERR_peek_last_error(); }

std::exception_ptr tls_error(const std::string& attempted) {
    const unsigned long error = ERR_peek_last_error();
    ERR_clear_error();
    return std::make_exception_ptr(TlsError(code_of(error), attempted));
}

std::exception_ptr truncation_error(const std::string& attempted) {
    constexpr unsigned long number = ERR_PACK(ERR_LIB_SSL, 0, SSL_R_UNEXPECTED_EOF_WHILE_READING);
    return std::make_exception_ptr(TlsError(code_of(number), attempted));
}

void throw_tls_setup_error(const std::string& attempted) {
    const unsigned long error = ERR_peek_error();
    ERR_clear_error();
    if (ERR_SYSTEM_ERROR(error)) throw OSError(ERR_GET_REASON(error), attempted);
    throw TlsError(code_of(error), attempted);
}

}  // namespace hocket
