// SPDX-License-Identifier: MIT
// Compressed bodies of the client: what it asks for, decodes, refuses, and sends.
#include <hocket/core/sleep.h>
#include <hocket/http/client_session.h>
#include <hocket/http/client_test.h>
#include <hocket/http/content_encoding_test.h>
#include <hocket/http/json.h>
#include <hocket/sync/event.h>

#include <optional>
#include <string>
#include <vector>

namespace hocket::http {
namespace {

using namespace testing;

std::string compressed(std::string_view text, ContentCoding coding = ContentCoding::gzip,
                       std::string_view fields = "") {
    return ok(encoded(text, coding),
              "Content-Encoding: " + std::string(coding_name(coding)) + "\r\n" + std::string(fields));
}

std::string sent_body(const std::string& request) { return request.substr(request.find("\r\n\r\n") + 4); }

TEST(RealClientEncoding, all_codings_are_asked_for) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::answering(ok(""));
        const ClientSession session;
        co_await session.get(server.url());
        co_await session.get(server.url(), {.headers = {{"accept-encoding", "br"}}});
        co_await session.get(server.url(), {.headers = {{"Range", "bytes=0-9"}}});
        EXPECT_EQ(field_of(server.requests().at(0), "Accept-Encoding"), "gzip, deflate, br, zstd");
        EXPECT_EQ(field_of(server.requests().at(1), "accept-encoding"), "br");
        EXPECT_EQ(field_of(server.requests().at(1), "Accept-Encoding"), "none");
        EXPECT_EQ(field_of(server.requests().at(2), "Accept-Encoding"), "identity");
    }());
}

TEST(RealClientEncoding, bodies_are_decoded_and_keep_the_connection) {
    run_http([]() -> Coro<> {
        const std::string text = hocket::testing::pattern(300'000);
        const TestServer server = co_await TestServer::answering([&](const std::string& request) {
            return compressed(text, *coding_of(request.substr(5, request.find(' ', 5) - 5)));
        });
        const ClientSession session;
        for (const char* coding : {"gzip", "deflate", "br", "zstd"}) {
            const ClientResponse response = co_await session.get(server.url("/" + std::string(coding)));
            EXPECT_EQ(response.headers().get("Content-Encoding"), coding);
            const std::string body = co_await response.read();
            EXPECT_TRUE(body == text) << coding;
        }
        EXPECT_EQ(server.connections(), 1);
    }());
}

TEST(RealClientEncoding, json_and_text_are_decoded) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::answering(
            compressed(R"({"name": "Ada"})", ContentCoding::br, "Content-Type: application/json\r\n"));
        const ClientSession session;
        const ClientResponse response = co_await session.get(server.url());
        const Json value = co_await response.json();
        EXPECT_EQ(value["name"], "Ada");
        EXPECT_EQ(co_await text_of(session.get(server.url())), R"({"name": "Ada"})");
    }());
}

TEST(RealClientEncoding, a_body_that_has_come_is_read_in_small_pieces) {
    run_http([]() -> Coro<> {
        const std::string text(1 << 20, 'a');
        const TestServer server = co_await TestServer::answering(compressed(text));
        const ClientSession session;
        const ClientResponse response = co_await session.get(server.url());
        std::string all;
        std::size_t largest = 0;
        while (const auto piece = co_await response.next()) {
            all += *piece;
            largest = std::max(largest, piece->size());
        }
        EXPECT_TRUE(all == text);
        EXPECT_EQ(largest, Decoder::at_a_time);
        EXPECT_EQ(co_await response.next(), std::nullopt);
    }());
}

TEST(RealClientEncoding, what_was_flushed_is_there_before_the_rest) {
    run_http([]() -> Coro<> {
        hocket::Event go;
        const TestServer server = co_await TestServer::start([&go](Peer& peer, int) -> Coro<> {
            co_await peer.request();
            co_await peer.send("HTTP/1.1 200 OK\r\nContent-Encoding: zstd\r\n\r\n");
            Encoder encoder(ContentCoding::zstd);
            std::string bytes;
            for (const char* word : {"one ", "two "}) {
                encoder.encode(word, bytes);
                encoder.flush(bytes);
                co_await peer.send(std::exchange(bytes, {}));
                co_await go.wait();
                go.clear();
            }
            encoder.finish(bytes);
            co_await peer.send(bytes);
        });
        const ClientSession session;
        const ClientResponse response = co_await session.get(server.url());
        EXPECT_EQ(co_await response.next(), "one ");
        go.set();
        EXPECT_EQ(co_await response.next(), "two ");
        go.set();
        EXPECT_EQ(co_await response.next(), std::nullopt);
    }());
}

TEST(RealClientEncoding, a_mixture_of_pieces_and_the_rest_loses_nothing) {
    run_http([]() -> Coro<> {
        const std::string text = hocket::testing::pattern(500'000);
        const TestServer server = co_await TestServer::answering(compressed(text));
        const ClientSession session;
        const ClientResponse response = co_await session.get(server.url());
        std::string all = (co_await response.next()).value();
        all += co_await response.read();
        EXPECT_TRUE(all == text);
    }());
}

TEST(RealClientEncoding, bodies_are_left_as_they_came_on_request) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::answering(compressed("hello"));
        const ClientSession raw({.auto_decompress = false});
        EXPECT_EQ(co_await text_of(raw.get(server.url())), encoded("hello", ContentCoding::gzip));
        EXPECT_EQ(co_await text_of(raw.get(server.url(), {.auto_decompress = true})), "hello");
        const ClientSession session;
        EXPECT_EQ(co_await text_of(session.get(server.url(), {.auto_decompress = false})),
                  encoded("hello", ContentCoding::gzip));
    }());
}

TEST(RealClientEncoding, what_cannot_be_decoded_is_left_as_it_came) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::answering([](const std::string& request) {
            if (request.starts_with("GET /unknown")) return ok("hello", "Content-Encoding: rot13\r\n");
            std::string part = compressed("hello");
            return part.replace(9, 6, "206 Pa");
        });
        const ClientSession session;
        EXPECT_EQ(co_await text_of(session.get(server.url("/unknown"))), "hello");
        EXPECT_EQ(co_await text_of(session.get(server.url("/part"))), encoded("hello", ContentCoding::gzip));
    }());
}

TEST(RealClientEncoding, responses_without_a_body_are_not_decoded) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::answering([](const std::string& request) -> std::string {
            if (request.starts_with("HEAD"))
                return "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 100\r\n\r\n";
            if (request.starts_with("GET /204")) return "HTTP/1.1 204 No Content\r\nContent-Encoding: gzip\r\n\r\n";
            if (request.starts_with("GET /304")) return "HTTP/1.1 304 Not Modified\r\nContent-Encoding: gzip\r\n\r\n";
            return "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 0\r\n\r\n";
        });
        const ClientSession session;
        EXPECT_EQ(co_await text_of(session.head(server.url())), "");
        EXPECT_EQ(co_await text_of(session.get(server.url("/204"))), "");
        EXPECT_EQ(co_await text_of(session.get(server.url("/304"))), "");
        EXPECT_EQ(co_await text_of(session.get(server.url("/empty"))), "");
        EXPECT_EQ(server.connections(), 1);
    }());
}

// 39
TEST(RealClientEncoding, hostile_bodies_are_errors_that_stay) {
    run_http([]() -> Coro<> {
        const std::string whole = encoded("hello, hello", ContentCoding::gzip);
        const TestServer server = co_await TestServer::answering([&](const std::string& request) {
            const std::string gzip = "Content-Encoding: gzip\r\n";
            if (request.starts_with("GET /no")) return ok("hello", gzip);
            if (request.starts_with("GET /early")) return ok(whole.substr(0, 15), gzip);
            if (request.starts_with("GET /more")) return ok(whole + "x", gzip);
            if (request.starts_with("GET /stack"))
                return ok(whole, "Content-Encoding: gzip, gzip, gzip\r\n" + gzip + gzip + gzip);
            return compressed(std::string(100'000, 'a'));
        });
        const ClientSession session({.decode = {.size = 99'999}});
        const auto error = [&](const char* path) -> Coro<std::string> {
            const ClientResponse response = co_await session.get(server.url(path));
            const std::string first = co_await ending_of(response.read());
            EXPECT_EQ(co_await ending_of(response.read()), first);
            EXPECT_EQ(co_await ending_of(response.next()), first);
            const std::string prefix = "hocket::http::ClientPayloadError: GET " + server.url(path) + ": ";
            EXPECT_TRUE(first.starts_with(prefix)) << first;
            co_return first.substr(std::min(prefix.size(), first.size()));
        };
        EXPECT_EQ(co_await error("/no"), "decode gzip: incorrect header check");
        EXPECT_EQ(co_await error("/early"), "decode gzip: the data ends early");
        EXPECT_EQ(co_await error("/more"), "decode gzip: bytes follow the end");
        EXPECT_EQ(co_await error("/bomb"), "decode gzip: more than 99999 bytes");
        EXPECT_EQ(co_await error("/stack"), "decode a body: 6 codings, one over the other, and 5 are allowed");
        EXPECT_EQ(co_await text_of(session.get(server.url("/early"), {.auto_decompress = false})), whole.substr(0, 15));
    }());
}

TEST(RealClientEncoding, an_end_of_the_connection_is_told_from_an_end_of_the_data) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::start([](Peer& peer, int number) -> Coro<> {
            co_await peer.request();
            const std::string answer = compressed("hello, hello");
            co_await peer.send(number == 1 ? answer.substr(0, answer.size() - 3)
                                           : "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\nno gzip");
        });
        const ClientSession session;
        const ClientResponse cut = co_await session.get(server.url());
        const std::string told = co_await ending_of(cut.read());
        EXPECT_NE(told.find("the server closed the connection after "), std::string::npos) << told;
        const ClientResponse bent = co_await session.get(server.url());
        const std::string other = co_await ending_of(bent.read());
        EXPECT_TRUE(other.ends_with(": decode gzip: incorrect header check")) << other;
    }());
}

TEST(RealClientEncoding, a_response_that_nobody_reads_gives_its_connection_back) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::answering(ok("no gzip", "Content-Encoding: gzip\r\n"));
        const ClientSession session;
        for (int i = 0; i < 2; ++i) co_await session.get(server.url());
        EXPECT_EQ(server.connections(), 1);
    }());
}

TEST(RealClientEncoding, what_is_sent_is_compressed_on_request) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::answering(ok(""));
        const ClientSession session;
        const std::string text(10'000, 'a');
        for (const char* coding : {"gzip", "deflate", "br", "zstd"}) {
            co_await session.post(server.url(), {.data = text, .compress = coding});
            const std::string& request = server.requests().back();
            EXPECT_EQ(field_of(request, "Content-Encoding"), coding);
            EXPECT_EQ(field_of(request, "Content-Type"), "application/octet-stream");
            EXPECT_EQ(field_of(request, "Content-Length"), std::to_string(sent_body(request).size()));
            EXPECT_TRUE(decoded(sent_body(request), *coding_of(coding)) == text) << coding;
        }
        co_await session.post(server.url(), {.compress = "gzip"});  // nothing
        EXPECT_EQ(field_of(server.requests().back(), "Content-Encoding"), "none");
    }());
}

TEST(RealClientEncoding, a_compression_that_there_is_not_is_an_error) {
    run_http([]() -> Coro<> {
        const ClientSession session;
        const std::string url = "http://127.0.0.1:1/";
        EXPECT_EQ(
            co_await ending_of(session.post(url, {.data = "x", .compress = "lzma"})),
            "hocket::ValueError: POST http://127.0.0.1:1/: compress: \"lzma\" is not one of gzip, deflate, br, zstd");
        EXPECT_EQ(
            co_await ending_of(
                session.post(url, {.headers = {{"Content-Encoding", "gzip"}}, .data = "x", .compress = "gzip"})),
            "hocket::ValueError: POST http://127.0.0.1:1/: compress, and the field Content-Encoding is given as well");
    }());
}

TEST(RealClientEncoding, a_redirect_that_drops_the_body_drops_its_coding) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::answering([](const std::string& request) -> std::string {
            if (request.starts_with("POST /303"))
                return "HTTP/1.1 303 See Other\r\nLocation: /\r\nContent-Length: 0\r\n\r\n";
            if (request.starts_with("POST /307")) return "HTTP/1.1 307 X\r\nLocation: /\r\nContent-Length: 0\r\n\r\n";
            return ok("");
        });
        const ClientSession session;
        co_await session.post(server.url("/303"), {.data = "x", .compress = "gzip"});
        EXPECT_EQ(field_of(server.requests().back(), "Content-Encoding"), "none");
        co_await session.post(server.url("/307"), {.data = "x", .compress = "gzip"});
        EXPECT_EQ(field_of(server.requests().back(), "Content-Encoding"), "gzip");
        EXPECT_EQ(decoded(sent_body(server.requests().back()), ContentCoding::gzip), "x");
    }());
}

}  // namespace
}  // namespace hocket::http
