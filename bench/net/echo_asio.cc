// SPDX-License-Identifier: MIT
// The echo server with Boost.Asio's C++20 coroutines, on one thread.

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cstdlib>
#include <vector>

#include "listen.h"

namespace {

namespace asio = boost::asio;
using Executor = asio::io_context::executor_type;
using Socket = asio::basic_stream_socket<asio::ip::tcp, Executor>;
using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, Executor>;
constexpr asio::use_awaitable_t<Executor> awaited;

std::size_t buffer_size;

asio::awaitable<void, Executor> echo(Socket socket) {
    std::vector<char> buffer(buffer_size);
    for (;;) {
        const auto [error, n] = co_await socket.async_read_some(asio::buffer(buffer), asio::as_tuple(awaited));
        if (error) co_return;
        co_await asio::async_write(socket, asio::buffer(buffer, n), awaited);
    }
}

asio::awaitable<void, Executor> serve(Acceptor acceptor) {
    for (;;) {
        Socket socket = co_await acceptor.async_accept(awaited);
        socket.set_option(asio::ip::tcp::no_delay(true));
        const Executor executor = socket.get_executor();
        asio::co_spawn(executor, echo(std::move(socket)), asio::detached);
    }
}

}  // namespace

int main(int, char** argv) {
    buffer_size = std::strtoul(argv[1], nullptr, 10);
    bench::allow_many_files();
    asio::io_context context(1);
    Acceptor acceptor(context, {asio::ip::address_v4::loopback(), 0});
    bench::tell_port(acceptor.local_endpoint().port());
    asio::co_spawn(context, serve(std::move(acceptor)), asio::detached);
    context.run();
}
