// SPDX-License-Identifier: MIT
// The simulation: worlds of hosts that run programs in virtual time, from a seed. See docs/simulation.md.
#pragma once

#include <hocket/sim/cancel_everywhere.h>
#include <hocket/sim/child_process.h>
#include <hocket/sim/run.h>
#include <hocket/sim/seeds.h>
#include <hocket/sim/shrink.h>
#include <hocket/sim/world.h>
