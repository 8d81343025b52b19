// SPDX-License-Identifier: MIT
// Answers whose bodies come in pieces.
#include <hocket/http/server_test.h>

#include <tests/support/trace.h>

#include <chrono>

namespace hocket::http {

namespace {

using namespace std::chrono_literals;
using hocket::testing::Trace;

AsyncGenerator<std::string> count_to(int n) {
    for (int i = 1; i <= n; ++i) {
        co_await hocket::sleep(0);
        co_yield std::to_string(i) + ";";
    }
}

AsyncGenerator<std::string> failing() {
    co_yield "begun";
    throw std::runtime_error("no more");
}

AsyncGenerator<std::string> endless(bool& closed) {
    try {
        for (;;) co_yield std::string(1000, 'x');
    } catch (const GeneratorExit&) {
        closed = true;
        throw;
    }
}

Application counting() {
    Application app;
    app.get("/count/{n}", [](int n) { return stream_response(count_to(n), {.content_type = "text/plain"}); });
    app.get("/length/{n}",
            [](int n) { return stream_response(count_to(3), {.headers = {{"Content-Length", std::to_string(n)}}}); });
    app.get("/failing", [] { return stream_response(failing()); });
    return app;
}

Coro<> chunked() {
    HandFed connection(counting());
    const std::string answer = co_await connection.exchange("GET /count/3 HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(without_date(answer),
              "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"
              "2\r\n1;\r\n2\r\n2;\r\n2\r\n3;\r\n0\r\n\r\n");
    EXPECT_FALSE(connection.wire.closed);
}

Coro<> to_the_end() {
    HandFed connection(counting());
    const std::string answer = co_await connection.exchange("GET /count/2 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_EQ(without_date(answer), "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n1;2;");
    EXPECT_TRUE(connection.wire.closed);
}

Coro<> of_known_length() {
    const Told told;
    HandFed connection(counting());
    const std::string answer = co_await connection.exchange("GET /length/6 HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(body_of(answer), "1;2;3;");
    EXPECT_EQ(answer.find("chunked"), std::string::npos);
    EXPECT_FALSE(connection.wire.closed);
    co_await connection.exchange("GET /length/7 HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_TRUE(connection.wire.aborted);
    HandFed other(counting());
    const std::string longer = co_await other.exchange("GET /length/3 HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_LE(body_of(longer).size(), 3U);
    EXPECT_TRUE(other.wire.aborted);
    EXPECT_NE(told.text.find("The body of an answer failed: GET /length/{n}"), std::string::npos) << told.text;
}

Coro<> head_of_a_stream() {
    HandFed connection(counting());
    const std::string answer = co_await connection.exchange("HEAD /count/3 HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_TRUE(answer.ends_with("\r\n\r\n"));
    EXPECT_EQ(body_of(answer), "");
    EXPECT_EQ(status_of(co_await connection.exchange("GET /count/1 HTTP/1.1\r\nHost: x\r\n\r\n")), "200");
}

Coro<> a_failure_midway() {
    const Told told;
    HandFed connection(counting());
    const std::string answer = co_await connection.exchange("GET /failing HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(body_of(answer), "5\r\nbegun\r\n");
    EXPECT_TRUE(connection.wire.aborted);
    EXPECT_NE(told.text.find("GET /failing: std::runtime_error: no more"), std::string::npos) << told.text;
}

Coro<> a_client_that_goes() {
    const Told told;
    bool closed = false;
    Application app;
    app.get("/", [&] { return stream_response(endless(closed)); });
    HandFed connection(app);
    connection.wire.stalls = true;
    co_await connection.exchange("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_FALSE(closed);
    connection.wire.abort();
    co_await connection.exchange("");
    EXPECT_TRUE(closed);
    EXPECT_TRUE(connection.task.done());
    EXPECT_EQ(told.text, "");
}

AsyncGenerator<std::string> quiet(Trace& trace) {
    co_yield "begun";
    try {
        co_await hocket::testing::forever();
    } catch (const CancelledError&) {
        trace.note("cancelled");
        throw;
    }
}

Coro<> a_client_that_goes_unnoticed() {
    const Told told;
    Trace trace;
    Application app;
    app.get("/", [&] { return stream_response(quiet(trace)); });
    HandFed connection(app);
    co_await connection.exchange("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(trace.taken(), "");
    connection.wire.feed_eof();
    co_await connection.exchange("");
    EXPECT_EQ(trace.taken(), "cancelled");
    EXPECT_TRUE(connection.wire.aborted);
    EXPECT_TRUE(connection.task.done());
    EXPECT_EQ(told.text, "");
}

AsyncGenerator<std::string> with_clean_up(Trace& trace) {
    bool told_to_end = false;
    try {
        co_yield "begun";
    } catch (const GeneratorExit&) {
        told_to_end = true;
    }
    trace.note(told_to_end ? "told to end" : "goes on");
    co_await hocket::sleep(5s);
    trace.note("cleaned up");
}

Coro<> a_clean_up_that_waits() {
    const Told told;
    Trace trace;
    Application app;
    app.get("/", [&] { return stream_response(with_clean_up(trace)); });
    HandFed connection(app, {.write_timeout = 1s});
    connection.wire.stalls = true;
    co_await connection.exchange("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    const Task<> task = connection.task;
    co_await task;
    EXPECT_EQ(trace.taken(), "told to end cleaned up");
    EXPECT_TRUE(connection.wire.aborted);
    EXPECT_EQ(told.text, "");
}

// The end of the connection is the end of such a body: only a reset says that it is not whole.
Coro<> not_whole_to_http_1_0() {
    const Told told;
    Trace trace;
    Application app = counting();
    app.get("/quiet", [&] { return stream_response(quiet(trace)); });
    for (const std::string path : {"/failing", "/quiet"}) {
        HandFed connection(app);
        co_await connection.exchange("GET " + path + " HTTP/1.0\r\n\r\n");
        connection.wire.feed_eof();
        co_await connection.exchange("");
        EXPECT_TRUE(connection.task.done());
        EXPECT_TRUE(connection.wire.was_reset) << path;
    }
    HandFed framed(app);
    co_await framed.exchange("GET /failing HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_FALSE(framed.wire.was_reset);
}

// Two things hide that a client has gone, until the next piece.
Coro<> hidden_ends() {
    hocket::Event go;
    Application app;
    const auto waiting = [](hocket::Event& until, int pieces) -> AsyncGenerator<std::string> {
        for (; pieces > 0; --pieces) {
            co_await until.wait();
            co_yield "piece";
        }
    };
    for (const char* method : {"GET", "POST"}) {
        app.route(method, "/", [&] { return stream_response(waiting(go, 2)); });
    }
    std::string ahead = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    ahead += ahead + std::string(Transport::default_limit, 'x');
    for (const std::string& request :
         {ahead, std::string("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nno")}) {
        go.clear();
        HandFed connection(app);
        co_await connection.exchange(request);
        connection.wire.abort();
        co_await connection.exchange("");
        EXPECT_FALSE(connection.task.done());
        go.set();
        co_await connection.exchange("");
        EXPECT_TRUE(connection.task.done());
    }
}

Coro<> a_request_sent_ahead_of_a_stream() {
    HandFed connection(counting());
    const std::string ahead = "GET /count/2 HTTP/1.1\r\nHost: x\r\n\r\n";
    const std::string answers = co_await connection.exchange(ahead + ahead);
    EXPECT_NE(answers.find("200 OK", 20), std::string::npos) << answers;
    EXPECT_EQ(status_of(co_await connection.exchange(ahead)), "200");
    EXPECT_EQ(connection.server->requests, 3U);
}

Coro<> the_head_goes_first() {
    hocket::Event go;
    Application app;
    app.get("/", [&] {
        return stream_response([](hocket::Event& wanted) -> AsyncGenerator<std::string> {
            co_await wanted.wait();
            co_yield "late";
        }(go));
    });
    HandFed connection(app);
    EXPECT_EQ(status_of(co_await connection.exchange("GET / HTTP/1.1\r\nHost: x\r\n\r\n")), "200");
    go.set();
    EXPECT_EQ(co_await connection.exchange(""), "4\r\nlate\r\n0\r\n\r\n");
}

AsyncGenerator<std::string> echo(Request& request) {
    while (auto piece = co_await request.next()) co_yield *piece;
}

Coro<> an_echo() {
    Application app;
    app.post("/echo", [](Request& request) { return stream_response(echo(request)); });
    HandFed connection(app);
    const std::string head = co_await connection.exchange(
        "POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    EXPECT_EQ(status_of(head), "200");
    EXPECT_EQ(head.find("100 Continue"), std::string::npos) << head;
    EXPECT_EQ(co_await connection.exchange("abcde"), "5\r\nabcde\r\n0\r\n\r\n");
}

}  // namespace

TEST(HttpStreamResponse, no_interim_response_follows_its_head) { run(an_echo()); }
TEST(HttpStreamResponse, pieces_go_out_in_chunks) { run(chunked()); }
TEST(HttpStreamResponse, to_http_1_0_the_body_ends_with_the_connection) { run(to_the_end()); }
TEST(HttpStreamResponse, a_length_that_was_announced_is_kept) { run(of_known_length()); }
TEST(HttpStreamResponse, head_has_no_pieces) { run(head_of_a_stream()); }
TEST(HttpStreamResponse, a_failure_midway_is_seen_by_the_client) { run(a_failure_midway()); }
TEST(HttpStreamResponse, a_client_that_goes_ends_the_generator) { run(a_client_that_goes()); }
TEST(HttpStreamResponse, a_client_that_goes_ends_a_generator_that_waits) { run(a_client_that_goes_unnoticed()); }
TEST(VirtualHttpStreamResponse, a_clean_up_that_waits_comes_to_its_end) { run(a_clean_up_that_waits()); }
TEST(HttpStreamResponse, to_http_1_0_a_body_that_is_not_whole_ends_with_a_reset) { run(not_whole_to_http_1_0()); }
TEST(HttpStreamResponse, a_client_that_goes_behind_what_is_not_read_shows_at_the_next_piece) { run(hidden_ends()); }
TEST(HttpStreamResponse, requests_that_are_sent_ahead_follow_it) { run(a_request_sent_ahead_of_a_stream()); }
TEST(HttpStreamResponse, the_head_does_not_wait_for_the_first_piece) { run(the_head_goes_first()); }

}  // namespace hocket::http
