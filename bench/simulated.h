// SPDX-License-Identifier: MIT
// What a simulation costs: the time of an event, and of an hour in which nothing happens.
#pragma once

#include <hocket/hocket.h>
#include <hocket/http.h>
#include <hocket/sim.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "measure.h"

namespace bench {

/// With the weather that a configuration has which nobody changed.
inline hocket::sim::Outcome simulate(const hocket::sim::Main& main, hocket::Duration limit) {
    hocket::sim::Config config;
    config.time_limit = limit;
    hocket::sim::Outcome outcome = hocket::sim::run(config, main);
    if (outcome.ok) return outcome;
    std::fprintf(stderr, "the simulation fails: %s\n", outcome.error.c_str());
    std::exit(1);
}

/// Reports the nanoseconds of each event, after a short run that fills the caches.
inline void report_events(const hocket::sim::Main& main) {
    simulate(main, std::chrono::hours(24));
    const double start = now();
    const std::uint64_t events = simulate(main, std::chrono::hours(24)).events;
    report("ns", (now() - start) * 1e9 / static_cast<double>(events));
}

inline hocket::Coro<> echo_server() {
    const auto server = co_await hocket::start_server(
        [](hocket::StreamReader reader, hocket::StreamWriter writer) -> hocket::Coro<> {
            for (std::string line; !(line = co_await reader.readline()).empty();) co_await writer.write(line);
        },
        "", 7);
    co_await server.serve_forever();
}

/// Four clients of an echo server, each with a line on its way.
inline void simulated_echoes() {
    const auto client = [](int lines) -> hocket::Coro<> {
        auto [reader, writer] = co_await hocket::open_connection("server", 7);
        for (int i = 0; i < lines; ++i) {
            co_await writer.write("a line of no great length\n");
            co_await reader.readline();
        }
    };
    report_events([client](hocket::sim::World& world) -> hocket::Coro<> {
        world.host("server", echo_server);
        co_await hocket::sleep(std::chrono::seconds(1));
        co_await hocket::gather(client(20'000), client(20'000), client(20'000), client(20'000));
    });
}

inline hocket::Coro<> web_server() {
    hocket::http::Application app;
    app.get("/", [] { return std::string("hello"); });
    const auto server = co_await hocket::http::serve(app, "", 80);
    co_await server.serve_forever();
}

/// A client of a web server, over one connection.
inline void simulated_requests() {
    report_events([](hocket::sim::World& world) -> hocket::Coro<> {
        world.host("server", web_server);
        co_await hocket::sleep(std::chrono::seconds(1));
        hocket::http::ClientSession session;
        for (int i = 0; i < 10'000; ++i) {
            auto response = co_await session.get("http://server/");
            co_await response.text();
        }
        co_await session.close();
    });
}

/// The milliseconds of an hour in which a web server waits for somebody.
inline void simulated_hour() {
    const auto main = [](hocket::sim::World& world) -> hocket::Coro<> {
        world.host("server", web_server);
        co_await hocket::sleep(std::chrono::hours(1));
    };
    const double start = now();
    simulate(main, std::chrono::hours(2));
    report("ms", (now() - start) * 1e3);
}

}  // namespace bench
