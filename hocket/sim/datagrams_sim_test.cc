// SPDX-License-Identifier: MIT
// Datagrams in simulation: lost, doubled, overtaken, but never changed; what asks until it is answered gets through.
#include <hocket/hocket.h>
#include <hocket/sim/test.h>

#include <gtest/gtest.h>

#include <charconv>
#include <chrono>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace hocket::sim {
namespace {

using namespace std::chrono_literals;

constexpr int most = 20;

// Of each number another length.
std::string datagram_of(int number) {
    const std::string begin = std::to_string(number) + ":";
    return begin + std::string(static_cast<std::size_t>(number * 37 % 900), static_cast<char>('a' + number % 26));
}

int number_of(std::string_view datagram) {
    int number = -1;
    std::from_chars(datagram.data(), datagram.data() + datagram.size(), number);
    EXPECT_EQ(datagram, datagram_of(number));
    return number;
}

// Where there is no descriptor or buffer for it, there is soon.
Coro<DatagramEndpoint> endpoint(DatagramOptions options) {
    for (;; co_await hocket::sleep(10ms)) {
        try {
            co_return co_await create_datagram_endpoint(options);
        } catch (const OSError&) {
            continue;
        }
    }
}

// What comes next; nothing where there is only an error of what was sent.
Coro<std::pair<std::string, Address>> received(DatagramEndpoint socket) {
    for (;;) {
        try {
            co_return co_await socket.recvfrom();
        } catch (const OSError&) {  // there is no buffer for what was sent
            if (socket.is_closing()) throw;
        }
    }
}

Coro<> gives_back() {
    const DatagramEndpoint socket = co_await endpoint({.local_address = {"0.0.0.0", 7}});
    while (true) {
        const auto [data, from] = co_await received(socket);
        socket.sendto(data, from);
        if (socket.get_write_buffer_size() > 0) co_await socket.drain();
    }
}

Coro<> sends_all(World& world, DatagramEndpoint socket, Address to) {
    for (int i = 0; i < most; ++i) {
        if (world.choose(2) == 1) co_await hocket::sleep(std::chrono::milliseconds(world.choose(4)));
        try {
            co_await socket.send(datagram_of(i), to);
        } catch (const OSError&) {
            continue;
        }
    }
}

// How often each came back.
Coro<std::vector<int>> comes_back(World& world, Host server) {
    const DatagramEndpoint socket = co_await endpoint({.local_address = {"0.0.0.0", 1000}});
    std::vector<int> counts(most);
    const Task<> sending = create_task(sends_all(world, socket, server.address(7)));
    while (true) {
        try {
            const auto [data, from] = co_await wait_for(received(socket), 10s);
            EXPECT_EQ(from, server.address(7));
            const int number = number_of(data);
            if (number >= 0 && number < most) ++counts[static_cast<std::size_t>(number)];
        } catch (const TimeoutError&) {
            break;
        }
    }
    co_await sending;
    co_return counts;
}

HOCKET_SIM_TEST(a_datagram_comes_whole_or_not_at_all, 500) {
    const Host server = world.host("server", gives_back);
    co_await hocket::sleep(1s);
    for (const int count : co_await comes_back(world, server)) EXPECT_LE(count, 4);  // each way may double it
}

HOCKET_SIM_TEST(where_none_is_lost_each_comes_once, 500, [](Config& config) {
    NetworkConfig& n = config.network;
    n.lost = n.duplicated = n.no_buffers = n.no_descriptors = 0;
    n.buffer = 65536;
}) {
    const Host server = world.host("server", gives_back);
    co_await hocket::sleep(1s);
    EXPECT_EQ(co_await comes_back(world, server), std::vector<int>(most, 1));
}

// ---- Asking until there is an answer

Coro<> counts_each_once(std::shared_ptr<std::multiset<int>> counted, std::shared_ptr<std::set<int>> known) {
    const DatagramEndpoint socket = co_await endpoint({.local_address = {"0.0.0.0", 7}});
    while (true) {
        const auto [data, from] = co_await received(socket);
        const int number = number_of(data);
        if (known->insert(number).second) counted->insert(number);
        socket.sendto(data, from);
    }
}

// Stop and wait. An answer may be one to a question of long ago.
Coro<> asks_until_answered(DatagramEndpoint socket, int number) {
    const std::string question = datagram_of(number);
    for (int tries = 0; tries < 200; ++tries) {
        try {
            co_await timeout(1s, [&]() -> Coro<> {
                co_await socket.send(question);
                while (number_of((co_await received(socket)).first) != number) continue;
            });
            co_return;
        } catch (const TimeoutError&) {
            continue;
        } catch (const OSError&) {  // no buffer
            continue;
        }
    }
    throw RuntimeError("200 questions without an answer");
}

HOCKET_SIM_TEST(who_asks_until_he_is_answered_gets_through_a_crash, 300) {
    const auto counted = std::make_shared<std::multiset<int>>();
    const auto known = std::make_shared<std::set<int>>();  // as if on a disk
    const Host server = world.host("server", [counted, known] { return counts_each_once(counted, known); });
    const Task<> trouble = create_task([](World& w, Host host) -> Coro<> {
        co_await hocket::sleep(std::chrono::milliseconds(w.choose(2000)));
        w.crash(host);
        co_await hocket::sleep(std::chrono::milliseconds(w.choose(5000)));
        w.restart(host);
    }(world, server));
    co_await hocket::sleep(100ms);
    const DatagramEndpoint socket = co_await endpoint({.remote_address = server.address(7)});
    for (int i = 0; i < 10; ++i) co_await asks_until_answered(socket, i);
    EXPECT_EQ(*counted, (std::multiset{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
    co_await trouble;
}

}  // namespace
}  // namespace hocket::sim
