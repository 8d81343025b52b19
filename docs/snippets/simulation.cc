// SPDX-License-Identifier: MIT
// The programs of docs/simulation.md.

#include <hocket/hocket.h>
#include <hocket/sim.h>

#include <cstdio>
#include <memory>
#include <string>
using namespace hocket;
using namespace std::chrono_literals;

// [server]
// Counts. Each line that it gets adds one, and is answered with the sum.
Coro<> counter(std::shared_ptr<int> count) {
    const auto serve = [count](StreamReader reader, StreamWriter writer) -> Coro<> {
        try {
            while (!(co_await reader.readline()).empty()) co_await writer.write(std::to_string(++*count) + "\n");
        } catch (const OSError&) {
            co_return;  // this client is gone
        }
    };
    const Server server = co_await start_server(serve, "", 1234);
    co_await server.serve_forever();
}
// [/server]

// [client]
Coro<int> add_one(std::string host) {
    for (int tries = 0;; ++tries) {
        try {
            auto [reader, writer] = co_await open_connection(host, 1234);
            co_await writer.write("add\n");
            const std::string line = co_await reader.readline();
            if (!line.empty()) co_return std::stoi(line);
        } catch (const OSError&) {
            if (tries == 10) throw;
        }
        co_await hocket::sleep(100ms);  // it may be back then
    }
}
// [/client]

// [world]
Coro<> well(sim::World& world) {
    const auto count = std::make_shared<int>(0);  // lives as long as the server, which this program may not
    world.host("server", [count] { return counter(count); });
    co_await hocket::sleep(1s);  // until it listens
    std::printf("the sum is %d\n", co_await add_one("server"));
    std::printf("and then %d\n", co_await add_one("server"));
}

void run_well() {
    const sim::Outcome outcome = sim::run(sim::Config::calm(), well);
    std::printf("%s after %.3f s of its time\n", outcome.ok ? "well" : outcome.error.c_str(),
                static_cast<double>(outcome.virtual_time.count()) / 1e9);
}
// [/world]

// [crash]
Coro<> crash(sim::World& world) {
    const sim::Host server = world.host("server", [] { return counter(std::make_shared<int>(0)); });
    co_await hocket::sleep(1s);
    const Task<int> adding = create_task(add_one("server"));
    co_await hocket::sleep(2ms);
    world.crash(server);
    co_await hocket::sleep(1min);
    world.restart(server);
    std::printf("after a crash: %d\n", co_await adding);
}
// [/crash]

// [test]
Coro<> five_are_five(sim::World& world) {
    const auto count = std::make_shared<int>(0);
    world.host("server", [count] { return counter(count); });
    co_await hocket::sleep(1s);
    for (int i = 0; i < 5; ++i) {
        try {
            co_await add_one("server");
        } catch (const OSError&) {
            co_return;  // it has said so: nothing is wrong
        }
    }
    if (*count != 5) throw RuntimeError("5 were added, and the sum is " + std::to_string(*count));
}

void find_a_seed() {
    for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
        sim::Config config;
        config.seed = seed;
        config.network.reset = 0.1;  // one packet in ten ends its connection
        const sim::Outcome outcome = sim::run(config, five_are_five);
        if (outcome.ok) continue;
        std::printf("seed %d: %s\n", static_cast<int>(seed), outcome.error.c_str());
        const sim::Shrunk small = sim::shrink(config, outcome, five_are_five);
        std::printf("%s", small.story.c_str());
        return;
    }
}
// [/test]

// [program]
// The commit that is checked out, or "unknown" where git takes too long.
Coro<std::string> commit() {
    const Process git = co_await create_subprocess_exec("git", {"rev-parse", "HEAD"}, {.stdout = subprocess::PIPE});
    try {
        co_return (co_await wait_for(git.communicate(), 10s)).first;
    } catch (const TimeoutError&) {
        git.kill();
    }
    co_await git.wait();
    co_return "unknown";
}
// [/program]

// [mock]
Coro<> two_repositories(sim::World& world) {
    world.program("git", [](sim::ChildProcess git) -> Coro<int> {
        if (git.args[1] != "rev-parse") co_return 1;
        co_await git.stdout.write("5079db0");
        co_return 0;
    });
    std::printf("%s, ", (co_await commit()).c_str());
    world.program("git", [](sim::ChildProcess) -> Coro<int> {
        co_await hocket::sleep(1h);  // its file system does not answer
        co_return 0;
    });
    std::printf("then %s\n", (co_await commit()).c_str());
}
// [/mock]

// [cancel]
Coro<> fetch(sim::World& world) {
    world.host("server", [] { return counter(std::make_shared<int>(0)); });
    co_await hocket::sleep(1s);
    auto connection = co_await open_connection("server", 1234);
    co_await connection.second.write("add\n");
    co_await connection.first.readline();
}

void cancel_it_everywhere() {
    const sim::CancelReport report = sim::cancel_everywhere(fetch);
    std::printf("cancelled at %s of its waits: %s\n", report.points > 4 ? "each" : "few",
                report.ok ? "nothing is left behind" : report.error.c_str());
}
// [/cancel]

int main() {
    run_well();
    sim::run(sim::Config::calm(), crash);
    find_a_seed();
    sim::run(sim::Config::calm(), two_repositories);
    cancel_it_everywhere();
}
