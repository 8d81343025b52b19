// SPDX-License-Identifier: MIT
// Real input: 100 pages from an HTTP server, in sequence and then at once, over streams. Takes the server's port, and `tls` for one
// that speaks it.
#include "stopwatch.h"

#include <hocket/hocket.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

/// The server, and how it is reached.
struct Server {
    std::uint16_t port;
    hocket::ConnectionOptions options;
};

hocket::Coro<std::size_t> fetch_page(const Server& server, int number) {
    auto [reader, writer] = co_await hocket::open_connection("127.0.0.1", server.port, server.options);
    co_await writer.write("GET /page-" + std::to_string(number) + ".html HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n");
    const std::string answer = co_await reader.read();
    writer.close();
    co_await writer.wait_closed();
    if (!answer.starts_with("HTTP/1.0 200"))
        throw std::runtime_error("page " + std::to_string(number) + ": " + answer.substr(0, answer.find('\r')));
    co_return answer.size() - answer.find("\r\n\r\n") - 4;
}

hocket::Coro<> amain(Server server) {
    constexpr int count = 100;
    std::size_t bytes = 0;

    const Stopwatch one_by_one;
    for (int i = 0; i < count; ++i) bytes += co_await fetch_page(server, i);
    std::printf("in sequence: %d pages, %zu bytes, %.3f s\n", count, bytes, one_by_one.seconds());

    const Stopwatch together;
    std::vector<hocket::Coro<std::size_t>> fetches;
    for (int i = 0; i < count; ++i) fetches.push_back(fetch_page(server, i));
    bytes = 0;
    for (std::size_t size : co_await hocket::gather(std::move(fetches))) bytes += size;
    std::printf("at once:     %d pages, %zu bytes, %.3f s\n", count, bytes, together.seconds());
}

int main(int argc, char** argv) {
    const bool is_secure = argc == 3 && std::string(argv[2]) == "tls";
    if (argc != 2 && !is_secure) {
        std::fprintf(stderr, "usage: pages PORT [tls]\n");
        return 2;
    }
    Server server{.port = static_cast<std::uint16_t>(std::atoi(argv[1])), .options = {}};
    if (is_secure) server.options.tls = hocket::TlsContext::client();
    hocket::run(amain(std::move(server)));
}
