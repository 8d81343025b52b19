// SPDX-License-Identifier: MIT
// The errors of TLS.
#pragma once

#include <hocket/base/errors.h>
#include <hocket/base/owners.h>

#include <string>
#include <system_error>

namespace hocket {

/// TLS failed (`ssl.SSLError`). As every OSError it names what was attempted, with whom, and why:
/// `TLS handshake with 127.0.0.1:8443: wrong version number`. `code()` is OpenSSL's, in a category of its own.
class HOCKET_EXPORT TlsError : public OSError {
public:
    using OSError::OSError;
    ~TlsError() override;
};

/// The peer's certificate does not convince (`ssl.SSLCertVerificationError`):
/// `TLS handshake with 127.0.0.1:8443: certificate verify failed: certificate has expired`.
class HOCKET_EXPORT TlsCertVerificationError final : public TlsError {
public:
    /// `expected`: the name that the certificate should have been for; named where that is what is wrong.
    TlsCertVerificationError(int verify_code, const std::string& attempted, const std::string& expected);
    ~TlsCertVerificationError() override;
    const char* what() const noexcept override { return text_->c_str(); }

    /// Why, in OpenSSL's numbers (X509_V_ERR_CERT_HAS_EXPIRED ...) and words (`certificate has expired`).
    int verify_code() const noexcept { return code().value(); }
    std::string verify_message() const;

private:
    Shared<const std::string> text_;
};

}  // namespace hocket
