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

AsyncGenerator<std::string> failing(std::string first) {
    co_yield std::move(first);
    throw std::runtime_error("no more words");
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

std::string redirecting(int status) {
    return "HTTP/1.1 " + std::to_string(status) + " X\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n";
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
