// SPDX-License-Identifier: MIT
// The HTTP server with Boost.Beast and Asio's C++20 coroutines, on one thread.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <ctime>
#include <string>

#include "../net/listen.h"

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using Executor = asio::io_context::executor_type;
using Stream = beast::basic_stream<asio::ip::tcp, Executor>;
using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, Executor>;
constexpr asio::use_awaitable_t<Executor> awaited;

/// Made once a second.
const std::string& date() {
    static std::string text;
    static std::time_t made;
    const std::time_t now = std::time(nullptr);
    if (now != made) {
        std::tm parts{};
        gmtime_r(&now, &parts);
        char room[64];
        text.assign(room, std::strftime(room, sizeof room, "%a, %d %b %Y %H:%M:%S GMT", &parts));
        made = now;
    }
    return text;
}

asio::awaitable<void, Executor> serve_one(Stream stream) {
    beast::flat_buffer buffer;
    try {
        for (;;) {
            http::request<http::string_body> request;
            stream.expires_after(std::chrono::seconds(75));
            co_await http::async_read(stream, buffer, request, awaited);
            const bool is_there = request.method() == http::verb::get && request.target() == "/";
            http::response<http::string_body> answer(is_there ? http::status::ok : http::status::not_found,
                                                     request.version());
            answer.set(http::field::date, date());
            answer.set(http::field::content_type, "text/plain; charset=utf-8");
            answer.keep_alive(request.keep_alive());
            if (is_there) answer.body() = "Hello, World!";
            answer.prepare_payload();
            co_await http::async_write(stream, answer, awaited);
            if (!answer.keep_alive()) co_return;
        }
    } catch (const boost::system::system_error&) {
        co_return;  // the client went
    }
}

asio::awaitable<void, Executor> serve(Acceptor acceptor) {
    for (;;) {
        Stream stream(co_await acceptor.async_accept(awaited));
        stream.socket().set_option(asio::ip::tcp::no_delay(true));
        const Executor executor = stream.get_executor();
        asio::co_spawn(executor, serve_one(std::move(stream)), asio::detached);
    }
}

}  // namespace

int main() {
    bench::allow_many_files();
    asio::io_context context(1);
    Acceptor acceptor(context, {asio::ip::address_v4::loopback(), 0});
    bench::tell_port(acceptor.local_endpoint().port());
    asio::co_spawn(context, serve(std::move(acceptor)), asio::detached);
    context.run();
}
