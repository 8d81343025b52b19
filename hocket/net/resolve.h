// SPDX-License-Identifier: MIT
// Names of hosts to addresses, and back.
#pragma once

#include <hocket/base/errors.h>
#include <hocket/core/coro.h>
#include <hocket/net/address.h>

#include <string>
#include <utility>
#include <vector>

namespace hocket {

/// A name that could not be resolved (`socket.gaierror`): `resolve no.such.host: Name or service not known`. `error_number()` is the
/// errno that comes nearest; `gai_code()` is what getaddrinfo returned (EAI_NONAME ...).
class HOCKET_EXPORT GaiError : public OSError {
public:
    GaiError(int code, int error, const std::string& host);
    ~GaiError() override;
    int gai_code() const noexcept { return gai_code_; }
    const char* what() const noexcept override { return text_->c_str(); }

private:
    int gai_code_;
    Shared<const std::string> text_;
};

struct ResolveOptions {
    AddressFamily family = AddressFamily::unspecified;  ///< only addresses of this one
    bool passive = false;  ///< for a server: no host means all interfaces, not this machine
};

/// The addresses of `host`, in the order in which they are to be tried (`loop.getaddrinfo`). Asks the system, on a few threads that the loop
/// has for names alone; who asks what is asked already waits for the same answer. A numeric host, or none, with the number of a port does
/// not suspend. Throws GaiError, also for a port that is no service; ValueError for a name with a null character. A cancel abandons the
/// question, which the loop's end does not wait for.
HOCKET_EXPORT Coro<std::vector<Address>> getaddrinfo(std::string host, Port port, ResolveOptions options = {});

/// The names of an IP address's host and port, `localhost` and `http` (`loop.getnameinfo`); numbers where there is none, or where `flags` of
/// <netdb.h> say so: NI_NUMERICHOST, NI_NUMERICSERV. Asks as `getaddrinfo` does. Throws GaiError; ValueError for an address that is not an
/// IP address. A cancel abandons the question.
HOCKET_EXPORT Coro<std::pair<std::string, std::string>> getnameinfo(Address address, int flags = 0);

}  // namespace hocket
