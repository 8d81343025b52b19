// SPDX-License-Identifier: MIT
// Configurations that are made, not given.
#include <hocket/sim/config.h>

#include <hocket/base/errors.h>
#include <hocket/io/choices.h>
#include <hocket/sim/scheduler_internal.h>

#include <string>
#include <utility>

namespace hocket::sim {

namespace {

[[noreturn]] void refuse(const char* knob, const std::string& why) { throw ValueError(std::string(knob) + ": " + why); }

void check_probability(const char* knob, double value) {
    if (!(value >= 0 && value <= 1)) refuse(knob, std::to_string(value) + " is no probability");
}

}  // namespace

void check_range(const char* knob, const Range& range) {
    if (range.low.count() < 0) refuse(knob, "its low is before 0");
    if (range.high.count() < range.low.count()) refuse(knob, "its high is before its low");
}

void Config::check() const {
    for (const auto& [knob, value] : {std::pair{"unresolved", unresolved},
                                      {"network.slow", network.slow},
                                      {"network.lost", network.lost},
                                      {"network.duplicated", network.duplicated},
                                      {"network.refused", network.refused},
                                      {"network.reset", network.reset},
                                      {"network.short_io", network.short_io},
                                      {"network.late", network.late},
                                      {"network.no_buffers", network.no_buffers},
                                      {"network.no_descriptors", network.no_descriptors},
                                      {"disk.lost", disk.lost},
                                      {"disk.torn", disk.torn},
                                      {"disk.eio", disk.eio},
                                      {"disk.enospc", disk.enospc}})
        check_probability(knob, value);
    check_range("job", job);
    check_range("network.latency", network.latency);
    check_range("network.loopback", network.loopback);
    for (const auto& [knob, span] : {std::pair{"step_cost", step_cost},
                                     {"skew", skew},
                                     {"time_limit", time_limit},
                                     {"quiet_limit", quiet_limit},
                                     {"network.slowest", network.slowest},
                                     {"network.latest", network.latest},
                                     {"disk.writeback", disk.writeback}}) {
        if (span.count() < 0) refuse(knob, "a span of time below 0");
    }
    if (network.buffer == 0) refuse("network.buffer", "no byte would ever get through");
    if (max_steps == 0) refuse("max_steps", "no program would ever run");
    if (max_spins == 0) refuse("max_spins", "no program would ever run");
}

Config Config::calm(std::uint64_t seed) {
    Config config;
    config.seed = seed;
    config.network = NetworkConfig::calm();
    config.job = {std::chrono::microseconds(100), std::chrono::microseconds(100)};
    return config;
}

Config Config::swarm(std::uint64_t seed) {
    Choices knobs(seed ^ 0x5357'4152'4DU);
    Config config = calm(seed);
    const auto maybe = [&knobs] { return knobs.chance(0.5); };
    const auto up_to = [&](double most) { return maybe() ? most * knobs.choose(1000) / 1000 : 0; };
    config.job.high = std::chrono::microseconds(knobs.between(100, 100'000));
    config.unresolved = up_to(0.05);
    config.shuffle_tasks = maybe();
    NetworkConfig& n = config.network;
    n = NetworkConfig::weather(seed);
    n.lost = up_to(0.2);
    n.duplicated = up_to(0.1);
    n.refused = up_to(0.05);
    n.reset = up_to(0.01);
    n.no_buffers = up_to(0.01);
    n.no_descriptors = up_to(0.01);
    n.descriptors = maybe() ? 1024 : 16 + knobs.choose(64);
    if (maybe()) n.buffer = std::size_t{1} << (6 + knobs.choose(4));
    DiskConfig& d = config.disk;
    d.lost = maybe() ? 1 : up_to(1);
    d.torn = up_to(0.2);
    d.eio = up_to(0.01);
    d.enospc = up_to(0.01);
    d.writeback = std::chrono::milliseconds(knobs.between(100, 60'000));
    if (maybe()) d.capacity = std::uint64_t{1} << (20 + knobs.choose(10));
    n.slowest = std::chrono::milliseconds(knobs.between(200, 5000));
    n.loopback.low = std::chrono::microseconds(knobs.between(1, 10));
    config.job.low = std::chrono::microseconds(knobs.between(1, 100));
    config.wall_clock = std::chrono::seconds(knobs.between(946'684'800, 3'000'000'000));  // 2000 to 2065
    if (maybe()) config.skew = std::chrono::milliseconds(knobs.between(1, 100'000));
    config.step_cost = std::chrono::nanoseconds(knobs.between(10, 1000));
    return config;
}

}  // namespace hocket::sim
