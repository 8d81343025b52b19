// SPDX-License-Identifier: MIT
// How a client's requests are signed, and what becomes of a server's challenges.
#pragma once

#include <hocket/http/client_request_internal.h>
#include <hocket/http/digest_internal.h>
#include <hocket/http/message.h>

#include <list>
#include <string>
#include <string_view>

namespace hocket::http {

/// The challenges that a session's servers have made, so that further requests answer them beforehand. Each belongs to the origin that made
/// it, and to a user. The oldest of more than 100 is forgotten.
class DigestMemory {
public:
    DigestState* find(std::string_view origin, std::string_view user) noexcept;
    void keep(std::string origin, std::string user, DigestState state);

private:
    struct Known {
        std::string origin, user;
        DigestState state;
    };
    std::list<Known> known_;
};

/// One request at one URL, until its answer is no challenge any more.
class ClientAuth {
public:
    explicit ClientAuth(DigestMemory& memory) noexcept : memory_(&memory) {}

    /// Writes the field Authorization of what is sent next.
    void sign(ClientRequest& request);
    /// Whether the response is a challenge that sending it once more can answer. Asks the running loop for random bits.
    bool takes_challenge(const ClientRequest& request, const ResponseHead& response);

private:
    DigestMemory* memory_;
    std::string nonce_;          // that was answered; empty: none
    bool is_answering_ = false;  // it was sent to this request
    bool is_again_ = false;      // with a nonce in place of one that was stale
};

}  // namespace hocket::http
