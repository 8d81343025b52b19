// SPDX-License-Identifier: MIT
// The store in simulated worlds: three replicas, which crash and lose sight of each other, and clients that look whether what they were told
// is true. The right store is well with every seed; for the one that acknowledges too early, a seed is found that shows it.
//
//     kv_sim                               with seeds 1 to 100
//     HOCKET_SIM_SEEDS=1..20000 kv_sim     with these
//     HOCKET_SIM_SEED=17 kv_sim            with one, and its story
#include "kv.h"

#include <hocket/sim.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace hocket;
using namespace std::chrono_literals;

namespace {

const std::vector<std::string> hosts = {"kv1", "kv2", "kv3"};
const std::string lost = "was there before";

// The values of a key are 1, 2, 3 and so on, and one client puts them.
struct Key {
    std::string name;
    int put = 0;   // the last that it tried to put
    int seen = 0;  // the last that was acknowledged, or read by somebody
};

// What happens, and when. It is drawn before all else, so that a part of it can be left out without an effect on the rest; where all choices are
// 0, as in a calm run, nothing happens.
struct Plan {
    // Three are nothing, and three a restart.
    enum Event : std::uint32_t { crash = 3, power_cut, cut_off, cut_one_way, wrong_clock, heal, restart, end = 12 };
    struct Step {
        std::uint32_t event, host;
        std::uint32_t requests[3];  // one of each client: 1 is a put, 2 to 4 gets, of one key each
    };
    Step steps[30];  // two a second

    explicit Plan(sim::World& world) {
        for (auto& [event, host, requests] : steps) {
            event = world.choose(end);
            host = world.choose(3);
            for (std::uint32_t& request : requests) request = world.choose(6);
        }
    }
};

struct Test {
    sim::World& world;
    const Plan plan{world};
    std::vector<sim::Host> replicas{};
    std::vector<Key> keys{{"x"}, {"y"}, {"z"}};
};

Coro<> replica(sim::World& world, std::size_t self, bool hasty) {
    const auto log = [&world](std::string line) { world.note(std::move(line)); };
    try {
        co_await kv::run_replica({.hosts = hosts, .self = self, .hasty = hasty, .log = log});
    } catch (const OSError& e) {
        log(std::string("ends: ") + e.what());  // until it is restarted
    }
}

Coro<> put(Test& test, kv::Client& client, Key& key) {
    const int value = ++key.put;
    co_await client.put(key.name, std::to_string(value));
    key.seen = std::max(key.seen, value);
    test.world.note(key.name + "=" + std::to_string(value) + " is acknowledged");
}

// A read sees what was acknowledged, or read, before it began, or something later.
Coro<> get(Test& test, kv::Client& client, Key& key) {
    const int seen = key.seen;
    const int value = std::atoi((co_await client.get(key.name)).c_str());
    if (value < seen || value > key.put) {
        test.world.fail(key.name + " is " + std::to_string(value) + ", but " + std::to_string(seen) + " " + lost);
    }
    key.seen = std::max(key.seen, value);
}

Coro<> use(Test& test, std::size_t self) {
    kv::Client client("client" + std::to_string(self), hosts);
    for (const Plan::Step& step : test.plan.steps) {
        co_await hocket::sleep(500ms);
        const std::uint32_t request = step.requests[self];
        if (request == 1) co_await put(test, client, test.keys[self]);
        if (request >= 2 && request <= 4) co_await get(test, client, test.keys[request - 2]);
    }
}

void restart(sim::World& world, sim::Host host) {
    if (!host.up() || !host.running()) world.restart(host);
}

Coro<> let_it_happen(Test& test) {
    sim::World& world = test.world;
    for (const auto& [event, which, requests] : test.plan.steps) {
        co_await hocket::sleep(500ms);
        const sim::Host host = test.replicas[which], one = test.replicas[(which + 1) % 3],
                        other = test.replicas[(which + 2) % 3];
        if (event == Plan::crash && host.up()) world.crash(host);
        if (event == Plan::power_cut) {
            for (const sim::Host each : test.replicas) {
                if (each.up()) world.crash(each);
            }
        }
        if (event == Plan::cut_off || event == Plan::cut_one_way) world.partition(host, one, event == Plan::cut_off);
        if (event == Plan::cut_off) world.partition(host, other);
        if (event == Plan::wrong_clock) world.skew(host, 1h);
        if (event == Plan::heal) world.heal_all();
        if (event >= Plan::restart) restart(world, host);
    }
    world.heal_all();
    for (;; co_await hocket::sleep(1s)) {  // the disk of one may still fail
        for (const sim::Host each : test.replicas) restart(world, each);
    }
}

sim::Main what_was_acknowledged_is_there(bool hasty) {
    return [hasty](sim::World& world) -> Coro<> {
        Test test{world};
        test.replicas.reserve(hosts.size());
        for (std::size_t i = 0; i < hosts.size(); ++i) {
            test.replicas.push_back(world.host(hosts[i], [&world, i, hasty] { return replica(world, i, hasty); }));
        }
        const Task<> events = create_task(let_it_happen(test));
        co_await wait_for(gather(use(test, 0), use(test, 1), use(test, 2)), 5min);
        kv::Client auditor("auditor", hosts);
        for (Key& key : test.keys) co_await timeout(5min, get(test, auditor, key));
        events.cancel();
    };
}

}  // namespace

int main() {
    set_report_sink([](std::string_view) {});  // a replica whose disk fails reports what it could not write
    sim::SeedsOptions seeds = sim::seeds_of_environment("", 100);
    seeds.command = "HOCKET_SIM_SEED={} kv_sim";
    const sim::SeedsReport right = sim::try_seeds(seeds, what_was_acknowledged_is_there(false));
    std::printf("the right store: %d seeds%s\n%s", static_cast<int>(right.runs), right.ok ? ", all well" : "",
                right.text.c_str());

    // Of some seeds that show it, the one with the shortest story.
    const auto is_about_a_read = [](const std::string& error) { return error.find(lost) != error.npos; };
    std::string wrong;
    sim::SeedsOptions options{.last = 30, .shrink = {.max_time = 10min, .same = is_about_a_read}};
    for (; options.first <= options.last; ++options.first) {
        const sim::SeedsReport report = sim::try_seeds(options, what_was_acknowledged_is_there(true));
        if (report.ok) break;
        if (wrong.empty() || std::ranges::count(report.text, '\n') < std::ranges::count(wrong, '\n'))
            wrong = report.text;
        options.first = report.seed;
    }
    std::printf("the wrong store: %s", wrong.empty() ? "no seed shows it\n" : wrong.c_str());
    return right.ok && !wrong.empty() ? 0 : 1;
}
