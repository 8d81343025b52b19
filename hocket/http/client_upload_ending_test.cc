// SPDX-License-Identifier: MIT
// How the generator of a request's body ends: early, and no later than the request.
#include <hocket/core/sleep.h>
#include <hocket/http/client_session.h>
#include <hocket/http/client_test.h>
#include <hocket/sync/event.h>

#include <string>
#include <utility>

using namespace std::chrono_literals;

namespace hocket::http {
namespace {

using namespace testing;

// Counts what it has given, and writes down its end.
AsyncGenerator<std::string> endless(std::size_t& given, std::string& ending) {
    struct Ending {
        std::string& text;
        ~Ending() { text += "gone"; }
    } const ended{ending};
    for (;;) {
        given += 100'000;
        try {
            co_yield std::string(100'000, 'x');
        } catch (const GeneratorExit&) {
            ending += "closed, ";
            throw;
        }
    }
}

AsyncGenerator<std::string> waiting(std::string& ending) {
    struct Ending {
        std::string& text;
        ~Ending() { text += "gone"; }
    } const ended{ending};
    co_yield "begun";
    co_await hocket::sleep(1h);
}

TEST(RealClientUploadEnding, a_generator_runs_no_faster_than_the_server_reads) {
    run_http([]() -> Coro<> {
        hocket::Event go;
        const TestServer server = co_await TestServer::start([&](Peer& peer, int) -> Coro<> {
            co_await go.wait();
            co_await peer.end();
        });
        const ClientSession session;
        std::size_t given = 0;
        std::string ending;
        RequestOptions options{.stream = endless(given, ending), .timeout = 0s};
        Task<ClientResponse> task = create_task(session.post(server.url(), std::move(options)));
        std::size_t before = 1;
        while (given != before) {
            before = given;
            co_await hocket::sleep(20ms);
        }
        EXPECT_LT(given, 64U << 20);  // what the system's buffers hold
        task.cancel();
        const std::string cancelled = co_await ending_of(std::move(task));
        EXPECT_EQ(cancelled, "hocket::CancelledError");
        EXPECT_EQ(ending, "closed, gone");
        go.set();
    }());
}

// Of both: the generator that has more to give, and the text that is not sent yet.
TEST(RealClientUploadEnding, an_error_that_comes_early_ends_the_sending) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::start([](Peer& peer, int) -> Coro<> {
            co_await peer.reader.readuntil("\r\n\r\n");
            co_await peer.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 5\r\n\r\nlarge");
            co_await peer.end();
        });
        const ClientSession session;
        std::size_t given = 0;
        std::string ending;
        RequestOptions options{.stream = endless(given, ending)};
        {
            const ClientResponse response = co_await session.post(server.url(), std::move(options));
            EXPECT_EQ(response.status(), 413);
            EXPECT_EQ(ending, "closed, gone");
            EXPECT_EQ(co_await response.text(), "large");
        }
        const ClientResponse other = co_await session.post(server.url(), {.data = std::string(30 << 20, 'x')});
        EXPECT_EQ(other.status(), 413);
        EXPECT_EQ(co_await other.text(), "large");
        EXPECT_EQ(server.connections(), 2);  // the first one cannot be used again
    }());
}

TEST(RealClientUploadEnding, a_generator_that_waits_ends_with_an_early_error) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::start([](Peer& peer, int) -> Coro<> {
            co_await peer.reader.readuntil("begun");
            co_await peer.send("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n");
            co_await peer.end();
        });
        const ClientSession session;
        std::string ending;
        RequestOptions options{.stream = waiting(ending)};
        const ClientResponse response = co_await session.post(server.url(), std::move(options));
        EXPECT_EQ(response.status(), 401);
        EXPECT_EQ(ending, "gone");
        EXPECT_EQ(server.connections(), 1);
    }());
}

TEST(RealClientUploadEnding, a_time_limit_ends_a_generator_that_waits) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::start([](Peer& peer, int) -> Coro<> { co_await peer.end(); });
        const ClientSession session;
        std::string ending;
        RequestOptions options{.stream = waiting(ending), .timeout = 20ms};
        EXPECT_EQ(co_await ending_of(session.post(server.url(), std::move(options))),
                  "hocket::TimeoutError: POST " + server.url() + ": timed out after 0.02 s");
        EXPECT_EQ(ending, "gone");
    }());
}

// Has much to do when it is told to end, and is told twice.
AsyncGenerator<std::string> slow_to_end(std::string& ending) {
    std::exception_ptr told;
    co_yield "begun";
    for (int i = 0; i < 20; ++i) {
        try {
            co_await hocket::sleep(told ? 0s : 3600s);
        } catch (const CancelledError&) {
            ending += "told, ";
            told = std::current_exception();
        }
    }
    ending += "done";
    std::rethrow_exception(told);
}

// A server that gives this answer when the body has begun, and knows no other.
Coro<TestServer> hasty_server(std::string answer) {
    co_return co_await TestServer::start([answer](Peer& peer, int number) -> Coro<> {
        if (number > 1) {
            co_await peer.request();
            co_await peer.send(ok("there"));
        } else {
            co_await peer.reader.readuntil("begun");
            co_await peer.send(answer);
            if (answer.empty()) co_return;
        }
        co_await peer.end();
    });
}

TEST(RealClientUploadEnding, a_request_waits_until_its_generator_has_ended) {
    run_http([]() -> Coro<> {
        const std::pair<std::string, std::string> expected[] = {
            {"", "hocket::http::ServerDisconnectedError"},
            {"no HTTP\r\n\r\n", "hocket::http::ClientResponseError"},
            {"HTTP/1.1 413 Content Too Large\r\nContent-Length: 9\r\n\r\n", "413"},
            {"HTTP/1.1 307 Temporary Redirect\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n",
             "hocket::http::ClientResponseError"},
            {ok(""), "hocket::TimeoutError"},
        };
        for (const auto& [answer, end] : expected) {
            const TestServer server = co_await hasty_server(answer);
            const ClientSession session;
            std::string ending;
            RequestOptions options{.stream = slow_to_end(ending), .timeout = answer == ok("") ? 200ms : 60s};
            std::string result;
            try {
                const ClientResponse response = co_await session.post(server.url(), std::move(options));
                result = std::to_string(response.status());
                EXPECT_EQ(ending, "told, done") << answer;
            } catch (...) {
                result = describe(std::current_exception());
                EXPECT_EQ(ending, "told, done") << answer;
            }
            EXPECT_TRUE(result.starts_with(end)) << result;
        }
    }());
}

TEST(RealClientUploadEnding, a_request_that_is_cancelled_waits_for_its_generator_however_often_it_is_told) {
    run_http([]() -> Coro<> {
        for (const bool is_told_again : {false, true}) {
            hocket::Event begun;
            const TestServer server = co_await TestServer::start([&begun](Peer& peer, int) -> Coro<> {
                co_await peer.reader.readuntil("begun");
                begun.set();
                co_await peer.end();
            });
            const ClientSession session;
            std::string ending;
            RequestOptions options{.stream = slow_to_end(ending)};
            Task<ClientResponse> task = create_task(session.post(server.url(), std::move(options)));
            co_await begun.wait();
            task.cancel();
            for (int i = 0; i < 4; ++i) co_await hocket::sleep(0);
            EXPECT_FALSE(task.done());
            if (is_told_again) task.cancel();
            EXPECT_EQ(co_await ending_of(std::move(task)), "hocket::CancelledError");
            EXPECT_EQ(ending, is_told_again ? "told, told, done" : "told, done");
        }
    }());
}

TEST(RealClientUploadEnding, a_generator_that_an_answer_has_overtaken_ends_with_the_request) {
    run_http([]() -> Coro<> {
        const std::string early = ok("early");
        for (const std::string& answer : {early, early.substr(0, early.size() - 1)}) {
            const TestServer server = co_await TestServer::start([&answer](Peer& peer, int) -> Coro<> {
                co_await peer.reader.readuntil("begun");
                co_await peer.send(answer);
                if (answer.ends_with('y')) co_await peer.end();
            });
            const ClientSession session;
            std::string ending;
            RequestOptions options{.stream = slow_to_end(ending), .timeout = 200ms};
            const std::string read = co_await ending_of(text_of(session.post(server.url(), std::move(options))));
            EXPECT_EQ(ending, "told, done") << read;
        }
    }());
}

}  // namespace
}  // namespace hocket::http
