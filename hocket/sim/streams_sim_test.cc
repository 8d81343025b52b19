// SPDX-License-Identifier: MIT
// hocket's own streams and primitives in simulation: whatever the network does, bytes are right or a connection fails.
#include <hocket/hocket.h>
#include <hocket/sim/test.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <string>
#include <vector>

namespace hocket::sim {
namespace {

using namespace std::chrono_literals;

// ---- Echoes

Coro<> echo(StreamReader reader, StreamWriter writer) {
    try {
        while (true) {
            const std::string_view bytes = co_await reader.peek();
            if (bytes.empty()) co_return;
            const std::string copy(bytes);
            reader.consume(copy.size());
            co_await writer.write(copy);
        }
    } catch (const OSError&) {
        co_return;
    }
}

Coro<> echo_server(World& world) {
    while (true) {
        try {
            const Server server = co_await start_server(echo, "0.0.0.0", 80);
            co_await server.serve_forever();
        } catch (const OSError&) {
            world.note("has no descriptor for its server");
        }
        co_await hocket::sleep(100ms);
    }
}

// A part of a text that repeats itself after a prime number of bytes.
std::string message_of(World& world, std::size_t most) {
    static const std::string text = [] {
        std::string all;
        for (int i = 0; i < 30'000; ++i) all += static_cast<char>('a' + i % 9973 % 26);
        return all;
    }();
    // One after the other: in which order arguments are made is for the compiler to choose.
    const std::size_t begin = world.choose(9973), size = 1 + world.choose(static_cast<std::uint32_t>(most));
    return text.substr(begin, size);
}

Coro<> writes(const StreamWriter& writer, const std::string& bytes) {
    for (std::size_t at = 0; at < bytes.size(); at += 1000)
        co_await writer.write(std::string_view(bytes).substr(at, 1000));
}

// Writes and reads at the same time, so that small buffers are no deadlock. True: all came back.
Coro<bool> exchanges(World& world, const Host& server, std::size_t most) {
    const std::string message = message_of(world, most);
    std::string got;
    try {
        auto [reader, writer] = co_await open_connection(server.address().host(), 80);
        auto writing = create_task(writes(writer, message));
        std::exception_ptr failed;
        try {
            while (got.size() < message.size()) {
                const std::string part = co_await reader.read(4096);
                if (part.empty()) break;
                got += part;
            }
        } catch (const OSError&) {
            failed = std::current_exception();
        }
        if (got.size() < message.size()) writing.cancel();
        try {
            co_await writing;
        } catch (const CancelledError&) {
            EXPECT_LT(got.size(), message.size());
        }
        if (failed) std::rethrow_exception(failed);
        writer.close();
        co_await writer.wait_closed();
    } catch (const OSError&) {
        EXPECT_LE(got.size(), message.size());
    }
    EXPECT_EQ(got, message.substr(0, got.size()));
    co_return got == message;
}

// [test]
HOCKET_SIM_TEST(echoes_are_right_or_a_connection_fails, 300) {
    const Host servers[] = {world.host("one", [&world] { return echo_server(world); }),
                            world.host("two", [&world] { return echo_server(world); })};
    co_await hocket::sleep(1s);
    std::vector<Task<bool>> clients;
    clients.reserve(6);
    for (int i = 0; i < 6; ++i) clients.push_back(create_task(exchanges(world, servers[i % 2], 5000)));
    for (auto& client : clients) co_await client;
}
// [/test]

HOCKET_SIM_TEST(without_faults_of_connections_all_echoes_come_back, 200, [](Config& config) {
    NetworkConfig& n = config.network;
    n.reset = n.refused = n.no_descriptors = n.no_buffers = 0;
    n.descriptors = 1024;
}) {
    const Host server = world.host("server", [&world] { return echo_server(world); });
    co_await hocket::sleep(1s);
    std::vector<Task<bool>> clients;
    clients.reserve(4);
    for (int i = 0; i < 4; ++i) clients.push_back(create_task(exchanges(world, server, 3000)));
    for (auto& client : clients) {
        const bool all = co_await client;
        EXPECT_TRUE(all);
    }
}

// ---- Half a connection

Coro<> counts_until_the_end(StreamReader reader, StreamWriter writer) {
    try {
        const std::string all = co_await reader.read();
        co_await writer.write(std::to_string(all.size()));
        writer.close();
        co_await writer.wait_closed();
    } catch (const OSError&) {
        co_return;
    }
}

HOCKET_SIM_TEST(a_half_closed_connection_still_answers, 300) {
    const Host server = world.host("server", [&world]() -> Coro<> {
        while (true) {
            try {
                const Server counting = co_await start_server(counts_until_the_end, "0.0.0.0", 80);
                co_await counting.serve_forever();
            } catch (const OSError&) {
                world.note("has no descriptor for its server");
            }
            co_await hocket::sleep(100ms);
        }
    });
    co_await hocket::sleep(1s);
    for (int i = 0; i < 3; ++i) {
        const std::string message = message_of(world, 20'000);
        try {
            auto [reader, writer] = co_await open_connection(server.address().host(), 80);
            co_await writer.write(message);
            writer.write_eof();
            const std::string answer = co_await reader.read();
            // A server that could not read on has closed its side without a word.
            if (!answer.empty()) {
                EXPECT_EQ(answer, std::to_string(message.size()));
            }
        } catch (const OSError&) {
            continue;
        }
    }
}

// ---- Few descriptors

HOCKET_SIM_TEST(a_server_without_descriptors_recovers, 200, [](Config& config) {
    config.network.descriptors = 8;
    config.network.reset = config.network.refused = 0;
}) {
    const Host server = world.host("server", [&world] { return echo_server(world); });
    std::vector<Host> others;
    others.reserve(4);
    for (int i = 0; i < 4; ++i) {
        others.push_back(world.host("client" + std::to_string(i), [&world, server]() -> Coro<> {
            co_await hocket::sleep(1s);
            std::vector<Task<bool>> clients;
            clients.reserve(4);
            for (int k = 0; k < 4; ++k) clients.push_back(create_task(exchanges(world, server, 300)));
            for (auto& client : clients) co_await client;
        }));
    }
    while (std::ranges::any_of(others, [](const Host& host) { return host.running(); })) co_await hocket::sleep(1s);
    bool well = false;
    for (int i = 0; i < 50 && !well; ++i) {
        well = co_await exchanges(world, server, 300);
        if (!well) co_await hocket::sleep(1s);
    }
    EXPECT_TRUE(well) << "all descriptors are free again, and the server does not answer";
}

}  // namespace
}  // namespace hocket::sim
