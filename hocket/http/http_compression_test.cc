// SPDX-License-Identifier: MIT
// Compressed bodies of the server: requests that are decoded within the limit, answers that are compressed.
#include <hocket/flow/wait.h>
#include <hocket/http/client_session.h>
#include <hocket/http/content_encoding_test.h>
#include <hocket/http/file_response.h>
#include <hocket/http/server_test.h>
#include <hocket/net/net_test.h>

#include <unistd.h>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

namespace hocket::http {

namespace {

std::string post(std::string_view coding, std::string_view body, std::string_view path = "/size") {
    return "POST " + std::string(path) + " HTTP/1.1\r\nHost: x\r\nContent-Encoding: " + std::string(coding) +
           "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

std::string get(std::string_view path, std::string_view accepted = "gzip", std::string_view method = "GET") {
    return std::string(method) + " " + std::string(path) +
           " HTTP/1.1\r\nHost: x\r\nAccept-Encoding: " + std::string(accepted) + "\r\n\r\n";
}

std::string field(std::string_view answer, std::string_view name) {
    const std::string begin = "\r\n" + std::string(name) + ": ";
    const std::size_t at = answer.find(begin);
    if (at == std::string_view::npos) return "none";
    return std::string(answer.substr(at + begin.size(), answer.find('\r', at + 2) - at - begin.size()));
}

std::string unchunked(std::string_view body) {
    std::string text;
    while (!body.starts_with("0\r\n")) {
        const std::size_t size = std::stoul(std::string(body.substr(0, 8)), nullptr, 16);
        body.remove_prefix(body.find('\n') + 1);
        text += body.substr(0, size);
        body.remove_prefix(size + 2);
    }
    return text;
}

const std::string long_text(5000, 'a');

Application measuring() {
    Application app;
    app.post("/size", [](Request& request) -> Coro<std::string> {
        const std::string body = co_await request.body();
        co_return std::to_string(body.size());
    });
    app.post("/pieces", [](Request& request) -> Coro<std::string> {
        std::string sizes;
        while (const auto piece = co_await request.next()) sizes += std::to_string(piece->size()) + " ";
        co_return sizes;
    });
    app.post("/unread", [] { return std::string("unread"); });
    return app;
}

Coro<> bodies_are_decoded() {
    HandFed connection(measuring());
    for (const ContentCoding coding :
         {ContentCoding::gzip, ContentCoding::deflate, ContentCoding::br, ContentCoding::zstd}) {
        const std::string answer = co_await connection.exchange(post(coding_name(coding), encoded(long_text, coding)));
        EXPECT_EQ(body_of(answer), "5000") << coding_name(coding);
    }
    const std::string twice = encoded(encoded(long_text, ContentCoding::br), ContentCoding::gzip);
    EXPECT_EQ(body_of(co_await connection.exchange(post("br, gzip", twice))), "5000");
    EXPECT_EQ(body_of(co_await connection.exchange(post("identity", "12345"))), "5");
    EXPECT_EQ(body_of(co_await connection.exchange(post("gzip", ""))), "0");
}

Coro<> pieces_are_small() {
    HandFed connection(measuring());
    const std::string body = encoded(std::string(200'000, 'a'), ContentCoding::gzip);
    EXPECT_EQ(body_of(co_await connection.exchange(post("gzip", body, "/pieces"))), "65536 65536 65536 3392 ");
}

Coro<> a_bomb() {
    const std::string bomb = encoded(std::string((1 << 20) + 1, '\0'), ContentCoding::gzip);
    for (const char* path : {"/size", "/pieces"}) {
        HandFed connection(measuring());
        const std::string answer = co_await connection.exchange(post("gzip", bomb, path));
        EXPECT_EQ(status_of(answer), "413");
        EXPECT_EQ(body_of(answer), R"({"detail":"decode gzip: more than 1048576 bytes"})");
    }
    HandFed other(measuring(), {.limits = {.body = 2 << 20}});
    EXPECT_EQ(body_of(co_await other.exchange(post("gzip", bomb))), std::to_string((1 << 20) + 1));
}

Coro<> hostile_bodies() {
    const std::string whole = encoded(long_text, ContentCoding::gzip);
    HandFed connection(measuring());
    const auto answer = [&](std::string request) -> Coro<std::string> {
        const std::string text = co_await connection.exchange(request);
        co_return status_of(text) + " " + body_of(text);
    };
    EXPECT_EQ(co_await answer(post("gzip", "no gzip")), R"(400 {"detail":"decode gzip: incorrect header check"})");
    EXPECT_EQ(co_await answer(post("gzip", whole.substr(0, 20))),
              R"(400 {"detail":"decode gzip: the data ends early"})");
    EXPECT_EQ(co_await answer(post("gzip", whole + whole + "x")),
              R"(400 {"detail":"decode gzip: bytes follow the end"})");
    EXPECT_EQ(
        co_await answer(post("rot13", whole)),
        R"x(415 {"detail":"the body's Content-Encoding is \"rot13\", which is none of gzip, deflate, br, zstd"})x");
    EXPECT_EQ(co_await answer(post("gzip, gzip, gzip, gzip, gzip, gzip", whole)),
              R"(400 {"detail":"decode a body: 6 codings, one over the other, and 5 are allowed"})");
    EXPECT_EQ(co_await answer(post("gzip", "no gzip", "/unread")), "200 unread");
    EXPECT_FALSE(connection.wire.closed);  // the framing was right each time
}

Coro<> as_it_came() {
    HandFed connection(measuring(), {.auto_decompress = false});
    EXPECT_EQ(body_of(co_await connection.exchange(post("gzip", "12345"))), "5");
    EXPECT_EQ(body_of(co_await connection.exchange(post("rot13", "12345"))), "5");
}

Coro<> by_hand() {
    const Response answer =
        co_await answer_to(measuring(), asking("POST", "/size", {{"Host", "x"}, {"Content-Encoding", "gzip"}}),
                           encoded(long_text, ContentCoding::gzip));
    EXPECT_EQ(answer.body(), "5000");
}

// ---- Answers

Application answering(bool compress) {
    Application app({.compress = compress});
    app.get("/text", [] { return text_response(long_text); });
    app.get("/short", [] { return text_response("hello"); });
    app.get("/bytes", [] { return bytes_response(long_text); });
    app.get("/image", [] { return bytes_response(long_text, {.content_type = "image/png"}); });
    app.get("/picture", [] { return bytes_response(long_text, {.content_type = "image/svg+xml; charset=utf-8"}); });
    app.get("/asked", [] {
        Response answer = bytes_response(long_text, {.headers = {{"ETag", "\"1\""}, {"Vary", "Cookie"}}});
        answer.enable_compression();
        return answer;
    });
    app.get("/asked_image", [] {
        Response answer = bytes_response(long_text, {.content_type = "image/png"});
        answer.enable_compression();
        return answer;
    });
    app.get("/never", [] {
        Response answer = text_response(long_text);
        answer.enable_compression(false);
        return answer;
    });
    app.get("/coded", [] { return text_response(long_text, {.headers = {{"Content-Encoding", "x"}}}); });
    app.get("/part", [] { return text_response(long_text, {.status = 206}); });
    app.get("/untouched",
            [] { return text_response(long_text, {.headers = {{"Cache-Control", "public, no-transform"}}}); });
    app.get("/large", [] { return text_response(std::string(1 << 20, 'a') + "b"); });
    return app;
}

Coro<> answers_are_compressed() {
    HandFed connection(answering(true));
    for (const ContentCoding coding :
         {ContentCoding::gzip, ContentCoding::deflate, ContentCoding::br, ContentCoding::zstd}) {
        const std::string answer = co_await connection.exchange(get("/text", coding_name(coding)));
        EXPECT_EQ(field(answer, "Content-Encoding"), coding_name(coding));
        EXPECT_EQ(field(answer, "Vary"), "Accept-Encoding");
        EXPECT_EQ(field(answer, "Content-Length"), std::to_string(body_of(answer).size()));
        EXPECT_LT(body_of(answer).size(), 500U);
        EXPECT_TRUE(decoded(body_of(answer), coding) == long_text);
    }
    EXPECT_EQ(field(co_await connection.exchange(get("/text", "gzip;q=0.5, br;q=0.7")), "Content-Encoding"), "br");
    EXPECT_EQ(field(co_await connection.exchange(get("/picture")), "Content-Encoding"), "gzip");
    const std::string plain = co_await connection.exchange(get("/text", "identity"));
    EXPECT_EQ(field(plain, "Content-Encoding"), "none");
    EXPECT_EQ(field(plain, "Vary"), "Accept-Encoding");
    EXPECT_EQ(body_of(plain), long_text);
}

Coro<> some_are_left() {
    HandFed connection(answering(true));
    for (const char* path :
         {"/short", "/bytes", "/image", "/asked_image", "/never", "/part", "/untouched", "/nowhere"}) {
        const std::string answer = co_await connection.exchange(get(path));
        EXPECT_EQ(field(answer, "Content-Encoding"), "none") << path;
        EXPECT_EQ(field(answer, "Vary"), "none") << path;
    }
    EXPECT_EQ(field(co_await connection.exchange(get("/coded")), "Content-Encoding"), "x");
}

Coro<> on_request_only() {
    HandFed connection(answering(false));
    EXPECT_EQ(field(co_await connection.exchange(get("/text")), "Content-Encoding"), "none");
    const std::string answer = co_await connection.exchange(get("/asked"));
    EXPECT_EQ(field(answer, "Content-Encoding"), "gzip");
    EXPECT_EQ(field(answer, "ETag"), "W/\"1\"");
    EXPECT_NE(answer.find("\r\nVary: Cookie\r\nVary: Accept-Encoding\r\n"), std::string::npos) << answer;
    EXPECT_EQ(decoded(body_of(answer), ContentCoding::gzip), long_text);
}

Coro<> of_parts() {
    Application outer = answering(true);
    outer.add_subapp("/part", answering(false));
    Application app = answering(false);
    app.add_subapp("/outer", outer);
    HandFed connection(app);
    const std::pair<const char*, const char*> expected[] = {
        {"/text", "none"}, {"/outer/text", "gzip"}, {"/outer/part/text", "gzip"}};
    for (const auto& [path, coding] : expected) {
        const std::string answer = co_await connection.exchange(get(path));
        EXPECT_EQ(field(answer, "Content-Encoding"), coding) << path;
    }
}

Coro<> head_says_the_same() {
    HandFed connection(answering(true));
    const std::string whole = co_await connection.exchange(get("/text"));
    const std::string head = co_await connection.exchange(get("/text", "gzip", "HEAD"));
    EXPECT_EQ(without_date(head), without_date(whole.substr(0, whole.find("\r\n\r\n") + 4)));
    const std::string large = co_await connection.exchange(get("/large", "gzip", "HEAD"));
    EXPECT_EQ(field(large, "Content-Encoding"), "gzip");
    EXPECT_EQ(body_of(large), "");
}

// What a read has gathered when it is cancelled, the next one gives.
Coro<> a_cancelled_read(std::string_view coding) {
    hocket::Event go;
    Application app;
    app.post("/", [&go](Request& request) -> Coro<std::string> {
        const Task<std::string> first = create_task(request.body());
        co_await go.wait();
        co_await CancelAndWait(first);
        EXPECT_TRUE(first.cancelled());
        go.clear();
        co_return co_await request.body();
    });
    const std::string text = hocket::testing::pattern(200'000);
    const std::string body = coding.empty() ? text : encoded(text, *coding_of(coding));
    std::string asked = post(coding, body, "/");
    if (coding.empty()) asked.erase(asked.find("Content-Encoding"), std::string("Content-Encoding: \r\n").size());
    HandFed connection(app);
    std::string answer = co_await connection.exchange(asked.substr(0, asked.size() - 1000));
    go.set();
    answer += co_await connection.exchange("");
    EXPECT_EQ(answer, "");
    EXPECT_FALSE(go.is_set());
    answer += co_await connection.exchange(asked.substr(asked.size() - 1000));
    for (int i = 0; i < 20; ++i) answer += co_await connection.exchange("");
    EXPECT_TRUE(body_of(answer) == text) << answer.substr(0, 500);
}

Coro<> cancelled_reads() {
    for (const char* coding : {"", "gzip", "br", "zstd"}) co_await a_cancelled_read(coding);
}

Coro<> a_large_answer() {
    HandFed connection(answering(true));
    std::string answer = co_await connection.exchange(get("/large", "br"));
    for (int i = 0; i < 5; ++i) answer += co_await connection.exchange("");
    EXPECT_EQ(field(answer, "Transfer-Encoding"), "chunked");
    EXPECT_EQ(decoded(unchunked(body_of(answer)), ContentCoding::br), std::string(1 << 20, 'a') + "b");
}

AsyncGenerator<std::string> events(hocket::Event& go, bool& closed) {
    try {
        for (int i = 1;; ++i) {
            co_yield "data: " + std::to_string(i) + "\n\n";
            co_await go.wait();
            go.clear();
        }
    } catch (const GeneratorExit&) {
        closed = true;
        throw;
    }
}

// Server-sent events arrive one by one, and end with their client.
Coro<> pieces_arrive() {
    for (const ContentCoding coding :
         {ContentCoding::gzip, ContentCoding::deflate, ContentCoding::br, ContentCoding::zstd}) {
        hocket::Event go;
        bool closed = false;
        Application app({.compress = true});
        app.get("/", [&] { return stream_response(events(go, closed), {.content_type = "text/event-stream"}); });
        HandFed connection(app);
        Decoder decoder(coding);
        std::string there;
        const std::string head = co_await connection.exchange(get("/", coding_name(coding)));
        EXPECT_EQ(field(head, "Content-Encoding"), coding_name(coding));
        decoder.feed(unchunked(body_of(head) + "0\r\n"));
        decoder.read(there);
        EXPECT_EQ(there, "data: 1\n\n");
        go.set();
        decoder.feed(unchunked(co_await connection.exchange("") + "0\r\n"));
        decoder.read(there);
        EXPECT_EQ(there, "data: 1\n\ndata: 2\n\n");
        connection.wire.stalls = true;  // so that the client goes while a piece is written
        go.set();
        co_await connection.exchange("");
        connection.wire.abort();
        co_await connection.exchange("");
        EXPECT_TRUE(connection.task.done());
        EXPECT_TRUE(closed);
    }
}

AsyncGenerator<std::string> few(int n) {
    for (int i = 0; i < n; ++i) {
        co_yield "";
        co_yield "piece;";
    }
}

Coro<> streams_end() {
    Application app({.compress = true});
    app.get("/stream/{n}", [](int n) { return stream_response(few(n), {.content_type = "text/plain"}); });
    app.get("/short", [] {
        return stream_response(few(1), {.headers = {{"Content-Length", "6"}}, .content_type = "text/plain"});
    });
    app.get("/long", [] {
        return stream_response(few(500), {.headers = {{"Content-Length", "3000"}}, .content_type = "text/plain"});
    });
    HandFed connection(app);
    EXPECT_EQ(decoded(unchunked(body_of(co_await connection.exchange(get("/stream/2")))), ContentCoding::gzip),
              "piece;piece;");
    EXPECT_EQ(decoded(unchunked(body_of(co_await connection.exchange(get("/stream/0")))), ContentCoding::gzip), "");
    EXPECT_EQ(body_of(co_await connection.exchange(get("/short"))), "piece;");
    std::string long_answer = co_await connection.exchange(get("/long"));
    for (int i = 0; i < 60; ++i) long_answer += co_await connection.exchange("");
    EXPECT_EQ(field(long_answer, "Content-Length"), "none");
    EXPECT_EQ(decoded(unchunked(body_of(long_answer)), ContentCoding::gzip).size(), 3000U);
    EXPECT_FALSE(connection.wire.closed);
}

// What the system would send by itself is not what the head has announced.
Coro<> a_large_file(Application app, std::string text) {
    const HttpServer server = co_await serve(app, "127.0.0.1", 0);
    {
        const ClientSession session({.base_url = server.url()});
        for (int i = 0; i < 2; ++i) {
            const ClientResponse response = co_await session.get("/file");
            EXPECT_EQ(response.headers().get("Content-Encoding"), "zstd");
            EXPECT_FALSE(response.headers().contains("Accept-Ranges"));
            EXPECT_TRUE(co_await response.read() == text);
        }
    }
    server.close();
    co_await server.wait_closed();
}

}  // namespace

TEST(RealHttpCompression, a_large_file_is_sent_as_it_is_said_to_be) {
    const std::string path = ::testing::TempDir() + "hocket-compressed-" + std::to_string(::getpid()) + ".txt";
    const std::string text(300'000, 'x');
    std::ofstream(path) << text;
    Application app({.compress = true});
    app.get("/file", [path](Request& request) -> Coro<Response> { co_return co_await file_response(request, path); });
    run(a_large_file(app, text));
    std::filesystem::remove(path);
}

TEST(HttpCompression, bodies_of_requests_are_decoded) { run(bodies_are_decoded()); }
TEST(HttpCompression, a_handler_gets_small_pieces) { run(pieces_are_small()); }
// 39, 42
TEST(HttpCompression, a_bomb_is_too_large) { run(a_bomb()); }
TEST(HttpCompression, hostile_bodies_are_refused_when_they_are_read) { run(hostile_bodies()); }
TEST(HttpCompression, bodies_are_left_as_they_came_on_request) { run(as_it_came()); }
TEST(HttpCompression, a_request_by_hand_is_decoded_too) { run(by_hand()); }
TEST(HttpCompression, answers_are_compressed_as_the_client_prefers) { run(answers_are_compressed()); }
TEST(HttpCompression, a_read_that_is_cancelled_loses_nothing) { run(cancelled_reads()); }
TEST(HttpCompression, what_gains_nothing_is_left) { run(some_are_left()); }
TEST(HttpCompression, an_answer_may_ask_for_it) { run(on_request_only()); }
TEST(HttpCompression, an_application_compresses_for_its_parts) { run(of_parts()); }
TEST(HttpCompression, head_says_what_get_would) { run(head_says_the_same()); }
TEST(HttpCompression, a_large_answer_is_compressed_while_it_is_sent) { run(a_large_answer()); }
TEST(HttpCompression, each_piece_of_a_stream_arrives_and_its_generator_is_closed) { run(pieces_arrive()); }
TEST(HttpCompression, a_stream_comes_to_its_end) { run(streams_end()); }

}  // namespace hocket::http
