// SPDX-License-Identifier: MIT
// What tests of the simulation share.
#pragma once

#include <gtest/gtest.h>
#include <hocket/net/open_connection.h>
#include <hocket/net/server.h>
#include <hocket/sim/run.h>

#include <string>
#include <string_view>
#include <utility>

namespace hocket::sim::testing {

/// In a calm world, where a packet takes 500 us; the run succeeds.
inline Outcome run_calmly(const Main& main) {
    Outcome outcome = run(Config::calm(), main);
    EXPECT_TRUE(outcome.ok) << outcome.error;
    return outcome;
}

inline Coro<> echo(StreamReader reader, StreamWriter writer) {
    while (true) {
        const std::string_view bytes = co_await reader.peek();
        if (bytes.empty()) co_return;
        co_await writer.write(bytes);
        reader.consume(bytes.size());
    }
}

/// Echoes on port 7 of all addresses, until it is cancelled.
inline Coro<> echo_server() {
    const Server server = co_await start_server(echo, "", 7);
    co_await server.serve_forever();
}

/// What is thrown to whoever awaits it, in words.
template <class Awaitable>
Coro<std::string> error_of(Awaitable awaitable) {
    try {
        co_await std::move(awaitable);
    } catch (const std::exception& e) {
        co_return e.what();
    }
    co_return "nothing";
}

}  // namespace hocket::sim::testing
