// SPDX-License-Identifier: MIT
// OpenSSL's random numbers, from the simulation.
#pragma once

#include <hocket/io/choices.h>

namespace hocket::sim {

/// While it lives, what OpenSSL draws on this thread comes from `random`; other threads have the system's numbers.
class OpensslRandomness {
public:
    explicit OpensslRandomness(Random& random);
    OpensslRandomness(const OpensslRandomness&) = delete;
    OpensslRandomness& operator=(const OpensslRandomness&) = delete;
    ~OpensslRandomness();

private:
    Random* outer_;
};

}  // namespace hocket::sim
