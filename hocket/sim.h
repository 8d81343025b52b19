// SPDX-License-Identifier: MIT
// The simulation: worlds of hosts that run programs in virtual time, from a seed. See docs/simulation.md.
#pragma once

#include <hocket/sim/run.h>
#include <hocket/sim/world.h>
