// SPDX-License-Identifier: MIT
// Streams, pipes and connections whose tasks are cancelled at any moment, on a system that is slow to say what it did: no byte is lost,
// doubled or swapped, no descriptor is left, and nothing hangs.
#include <hocket/net/connect_pipe.h>
#include <hocket/net/torture_test.h>

#include <fcntl.h>
#include <unistd.h>
#include <string>
#include <vector>

namespace hocket {
namespace {

using testing::all_faults;
using testing::cancels_wanted;
using testing::Direction;
using testing::Faults;
using testing::only_cancelled;
using testing::run_tortured;
using testing::Torturer;

// ---- Streams

TEST(RealTorture, streams_lose_no_byte_whatever_is_cancelled) {
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        run_tortured(seed == 1 ? Faults{} : all_faults, seed,
                     testing::torture_both_ways(testing::connected(), seed, cancels_wanted(6'000)));
    }
}

Coro<> through_a_pipe(std::uint64_t seed, std::size_t cancels) {
    int fds[2];
    EXPECT_EQ(pipe2(fds, O_CLOEXEC), 0);
    const StreamReader reader = co_await connect_read_pipe(fds[0]);
    const StreamWriter writer = co_await connect_write_pipe(fds[1]);
    Direction direction;
    co_await gather(testing::write_on(writer, seed, direction), testing::read_on(reader, seed + 1, cancels, direction));
    writer.close();
    EXPECT_EQ(co_await reader.read(), "");
}

TEST(RealTorture, pipes_lose_no_byte_whatever_is_cancelled) {
    for (std::uint64_t seed = 6; seed <= 7; ++seed)
        run_tortured(all_faults, seed, through_a_pipe(seed, cancels_wanted(4'000)));
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
