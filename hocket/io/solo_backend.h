// SPDX-License-Identifier: MIT
// The backend `sim`: a simulated host all by itself, for one loop that knows nothing of a world.
#pragma once

#include <hocket/base/owners.h>
#include <hocket/core/backend.h>

#include <cstdint>

namespace hocket::sim {

/// A loop's own simulated host, with weather drawn from `seed` (0: it is calm): what its sockets do to each other takes virtual time, and goes
/// wrong in no way. Jobs of executors run on threads, and time stands meanwhile; files and names are the system's.
HOCKET_EXPORT Unique<Backend> make_solo_backend(std::uint64_t seed);

}  // namespace hocket::sim
