// SPDX-License-Identifier: MIT
// Answers that come before the request's body is sent: what a success has overtaken is sent all the same, and what is refused is not.
#include <hocket/flow/wait_for.h>
#include <hocket/http/client_session.h>
#include <hocket/http/client_test.h>
#include <hocket/net/tls_test.h>
#include <hocket/sync/event.h>

#include <cstdint>
#include <stdexcept>
#include <string>

using namespace std::chrono_literals;
using namespace std::string_literals;

namespace hocket::http {
namespace {

using namespace testing;
using hocket::testing::tls_client, hocket::testing::tls_server, hocket::testing::with_tls;

constexpr std::size_t much = 8 << 20;

// How many bytes of a body come after its head: so many, or all up to the connection's end.
Coro<std::size_t> count(Peer& peer, std::size_t most) {
    std::size_t size = 0;
    try {
        while (size < most && !peer.reader.at_eof()) size += (co_await peer.reader.read(65536)).size();
    } catch (const OSError&) {  // TLS that is cut
        co_return size;
    }
    co_return size;
}

/// Answers at once, reads the body, and answers a further request.
Coro<TestServer> hasty(std::size_t& received, std::size_t size, std::string first = ok("early"),
                       std::string rest = "") {
    return TestServer::start(
        [&received, size, first = std::move(first), rest = std::move(rest)](Peer& peer, int) -> Coro<> {
            co_await peer.reader.readuntil("\r\n\r\n");
            co_await peer.send(first);
            received = co_await count(peer, size);
            if (!rest.empty()) co_await peer.send(rest);
            if (!(co_await peer.request()).empty()) co_await peer.send(ok("next"));
        });
}

TEST(RealClientEarlyAnswer, a_body_that_a_success_has_overtaken_is_sent_to_its_end) {
    run_http([]() -> Coro<> {
        for (const std::string& first : {ok("early"), "HTTP/1.1 303 See Other\r\nContent-Length: 0\r\n\r\n"s}) {
            std::size_t received = 0;
            const TestServer server = co_await hasty(received, much, first);
            const ClientSession session;
            {
                const ClientResponse response = co_await session.post(server.url(), {.data = std::string(much, 'x')});
                EXPECT_EQ(response.status(), first.find("200") == 9 ? 200 : 303);
            }
            co_await until([&] { return received == much; });
        }
    }());
}

TEST(RealClientEarlyAnswer, who_reads_the_answer_waits_for_the_rest_of_the_body) {
    run_http([]() -> Coro<> {
        std::size_t received = 0;
        const std::string whole = ok("early");
        const TestServer server = co_await TestServer::start([&](Peer& peer, int) -> Coro<> {
            co_await peer.reader.readuntil("\r\n\r\n");
            co_await peer.send(whole.substr(0, whole.size() - 1));
            co_await a_while();
            co_await peer.send("y");
            received = co_await count(peer, much);
            if (!(co_await peer.request()).empty()) co_await peer.send(ok("next"));
        });
        const ClientSession session;
        const ClientResponse response = co_await session.post(server.url(), {.data = std::string(much, 'x')});
        EXPECT_EQ(co_await response.text(), "early");
        co_await until([&] { return received == much; });
    }());
}

AsyncGenerator<std::string> slow_words(hocket::Event& told, std::exception_ptr error = {}) {
    co_yield "begun";
    co_await told.wait();
    if (error) std::rethrow_exception(error);
    co_yield "ended";
}

TEST(RealClientEarlyAnswer, a_generator_that_a_success_has_overtaken_goes_on_to_its_end) {
    run_http([]() -> Coro<> {
        std::string received;
        const TestServer server = co_await TestServer::start([&](Peer& peer, int) -> Coro<> {
            co_await peer.reader.readuntil("begun");
            co_await peer.send(ok(""));
            received = co_await peer.reader.readuntil("0\r\n\r\n");
            if (!(co_await peer.request()).empty()) co_await peer.send(ok("next"));
        });
        const ClientSession session;
        hocket::Event told;
        RequestOptions options{.stream = slow_words(told)};
        const Task<ClientResponse> task = create_task(session.post(server.url(), std::move(options)));
        co_await a_while();
        EXPECT_FALSE(task.done());
        told.set();
        EXPECT_EQ((co_await task).status(), 200);
        co_await until([&] { return !received.empty(); });
        EXPECT_EQ(received, "\r\n5\r\nended\r\n0\r\n\r\n");
    }());
}

TEST(RealClientEarlyAnswer, what_cannot_be_sent_is_an_error_though_the_answer_is_there) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::start([&](Peer& peer, int) -> Coro<> {
            co_await peer.reader.readuntil("begun");
            co_await peer.send(ok(""));
            co_await peer.end();
        });
        hocket::Event told, never;
        const ClientSession session;
        RequestOptions options{.stream = slow_words(told, std::make_exception_ptr(std::runtime_error("no words")))};
        told.set();
        EXPECT_EQ(co_await ending_of(session.post(server.url(), std::move(options))), "std::runtime_error: no words");
        RequestOptions late{.stream = slow_words(never), .timeout = 20ms};
        EXPECT_EQ(co_await ending_of(session.post(server.url(), std::move(late))),
                  "hocket::TimeoutError: POST " + server.url() + ": timed out after 0.02 s");
        RequestOptions closed{.stream = slow_words(never)};
        const Task<ClientResponse> task = create_task(session.post(server.url(), std::move(closed)));
        co_await a_while();
        co_await session.close();
        EXPECT_EQ(co_await ending_of(task),
                  "hocket::http::ClientConnectionError: POST " + server.url() + ": the session was closed");
    }());
}

TEST(RealClientEarlyAnswer, what_a_generator_throws_comes_out_as_it_is) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::start([&](Peer& peer, int) -> Coro<> {
            co_await peer.reader.readuntil("begun");
            co_await peer.send(ok(""));
            co_await peer.end();
        });
        hocket::Event told;
        const ClientSession session;
        const std::exception_ptr error = std::make_exception_ptr(ProtocolError("the client sends too slowly", 408));
        RequestOptions options{.stream = slow_words(told, error)};
        const Task<ClientResponse> task = create_task(session.post(server.url(), std::move(options)));
        co_await a_while();
        told.set();
        EXPECT_EQ(co_await ending_of(task), "hocket::http::ProtocolError: the client sends too slowly");
    }());
}

TEST(RealClientEarlyAnswer, who_says_more_after_its_answer_is_not_listened_to) {
    run_http([]() -> Coro<> {
        constexpr std::size_t flood = 256;
        std::size_t sent = 0;
        const TestServer server = co_await TestServer::start([&](Peer& peer, int) -> Coro<> {
            co_await peer.reader.readuntil("\r\n\r\n");
            co_await peer.send(ok(""));
            const std::string more(1 << 20, 'x');
            try {
                for (; sent < flood; ++sent) co_await peer.send(more);
            } catch (const OSError&) {
                co_return;
            }
        });
        const ClientSession session;
        RequestOptions options{.data = std::string(much, 'x'), .timeout = 1s};
        EXPECT_EQ(co_await ending_of(session.post(server.url(), std::move(options))),
                  "hocket::TimeoutError: POST " + server.url() + ": timed out after 1 s");
        EXPECT_LT(sent, flood);
    }());
}

TEST(RealClientEarlyAnswer, a_response_that_is_closed_as_its_body_ends_says_so) {
    run_http([]() -> Coro<> {
        const std::string whole = ok("early");
        const TestServer server = co_await TestServer::start([&](Peer& peer, int) -> Coro<> {
            co_await peer.reader.readuntil("\r\n\r\n");
            co_await peer.send(whole.substr(0, whole.size() - 1));
            co_await a_while();
            co_await peer.send("y");
            co_await count(peer, much + 1);
        });
        const ClientSession session;
        const ClientResponse response = co_await session.post(server.url(), {.data = std::string(much, 'x')});
        std::string read;
        while (read != "early") read += (co_await response.next()).value_or("?");
        response.close();
        EXPECT_EQ(co_await ending_of(response.next()),
                  "hocket::http::ClientConnectionError: POST " + server.url() + ": the response was closed");
    }());
}

TEST(RealClientEarlyAnswer, a_server_that_closes_after_its_answer_is_not_waited_for) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::start([&](Peer& peer, int) -> Coro<> {
            co_await peer.reader.readuntil("begun");
            co_await peer.send(ok("x"));
        });
        hocket::Event never;
        const ClientSession session;
        RequestOptions options{.stream = slow_words(never)};
        EXPECT_EQ(co_await text_of(session.post(server.url(), std::move(options))), "x");
    }());
}

TEST(RealClientEarlyAnswer, a_large_text_that_is_refused_ends_at_once) {
    run_http([]() -> Coro<> {
        for (const bool is_secure : {false, true}) {
            std::size_t received = 0;
            const TestServer server = co_await TestServer::start(
                [&received](Peer& peer, int) -> Coro<> {
                    co_await peer.reader.readuntil("\r\n\r\n");
                    co_await peer.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 5\r\n\r\n");
                    // The pause: until nothing has come for a while.
                    for (bool goes_on = true; goes_on;) {
                        try {
                            received += (co_await wait_for(peer.reader.read(65536), 100ms)).size();
                        } catch (const TimeoutError&) {
                            goes_on = false;
                        }
                    }
                    co_await peer.send("large");
                    received += co_await count(peer, SIZE_MAX);
                },
                is_secure ? with_tls(tls_server()) : ServerOptions());
            const ClientSession session({.tls = tls_client()});
            {
                const ClientResponse response =
                    co_await session.post(server.url(), {.data = std::string(32 << 20, 'x')});
                EXPECT_EQ(response.status(), 413);
                EXPECT_EQ(co_await response.text(), "large");
            }
            co_await until([&] { return server.clients() == 0; });
            EXPECT_LT(received, 16U << 20) << is_secure;  // what the system's buffers hold
        }
    }());
}

}  // namespace
}  // namespace hocket::http
