// SPDX-License-Identifier: MIT
// A server that counts the lines of each connection, and two clients of it.
#include <hocket/hocket.h>

#include <cstdio>
#include <string>
#include <utility>
#include <vector>

using hocket::Coro, hocket::StreamReader, hocket::StreamWriter;

// One task for each connection.
Coro<> count_lines(StreamReader reader, StreamWriter writer) {
    int number = 0;
    while (auto line = co_await reader.next()) {
        ++number;
        co_await writer.write(std::to_string(number) + ": " + *line);
    }
}  // both handles are gone: the connection is closed

struct Answers {
    std::string lines;
    std::size_t rest;
};

Coro<Answers> talk(std::uint16_t port, std::vector<std::string> lines) {
    auto [reader, writer] =
        co_await hocket::open_connection("127.0.0.1", port);
    std::string answers;
    for (const auto& line : lines) {
        co_await writer.write(line + "\n");
        answers += co_await reader.readline();
    }
    writer.write_eof();
    const std::string rest = co_await reader.read();
    co_return Answers{answers, rest.size()};
}

Coro<> amain() {
    auto server =
        co_await hocket::start_server(count_lines, "127.0.0.1", 0);
    const std::uint16_t port = server.port();
    co_await hocket::with(server, [&]() -> Coro<> {
        auto [first, second] = co_await hocket::gather(
            talk(port, {"good morning", "good night"}),
            talk(port, {"hello"}));
        for (const auto& [lines, rest] : {first, second})
            std::printf("%sand %zu bytes\n", lines.c_str(), rest);
    });

    try {
        co_await hocket::open_connection("127.0.0.1", port);
    } catch (const hocket::OSError& error) {
        if (error.code() != std::errc::connection_refused) throw;
        std::printf("the server is closed\n");
    }
}

int main() { hocket::run(amain()); }
