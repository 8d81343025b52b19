// SPDX-License-Identifier: MIT
// A simulation, by the headers and libraries that are installed.
#include <hocket/hocket.h>
#include <hocket/sim.h>

#include <cstdio>

hocket::Coro<> sleeper(hocket::sim::World& /*world*/) { co_await hocket::sleep(std::chrono::hours(1)); }

int main() {
    const hocket::sim::Outcome outcome = hocket::sim::run(hocket::sim::Config::swarm(1), sleeper);
    std::printf("%s\n", outcome.ok ? "42" : outcome.error.c_str());
}
