// SPDX-License-Identifier: MIT
// The store in simulated worlds: three replicas, which crash and lose sight of each other, and clients that look whether what they were told
// is true. The right store is well with every seed; for the one that acknowledges too early a seed is found that shows it.
//
//     kv_sim [LAST]          the right store with seeds 1 to LAST, then the wrong one until a seed fails
//     kv_sim --seed N        the right store with one seed, and its story
#include "kv.h"

#include <hocket/sim.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

using namespace hocket;
using namespace std::chrono_literals;

namespace {

const std::vector<std::string> hosts = {"kv1", "kv2", "kv3"};
const std::vector<std::string> keys = {"x", "y", "z"};

enum What : std::uint32_t { nothing, crash = 3, kill, cut_off, one_way, heal, restart, kinds };

// What the clients know of a key, whose values are 1, 2, 3 and so on, put by one client.
struct Known {
    int put = 0;           // the last that somebody tried to put
    int acknowledged = 0;  // the last of which it was said that it is there, or that was read
};

// What is done, and when. It is drawn before all else, so that a part of it can be left out without an effect on the rest; where all choices
// are 0, as in a calm run, nothing is done.
struct Plan {
    struct Step {
        std::uint32_t what, host;
    };
    std::vector<Step> steps;              // one a second
    std::vector<std::uint32_t> requests;  // five a second: 1 to 3 is a put, 4 to 6 a get

    explicit Plan(sim::World& world) {
        for (int second = 0; second < 15; ++second) {
            const std::uint32_t what = world.choose(kinds);
            steps.push_back({what, world.choose(3)});
            for (int i = 0; i < 5; ++i) requests.push_back(world.choose(8));
        }
    }
};

struct Test {
    sim::World& world;
    bool hasty;
    Plan plan;
    std::vector<sim::Host> replicas;
    std::map<std::string, Known> known;
    bool over = false;

    Test(sim::World& w, bool h) : world(w), hasty(h), plan(w) {}
};

Coro<> replica(std::shared_ptr<Test> test, std::size_t self) {
    get_running_loop().set_exception_handler([test](EventLoop&, const ErrorContext& context) {
        // A server that has no descriptor left says so, and accepts the next connection later.
        if (context.message != "socket.accept() out of system resource") test->world.fail(context.message);
    });
    try {
        co_await kv::run_replica({.hosts = hosts, .self = self, .hasty = test->hasty, .log = [test](std::string line) {
                                      test->world.note(std::move(line));
                                  }});
    } catch (const OSError& e) {
        test->world.note(std::string("ends: ") + e.what());
    }
}

Coro<> write(std::shared_ptr<Test> test, std::size_t which) {
    const std::string& key = keys[which];
    kv::Client client("writer-of-" + key, hosts);
    Known& known = test->known[key];
    for (const std::uint32_t request : test->plan.requests) {
        co_await hocket::sleep(200ms);
        if (request != 1 + which || test->over) continue;
        const int value = ++known.put;
        co_await client.put(key, std::to_string(value));
        known.acknowledged = std::max(known.acknowledged, value);
        test->world.note(key + "=" + std::to_string(value) + " is acknowledged");
    }
}

const std::string there_before = "there before";

// A read sees what was acknowledged, or read, before it began, or something later.
Coro<> read(std::shared_ptr<Test> test, kv::Client& client, std::string key) {
    Known& known = test->known[key];
    const int acknowledged = known.acknowledged;
    const std::string text = co_await client.get(key);
    const int value = std::atoi(text.c_str());
    if (value < acknowledged || value > known.put) {
        test->world.fail(key + " is " + std::to_string(value) + ", but " + std::to_string(acknowledged) + " was " +
                         there_before);
    }
    known.acknowledged = std::max(known.acknowledged, value);
}

Coro<> read_now_and_then(std::shared_ptr<Test> test) {
    kv::Client client("reader", hosts);
    for (const std::uint32_t request : test->plan.requests) {
        co_await hocket::sleep(200ms);
        if (request >= 4 && request <= 6 && !test->over) co_await read(test, client, keys[request - 4]);
    }
}

void restart_all(const std::shared_ptr<Test>& test) {
    for (const sim::Host host : test->replicas) {
        if (!host.up() || !host.running()) test->world.restart(host);
    }
}

void something_happens(const std::shared_ptr<Test>& test, Plan::Step step) {
    sim::World& world = test->world;
    const auto [what, which] = step;
    const sim::Host host = test->replicas[which], next = test->replicas[(which + 1) % 3],
                    last = test->replicas[(which + 2) % 3];
    if (what == crash && host.up()) world.crash(host);
    if (what == kill && host.running()) world.kill(host);
    if (what == cut_off) world.partition(host, next);
    if (what == cut_off) world.partition(host, last);
    if (what == one_way) world.partition(host, next, false);
    if (what == heal) world.heal_all();
    if (what == restart) restart_all(test);
}

Coro<> all_clients_end(std::vector<Task<>>& clients) {
    for (Task<>& client : clients) co_await client;
}

Coro<> what_was_acknowledged_is_there(sim::World& world, bool hasty) {
    const auto test = std::make_shared<Test>(world, hasty);  // the hosts' programs end after this one
    test->replicas.reserve(hosts.size());
    for (std::size_t i = 0; i < hosts.size(); ++i)
        test->replicas.push_back(world.host(hosts[i], [test, i] { return replica(test, i); }));
    std::vector<Task<>> clients;
    for (std::size_t i = 0; i < keys.size(); ++i) clients.push_back(create_task(write(test, i)));
    clients.push_back(create_task(read_now_and_then(test)));
    for (const Plan::Step step : test->plan.steps) {
        co_await hocket::sleep(1s);
        something_happens(test, step);
    }
    test->over = true;
    world.heal_all();
    const auto restarting = create_task([](std::shared_ptr<Test> shared) -> Coro<> {
        for (;; co_await hocket::sleep(1s)) restart_all(shared);  // whose disk fails ends
    }(test));
    co_await timeout(2min, all_clients_end(clients));
    kv::Client client("auditor", hosts);
    for (const std::string& key : keys) co_await timeout(2min, read(test, client, key));
    restarting.cancel();
}

sim::Main with(bool hasty) {
    return [hasty](sim::World& world) { return what_was_acknowledged_is_there(world, hasty); };
}

bool the_right_store_is_well(std::uint64_t last) {
    const sim::SeedsReport report = sim::try_seeds({.last = last, .command = "kv_sim --seed {}"}, with(false));
    if (report.ok) {
        std::printf("the right store: %d seeds, all well\n", static_cast<int>(report.runs));
    } else {
        std::printf("the right store: %s", report.text.c_str());
    }
    return report.ok;
}

// Which key it is does not matter.
bool is_about_a_read(const std::string& error) { return error.find(there_before) != error.npos; }

// Of the seeds that show it, that with the fewest choices: the story of that is soon found.
bool the_wrong_one_is_found_out() {
    std::optional<sim::Outcome> shortest;
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        sim::Outcome outcome = sim::run(sim::Config::swarm(seed), with(true));
        if (outcome.ok || !is_about_a_read(outcome.error)) continue;
        if (!shortest || outcome.choices.size() < shortest->choices.size()) shortest = std::move(outcome);
    }
    if (!shortest) {
        std::printf("the wrong store: no seed shows it\n");
        return false;
    }
    std::printf("the wrong store: seed %d: %s\n", static_cast<int>(shortest->seed), shortest->error.c_str());
    const sim::Shrunk small = sim::shrink(sim::Config::swarm(shortest->seed), *shortest, with(true),
                                          {.max_time = 10min, .same = is_about_a_read});
    std::printf("%s", small.story.c_str());
    return true;
}

}  // namespace

int main(int argc, char** argv) {
    set_report_sink(
        [](std::string_view) {});  // at the end of a world programs are cancelled amid what they do, and report that
    if (argc == 3 && std::string_view(argv[1]) == "--seed") {
        sim::Config config = sim::Config::swarm(std::strtoull(argv[2], nullptr, 10));
        config.tell = sim::Tell::story;
        const sim::Outcome outcome = sim::run(config, with(false));
        std::printf("%s%s\n", outcome.story.c_str(), outcome.ok ? "well" : outcome.error.c_str());
        return outcome.ok ? 0 : 1;
    }
    const bool well = the_right_store_is_well(argc == 2 ? std::strtoull(argv[1], nullptr, 10) : 100);
    const bool found = the_wrong_one_is_found_out();
    return well && found ? 0 : 1;
}
