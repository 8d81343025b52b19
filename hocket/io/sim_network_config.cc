// SPDX-License-Identifier: MIT
// Networks that are made, not given.
#include <hocket/io/sim_network_config.h>

#include <hocket/io/choices.h>

namespace hocket::sim {

NetworkConfig NetworkConfig::calm() {
    NetworkConfig n;
    n.latency = {std::chrono::microseconds(500), std::chrono::microseconds(500)};
    n.loopback = {std::chrono::microseconds(10), std::chrono::microseconds(10)};
    n.slow = n.short_io = n.late = 0;
    n.shuffle = false;
    return n;
}

NetworkConfig NetworkConfig::weather(std::uint64_t seed) {
    Choices knobs(seed ^ 0x5745'4154'4845'52U);
    NetworkConfig n = calm();
    const auto maybe = [&knobs] { return knobs.chance(0.5); };
    const auto up_to = [&](double most) { return maybe() ? most * knobs.choose(1000) / 1000 : 0; };
    n.latency = {std::chrono::microseconds(knobs.between(1, 1000)),
                 std::chrono::microseconds(knobs.between(1000, 100'000))};
    n.loopback.high = std::chrono::microseconds(knobs.between(10, 1000));
    n.slow = up_to(0.05);
    n.short_io = up_to(1);
    n.late = up_to(0.5);
    n.latest = std::chrono::microseconds(knobs.between(1, 10'000));
    n.shuffle = maybe();
    n.buffer = std::size_t{1} << (10 + knobs.choose(9));
    return n;
}

}  // namespace hocket::sim
