// SPDX-License-Identifier: MIT
// A response's body: how its end is found, and the ways to read it.
#include <hocket/core/sleep.h>
#include <hocket/flow/wait_for.h>
#include <hocket/http/client_session.h>
#include <hocket/http/client_test.h>
#include <hocket/http/json.h>

#include <optional>
#include <string>

using namespace std::chrono_literals;

namespace hocket::http {
namespace {

using namespace testing;

constexpr std::string_view chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

TEST(RealClientResponse, a_body_of_known_length_keeps_the_connection) {
    run_http([]() -> Coro<> {
        const std::string body = hocket::testing::pattern(3 << 20);
        const TestServer server = co_await TestServer::answering(ok(body));
        const ClientSession session;
        EXPECT_TRUE(co_await text_of(session.get(server.url())) == body);
        EXPECT_TRUE(co_await text_of(session.get(server.url())) == body);
        EXPECT_EQ(server.connections(), 1);
    }());
}

TEST(RealClientResponse, a_chunked_body_keeps_the_connection) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::answering(
            std::string(chunked) + "4\r\nWiki\r\n6;x=y\r\npedia \r\n0\r\nX-Sum: 1\r\n\r\n");
        const ClientSession session;
        EXPECT_EQ(co_await text_of(session.get(server.url())), "Wikipedia ");
        EXPECT_EQ(co_await text_of(session.get(server.url())), "Wikipedia ");
        EXPECT_EQ(server.connections(), 1);
    }());
}

TEST(RealClientResponse, a_body_may_go_on_until_the_connection_ends) {
    run_http([]() -> Coro<> {
        const std::string body = hocket::testing::pattern(500'000);
        const TestServer server = co_await TestServer::start([body](Peer& peer, int) -> Coro<> {
            co_await peer.request();
            co_await peer.send("HTTP/1.1 200 OK\r\n\r\n" + body);
        });
        const ClientSession session;
        EXPECT_TRUE(co_await text_of(session.get(server.url())) == body);
    }());
}

TEST(RealClientResponse, links_lead_to_other_pages) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::answering([](const std::string& request) {
            return ok("x", request.starts_with("GET /1 ") ? "Link: <2>; rel=\"next\"\r\n" : "");
        });
        const ClientSession session;
        const ClientResponse first = co_await session.get(server.url("/1"));
        EXPECT_TRUE(first.links().at(0).is("next"));
        const ClientResponse second = co_await session.get(first.links().at(0).url.str());
        EXPECT_EQ(second.url().str(), server.url("/2"));
        EXPECT_TRUE(second.links().empty());
    }());
}

TEST(RealClientResponse, its_length_is_what_the_server_says) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::answering([](const std::string& request) {
            if (request.starts_with("GET /chunked ")) return std::string(chunked) + "1\r\nx\r\n0\r\n\r\n";
            return request.starts_with("HEAD") ? std::string("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n")
                                               : ok("abc");
        });
        const ClientSession session;
        const ClientResponse known = co_await session.get(server.url());
        EXPECT_EQ(known.content_length(), 3U);
        const ClientResponse would_be = co_await session.head(server.url());
        EXPECT_EQ(would_be.content_length(), 7U);
        const ClientResponse unknown = co_await session.get(server.url("/chunked"));
        EXPECT_EQ(unknown.content_length(), std::nullopt);
    }());
}

TEST(RealClientResponse, it_says_which_http_the_server_speaks) {
    run_http([]() -> Coro<> {
        const TestServer old = co_await TestServer::answering("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n");
        const TestServer usual = co_await TestServer::answering(ok(""));
        const ClientSession session;
        EXPECT_EQ((co_await session.get(old.url())).version(), "1.0");
        EXPECT_EQ((co_await session.get(usual.url())).version(), "1.1");
    }());
}

TEST(RealClientResponse, some_responses_have_no_body) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::answering([](const std::string& request) -> std::string {
            if (request.starts_with("HEAD")) return "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n";
            if (request.starts_with("GET /204")) return "HTTP/1.1 204 No Content\r\n\r\n";
            return "HTTP/1.1 304 Not Modified\r\nContent-Length: 1000\r\n\r\n";
        });
        const ClientSession session;
        const ClientResponse head = co_await session.head(server.url());
        EXPECT_EQ(head.headers().get("Content-Length"), "1000");
        EXPECT_EQ(co_await head.read(), "");
        EXPECT_EQ(co_await text_of(session.get(server.url("/204"))), "");
        EXPECT_EQ(co_await text_of(session.get(server.url("/304"))), "");
        EXPECT_EQ(server.connections(), 1);
    }());
}

TEST(RealClientResponse, head_and_body_may_come_in_pieces) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::start([](Peer& peer, int) -> Coro<> {
            co_await peer.request();
            for (const char c : ok("hello")) {
                co_await peer.send(std::string(1, c));
                co_await hocket::sleep(0);
            }
        });
        const ClientSession session;
        EXPECT_EQ(co_await text_of(session.get(server.url())), "hello");
    }());
}

TEST(RealClientResponse, next_gives_what_has_come) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::start([](Peer& peer, int) -> Coro<> {
            co_await peer.request();
            co_await peer.send(std::string(chunked));
            for (const char* chunk : {"3\r\none\r\n", "3\r\ntwo\r\n", "0\r\n\r\n"}) {
                co_await hocket::sleep(10ms);
                co_await peer.send(chunk);
            }
            co_await peer.end();
        });
        const ClientSession session;
        const ClientResponse response = co_await session.get(server.url());
        std::string pieces;
        while (auto piece = co_await response.next()) pieces += *piece + '|';
        EXPECT_EQ(pieces, "one|two|");
        EXPECT_EQ(co_await response.next(), std::nullopt);
        EXPECT_EQ(server.clients(), 1U);  // kept
    }());
}

TEST(RealClientResponse, read_gives_what_next_has_left) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::start([](Peer& peer, int) -> Coro<> {
            co_await peer.request();
            co_await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\none");
            co_await hocket::sleep(10ms);
            co_await peer.send("two");
        });
        const ClientSession session;
        const ClientResponse response = co_await session.get(server.url());
        EXPECT_EQ(co_await response.next(), "one");
        EXPECT_EQ(co_await response.read(), "two");
        EXPECT_EQ(co_await response.next(), std::nullopt);
        const TestServer quick = co_await TestServer::answering(ok("all"));
        const ClientResponse other = co_await session.get(quick.url());
        EXPECT_EQ(co_await other.next(), "all");
        EXPECT_EQ(co_await other.read(), "");
    }());
}

TEST(RealClientResponse, a_body_is_read_once) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::answering(ok("x"));
        const ClientSession session;
        const ClientResponse response = co_await session.get(server.url());
        EXPECT_EQ(co_await response.read(), "x");
        EXPECT_EQ(
            co_await ending_of(response.text()),
            "hocket::RuntimeError: GET " + server.url() + ": the body was read already: keep what the first read gave");
    }());
}

TEST(RealClientResponse, a_cancelled_read_loses_nothing) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::start([](Peer& peer, int) -> Coro<> {
            co_await peer.request();
            co_await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\none");
            co_await hocket::sleep(30ms);
            co_await peer.send("two");
        });
        const ClientSession session;
        const ClientResponse response = co_await session.get(server.url());
        EXPECT_EQ(co_await ending_of(wait_for(response.read(), 5ms)), "hocket::TimeoutError: timed out");
        EXPECT_EQ(co_await response.read(), "onetwo");
    }());
}

TEST(RealClientResponse, one_task_reads_at_a_time) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::start([](Peer& peer, int) -> Coro<> {
            co_await peer.request();
            co_await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\none");
            co_await hocket::sleep(20ms);
            co_await peer.send("two");
        });
        const ClientSession session;
        const ClientResponse response = co_await session.get(server.url());
        const Task<std::string> reading = create_task(response.read());
        co_await turns(2);
        EXPECT_EQ(co_await ending_of(response.read()),
                  "hocket::RuntimeError: another task reads this response already");
        EXPECT_EQ(co_await reading, "onetwo");
    }());
}

TEST(RealClientResponse, a_read_outlives_the_handle_and_close_ends_it) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::start([](Peer& peer, int) -> Coro<> {
            co_await peer.request();
            co_await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\none");
            co_await hocket::sleep(10ms);
            co_await peer.send("two");
            co_await peer.end();
        });
        const ClientSession session({.keepalive_timeout = 0s});
        Task<std::string> reading = create_task((co_await session.get(server.url())).read());
        EXPECT_EQ(co_await reading, "onetwo");

        const ClientResponse response = co_await session.get(server.url());
        reading = create_task(response.read());
        co_await turns(2);
        response.close();
        EXPECT_EQ(co_await ending_of(reading),
                  "hocket::http::ClientConnectionError: GET " + server.url() + ": the response was closed");
    }());
}

TEST(RealClientResponse, a_response_may_outlive_its_loop) {
    std::optional<ClientResponse> whole, half;
    run_http([](std::optional<ClientResponse>& w, std::optional<ClientResponse>& h) -> Coro<> {
        const TestServer server = co_await TestServer::start([](Peer& peer, int number) -> Coro<> {
            co_await peer.request();
            co_await peer.send(number == 1 ? ok("whole") : "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\none");
        });
        const ClientSession session;
        w = co_await session.get(server.url());
        h = co_await session.get(server.url());
    }(whole, half));
    EXPECT_EQ(whole->status(), 200);
    whole.reset();
    half.reset();
}

TEST(RealClientResponse, text_in_latin_1_becomes_utf_8) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::answering([](const std::string& request) {
            return ok("caf\xe9", request.starts_with("GET /latin")
                                     ? "Content-Type: text/plain; charset=\"ISO-8859-1\"\r\n"
                                     : "Content-Type: TEXT/Html;x=y ;Charset=UTF-8\r\n");
        });
        const ClientSession session;
        const ClientResponse latin = co_await session.get(server.url("/latin"));
        EXPECT_EQ(latin.charset(), "iso-8859-1");
        EXPECT_EQ(co_await latin.text(), "caf\xc3\xa9");
        const ClientResponse other = co_await session.get(server.url("/utf-8"));
        EXPECT_EQ(other.content_type(), "text/html");
        EXPECT_EQ(other.charset(), "utf-8");
        EXPECT_EQ(co_await other.text(), "caf\xe9");
    }());
}

TEST(RealClientResponse, without_a_type_it_is_bytes) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::answering(ok("x"));
        const ClientSession session;
        const ClientResponse response = co_await session.get(server.url());
        EXPECT_EQ(response.content_type(), "application/octet-stream");
        EXPECT_EQ(response.charset(), "");
    }());
}

// ---- JSON

TEST(RealClientResponse, json_is_parsed) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::answering(
            ok(R"({"items":[1,2]})", "Content-Type: application/problem+json; charset=utf-8\r\n"));
        const ClientSession session;
        const Json value = co_await (co_await session.get(server.url())).json();
        EXPECT_EQ(value["items"][1], 2);
    }());
}

TEST(RealClientResponse, what_is_no_json_is_an_error_that_says_where) {
    run_http([]() -> Coro<> {
        const TestServer server =
            co_await TestServer::answering(ok("{\"a\":\n oops}", "Content-Type: application/json\r\n"));
        const ClientSession session;
        const ClientResponse response = co_await session.get(server.url("/x"));
        const std::string end = co_await ending_of(response.json());
        EXPECT_TRUE(
            end.starts_with("hocket::http::JsonError: parse JSON of GET " + server.url("/x") + ": line 2, column 2: "))
            << end;
    }());
}

TEST(RealClientResponse, json_must_say_that_it_is) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::answering(ok("[1]", "Content-Type: text/html\r\n"));
        const ClientSession session;
        const ClientResponse response = co_await session.get(server.url("/x"));
        EXPECT_EQ(co_await ending_of(response.json()),
                  "hocket::http::ContentTypeError: GET " + server.url("/x") +
                      ": JSON was asked for, and the response's Content-Type is \"text/html\"");
        EXPECT_EQ(co_await response.json({.check_content_type = false}), Json::array({1}));
    }());
}

struct Length {
    using Value = std::size_t;
    static std::size_t parse(std::string_view text, std::string_view) { return text.size(); }
};

TEST(RealClientResponse, another_parser_can_be_used) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::answering(ok("[1,2]", "Content-Type: application/json\r\n"));
        const ClientSession session;
        EXPECT_EQ(co_await (co_await session.get(server.url())).json<Length>(), 5U);
    }());
}

}  // namespace
}  // namespace hocket::http
