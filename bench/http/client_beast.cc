// SPDX-License-Identifier: MIT
// The HTTP client with Boost.Beast and Asio's C++20 coroutines, on one thread.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <string>
#include <vector>

#include "figures.h"

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using Executor = asio::io_context::executor_type;
using Stream = beast::basic_stream<asio::ip::tcp, Executor>;
constexpr asio::use_awaitable_t<Executor> awaited;

// A connection, and what has come on it behind the last response.
struct Connection {
    Stream stream;
    beast::flat_buffer buffer;
};

asio::awaitable<void, Executor> fetch_often(Connection& c, int port, int& left, bench::ClientFigures& figures) {
    const std::string host = "127.0.0.1:" + std::to_string(port);
    while (left > 0) {
        --left;
        const double begun = bench::now();
        c.stream.expires_after(std::chrono::seconds(300));
        if (!c.stream.socket().is_open()) {
            co_await c.stream.async_connect({asio::ip::address_v4::loopback(), static_cast<std::uint16_t>(port)},
                                            awaited);
            c.stream.socket().set_option(asio::ip::tcp::no_delay(true));
        }
        http::request<http::empty_body> request(http::verb::get, "/", 11);
        request.set(http::field::host, host);
        request.set(http::field::accept, "*/*");
        request.set(http::field::accept_encoding, "gzip, deflate, br, zstd");
        request.set(http::field::user_agent, "bench/1");
        co_await http::async_write(c.stream, request, awaited);
        http::response<http::string_body> response;
        co_await http::async_read(c.stream, c.buffer, response, awaited);
        figures.check(static_cast<int>(response.result_int()), response.body().size());
        figures.add(bench::now() - begun);
    }
}

}  // namespace

int main(int argc, char** argv) {
    const bench::ClientRun run(argc, argv);
    asio::io_context context(1);
    bench::ClientFigures figures;
    std::vector<Connection> connections;
    for (int i = 0; i < run.concurrency; ++i) connections.push_back({Stream(context), {}});
    const auto fetch = [&](int count) {
        for (Connection& c : connections) {
            asio::co_spawn(context, fetch_often(c, run.port, count, figures), [](const std::exception_ptr& error) {
                if (error) std::rethrow_exception(error);
            });
        }
        context.restart();
        context.run();
    };
    fetch(run.to_warm_up());
    figures.begin();
    fetch(run.count);
    figures.report(run.concurrency);
}
