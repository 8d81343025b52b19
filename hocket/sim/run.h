// SPDX-License-Identifier: MIT
// Running a world: once, from its seed.
#pragma once

#include <hocket/base/function.h>
#include <hocket/core/coro.h>
#include <hocket/sim/config.h>
#include <hocket/sim/world.h>

namespace hocket::sim {

/// What a run executes: a coroutine function of a world.
using Main = Function<Coro<>(World& world)>;

/// Runs `main(world)`, and all that the hosts of its world do, until `main` has returned: in virtual time, on this thread. Then the
/// hosts' programs are cancelled. The run fails when a program throws, when everybody waits for ever, or when a limit is reached;
/// it does not throw for that. Throws RuntimeError while a loop runs on this thread, and ValueError for a configuration that cannot be
/// (`Config::check`).
HOCKET_EXPORT Outcome run(const Config& config, const Main& main);
/// Runs it twice. Empty: the two were the same, event by event; else where they differ, with the two lines of their stories.
HOCKET_EXPORT std::string check_determinism(Config config, const Main& main);
/// Makes the same choices once more, and tells the story.
HOCKET_EXPORT Outcome replay(const Config& config, const Outcome& outcome, const Main& main);

}  // namespace hocket::sim
