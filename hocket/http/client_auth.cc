// SPDX-License-Identifier: MIT
// Basic and Bearer with every sending; Digest after a challenge, and from then on before it.
#include <hocket/http/client_auth_internal.h>

#include <hocket/http/base64_internal.h>
#include <hocket/http/random_internal.h>

#include <utility>

namespace hocket::http {

namespace {

constexpr std::size_t most_known = 100;

}  // namespace

DigestState* DigestMemory::find(std::string_view origin, std::string_view user) noexcept {
    for (Known& known : known_) {
        if (known.origin == origin && known.user == user) return &known.state;
    }
    return nullptr;
}

void DigestMemory::keep(std::string origin, std::string user, DigestState state) {
    if (DigestState* const old = find(origin, user)) {
        // The same nonce, which another request was sent: its answers go on being counted.
        if (old->challenge.nonce != state.challenge.nonce) *old = std::move(state);
        return;
    }
    if (known_.size() == most_known) known_.pop_front();
    known_.push_back({std::move(origin), std::move(user), std::move(state)});
}

void ClientAuth::sign(ClientRequest& request) {
    const Auth& auth = request.auth();
    nonce_.clear();
    switch (auth.scheme()) {
        case Auth::Scheme::none:
        case Auth::Scheme::netrc:  // its file has said Basic or nothing before
            break;
        case Auth::Scheme::basic: request.authorize("Basic " + encode_base64(auth.user() + ':' + auth.secret())); break;
        case Auth::Scheme::bearer: request.authorize("Bearer " + auth.secret()); break;
        case Auth::Scheme::digest: {
            const Url& url = request.name().url;
            DigestState* const state = memory_->find(url.origin(), auth.user());
            if (!state) {
                request.authorize("");
                break;
            }
            nonce_ = state->challenge.nonce;
            const std::string target = url.target();
            request.authorize(answer_digest(
                *state,
                {.user = auth.user(), .password = auth.secret(), .method = request.name().method, .target = target}));
            break;
        }
    }
}

bool ClientAuth::takes_challenge(const ClientRequest& request, const ResponseHead& response) {
    if (response.status != 401 || request.auth().scheme() != Auth::Scheme::digest) return false;
    auto challenge = digest_challenge_of(response.headers);
    if (!challenge) return false;
    if (!challenge->is_stale) {
        // The answer to a challenge of this request, or to the same one before, was wrong: so will be every other.
        if (is_answering_ || (!nonce_.empty() && challenge->nonce == nonce_)) return false;
    } else if (std::exchange(is_again_, is_answering_)) {
        return false;
    }
    is_answering_ = true;
    memory_->keep(request.name().url.origin(), request.auth().user(),
                  {.challenge = std::move(*challenge), .cnonce = random_hexadecimal()});
    return true;
}

}  // namespace hocket::http
