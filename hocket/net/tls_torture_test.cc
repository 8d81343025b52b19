// SPDX-License-Identifier: MIT
// TLS on a system that misbehaves: streams stay whole whatever is cancelled, connections leave nothing, and one that is cut anywhere gives what
// came before and then an error.
#include <hocket/net/tls_test.h>
#include <hocket/net/torture_test.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace hocket {
namespace {

using testing::all_faults;
using testing::cancels_wanted;
using testing::Faults;
using testing::LoopErrors;
using testing::only_cancelled;
using testing::run_tortured;
using testing::Torturer;

TEST(RealTlsTorture, streams_lose_no_byte_whatever_is_cancelled) {
    for (std::uint64_t seed = 61; seed <= 63; ++seed) {
        run_tortured(seed == 61 ? Faults{} : all_faults, seed,
                     testing::torture_both_ways(testing::secured(), seed, cancels_wanted(2'000)));
    }
}

// ---- Connections

ConnectionOptions trusting() {
    ConnectionOptions options = testing::by_tls(testing::tls_client());
    options.server_hostname = "localhost";
    return options;
}

/// The client may have gone by then.
Coro<> greet(StreamReader, StreamWriter writer) { static_cast<void>(co_await as_result(writer.write("hello"))); }

Coro<std::string> be_greeted(Address address, ConnectionOptions options) {
    auto [reader, writer] = co_await open_connection(address, options);
    std::string greeting = co_await reader.read();
    writer.close();
    co_await writer.wait_closed();
    co_return greeting;
}

Coro<> connect_on(Address address, std::uint64_t seed, std::size_t cancels) {
    constexpr std::size_t turns_of_a_connection = 60;
    const ConnectionOptions options = trusting();
    Torturer torturer(seed, turns_of_a_connection);
    while (torturer.cancels() < cancels) {
        const auto result = co_await torturer.torture(be_greeted(address, options));
        if (only_cancelled(result)) {
            EXPECT_EQ(*result, "hello");
        }
    }
    EXPECT_EQ(co_await be_greeted(address, options), "hello");
}

Coro<> connections(std::uint64_t seed, std::size_t cancels) {
    const LoopErrors errors(get_running_loop());  // of handshakes that the server saw the client leave
    const ServerOptions with = testing::with_tls(testing::tls_server());
    const Server server = co_await start_server(greet, "127.0.0.1", 0, with);
    const Address where = server.sockets().at(0);
    std::vector<Coro<>> clients;
    for (std::uint64_t i = 0; i < 4; ++i) clients.push_back(connect_on(where, seed + i, cancels / 4));
    co_await gather(std::move(clients));
    server.close();
    co_await server.wait_closed();
}

TEST(RealTlsTorture, connections_that_are_cancelled_leave_nothing) {
    run_tortured(all_faults, 71, connections(71, cancels_wanted(600)));
}

// ---- Connections that are cut

Coro<> pass_on(StreamReader from, StreamWriter to) {
    for (;;) {
        const std::string bytes = co_await from.read(65536);
        if (bytes.empty()) co_return;
        co_await to.write(bytes);
    }
}

/// A server's handler that stands between its client and another server, and ends both connections, without a word of TLS, after so many
/// bytes from there.
class CuttingRelay {
public:
    CuttingRelay(Address server, const std::size_t& most, std::size_t& passed)
        : server_(std::move(server)), most_(most), passed_(passed) {}

    Coro<> operator()(StreamReader reader, StreamWriter writer) const {
        auto [from, to] = co_await open_connection(server_);
        const Task<> up = create_task(pass_on(reader, to));
        passed_ = 0;
        while (passed_ < most_) {
            const std::string bytes = co_await from.read(std::min<std::size_t>(most_ - passed_, 65536));
            if (bytes.empty()) break;
            passed_ += bytes.size();
            if (!(co_await as_result(writer.write(bytes))).ok()) break;
        }
        up.cancel();
        static_cast<void>(co_await as_result(up));
        to.abort();
    }

private:
    Address server_;
    const std::size_t& most_;
    std::size_t& passed_;
};

/// Reads to the end into `got`.
Coro<> read_all(Address address, ConnectionOptions options, std::string& got) {
    auto [reader, writer] = co_await open_connection(address, options);
    for (;;) {
        const std::string bytes = co_await reader.read(4096);
        if (bytes.empty()) co_return;
        got += bytes;
    }
}

Coro<> cut_anywhere(int cuts) {
    const LoopErrors errors(get_running_loop());  // the servers' share
    const std::string data = testing::bytes_from(0, 50'000);
    const ServerOptions with = testing::with_tls(testing::tls_server());
    const auto say_all = [&data](StreamReader, StreamWriter writer) -> Coro<> {
        static_cast<void>(co_await as_result(writer.write(data)));
    };
    const Server server = co_await start_server(say_all, "127.0.0.1", 0, with);
    std::size_t most = SIZE_MAX, passed = 0;
    const CuttingRelay cutting(server.sockets().at(0), most, passed);
    const Server relay = co_await start_server(cutting, "127.0.0.1", 0);
    const Address where = relay.sockets().at(0);

    std::string got;
    co_await read_all(where, trusting(), got);
    EXPECT_TRUE(got == data);
    const std::size_t whole = passed;
    EXPECT_GT(whole, data.size());

    Torturer torturer(81);
    for (int i = 0; i < cuts; ++i) {
        most = torturer.below(whole - 100);  // what says that this is the end is longer than nothing
        got.clear();
        const ConnectionOptions options = trusting();  // one each: a session that is resumed is shorter
        const auto result = co_await as_result(read_all(where, options, got));
        EXPECT_FALSE(result.ok() || result.cancelled()) << "cut after " << most << " of " << whole << " bytes";
        EXPECT_TRUE(data.starts_with(got)) << "cut after " << most << " of " << whole << " bytes";
    }
    relay.abort_clients();
    relay.close();
    co_await relay.wait_closed();
    server.abort_clients();
    server.close();
    co_await server.wait_closed();
}

TEST(RealTlsTorture, a_connection_that_is_cut_anywhere_ends_with_an_error_and_not_as_if_that_were_all) {
    run_tortured(all_faults, 81, cut_anywhere(60));
}

}  // namespace
}  // namespace hocket
