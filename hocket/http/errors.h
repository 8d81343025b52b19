// SPDX-License-Identifier: MIT
// The exceptions of HTTP: aiohttp's names and hierarchy, what a protocol's state machine throws, and what a handler does.
#pragma once

#include <hocket/base/errors.h>

#include <stdexcept>
#include <string>

namespace hocket::http {

/// The peer's bytes are no HTTP, or exceed a limit. `what()` says which part of which message and why; bytes of the peer appear in it
/// only escaped and cut.
class HOCKET_EXPORT ProtocolError : public std::runtime_error {
public:
    explicit ProtocolError(const std::string& message, int status = 400)
        : std::runtime_error(message), status_(status) {}
    ~ProtocolError() override;
    /// What a server answers: before it closes, 400, 408, 413, 414, 431, 501 or 505; 415 for a body that it cannot read.
    int status() const noexcept { return status_; }

private:
    int status_;
};

/// What is no URL, or none that can be fetched: `parse URL http://a b/: a space in the host` (`aiohttp.InvalidURL`; no ClientError).
class HOCKET_EXPORT InvalidUrl : public ValueError {
public:
    using ValueError::ValueError;
    ~InvalidUrl() override;
};

/// A request failed: the base of all below (`aiohttp.ClientError`). A time limit that passed is hocket::TimeoutError.
class HOCKET_EXPORT ClientError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
    ~ClientError() override;
};

/// No connection, or a lost one: `GET http://127.0.0.1:81/: connect to 127.0.0.1:81: Connection refused`
/// (`aiohttp.ClientConnectionError`).
class HOCKET_EXPORT ClientConnectionError : public ClientError {
public:
    using ClientError::ClientError;
    ~ClientConnectionError() override;
};

/// The server closed the connection before it answered (`aiohttp.ServerDisconnectedError`).
class HOCKET_EXPORT ServerDisconnectedError : public ClientConnectionError {
public:
    using ClientConnectionError::ClientConnectionError;
    ~ServerDisconnectedError() override;
};

/// TLS with the server, or with the proxy, failed (`aiohttp.ClientConnectorSSLError`).
class HOCKET_EXPORT ClientTlsError : public ClientConnectionError {
public:
    using ClientConnectionError::ClientConnectionError;
    ~ClientTlsError() override;
};

/// The server's certificate does not convince: unknown authority, expired, another name (`aiohttp.ClientConnectorCertificateError`).
class HOCKET_EXPORT ClientCertificateError : public ClientTlsError {
public:
    using ClientTlsError::ClientTlsError;
    ~ClientCertificateError() override;
};

/// The server's certificate is not the one of the option `fingerprint` (`aiohttp.ServerFingerprintMismatch`).
class HOCKET_EXPORT ServerFingerprintMismatch : public ClientTlsError {
public:
    using ClientTlsError::ClientTlsError;
    ~ServerFingerprintMismatch() override;
};

/// The proxy could not be reached, or did not do its part (`aiohttp.ClientProxyConnectionError`, `httpx.ProxyError`).
class HOCKET_EXPORT ClientProxyError : public ClientConnectionError {
public:
    using ClientConnectionError::ClientConnectionError;
    ~ClientProxyError() override;
};

/// A response's body ended early, or is malformed (`aiohttp.ClientPayloadError`).
class HOCKET_EXPORT ClientPayloadError : public ClientError {
public:
    using ClientError::ClientError;
    ~ClientPayloadError() override;
};

/// A response that is malformed, or whose status `raise_for_status()` takes for an error: `GET http://127.0.0.1/x: 404 Not Found`
/// (`aiohttp.ClientResponseError`).
class HOCKET_EXPORT ClientResponseError : public ClientError {
public:
    explicit ClientResponseError(const std::string& message, int status = 0) : ClientError(message), status_(status) {}
    ~ClientResponseError() override;
    /// The response's; 0 if there was none that could be read.
    int status() const noexcept { return status_; }

private:
    int status_;
};

/// The proxy refused to connect to the server; the status is the proxy's (`aiohttp.ClientHttpProxyError`):
/// `GET https://example.org/: the proxy http://127.0.0.1:3128 refused to connect: 407 Proxy Authentication Required`.
class HOCKET_EXPORT ClientHttpProxyError : public ClientResponseError {
public:
    using ClientResponseError::ClientResponseError;
    ~ClientHttpProxyError() override;
};

/// More redirects than `max_redirects` (`aiohttp.TooManyRedirects`).
class HOCKET_EXPORT TooManyRedirects : public ClientResponseError {
public:
    using ClientResponseError::ClientResponseError;
    ~TooManyRedirects() override;
};

/// JSON was asked for, and the response's Content-Type names something else (`aiohttp.ContentTypeError`).
class HOCKET_EXPORT ContentTypeError : public ClientResponseError {
public:
    using ClientResponseError::ClientResponseError;
    ~ContentTypeError() override;
};

/// One of the limits of ClientTimeout passed (`aiohttp.ServerTimeoutError`, `httpx.TimeoutException`): the base of the next four.
class HOCKET_EXPORT PhaseTimeout : public TimeoutError {
public:
    using TimeoutError::TimeoutError;
    ~PhaseTimeout() override;
};

/// `GET http://127.0.0.1/: no connection was free for 2 s` (`httpx.PoolTimeout`).
class HOCKET_EXPORT PoolTimeout : public PhaseTimeout {
public:
    using PhaseTimeout::PhaseTimeout;
    ~PoolTimeout() override;
};

/// `GET http://127.0.0.1/: connect to 127.0.0.1:80: timed out after 2 s` (`httpx.ConnectTimeout`, `aiohttp.ConnectionTimeoutError`).
class HOCKET_EXPORT ConnectTimeout : public PhaseTimeout {
public:
    using PhaseTimeout::PhaseTimeout;
    ~ConnectTimeout() override;
};

/// `GET http://127.0.0.1/: nothing came from 127.0.0.1:80 for 2 s` (`httpx.ReadTimeout`, `aiohttp.SocketTimeoutError`).
class HOCKET_EXPORT ReadTimeout : public PhaseTimeout {
public:
    using PhaseTimeout::PhaseTimeout;
    ~ReadTimeout() override;
};

/// `PUT http://127.0.0.1/: 127.0.0.1:80 took nothing of the body for 2 s` (`httpx.WriteTimeout`).
class HOCKET_EXPORT WriteTimeout : public PhaseTimeout {
public:
    using PhaseTimeout::PhaseTimeout;
    ~WriteTimeout() override;
};

/// Thrown by a server's handler: the answer has this status and the body `{"detail": "..."}` (`aiohttp.web.HTTPException`, FastAPI's
/// `HTTPException`). It is not reported.
class HOCKET_EXPORT HttpError : public std::runtime_error {
public:
    /// `detail`: what the client is told; empty: the status's name, such as `Not Found`. Throws ValueError for a status outside 400 to 599.
    explicit HttpError(int status, const std::string& detail = {});
    ~HttpError() override;
    int status() const noexcept { return status_; }

private:
    int status_;
};

}  // namespace hocket::http
