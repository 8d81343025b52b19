// SPDX-License-Identifier: MIT
// The key functions of HTTP's exceptions.
#include <hocket/http/errors.h>

#include <hocket/http/http1_writer.h>

namespace hocket::http {

namespace {

std::string detail_or_name(int status, const std::string& detail) {
    if (status < 400 || status > 599)
        throw ValueError("HttpError: the status " + std::to_string(status) + " is no error's");
    return detail.empty() ? std::string(reason_phrase(status)) : detail;
}

}  // namespace

HttpError::HttpError(int status, const std::string& detail)
    : std::runtime_error(detail_or_name(status, detail)), status_(status) {}

ProtocolError::~ProtocolError() = default;
InvalidUrl::~InvalidUrl() = default;
ClientError::~ClientError() = default;
ClientConnectionError::~ClientConnectionError() = default;
ServerDisconnectedError::~ServerDisconnectedError() = default;
ClientPayloadError::~ClientPayloadError() = default;
ClientResponseError::~ClientResponseError() = default;
TooManyRedirects::~TooManyRedirects() = default;
ContentTypeError::~ContentTypeError() = default;
ClientTlsError::~ClientTlsError() = default;
ClientCertificateError::~ClientCertificateError() = default;
ServerFingerprintMismatch::~ServerFingerprintMismatch() = default;
ClientProxyError::~ClientProxyError() = default;
ClientHttpProxyError::~ClientHttpProxyError() = default;
PhaseTimeout::~PhaseTimeout() = default;
PoolTimeout::~PoolTimeout() = default;
ConnectTimeout::~ConnectTimeout() = default;
ReadTimeout::~ReadTimeout() = default;
WriteTimeout::~WriteTimeout() = default;
HttpError::~HttpError() = default;

}  // namespace hocket::http
