// SPDX-License-Identifier: MIT
// The beginning of a connection through a SOCKS proxy, from bytes to bytes: RFC 1928, and RFC 1929 for user and password.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace hocket::http {

/// The client's side, without input or output. Names are resolved by the proxy.
class Socks5 {
public:
    struct Credentials {
        std::string user = {}, password = {};
    };

    /// Where to: a numeric host, or a name. Throws ValueError for a name, user or password of more than 255 bytes, which do not fit.
    Socks5(std::string host, std::uint16_t port, Credentials credentials);

    /// What is sent first.
    std::string greeting() const;
    /// Takes what belongs to it off the front of `input`. Gives what is to be sent next, if anything is. Throws ProtocolError, which says what the
    /// proxy refuses, or that it speaks something else.
    std::string next(std::string_view& input);
    /// The connection to the server is there: all further bytes are its own.
    bool is_done() const noexcept { return step_ == Step::done; }

private:
    enum class Step : std::uint8_t { method, credentials, reply, done };
    std::string take_method(unsigned char method);
    std::string request() const;
    bool has_credentials() const noexcept { return !credentials_.user.empty() || !credentials_.password.empty(); }

    std::string host_;
    std::uint16_t port_;
    Credentials credentials_;
    Step step_ = Step::method;
};

}  // namespace hocket::http
