// SPDX-License-Identifier: MIT
// What a simulated network does to programs: the knobs, and what a rule of a test's own makes of a packet.
#pragma once

#include <hocket/base/clock.h>
#include <hocket/base/config.h>

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace hocket::sim {

/// A span of time that is drawn each time.
struct Range {
    Duration low{}, high{};
};

/// What a network and its hosts' kernels do to programs. Probabilities are those of one packet, or one call.
struct NetworkConfig {
    Range latency{std::chrono::microseconds(500), std::chrono::milliseconds(5)};  ///< of a packet between hosts
    Range loopback{std::chrono::microseconds(5), std::chrono::microseconds(50)};  ///< within a host
    double slow = 0.001;  ///< a packet takes up to `slowest` more: it was lost, and sent again
    Duration slowest = std::chrono::seconds(2);
    double lost = 0, duplicated = 0;  ///< of a datagram
    double refused = 0;               ///< a connection, though somebody listens
    double reset = 0;                 ///< a connection, by a packet on it
    double short_io = 0.1;            ///< a read or write that does less than it could
    double late = 0.1;                ///< a completion or a cancel that takes effect up to `latest` later
    Duration latest = std::chrono::milliseconds(1);
    double no_buffers = 0;        ///< ENOBUFS where a socket is made or sends a datagram
    double no_descriptors = 0;    ///< EMFILE though there is room
    bool shuffle = true;          ///< completions of one moment come in any order
    std::size_t buffer = 65536;   ///< bytes on their way or unread, of each direction of a stream
    unsigned descriptors = 1024;  ///< RLIMIT_NOFILE of each host

    /// Nothing goes wrong, and everything takes the same time.
    HOCKET_EXPORT static NetworkConfig calm();
    /// What every program has to live with is drawn from the seed: latency, reads and writes that do less, completions in any order, and
    /// cancels that lose; no faults.
    HOCKET_EXPORT static NetworkConfig weather(std::uint64_t seed);
};

/// What a rule makes of a packet that carries data between hosts.
enum class Verdict : std::uint8_t {
    pass,
    delay,  ///< it takes up to `slowest` more; on a connection, what was sent behind it comes after it
    /// A datagram is lost. A packet of a connection is sent again after 0.2 s, and, as often as the rule, which is asked each time, drops it, after
    /// twice as long, at most 120 s; after 924 s the connection ends with ETIMEDOUT. What was sent behind it comes after it.
    drop,
};

}  // namespace hocket::sim
