// SPDX-License-Identifier: MIT
// Bodies that a generator makes while they are sent, and answers that come before their end.
#include <hocket/core/sleep.h>
#include <hocket/flow/wait_for.h>
#include <hocket/http/application.h>
#include <hocket/http/client_session.h>
#include <hocket/http/client_test.h>
#include <hocket/http/http_server.h>
#include <hocket/sync/event.h>

#include <optional>
#include <string>
#include <vector>

using namespace std::chrono_literals;

namespace hocket::http {
namespace {

using namespace testing;

AsyncGenerator<std::string> words(std::vector<std::string> all) {
    for (std::string& word : all) {
        co_await hocket::sleep(0);
        co_yield std::move(word);
    }
}

AsyncGenerator<std::string> two_words() {
    co_yield "one ";
    co_yield "two";
}

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

AsyncGenerator<std::string> failing(std::string first) {
    co_yield std::move(first);
    throw std::runtime_error("no more words");
}

AsyncGenerator<std::string> waiting(std::string& ending) {
    struct Ending {
        std::string& text;
        ~Ending() { text += "gone"; }
    } const ended{ending};
    co_yield "begun";
    co_await hocket::sleep(1h);
}

// The next request, whose body is chunked.
Coro<std::string> chunked_request(Peer& peer) {
    std::string text;
    try {
        text = co_await peer.reader.readuntil("\r\n\r\n");
        text += co_await peer.reader.readuntil("0\r\n\r\n");
    } catch (const IncompleteReadError&) {
        co_return std::string();
    }
    co_return text;
}

Coro<TestServer> chunked_server(std::vector<std::string>& requests, std::string answer = ok("")) {
    co_return co_await TestServer::start([&requests, answer](Peer& peer, int) -> Coro<> {
        for (;;) {
            std::string request = co_await chunked_request(peer);
            if (request.empty()) break;
            requests.push_back(std::move(request));
            co_await peer.send(answer);
        }
    });
}

TEST(RealClientUpload, a_generator_is_sent_in_chunks) {
    run_http([]() -> Coro<> {
        std::vector<std::string> requests;
        const TestServer server = co_await chunked_server(requests);
        const ClientSession session;
        for (int i = 0; i < 2; ++i) {
            const std::vector<std::string> all = {"hello", "", std::string(16, 'x')};
            RequestOptions options{.stream = words(all)};
            const std::string answer = co_await text_of(session.post(server.url(), std::move(options)));
            EXPECT_EQ(answer, "");
        }
        EXPECT_EQ(field_of(requests.at(0), "Transfer-Encoding"), "chunked");
        EXPECT_EQ(field_of(requests.at(0), "Content-Type"), "application/octet-stream");
        EXPECT_EQ(field_of(requests.at(0), "Content-Length"), "none");
        EXPECT_TRUE(requests.at(0).ends_with("\r\n\r\n5\r\nhello\r\n10\r\nxxxxxxxxxxxxxxxx\r\n0\r\n\r\n"))
            << requests.at(0);
        EXPECT_EQ(server.connections(), 1);
    }());
}

TEST(RealClientUpload, a_generator_of_known_length_is_sent_as_it_is) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::answering(ok(""));
        const ClientSession session;
        RequestOptions options{.headers = {{"Content-Length", "7"}}, .stream = two_words()};
        const std::string answer = co_await text_of(session.put(server.url(), std::move(options)));
        EXPECT_EQ(answer, "");
        EXPECT_EQ(field_of(server.requests().at(0), "Transfer-Encoding"), "none");
        EXPECT_TRUE(server.requests().at(0).ends_with("\r\n\r\none two"));
    }());
}

// 29
TEST(RealClientUpload, the_length_that_was_announced_is_kept) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::answering(ok(""));
        const ClientSession session;
        const auto ending = [&](std::string length) -> Coro<std::string> {
            RequestOptions options{.headers = {{"Content-Length", length}}, .stream = two_words()};
            co_return co_await ending_of(session.put(server.url(), std::move(options)));
        };
        EXPECT_EQ(co_await ending("6"), "hocket::ValueError: the body has more than the 6 bytes that were announced");
        EXPECT_EQ(co_await ending("8"), "hocket::ValueError: the body has 7 bytes, and 8 were announced");
        EXPECT_EQ(co_await ending("+7"), "hocket::ValueError: PUT " + server.url() +
                                             ": the field Content-Length is \"+7\", not a number of bytes");
        EXPECT_TRUE(server.requests().empty());
    }());
}

TEST(RealClientUpload, a_stream_can_be_compressed) {
    run_http([]() -> Coro<> {
        Application app;
        app.post("/", [](Request& request) -> Coro<std::string> { co_return co_await request.body(); });
        const HttpServer server = co_await serve(app, "127.0.0.1", 0);
        const ClientSession session;
        RequestOptions options{.stream = two_words(), .compress = "br"};
        const std::string answer = co_await text_of(session.post(server.url(), std::move(options)));
        EXPECT_EQ(answer, "one two");
        server.close();
        co_await session.close();
        co_await server.wait_closed();
    }());
}

TEST(RealClientUpload, a_generator_runs_no_faster_than_the_server_reads) {
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

TEST(RealClientUpload, what_the_generator_throws_comes_out_of_the_request) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::start([](Peer& peer, int) -> Coro<> { co_await peer.end(); });
        const ClientSession session;
        const std::vector<std::string> firsts = {"a", std::string(1 << 20, 'x')};
        for (const std::string& first : firsts) {
            RequestOptions options{.stream = failing(first)};
            EXPECT_EQ(co_await ending_of(session.post(server.url(), std::move(options))),
                      "std::runtime_error: no more words");
        }
        co_await until([&] { return server.clients() == 0; });
    }());
}

AsyncGenerator<std::string> failing_when_told(hocket::Event& told, std::exception_ptr with) {
    co_yield "a";
    co_await told.wait();
    std::rethrow_exception(with);
}

// The end of the connection, which is that of such a response, comes from here.
TEST(RealClientUpload, what_the_generator_throws_while_the_response_comes_is_its_error_too) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::start([](Peer& peer, int) -> Coro<> {
            co_await peer.reader.readuntil("\r\n\r\n");
            co_await peer.send("HTTP/1.1 200 OK\r\n\r\npart");
            co_await peer.end();
        });
        const ClientSession session;
        for (const bool is_read : {true, false}) {
            hocket::Event told;
            const std::exception_ptr error = is_read ? std::make_exception_ptr(std::runtime_error("no more words"))
                                                     : std::make_exception_ptr(CancelledError());
            RequestOptions options{.stream = failing_when_told(told, error)};
            const ClientResponse response = co_await session.post(server.url(), std::move(options));
            told.set();
            if (is_read) {
                EXPECT_EQ(co_await ending_of(response.read()), "std::runtime_error: no more words");
            } else {
                co_await a_while();  // and then it is dropped
            }
        }
        co_await until([&] { return server.clients() == 0; });
    }());
}

// Of both: the generator that has more to give, and the text that is not sent yet.
TEST(RealClientUpload, an_error_that_comes_early_ends_the_sending) {
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

TEST(RealClientUpload, a_generator_that_waits_ends_with_an_early_error) {
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

TEST(RealClientUpload, a_time_limit_ends_a_generator_that_waits) {
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

std::string redirecting(int status) {
    return "HTTP/1.1 " + std::to_string(status) + " X\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n";
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

TEST(RealClientUpload, a_request_waits_until_its_generator_has_ended) {
    run_http([]() -> Coro<> {
        const std::pair<std::string, std::string> expected[] = {
            {"", "hocket::http::ServerDisconnectedError"},
            {"no HTTP\r\n\r\n", "hocket::http::ClientResponseError"},
            {"HTTP/1.1 413 Content Too Large\r\nContent-Length: 9\r\n\r\n", "413"},
            {redirecting(307), "hocket::http::ClientResponseError"},
            {ok(""), "hocket::TimeoutError"},
        };
        for (const auto& [answer, end] : expected) {
            const TestServer server = co_await hasty_server(answer);
            const ClientSession session;
            std::string ending;
            RequestOptions options{.stream = slow_to_end(ending), .timeout = 200ms};
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

TEST(RealClientUpload, a_request_that_is_cancelled_waits_for_its_generator_however_often_it_is_told) {
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

TEST(RealClientUpload, a_generator_that_an_answer_has_overtaken_ends_with_the_request) {
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

TEST(RealClientUpload, an_answer_may_come_while_the_body_is_sent) {
    run_http([]() -> Coro<> {
        Application app;
        app.post("/", [](Request& request) {
            return stream_response([](Request& asked) -> AsyncGenerator<std::string> {
                while (auto piece = co_await asked.next()) co_yield *std::move(piece);
            }(request));
        });
        const HttpServer server = co_await serve(app, "127.0.0.1", 0);
        const ClientSession session;
        hocket::Event go;
        RequestOptions options{.stream = [](hocket::Event& next) -> AsyncGenerator<std::string> {
            co_yield "one";
            co_await next.wait();
            co_yield "two";
        }(go)};
        {
            const ClientResponse response = co_await session.post(server.url(), std::move(options));
            EXPECT_EQ(co_await response.next(), "one");
            go.set();
            EXPECT_EQ(co_await response.read(), "two");
        }
        server.close();
        co_await session.close();
        co_await server.wait_closed();
    }());
}

TEST(RealClientUpload, a_generator_is_not_sent_twice) {
    run_http([]() -> Coro<> {
        for (const int status : {307, 308}) {
            std::vector<std::string> requests;
            const TestServer server = co_await chunked_server(requests, redirecting(status));
            const ClientSession session;
            RequestOptions options{.stream = two_words()};
            EXPECT_EQ(co_await ending_of(session.post(server.url(), std::move(options))),
                      "hocket::http::ClientResponseError: POST " + server.url() + ": redirected to " +
                          server.url("/there") +
                          ", and the body, a generator, cannot be sent again: give a function that makes one");
            EXPECT_EQ(requests.size(), 1U);
        }
    }());
}

TEST(RealClientUpload, a_redirect_that_drops_the_body_is_followed) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::start([](Peer& peer, int) -> Coro<> {
            co_await chunked_request(peer);
            co_await peer.send(redirecting(303));
            const std::string next = co_await peer.request();
            EXPECT_TRUE(next.starts_with("GET /there ")) << next;
            EXPECT_EQ(field_of(next, "Transfer-Encoding"), "none");
            co_await peer.send(ok("there"));
        });
        const ClientSession session;
        RequestOptions options{.stream = two_words()};
        EXPECT_EQ(co_await text_of(session.post(server.url(), std::move(options))), "there");
    }());
}

TEST(RealClientUpload, a_function_makes_the_body_again) {
    run_http([]() -> Coro<> {
        std::vector<std::string> requests;
        const TestServer server = co_await TestServer::start([&requests](Peer& peer, int) -> Coro<> {
            requests.push_back(co_await chunked_request(peer));
            co_await peer.send(redirecting(307));
            requests.push_back(co_await chunked_request(peer));
            co_await peer.send(ok("there"));
        });
        const ClientSession session;
        const RequestOptions options{.stream = two_words};
        EXPECT_EQ(co_await text_of(session.post(server.url(), options)), "there");
        EXPECT_TRUE(requests.at(1).starts_with("POST /there "));
        EXPECT_TRUE(requests.at(1).ends_with("4\r\none \r\n3\r\ntwo\r\n0\r\n\r\n")) << requests.at(1);
    }());
}

TEST(RealClientUpload, a_kept_connection_that_ends_costs_only_bodies_that_cannot_be_made_again) {
    run_http([]() -> Coro<> {
        std::vector<std::string> requests;
        const TestServer server = co_await TestServer::start([&requests](Peer& peer, int number) -> Coro<> {
            if (number < 3) {
                co_await peer.request();
                co_await peer.send(ok(""));
            }
            requests.push_back(co_await chunked_request(peer));
            if (number == 3) co_await peer.send(ok("again"));  // others end without an answer
        });
        const ClientSession session;
        co_await text_of(session.get(server.url()));
        RequestOptions once{.stream = two_words()};
        const std::string ending = co_await ending_of(session.put(server.url("/once"), std::move(once)));
        EXPECT_TRUE(ending.starts_with("hocket::http::ServerDisconnectedError: ")) << ending;
        EXPECT_EQ(server.connections(), 1);
        co_await text_of(session.get(server.url()));
        const RequestOptions often{.stream = two_words};
        EXPECT_EQ(co_await text_of(session.put(server.url("/often"), often)), "again");
        EXPECT_EQ(server.connections(), 3);
        EXPECT_EQ(requests.size(), 3U);
        EXPECT_TRUE(requests.at(1).starts_with("PUT /often ")) << requests.at(1);
        EXPECT_EQ(requests.at(2), requests.at(1));
        EXPECT_TRUE(requests.at(2).ends_with("4\r\none \r\n3\r\ntwo\r\n0\r\n\r\n"));
    }());
}

TEST(RealClientUpload, options_with_a_generator_serve_one_request) {
    run_http([]() -> Coro<> {
        std::vector<std::string> requests;
        const TestServer server = co_await chunked_server(requests);
        const ClientSession session;
        const RequestOptions options{.stream = two_words()};
        co_await text_of(session.post(server.url(), options));
        EXPECT_EQ(co_await ending_of(session.post(server.url(), options)),
                  "hocket::RuntimeError: the body, a generator, was sent before: give a function that makes one");
    }());
}

}  // namespace
}  // namespace hocket::http
