// SPDX-License-Identifier: MIT
// A response's body line by line.
#include <hocket/core/sleep.h>
#include <hocket/flow/wait_for.h>
#include <hocket/http/client_session.h>
#include <hocket/http/client_test.h>
#include <hocket/http/content_encoding_test.h>
#include <hocket/sync/event.h>

#include <optional>
#include <string>
#include <string_view>

using namespace std::chrono_literals;

namespace hocket::http {
namespace {

using namespace testing;

// Each with a `|` behind it.
Coro<std::string> lines_of(const ClientResponse& response) {
    std::string lines;
    while (const auto line = co_await response.readline()) lines += *line + '|';
    co_return lines;
}

Coro<std::string> lines_of_answer(std::string answer) {
    const TestServer server = co_await TestServer::answering(std::move(answer));
    const ClientSession session;
    const ClientResponse response = co_await session.get(server.url());
    co_return co_await lines_of(response);
}

// Sends the head and the pieces, with a pause after each.
Coro<TestServer> server_of(std::vector<std::string> pieces, std::size_t length) {
    return TestServer::start([pieces = std::move(pieces), length](Peer& peer, int) -> Coro<> {
        co_await peer.request();
        co_await peer.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(length) + "\r\n\r\n");
        for (const std::string& piece : pieces) {
            co_await peer.send(piece);
            co_await hocket::sleep(20ms);
        }
    });
}

TEST(RealClientLines, a_line_ends_with_lf_or_crlf) {
    run_http([]() -> Coro<> { EXPECT_EQ(co_await lines_of_answer(ok("one\ntwo\r\nthree\n")), "one|two|three|"); }());
}

TEST(RealClientLines, lines_may_be_empty) {
    run_http([]() -> Coro<> { EXPECT_EQ(co_await lines_of_answer(ok("\n\r\na\n\n")), "||a||"); }());
}

TEST(RealClientLines, the_last_line_needs_no_end) {
    run_http([]() -> Coro<> {
        EXPECT_EQ(co_await lines_of_answer(ok("one\ntwo")), "one|two|");
        EXPECT_EQ(co_await lines_of_answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                           "3\r\none\r\n4\r\n\ntwo\r\n0\r\n\r\n"),
                  "one|two|");
        EXPECT_EQ(co_await lines_of_answer(ok("")), "");
    }());
}

TEST(RealClientLines, a_cr_alone_is_no_line_end) {
    run_http([]() -> Coro<> { EXPECT_EQ(co_await lines_of_answer(ok("a\rb\r\r\nc\r")), "a\rb\r|c\r|"); }());
}

TEST(RealClientLines, lines_may_come_byte_by_byte) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::start([](Peer& peer, int) -> Coro<> {
            while (!(co_await peer.request()).empty()) {
                for (const char c : ok("one\r\n\r\ntwo\nthree")) {
                    co_await peer.send(std::string(1, c));
                    co_await hocket::sleep(0);
                }
            }
        });
        const ClientSession session;
        for (int i = 0; i < 2; ++i) {
            const ClientResponse response = co_await session.get(server.url());
            EXPECT_EQ(co_await lines_of(response), "one||two|three|");
            EXPECT_EQ(co_await response.readline(), std::nullopt);
        }
        EXPECT_EQ(server.connections(), 1);  // the end gives it back
    }());
}

TEST(RealClientLines, a_line_is_there_before_the_rest) {
    run_http([]() -> Coro<> {
        hocket::Event go;
        const TestServer server = co_await TestServer::start([&go](Peer& peer, int) -> Coro<> {
            co_await peer.request();
            co_await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\none\ntw");
            co_await go.wait();
            co_await peer.send("o\r");
            co_await a_while();
            co_await peer.send("\nthree");
        });
        const ClientSession session;
        const ClientResponse response = co_await session.get(server.url());
        EXPECT_EQ(co_await response.readline(), "one");
        EXPECT_EQ(co_await ending_of(wait_for(response.readline(), 1ms)), "hocket::TimeoutError: timed out");
        go.set();
        EXPECT_EQ(co_await response.readline(), "two");
        EXPECT_EQ(co_await response.readline(), "three");
        EXPECT_EQ(co_await response.readline(), std::nullopt);
    }());
}

TEST(RealClientLines, many_short_and_long_lines_come_whole) {
    run_http([]() -> Coro<> {
        std::string body;
        for (std::size_t i = 0; i < 3000; ++i) body += std::string(i, 'x') + '\n';
        const TestServer server = co_await TestServer::answering(ok(body));
        const ClientSession session;
        const ClientResponse response = co_await session.get(server.url());
        std::size_t number = 0;
        while (const auto line = co_await response.readline()) {
            if (line->size() != number) break;
            ++number;
        }
        EXPECT_EQ(number, 3000U);
    }());
}

TEST(RealClientLines, a_line_that_is_too_long_is_an_error_and_stays_there) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::answering(ok("a\nfour\r\nmore\nend"));
        const ClientSession session;
        const ClientResponse response = co_await session.get(server.url("/x"));
        const std::string too_long =
            "hocket::ValueError: GET " + server.url("/x") + ": a line of the body has more than 3 bytes";
        EXPECT_EQ(co_await response.readline(3), "a");
        EXPECT_EQ(co_await ending_of(response.readline(3)), too_long);
        EXPECT_EQ(co_await ending_of(response.readline(3)), too_long);
        EXPECT_EQ(co_await response.readline(4), "four");
        EXPECT_EQ(co_await ending_of(response.readline(3)), too_long);
        EXPECT_EQ(co_await response.read(), "more\nend");
    }());
}

TEST(RealClientLines, the_limit_needs_no_line_end_to_be_exceeded) {
    run_http([]() -> Coro<> {
        // The CR in the first piece may be no part of the line.
        const TestServer server = co_await server_of({"abc\r", "\nwide", "\n"}, 10);
        const ClientSession session;
        const ClientResponse response = co_await session.get(server.url());
        EXPECT_EQ(co_await response.readline(3), "abc");
        EXPECT_EQ(co_await ending_of(response.readline(3)),
                  "hocket::ValueError: GET " + server.url() + ": a line of the body has more than 3 bytes");
        EXPECT_EQ(co_await response.next(), "wide");
        EXPECT_EQ(co_await response.readline(3), "");
    }());
}

TEST(RealClientLines, next_and_read_give_what_lines_have_left) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::answering(ok("one\ntwo\nthree\nfour"));
        const ClientSession session;
        const ClientResponse by_piece = co_await session.get(server.url());
        EXPECT_EQ(co_await by_piece.readline(), "one");
        EXPECT_EQ(co_await by_piece.next(), "two\nthree\nfour");
        EXPECT_EQ(co_await by_piece.readline(), std::nullopt);
        const ClientResponse whole = co_await session.get(server.url());
        EXPECT_EQ(co_await whole.readline(), "one");
        EXPECT_EQ(co_await whole.readline(), "two");
        EXPECT_EQ(co_await whole.read(), "three\nfour");
        EXPECT_EQ(co_await whole.readline(), std::nullopt);
    }());
}

TEST(RealClientLines, lines_give_what_next_has_left) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await server_of({"one", "two\nthree\n"}, 13);
        const ClientSession session;
        const ClientResponse response = co_await session.get(server.url());
        EXPECT_EQ(co_await response.next(), "one");
        EXPECT_EQ(co_await response.readline(), "two");
        EXPECT_EQ(co_await response.readline(), "three");
        EXPECT_EQ(co_await response.readline(), std::nullopt);
    }());
}

TEST(RealClientLines, a_compressed_body_has_lines) {
    run_http([]() -> Coro<> {
        std::string text, expected;
        for (int i = 0; i < 20'000; ++i) {
            text += "line " + std::to_string(i) + "\r\n";
            expected += "line " + std::to_string(i) + '|';
        }
        const TestServer server =
            co_await TestServer::answering(ok(encoded(text, ContentCoding::gzip), "Content-Encoding: gzip\r\n"));
        const ClientSession session;
        const ClientResponse response = co_await session.get(server.url());
        const std::string lines = co_await lines_of(response);
        EXPECT_TRUE(lines == expected);
        const ClientResponse other = co_await session.get(server.url());
        EXPECT_EQ(co_await other.readline(), "line 0");
        EXPECT_EQ((co_await other.read()).size(), text.size() - 8);
        EXPECT_EQ(server.connections(), 1);
    }());
}

TEST(RealClientLines, lines_come_before_the_error_of_an_early_end) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await server_of({"one\ntw"}, 10);
        const ClientSession session;
        const ClientResponse response = co_await session.get(server.url());
        EXPECT_EQ(co_await response.readline(), "one");
        const std::string early = "hocket::http::ClientPayloadError: GET " + server.url() +
                                  ": the server closed the connection after 6 of 10 bytes of the body";
        EXPECT_EQ(co_await ending_of(response.readline()), early);
        EXPECT_EQ(co_await ending_of(response.readline()), early);
    }());
}

TEST(RealClientLines, what_came_together_with_an_error_comes_before_it) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::answering(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nb\r\none\ntwo\nend\r\nzz\r\n");
        const ClientSession session;
        const ClientResponse response = co_await session.get(server.url());
        EXPECT_EQ(co_await response.readline(), "one");
        EXPECT_EQ(co_await response.readline(), "two");
        EXPECT_TRUE((co_await ending_of(response.readline())).starts_with("hocket::http::ClientPayloadError: "));
        const ClientResponse by_piece = co_await session.get(server.url());
        EXPECT_EQ(co_await by_piece.next(), "one\ntwo\nend");
        EXPECT_TRUE((co_await ending_of(by_piece.next())).starts_with("hocket::http::ClientPayloadError: "));
        const ClientResponse whole = co_await session.get(server.url());
        EXPECT_TRUE((co_await ending_of(whole.read())).starts_with("hocket::http::ClientPayloadError: "));
    }());
}

TEST(RealClientLines, a_response_that_was_closed_gives_nothing_more) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await server_of({"one\ntwo\n"}, 20);
        const ClientSession session;
        const ClientResponse response = co_await session.get(server.url());
        EXPECT_EQ(co_await response.readline(), "one");
        response.close();
        EXPECT_EQ(co_await ending_of(response.readline()),
                  "hocket::http::ClientConnectionError: GET " + server.url() + ": the response was closed");
    }());
}

TEST(RealClientLines, a_cancelled_reader_of_lines_loses_nothing) {
    run_http([]() -> Coro<> {
        hocket::Event go;
        const TestServer server = co_await TestServer::start([&go](Peer& peer, int) -> Coro<> {
            co_await peer.request();
            co_await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\none");
            co_await go.wait();
            co_await peer.send("two\nthree\n");
        });
        const ClientSession session;
        const ClientResponse response = co_await session.get(server.url());
        for (int i = 0; i < 5; ++i)
            EXPECT_EQ(co_await ending_of(wait_for(response.readline(), 5ms)), "hocket::TimeoutError: timed out");
        go.set();
        EXPECT_EQ(co_await response.readline(), "onetwo");
        EXPECT_EQ(co_await response.read(), "three\n");
    }());
}

}  // namespace
}  // namespace hocket::http
