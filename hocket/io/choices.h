// SPDX-License-Identifier: MIT
// The decisions of a simulation: one stream of numbers, drawn from a seed or read from a list, and recorded.
#pragma once

#include <hocket/base/config.h>

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace hocket::sim {

/// Random numbers from a seed (SplitMix64). Equal seeds give equal numbers, on every machine.
class Random {
public:
    explicit Random(std::uint64_t seed) noexcept : state_(seed) {}
    std::uint64_t next() noexcept {
        state_ += 0x9E3779B97F4A7C15U;
        std::uint64_t z = state_;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
        return z ^ (z >> 31);
    }

private:
    std::uint64_t state_;
};

/// What may happen in a simulation in more than one way, as one stream: each decision is a number below a bound, of which 0 is what a calm
/// system does. So a run is repeated from its seed or from its list, and made simpler by putting zeros into the list.
///
/// A decision without alternatives is not one: a bound of 1, or a probability of 0, takes nothing from the stream.
class HOCKET_EXPORT Choices {
public:
    explicit Choices(std::uint64_t seed) noexcept : random_(seed) {}
    /// What `made` gave of another run; 0 for all that comes behind its end. A number that its bound does not allow is taken
    /// modulo the bound.
    explicit Choices(std::vector<std::uint32_t> list) noexcept : random_(0), list_(std::move(list)), listed_(true) {}

    /// A number below `bound`, which is at least 1.
    std::uint32_t choose(std::uint32_t bound) {
        if (bound <= 1) return 0;
        std::uint32_t choice = 0;
        if (!listed_) {
            choice = static_cast<std::uint32_t>((random_.next() >> 32) * bound >> 32);
        } else if (made_.size() < list_.size()) {
            choice = list_[made_.size()] % bound;
        }
        made_.push_back(choice);
        return choice;
    }
    /// True with this probability, of which 1/65536 is the smallest.
    bool chance(double probability) {
        if (probability <= 0) return false;
        constexpr std::uint32_t steps = 65536;
        const auto never = static_cast<std::uint32_t>((1 - probability) * steps);
        return choose(steps) >= (never < steps ? never : steps - 1);
    }
    /// From `low` to `high`, one of 1024 points; the first choice is `low`.
    std::int64_t between(std::int64_t low, std::int64_t high) {
        if (high <= low) return low;
        constexpr std::int64_t steps = 1024;
        return low + (high - low) / (steps - 1) * choose(static_cast<std::uint32_t>(steps));
    }

    /// All so far.
    const std::vector<std::uint32_t>& made() const noexcept { return made_; }

private:
    Random random_;
    std::vector<std::uint32_t> list_;
    std::vector<std::uint32_t> made_;
    bool listed_ = false;
};

}  // namespace hocket::sim
