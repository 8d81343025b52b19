// SPDX-License-Identifier: MIT
// A server's connection, fed by hand: answers, keep-alive, pipelining, bodies, framing.
#include <hocket/http/json.h>
#include <hocket/http/server_test.h>
#include <tests/support/allocations.h>

#include <chrono>
#include <cstdint>

namespace hocket::http {

namespace {

using namespace std::chrono_literals;

Application example() {
    Application app;
    app.get("/", [] { return std::string("hello"); });
    app.get("/empty", [] { return Response(204); });
    app.get("/unchanged", [] { return Response(304); });
    app.post("/size", [](Request& request) -> Coro<std::string> {
        const std::string body = co_await request.body();
        co_return std::to_string(body.size());
    });
    app.post("/unread", [] { return std::string("not read"); });
    app.post("/pieces", [](Request& request) -> Coro<std::string> {
        std::string all;
        while (auto piece = co_await request.next()) all += "[" + *piece + "]";
        co_return all;
    });
    return app;
}

struct Kept {
    explicit Kept(int& count) : gone(count) {}
    Kept(const Kept&) = delete;
    Kept& operator=(const Kept&) = delete;
    ~Kept() { ++gone; }
    int& gone;
};

const Key<Unique<Kept>> kept_value("kept");

Coro<> idle_connections_keep_nothing() {
    int gone = 0;
    Application app;
    app.get("/", [&gone](Request& request) {
        request.set(kept_value, Unique<Kept>::make(gone));
        return std::string("hello");
    });
    HandFed connection(app);
    EXPECT_EQ(body_of(co_await connection.exchange("GET / HTTP/1.1\r\nHost: x\r\n\r\n")), "hello");
    EXPECT_FALSE(connection.wire.closed);
    EXPECT_EQ(gone, 1);
}

Coro<> answers_in_one_write() {
    HandFed connection(example());
    const std::string answer = co_await connection.exchange("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(without_date(answer),
              "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 5\r\n\r\nhello");
    EXPECT_EQ(connection.wire.writes, 1);
    EXPECT_FALSE(connection.wire.closed);
}

Coro<> dates() {
    HandFed connection(example());
    const std::string first = co_await connection.exchange("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_NE(first.find("\r\nDate: Sat, 01 Jan 2000 00:00:00 GMT\r\n"), std::string::npos) << first;
    co_await hocket::sleep(59 * 24h + 23h + 59min + 59s);
    HandFed later(example());
    const std::string second = co_await later.exchange("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_NE(second.find("\r\nDate: Tue, 29 Feb 2000 23:59:59 GMT\r\n"), std::string::npos) << second;
    co_await hocket::sleep(1s);
    const std::string third = co_await later.exchange("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_NE(third.find("\r\nDate: Wed, 01 Mar 2000 00:00:00 GMT\r\n"), std::string::npos) << third;
}

Coro<> keeps_alive() {
    HandFed connection(example());
    for (int i = 0; i < 3; ++i) {
        const std::string answer = co_await connection.exchange("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        EXPECT_EQ(body_of(answer), "hello");
    }
    const std::string last = co_await connection.exchange("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    EXPECT_NE(last.find("\r\nConnection: close\r\n"), std::string::npos);
    EXPECT_TRUE(connection.wire.closed);
    EXPECT_EQ(connection.server->requests, 4U);
}

Coro<> old_clients() {
    HandFed plain(example());
    const std::string answer = co_await plain.exchange("GET / HTTP/1.0\r\n\r\n");
    EXPECT_TRUE(answer.starts_with("HTTP/1.0 200 OK\r\n")) << answer;
    EXPECT_TRUE(plain.wire.closed);
    HandFed kept(example());
    const std::string other = co_await kept.exchange("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_NE(other.find("\r\nConnection: keep-alive\r\n"), std::string::npos);
    EXPECT_FALSE(kept.wire.closed);
}

Coro<> pipelined() {
    HandFed connection(example());
    const std::string answers = co_await connection.exchange(
        "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
        "POST /size HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
        "GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n");
    const std::size_t second = answers.find("HTTP/1.1 200", 1);
    const std::size_t third = answers.find("HTTP/1.1 404");
    EXPECT_NE(answers.find("hello"), std::string::npos);
    EXPECT_LT(second, third);
    EXPECT_EQ(answers.substr(third - 1, 1), "3");
}

Coro<> one_after_the_other() {
    hocket::Event go;
    int begun = 0;
    Application app;
    app.get("/", [&](Request&) -> Coro<std::string> {
        ++begun;
        co_await go.wait();
        co_return "done";
    });
    HandFed connection(app);
    co_await connection.exchange("GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(begun, 1);  // the second waits for the first one's answer
    go.set();
    co_await connection.exchange("");
    EXPECT_EQ(begun, 2);
}

Coro<> without_body() {
    HandFed connection(example());
    const std::string head = co_await connection.exchange("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_NE(head.find("Content-Length: 5\r\n"), std::string::npos);
    EXPECT_TRUE(head.ends_with("\r\n\r\n")) << head;
    const std::string none = co_await connection.exchange("GET /empty HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(without_date(none), "HTTP/1.1 204 No Content\r\n\r\n");
    const std::string same = co_await connection.exchange("GET /unchanged HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(without_date(same), "HTTP/1.1 304 Not Modified\r\n\r\n");
    EXPECT_FALSE(connection.wire.closed);
}

Coro<> a_body_by_bytes() {
    HandFed connection(example());
    std::string answer;
    for (const char c : std::string_view(
             "POST /size HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")) {
        answer += co_await connection.exchange({&c, 1});
    }
    EXPECT_EQ(body_of(answer), "5");
}

Coro<> pieces_as_they_come() {
    HandFed connection(example());
    co_await connection.exchange("POST /pieces HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nab");
    co_await connection.exchange("cd");
    const std::string answer = co_await connection.exchange("ef");
    EXPECT_EQ(body_of(answer), "[ab][cd][ef]");
}

Coro<> continues() {
    HandFed connection(example());
    constexpr std::string_view head =
        "POST /size HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n";
    EXPECT_EQ(co_await connection.exchange(head), "HTTP/1.1 100 Continue\r\n\r\n");
    EXPECT_EQ(body_of(co_await connection.exchange("ab")), "2");
    // With the body there already, nobody waits for a word.
    EXPECT_EQ(status_of(co_await connection.exchange(std::string(head) + "ab")), "200");
}

Coro<> refuses_to_continue() {
    HandFed connection(example());
    const std::string answer = co_await connection.exchange(
        "POST /unread HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    EXPECT_EQ(status_of(answer), "200");
    // What comes next may be the body or a request.
    EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos);
    EXPECT_TRUE(connection.wire.closed);
}

Coro<> drains() {
    HandFed connection(example());
    const std::string answers = co_await connection.exchange(
        "POST /unread HTTP/1.1\r\nHost: x\r\nContent-Length: 40\r\n\r\nGET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n      "
        "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(answers.find("404"), std::string::npos) << answers;
    EXPECT_TRUE(answers.ends_with("hello")) << answers;
    EXPECT_EQ(connection.server->requests, 2U);
}

Coro<> does_not_drain_much() {
    HandFed connection(example());
    const std::string answer =
        co_await connection.exchange("POST /unread HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n");
    EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos);
    EXPECT_TRUE(connection.wire.closed);

    HandFed chunked(example());
    co_await chunked.exchange("POST /unread HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    EXPECT_FALSE(chunked.wire.closed);
    for (int i = 0; i < 5 && !chunked.wire.closed; ++i) {
        co_await chunked.exchange("4000\r\n" + std::string(0x4000, 'x') + "\r\n");
    }
    EXPECT_TRUE(chunked.wire.closed);
}

Coro<> limits_of_bodies() {
    ServeOptions options;
    options.limits.body = 10;
    HandFed known(example(), options);
    const std::string answer = co_await known.exchange("POST /size HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\n");
    EXPECT_EQ(status_of(answer), "413");
    EXPECT_TRUE(known.wire.closed);
    HandFed chunked(example(), options);
    const std::string other = co_await chunked.exchange(
        "POST /size HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nabcdef\r\n6\r\nabcdef\r\n0\r\n\r\n");
    EXPECT_EQ(status_of(other), "413");
    EXPECT_TRUE(chunked.wire.closed);
    EXPECT_EQ(other.find("HTTP/1.1", 1), std::string::npos) << "one answer";
}

Coro<> a_malformed_body() {
    HandFed connection(example());
    const std::string answer = co_await connection.exchange(
        "POST /size HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(status_of(answer), "400");
    EXPECT_EQ(answer.find("HTTP/1.1", 1), std::string::npos) << "one answer";
    EXPECT_TRUE(connection.wire.closed);
}

Coro<> half_a_body() {
    HandFed connection(example());
    co_await connection.exchange("POST /size HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab");
    connection.wire.feed_eof();
    const std::string answer = co_await connection.exchange("");
    EXPECT_EQ(status_of(answer), "400");
    EXPECT_TRUE(connection.wire.closed);
}

Coro<> last_words() {
    HandFed connection(example());
    connection.wire.feed_data("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    connection.wire.feed_eof();  // and still listens
    EXPECT_EQ(body_of(co_await connection.exchange("")), "hello");
    EXPECT_TRUE(connection.wire.closed);
    EXPECT_TRUE(connection.task.done());
}

Coro<> a_lost_connection() {
    const Told told;
    HandFed connection(example());
    co_await connection.exchange("POST /size HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab");
    connection.wire.set_exception(std::make_exception_ptr(OSError(ECONNRESET, "read from 127.0.0.1:1")));
    EXPECT_EQ(co_await connection.exchange(""), "");
    EXPECT_TRUE(connection.task.done());
    EXPECT_EQ(told.text, "");
}

Coro<> large_answers() {
    Application app;
    app.get("/{n}", [](std::size_t n) { return bytes_response(std::string(n, 'x')); });
    HandFed connection(app);
    const std::string answer = co_await connection.exchange("GET /1000000 HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_NE(answer.find("Content-Length: 1000000\r\n"), std::string::npos);
    EXPECT_EQ(body_of(answer), std::string(1'000'000, 'x'));
    EXPECT_FALSE(connection.wire.closed);
}

Coro<> fields_of_the_handler() {
    const Told told;
    Application app;
    app.get("/own", [] {
        return text_response("x", {.headers = {{"Date", "today"}, {"Content-Type", "text/odd"}, {"X-Id", "7"}}});
    });
    app.get("/close", [] { return text_response("x", {.headers = {{"Connection", "close"}}}); });
    app.get("/length", [] { return text_response("x", {.headers = {{"Content-Length", "2"}}}); });
    app.get("/coding", [] { return text_response("x", {.headers = {{"Transfer-Encoding", "gzip"}}}); });
    app.get("/reason", [] { return text_response("x", {.reason = "A\r\nB: c"}); });
    HandFed connection(app);
    EXPECT_EQ(co_await connection.exchange("GET /own HTTP/1.1\r\nHost: x\r\n\r\n"),
              "HTTP/1.1 200 OK\r\nDate: today\r\nContent-Type: text/odd\r\nX-Id: 7\r\nContent-Length: 1\r\n\r\nx");
    for (const char* path : {"length", "coding", "reason"}) {
        EXPECT_EQ(status_of(co_await connection.exchange("GET /" + std::string(path) + " HTTP/1.1\r\nHost: x\r\n\r\n")),
                  "500");
        EXPECT_NE(told.text.find("The answer cannot be sent: GET /" + std::string(path)), std::string::npos)
            << told.text;
    }
    EXPECT_FALSE(connection.wire.closed);
    co_await connection.exchange("GET /close HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_TRUE(connection.wire.closed);
}

#if HOCKET_POOL
// An encoder that finds no memory: its buffers are larger than all else here.
class NoMemory {
public:
    static void for_encoders() { hocket::testing::refused_from = 16 << 10; }
    NoMemory() = default;
    NoMemory(const NoMemory&) = delete;
    NoMemory& operator=(const NoMemory&) = delete;
    ~NoMemory() { hocket::testing::refused_from = SIZE_MAX; }
};

Coro<> encoders_that_throw() {
    const Told told;
    Application app({.compress = true});
    app.get("/{size}", [](Request& request) -> std::string {
        std::string text(std::stoul(request.path_param("size")), 'a');
        if (text.size() > 1000) NoMemory::for_encoders();
        return text;
    });
    HandFed connection(app);
    const auto get = [](std::string_view path) {
        return "GET " + std::string(path) + " HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n";
    };
    {
        const NoMemory until_here;
        const std::string answer = co_await connection.exchange(get("/5000"));
        EXPECT_EQ(without_date(answer),
                  "HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/json\r\nContent-Length: "
                  "34\r\n\r\n{\"detail\":\"Internal Server Error\"}");
    }
    EXPECT_NE(told.text.find("The answer cannot be sent: GET /{size}: std::bad_alloc"), std::string::npos) << told.text;
    EXPECT_EQ(body_of(co_await connection.exchange(get("/3"))), "aaa");  // the connection goes on
    {
        const NoMemory until_here;
        const std::string answer = co_await connection.exchange(get("/100000"));
        EXPECT_TRUE(answer.empty() || answer.ends_with("\r\n\r\n")) << answer;
    }
    EXPECT_TRUE(connection.wire.aborted);
    EXPECT_NE(told.text.find("The body of an answer failed: GET /{size}: std::bad_alloc"), std::string::npos)
        << told.text;
}
#endif

Coro<> many_sent_ahead() {
    HandFed connection(example());
    std::string ahead;
    for (int i = 0; i < 100; ++i) ahead += "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    connection.wire.feed_data(ahead);
    for (int i = 0; i < 3; ++i) co_await hocket::sleep(0);
    EXPECT_GT(connection.server->requests, 0U);
    EXPECT_LT(connection.server->requests, 100U);
    co_await connection.exchange("");
    EXPECT_EQ(connection.server->requests, 100U);
}

}  // namespace

TEST(VirtualHttpConnection, an_idle_one_keeps_nothing_of_the_last_request) { run(idle_connections_keep_nothing()); }
#if HOCKET_POOL
TEST(HttpConnection, an_encoder_that_throws_is_a_500_and_is_reported) { run(encoders_that_throw()); }
#endif
TEST(HttpConnection, others_have_their_turn_while_many_requests_are_sent_ahead) { run(many_sent_ahead()); }
TEST(HttpConnection, an_answer_leaves_in_one_write) { run(answers_in_one_write()); }
TEST(VirtualHttpConnection, the_date_is_the_systems_to_the_second) { run(dates()); }
TEST(HttpConnection, a_connection_serves_several_requests) { run(keeps_alive()); }
TEST(HttpConnection, http_1_0_closes_unless_it_says_otherwise) { run(old_clients()); }
TEST(HttpConnection, requests_sent_ahead_are_answered_in_order) { run(pipelined()); }
TEST(HttpConnection, a_request_sent_ahead_waits_for_the_answer_before_it) { run(one_after_the_other()); }
TEST(HttpConnection, head_204_and_304_have_no_body) { run(without_body()); }
TEST(HttpConnection, a_body_may_come_byte_by_byte) { run(a_body_by_bytes()); }
TEST(HttpConnection, the_pieces_of_a_body_are_given_as_they_come) { run(pieces_as_they_come()); }
TEST(HttpConnection, the_client_is_told_to_continue_when_the_body_is_wanted) { run(continues()); }
TEST(HttpConnection, a_client_that_was_not_told_to_continue_is_not_kept) { run(refuses_to_continue()); }
TEST(HttpConnection, an_unread_body_is_never_taken_for_a_request) { run(drains()); }
TEST(HttpConnection, a_large_unread_body_ends_the_connection) { run(does_not_drain_much()); }
TEST(HttpConnection, a_body_beyond_the_limit_is_refused) { run(limits_of_bodies()); }
TEST(HttpConnection, a_malformed_body_is_answered_once) { run(a_malformed_body()); }
TEST(HttpConnection, half_a_body_is_refused) { run(half_a_body()); }
TEST(HttpConnection, a_client_that_has_said_all_still_gets_its_answer) { run(last_words()); }
TEST(HttpConnection, a_connection_lost_within_a_body_is_nobodys_error) { run(a_lost_connection()); }
TEST(HttpConnection, a_large_answer_comes_whole) { run(large_answers()); }
TEST(HttpConnection, what_a_handler_says_of_the_framing_must_be_true) { run(fields_of_the_handler()); }

}  // namespace hocket::http
