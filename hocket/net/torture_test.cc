// SPDX-License-Identifier: MIT
// Streams and connections whose tasks are cancelled at any moment, on a system that is slow to say what it did: no byte is lost,
// doubled or swapped, no descriptor is left, and nothing hangs.
#include <hocket/flow/gather.h>
#include <hocket/net/torture_test.h>

#include <array>
#include <vector>

namespace hocket {
namespace {

using testing::byte_at;
using testing::bytes_from;
using testing::cancels_wanted;
using testing::Connected;
using testing::Faults;
using testing::only_cancelled;
using testing::run_tortured;
using testing::Torturer;

constexpr Faults all_faults{.shorter = 40, .late = 30, .late_cancel = 30};

// ---- Streams

/// Writes of any size, cancelled or not: the peer gets every byte of each that has begun.
Coro<> write_on(StreamWriter writer, std::uint64_t seed, const bool& enough) {
    Torturer torturer(seed);
    std::uint64_t position = 0;
    while (!enough) {
        const std::string bytes = bytes_from(position, 1 + torturer.below(torturer.below(20) == 0 ? 100'000 : 200));
        bool begun = false;
        const auto writing = [](StreamWriter to, const std::string& data, bool& has_begun) -> Coro<> {
            has_begun = true;
            co_await to.write(data);
        };
        only_cancelled(co_await torturer.torture(writing(writer, bytes, begun)));
        if (begun) position += bytes.size();
    }
    writer.write_eof();
}

Coro<std::string> read_somehow(StreamReader reader, std::size_t how, std::size_t n) {
    if (how == 0) co_return co_await reader.readexactly(n);
    if (how == 1) co_return co_await reader.readuntil("\n");
    co_return co_await reader.read(n);
}

/// Reads of every kind; what they give must go on where the last one ended.
Coro<> read_on(StreamReader reader, std::uint64_t seed, std::size_t cancels, bool& enough) {
    Torturer torturer(seed);
    std::uint64_t position = 0;
    const auto check = [&position](const std::string& bytes) {
        for (const char c : bytes) {
            if (c != byte_at(position++)) return false;
        }
        return true;
    };
    while (torturer.cancels() < cancels) {
        const auto result = co_await torturer.torture(
            read_somehow(reader, torturer.below(3), 1 + torturer.below(torturer.below(20) == 0 ? 50'000 : 200)));
        if (!only_cancelled(result)) continue;
        if (!check(*result)) co_return ADD_FAILURE() << "the stream is not what was sent, near " << position;
    }
    enough = true;
    while (!reader.at_eof()) {
        if (!check(co_await reader.read(1 << 20))) co_return ADD_FAILURE() << "the rest is not what was sent";
    }
}

Coro<> stream_both_ways(std::uint64_t seed, std::size_t cancels) {
    const Connected c = co_await testing::connected();
    bool enough_there = false, enough_here = false;
    co_await gather(
        write_on(c.writer, seed, enough_there), read_on(c.server_reader, seed + 1, cancels / 2, enough_there),
        write_on(c.server_writer, seed + 2, enough_here), read_on(c.reader, seed + 3, cancels / 2, enough_here));
}

TEST(RealTorture, streams_lose_no_byte_whatever_is_cancelled) {
    for (std::uint64_t seed = 1; seed <= 5; ++seed)
        run_tortured(seed == 1 ? Faults{} : all_faults, seed, stream_both_ways(seed, cancels_wanted(8'000)));
}

// ---- Connections

/// The client may have gone by then.
Coro<> greet(StreamReader, StreamWriter writer) { static_cast<void>(co_await as_result(writer.write("hello"))); }

Coro<std::string> be_greeted(Address address) {
    auto [reader, writer] = co_await open_connection(address);
    co_return co_await reader.read();
}

Coro<> connect_on(Address address, std::uint64_t seed, std::size_t cancels) {
    Torturer torturer(seed);
    while (torturer.cancels() < cancels) {
        for (int i = 0; i < 16; ++i) {
            const auto result = co_await torturer.torture(be_greeted(address));
            if (only_cancelled(result)) {
                EXPECT_EQ(*result, "hello");
            }
        }
        EXPECT_EQ(co_await be_greeted(address), "hello");  // all that stood before it in the queue was accepted
    }
}

Coro<> connections(Address address, std::uint64_t seed, std::size_t cancels) {
    const Server server = co_await start_server(greet, address);
    const Address where = server.sockets().at(0);
    std::vector<Coro<>> clients;
    for (std::uint64_t i = 0; i < 4; ++i) clients.push_back(connect_on(where, seed + i, cancels / 4));
    co_await gather(std::move(clients));
    server.close();
    co_await server.wait_closed();
}

TEST(RealTorture, connections_that_are_cancelled_leave_nothing) {
    const std::string name = std::string(1, '\0') + "hocket-torture-" + std::to_string(::getpid());
    run_tortured(all_faults, 11, connections(Address::local(name), 11, cancels_wanted(8'000)));
    run_tortured(all_faults, 12, connections(Address::loopback(AddressFamily::ipv4, 0), 12, 400));
}

Coro<> serve_and_end(std::uint64_t seed, std::size_t cancels) {
    Torturer torturer(seed);
    while (torturer.cancels() < cancels) {
        const Server server = co_await start_server(greet, "127.0.0.1", 0);
        const auto task = create_task(be_greeted(server.sockets().at(0)));
        only_cancelled(co_await torturer.torture(server.serve_forever()));
        task.cancel();
        static_cast<void>(co_await as_result(task));  // greeted or not
    }
}

TEST(RealTorture, servers_that_are_cancelled_leave_nothing) { run_tortured(all_faults, 21, serve_and_end(21, 300)); }

}  // namespace
}  // namespace hocket
