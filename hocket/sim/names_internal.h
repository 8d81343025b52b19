// SPDX-License-Identifier: MIT
// The names of a simulated network.
#pragma once

#include <hocket/base/owners.h>
#include <hocket/io/sim_address_internal.h>
#include <hocket/net/address.h>
#include <hocket/net/resolver_internal.h>

#include <cstdint>

namespace hocket::sim {

class Scheduler;

/// Knows the hosts of a world by their names, `localhost`, and a few services. Lives as long as the world.
Shared<NameSystem> names_of(Scheduler& scheduler);
/// As the net room has it.
Address address_of(const Ip& ip, std::uint16_t port);

}  // namespace hocket::sim
