// SPDX-License-Identifier: MIT
// The search for a smaller run: what is tried, in which order.
#include <hocket/sim/shrink.h>

#include <hocket/io/choices.h>
#include <hocket/sim/scheduler_internal.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <cstddef>
#include <utility>
#include <vector>

namespace hocket::sim {

namespace {

// Without what may differ from run to run: digits, and all of a hexadecimal number; but with the line of a source file.
std::string kind_of(std::string_view error) {
    std::string kind;
    const std::string_view line = error.substr(0, error.find('\n'));
    for (std::size_t i = 0; i < line.size();) {
        if (std::isdigit(static_cast<unsigned char>(line[i])) == 0) {
            kind += line[i++];
            continue;
        }
        const std::size_t start = i;
        const bool hexadecimal = line[i] == '0' && i + 1 < line.size() && line[i + 1] == 'x';
        if (hexadecimal) i += 2;
        const auto belongs = [&](char c) {
            const auto u = static_cast<unsigned char>(c);
            return (hexadecimal ? std::isxdigit(u) : std::isdigit(u)) != 0;
        };
        while (i < line.size() && belongs(line[i])) ++i;
        const bool place = kind.ends_with(".cc:") || kind.ends_with(".cpp:") || kind.ends_with(".h:");
        kind += place ? std::string(line.substr(start, i - start)) : "#";
    }
    return kind;
}

using List = std::vector<std::uint32_t>;
using Site = Choices::Site;

void without_calm_end(List& list) {
    while (!list.empty() && list.back() == 0) list.pop_back();
}

// One knob: sets it to its calm value; the sites of the choices that it then takes no more.
struct Knob {
    void (*calm)(Config& config, const Config& to);
    std::vector<Site> (*sites)(const Config& config);
};

std::vector<Site> range_site(const Range& range) {
    return {Choices::site_between(range.low.count(), range.high.count())};
}

// NOLINTNEXTLINE(cppcoreguidelines-macro-usage)
#define HOCKET_SIM_PROBABILITY(name)                                                           \
    Knob {                                                                                     \
        [](Config& c, const Config& to) { c.name = to.name; },                                 \
            [](const Config& c) { return std::vector<Site>{Choices::site_of_chance(c.name)}; } \
    }

const Knob knobs[] = {
    {[](Config& c, const Config& to) { c.network.slow = to.network.slow; },
     [](const Config& c) {
         return std::vector<Site>{Choices::site_of_chance(c.network.slow),
                                  Choices::site_between(1, c.network.slowest.count())};
     }},
    {[](Config& c, const Config& to) { c.network.late = to.network.late; },
     [](const Config& c) {
         return std::vector<Site>{Choices::site_of_chance(c.network.late),
                                  Choices::site_between(1, c.network.latest.count())};
     }},
    HOCKET_SIM_PROBABILITY(network.short_io),
    HOCKET_SIM_PROBABILITY(network.duplicated),
    HOCKET_SIM_PROBABILITY(network.lost),
    HOCKET_SIM_PROBABILITY(network.refused),
    HOCKET_SIM_PROBABILITY(network.reset),
    HOCKET_SIM_PROBABILITY(network.no_buffers),
    HOCKET_SIM_PROBABILITY(network.no_descriptors),
    HOCKET_SIM_PROBABILITY(disk.eio),
    HOCKET_SIM_PROBABILITY(disk.enospc),
    HOCKET_SIM_PROBABILITY(disk.torn),
    HOCKET_SIM_PROBABILITY(disk.lost),
    HOCKET_SIM_PROBABILITY(unresolved),
    {[](Config& c, const Config& to) { c.shuffle_tasks = to.shuffle_tasks; },
     [](const Config&) { return std::vector<Site>(); }},
    {[](Config& c, const Config& to) { c.job = to.job; }, [](const Config& c) { return range_site(c.job); }},
    {[](Config& c, const Config& to) { c.network.latency = to.network.latency; },
     [](const Config& c) { return range_site(c.network.latency); }},
    {[](Config& c, const Config& to) { c.network.loopback = to.network.loopback; },
     [](const Config& c) { return range_site(c.network.loopback); }},
    {[](Config& c, const Config& to) { c.skew = to.skew; },
     [](const Config& c) { return range_site({Duration{}, c.skew}); }},
    {[](Config& c, const Config& to) { c.wall_clock = to.wall_clock; },
     [](const Config&) { return std::vector<Site>(); }},
    {[](Config& c, const Config& to) { c.step_cost = to.step_cost; },
     [](const Config&) { return std::vector<Site>(); }},
    {[](Config& c, const Config& to) { c.disk.writeback = to.disk.writeback; },
     [](const Config&) { return std::vector<Site>(); }},
    {[](Config& c, const Config& to) { c.disk.capacity = to.disk.capacity; },
     [](const Config&) { return std::vector<Site>(); }},
    {[](Config& c, const Config& to) { c.network.shuffle = to.network.shuffle; },
     [](const Config&) { return std::vector<Site>(); }},
    {[](Config& c, const Config& to) { c.network.buffer = to.network.buffer; },
     [](const Config&) { return std::vector<Site>(); }},
    {[](Config& c, const Config& to) { c.network.descriptors = to.network.descriptors; },
     [](const Config&) { return std::vector<Site>(); }},
};
#undef HOCKET_SIM_PROBABILITY

class Search {
public:
    Search(const Config& config, const Outcome& failing, const Main& main, const ShrinkOptions& options)
        : config_(config),
          main_(main),
          options_(options),
          error_(failing.error),
          end_(std::chrono::steady_clock::now() + std::chrono::nanoseconds(options_.max_time.count())) {
        config_.tell = Tell::off;
        // What runs on for long is not smaller. One that fails by a limit needs that.
        if (failing.steps < config_.max_steps)
            config_.max_steps = std::min(config_.max_steps, 4 * failing.steps + 1000);
        list_ = failing.choices;
        without_calm_end(list_);
    }

    Shrunk run() {
        if (attempt(config_, list_)) {
            without_kinds();
            without_knobs();
            for (bool better = true; better && may_go_on();) {
                better = shorten();
                better = calm_parts() || better;
                better = delete_parts() || better;
            }
            lower_values();
            without_knobs();
            while (may_go_on() && delete_parts()) {
            }
        }
        Shrunk result;
        result.config = config_;
        result.runs = runs_;
        Config told = config_;
        told.tell = Tell::story;
        Choices choices(list_);
        static_cast<Outcome&>(result) = Scheduler(told, choices).run(main_);
        return result;
    }

private:
    bool may_go_on() const { return runs_ < options_.max_runs && std::chrono::steady_clock::now() < end_; }

    bool is_it(const std::string& error) const {
        return options_.same ? options_.same(error) : same_failure(error_, error);
    }

    // Whether it fails in the same way; then it is the one to go on from.
    bool attempt(const Config& config, const List& list) {
        if (!may_go_on()) return false;
        ++runs_;
        Choices choices(list);
        const Outcome outcome = Scheduler(config, choices).run(main_);
        if (outcome.ok || !is_it(outcome.error)) return false;
        config_ = config;
        list_ = list;
        list_.resize(std::min(list_.size(), outcome.choices.size()));
        without_calm_end(list_);
        sites_ = choices.sites();
        return true;
    }

    // None of a kind has an effect.
    void without_kinds() {
        std::vector<Site> tried;
        const auto next = [&]() -> const Site* {
            for (std::size_t i = 0; i < list_.size(); ++i) {
                if (list_[i] != 0 && std::ranges::find(tried, sites_[i]) == tried.end()) return &sites_[i];
            }
            return nullptr;
        };
        while (const Site* const site = may_go_on() ? next() : nullptr) {
            tried.push_back(*site);
            List list = list_;
            for (std::size_t i = 0; i < list.size(); ++i) {
                if (sites_[i] == tried.back()) list[i] = 0;
            }
            attempt(config_, list);
        }
    }

    // Each knob as in a calm world, with its choices or without them: those that it no longer takes would be taken for others.
    void without_knobs() {
        const Config calm = Config::calm();
        for (const Knob& knob : knobs) {
            Config config = config_;
            knob.calm(config, calm);
            const std::vector<Site> sites = knob.sites(config_);
            List list;
            for (std::size_t i = 0; i < list_.size(); ++i) {
                if (std::ranges::find(sites, sites_[i]) == sites.end()) list.push_back(list_[i]);
            }
            without_calm_end(list);
            if (!attempt(config, list) && list.size() != list_.size()) attempt(config, List(list_));
        }
    }

    // The shortest beginning of which the rest may be calm.
    bool shorten() {
        const std::size_t before = list_.size();
        for (std::size_t low = 0, high = before; low < high;) {
            const std::size_t middle = (low + high) / 2;
            if (attempt(config_, List(list_.begin(),
                                      list_.begin() + static_cast<std::ptrdiff_t>(std::min(middle, list_.size()))))) {
                high = std::min(middle, list_.size());
            } else {
                low = middle + 1;
            }
        }
        return list_.size() < before;
    }

    bool calm_parts() {
        const auto effects = [this] { return std::ranges::count_if(list_, [](auto v) { return v != 0; }); };
        const auto before = effects();
        for (std::size_t size = list_.size() / 2; size > 0; size /= 2) {
            for (std::size_t at = 0; at < list_.size() && may_go_on(); at += size) {
                List list = list_;
                const auto begin = list.begin() + static_cast<std::ptrdiff_t>(at);
                const auto end = list.begin() + static_cast<std::ptrdiff_t>(std::min(at + size, list.size()));
                if (std::all_of(begin, end, [](auto v) { return v == 0; })) continue;
                std::fill(begin, end, 0);
                attempt(config_, list);
            }
        }
        return effects() < before;
    }

    bool delete_parts() {
        const std::size_t before = list_.size();
        for (std::size_t size = list_.size() / 2; size > 0; size /= 2) {
            for (std::size_t at = 0; at < list_.size() && may_go_on();) {
                List list = list_;
                const auto begin = list.begin() + static_cast<std::ptrdiff_t>(at);
                list.erase(begin, begin + static_cast<std::ptrdiff_t>(std::min(size, list.size() - at)));
                if (!attempt(config_, list)) at += size;
            }
        }
        return list_.size() < before;
    }

    void lower_values() {
        for (std::size_t i = 0; i < list_.size() && may_go_on(); ++i) {
            if (list_[i] == 0 || sites_[i].chance) continue;  // of those, each that is true is as good
            for (std::uint32_t low = 0; i < list_.size() && low < list_[i] && may_go_on();) {
                List list = list_;
                const std::uint32_t middle = low + (list_[i] - low) / 2;
                list[i] = middle;
                if (!attempt(config_, list)) low = middle + 1;
            }
        }
    }

    Config config_;
    List list_;                // the smallest so far
    std::vector<Site> sites_;  // of its choices, and of those behind its end
    const Main& main_;
    const ShrinkOptions& options_;
    const std::string error_;
    const std::chrono::steady_clock::time_point end_;
    unsigned runs_ = 0;
};

}  // namespace

bool same_failure(std::string_view one, std::string_view other) { return kind_of(one) == kind_of(other); }

Shrunk shrink(const Config& config, const Outcome& failing, const Main& main, const ShrinkOptions& options) {
    return Search(config, failing, main, options).run();
}

}  // namespace hocket::sim
