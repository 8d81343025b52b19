// SPDX-License-Identifier: MIT
// A RAND_METHOD that asks the simulation of the thread, if there is one.
#include <hocket/sim/randomness_internal.h>

// The method is deprecated, but honoured by every call that draws: providers would have to be loaded into each context.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/rand.h>

#include <hocket/base/errors.h>

#include <cstring>
#include <utility>

namespace hocket::sim {

namespace {

constinit thread_local Random* in_force = nullptr;

int draw(unsigned char* to, int size) {
    if (in_force == nullptr) return RAND_OpenSSL()->bytes(to, size);
    for (int done = 0; done < size;) {
        const std::uint64_t bits = in_force->next();
        const int count = size - done < 8 ? size - done : 8;
        std::memcpy(to + done, &bits, static_cast<std::size_t>(count));
        done += count;
    }
    return 1;
}

int status() { return in_force == nullptr ? RAND_OpenSSL()->status() : 1; }

const RAND_METHOD method{
    .seed = nullptr, .bytes = draw, .cleanup = nullptr, .add = nullptr, .pseudorand = draw, .status = status};

}  // namespace

OpensslRandomness::OpensslRandomness(Random& random) : outer_(std::exchange(in_force, &random)) {
    static const bool installed =
        RAND_set_rand_method(&method) == 1;  // stays: it serves those without a simulation as before
    if (installed) return;
    in_force = outer_;
    throw RuntimeError("OpenSSL does not take the simulation's random numbers: an engine provides others");
}

OpensslRandomness::~OpensslRandomness() { in_force = outer_; }

}  // namespace hocket::sim
