// SPDX-License-Identifier: MIT
// Events as bytes, and answers that consist of them.
#include <hocket/http/server_sent_events.h>
#include <hocket/http/server_test.h>
#include <hocket/http/test_client.h>

#include <chrono>

namespace hocket::http {

namespace {

using namespace std::chrono_literals;

AsyncGenerator<ServerSentEvent> counting(int from) {
    for (int i = from; i < 3; ++i) {
        co_await hocket::sleep(10s);
        co_yield ServerSentEvent{.data = std::to_string(i), .id = std::to_string(i)};
    }
}

Application example() {
    Application app;
    app.get("/", [](Request& request) {
        const auto last = last_event_id(request);
        return event_stream(counting(last ? 1 + (last->front() - '0') : 0), {.keep_alive = 4s});
    });
    return app;
}

Coro<> streams() {
    const TestClient client(example());
    const TestResponse all = co_await client.get("/");
    EXPECT_EQ(all.content_type, "text/event-stream");
    EXPECT_EQ(all.headers.get("Cache-Control"), "no-cache");
    EXPECT_EQ(all.body,
              ": keep-alive\n\n: keep-alive\n\nid: 0\ndata: 0\n\n: keep-alive\n\n: keep-alive\n\nid: 1\ndata: 1\n\n"
              ": keep-alive\n\n: keep-alive\n\nid: 2\ndata: 2\n\n");
    TestRequestOptions again;
    again.headers.add("Last-Event-ID", "1");
    EXPECT_EQ((co_await client.get("/", std::move(again))).body, ": keep-alive\n\n: keep-alive\n\nid: 2\ndata: 2\n\n");
}

/// Says that it has been cleaned up.
AsyncGenerator<ServerSentEvent> endless(std::string& trace) {
    std::exception_ptr error;
    try {
        for (;;) {
            co_await hocket::sleep(10s);
            co_yield ServerSentEvent{.data = "tick"};
        }
    } catch (...) {
        error = std::current_exception();
    }
    co_await hocket::sleep(0);
    trace += "cleaned up\n";
    std::rethrow_exception(error);
}

Coro<> a_client_that_goes(Duration after) {
    Told told;
    std::string trace;
    Application app;
    app.get("/", [&trace] { return event_stream(endless(trace)); });
    HandFed connection(app);
    const std::string head = co_await connection.exchange("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_NE(head.find("Content-Type: text/event-stream\r\n"), std::string::npos) << head;
    co_await hocket::sleep(after);
    connection.wire.feed_eof();
    for (int i = 0; i < 40; ++i) co_await hocket::sleep(0);
    EXPECT_EQ(trace, "cleaned up\n");
    EXPECT_TRUE(connection.task.done());
    EXPECT_EQ(told.text, "");
}

Coro<> failing() {
    Told told;
    Application app;
    app.get("/", [] {
        return event_stream([]() -> AsyncGenerator<ServerSentEvent> {
            co_yield ServerSentEvent{.data = "first"};
            throw ValueError("no more");
        }());
    });
    HandFed connection(app);
    const std::string answer = co_await connection.exchange("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    for (int i = 0; i < 40; ++i) co_await hocket::sleep(0);
    EXPECT_NE(answer.find("data: first\n\n"), std::string::npos) << answer;
    EXPECT_TRUE(connection.wire.aborted);
    EXPECT_NE(told.text.find("no more"), std::string::npos) << told.text;
}

}  // namespace

TEST(OnceHttpEvents, are_lines) {
    EXPECT_EQ(encode_event({.data = "hello"}), "data: hello\n\n");
    EXPECT_EQ(encode_event({.data = ""}), "data: \n\n");
    EXPECT_EQ(encode_event({.data = "a", .event = "e", .id = "7", .retry = 1500ms, .comment = "c"}),
              ": c\nid: 7\nevent: e\nretry: 1500\ndata: a\n\n");
    EXPECT_EQ(encode_event({.comment = "only"}), ": only\n\n");
    EXPECT_EQ(encode_event({.retry = 0s}), "retry: 0\n\n");
}

TEST(OnceHttpEvents, no_text_makes_fields_of_its_own) {
    EXPECT_EQ(encode_event({.data = "a\nb\r\nc\rdata: d\n\nid: 9"}),
              "data: a\ndata: b\ndata: c\ndata: data: d\ndata: \ndata: id: 9\n\n");
    EXPECT_EQ(encode_event({.data = "a\n"}), "data: a\ndata: \n\n");
    EXPECT_EQ(encode_event({.comment = "a\ndata: b"}), ": a\n: data: b\n\n");
    for (const std::string& bad : {std::string("a\ndata: b"), std::string("a\rb"), std::string("a\0b", 3)}) {
        EXPECT_THROW(encode_event({.event = bad}), ValueError);
        EXPECT_THROW(encode_event({.id = bad}), ValueError);
    }
    EXPECT_THROW(encode_event({.retry = -1s}), ValueError);
}

TEST(VirtualHttpEvents, are_sent_as_they_come_with_comments_between) { run(streams()); }
TEST(VirtualHttpEvents, end_with_their_client) {
    run(a_client_that_goes(0s));
    run(a_client_that_goes(25s));
}
TEST(VirtualHttpEvents, that_fail_end_their_connection) { run(failing()); }

}  // namespace hocket::http
