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

    /// What a decision was about: those of one knob have the same.
    struct Site {
        std::uint32_t bound;
        std::uint32_t knob;  ///< of `chance` and `between`, from their arguments; 0: neither
        bool chance;
        friend bool operator==(const Site&, const Site&) = default;
    };

    /// A number below `bound`, which is at least 1.
    std::uint32_t choose(std::uint32_t bound) { return draw({bound, 0, false}); }
    /// True with this probability, of which 1/65536 is the smallest. Above 1 it is 1.
    bool chance(double probability) {
        if (!(probability > 0)) return false;
        const Site site = site_of_chance(probability);
        return draw(site) >= site.knob;
    }
    /// From `low` to `high`, one of 1024 points; the first choice is `low`.
    std::int64_t between(std::int64_t low, std::int64_t high) {
        if (high <= low) return low;
        const std::int64_t distance = high - low, parts = points - 1, part = draw(site_between(low, high));
        return low + distance / parts * part + distance % parts * part / parts;
    }

    /// The site of `chance(probability)`: its knob is the smallest choice that is a true one.
    static Site site_of_chance(double probability) noexcept {
        constexpr std::uint32_t steps = 65536;
        const std::uint32_t never = probability < 1 ? static_cast<std::uint32_t>((1 - probability) * steps) : 0;
        return {steps, never < steps ? never : steps - 1, true};
    }
    static Site site_between(std::int64_t low, std::int64_t high) noexcept {
        Random mixed(static_cast<std::uint64_t>(low));
        mixed = Random(mixed.next() ^ static_cast<std::uint64_t>(high));
        return {static_cast<std::uint32_t>(points), static_cast<std::uint32_t>(mixed.next() >> 32) | 1, false};
    }

    /// All so far.
    const std::vector<std::uint32_t>& made() const noexcept { return made_; }
    /// The site of each that is in `made`, of a run from a list.
    const std::vector<Site>& sites() const noexcept { return sites_; }

private:
    static constexpr std::int64_t points = 1024;  // of a range

    std::uint32_t draw(const Site& site) {
        const std::uint32_t bound = site.bound;
        if (bound <= 1) return 0;
        std::uint32_t choice = 0;
        if (!listed_) {
            choice = static_cast<std::uint32_t>((random_.next() >> 32) * bound >> 32);
        } else if (made_.size() < list_.size()) {
            choice = list_[made_.size()] % bound;
        }
        made_.push_back(choice);
        if (listed_) sites_.push_back(site);
        return choice;
    }

    Random random_;
    std::vector<std::uint32_t> list_;
    std::vector<std::uint32_t> made_;
    std::vector<Site> sites_;
    bool listed_ = false;
};

}  // namespace hocket::sim
