// SPDX-License-Identifier: MIT
// The lines of the access log, and what hostile requests cannot do to them.
#include <hocket/base/report.h>
#include <hocket/http/access_log.h>
#include <hocket/http/server_test.h>

#include <chrono>
#include <string>

namespace hocket::http {

namespace {

using namespace std::chrono_literals;

Application example() {
    Application app;
    app.get("/", [](Request&) {
        Response response = text_response("hello");
        response.headers().set("X-Item", "seven");
        return response;
    });
    app.get("/slow", [](Request&) -> Coro<std::string> {
        co_await hocket::sleep(1234567us);
        co_return "slept";
    });
    app.get("/stream", [] {
        return stream_response([]() -> AsyncGenerator<std::string> {
            co_yield "first";
            co_yield "second";
        }());
    });
    return app;
}

AccessLog log_to(std::string& lines, std::string_view format = AccessLog::default_format) {
    return AccessLog([&lines](std::string_view line) { lines.append(line).append("\n"); }, format);
}

Coro<> usual_lines() {
    std::string lines;
    HandFed connection(example(), {.access_log = log_to(lines)});
    co_await connection.exchange("GET /?q=1 HTTP/1.1\r\nHost: x\r\nUser-Agent: me\r\nReferer: /a\r\n\r\n");
    EXPECT_EQ(lines, "- [01/Jan/2000:00:00:00 +0000] \"GET /?q=1 HTTP/1.1\" 200 5 \"/a\" \"me\"\n");
    lines.clear();
    co_await connection.exchange("HEAD / HTTP/1.1\r\nHost: x\r\n\r\nGET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(lines,
              "- [01/Jan/2000:00:00:00 +0000] \"HEAD / HTTP/1.1\" 200 0 \"-\" \"-\"\n"
              "- [01/Jan/2000:00:00:00 +0000] \"GET /stream HTTP/1.1\" 200 11 \"-\" \"-\"\n");
}

Coro<> fields() {
    std::string lines;
    HandFed connection(example(), {.access_log = log_to(lines, "%s %T %Tf %D %% %{x-item}o %{X-No}o %{Host}i|")});
    co_await connection.exchange("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(lines, "200 0 0.000000 0 % seven - x|\n");
    lines.clear();
    co_await connection.exchange("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
    co_await hocket::sleep(2s);
    EXPECT_EQ(lines, "200 1 1.234567 1234567 % - - x|\n");
}

// As it was sent: compressed, or a file.
Coro<> sizes() {
    std::string lines;
    Application app({.compress = true});
    app.get("/", [] { return text_response(std::string(5000, 'a')); });
    app.get("/large", [] { return text_response(std::string(500'000, 'a')); });
    HandFed connection(app, {.access_log = log_to(lines, "%b %{Content-Encoding}o")});
    const std::string asked = " HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n";
    const std::string body = body_of(co_await connection.exchange("GET /" + asked));
    EXPECT_LT(body.size(), 5000U);
    EXPECT_EQ(lines, std::to_string(body.size()) + " gzip\n");
    lines.clear();
    co_await connection.exchange("GET /large" + asked);
    for (int i = 0; i < 100 && lines.empty(); ++i) co_await hocket::sleep(0);
    const int size = std::stoi(lines);
    EXPECT_GT(size, 0);
    EXPECT_LT(size, 500'000);
    EXPECT_TRUE(lines.ends_with(" gzip\n")) << lines;
}

Coro<> hostile() {
    std::string lines;
    HandFed connection(example(), {.access_log = log_to(lines, R"(%r "%{A}i")")});
    co_await connection.exchange("GET /h\"\\ HTTP/1.1\r\nHost: x\r\nA: \xe2\x80\xae\"\\\r\n\r\n");
    EXPECT_EQ(lines, "GET /h\\\"\\\\ HTTP/1.1 \"\\xe2\\x80\\xae\\\"\\\\\"\n");
    lines.clear();
    HandFed tabs(example(), {.access_log = log_to(lines, R"("%{A}i")")});
    co_await tabs.exchange("GET / HTTP/1.1\r\nHost: x\r\nA: a\t\"b\" \xe2\x80\xae\r\n\r\n");
    EXPECT_EQ(lines, "\"a\\t\\\"b\\\" \\xe2\\x80\\xae\"\n");
}

Coro<> refused() {
    std::string lines;
    HandFed connection(example(), {.access_log = log_to(lines, "%r %s")});
    co_await connection.exchange("GET / HTTP/1.1\r\nHost: x\r\n\r\nGET /\r\n\r\n");
    EXPECT_EQ(lines, "GET / HTTP/1.1 200\n- 400\n");
}

Coro<> vanished() {
    std::string lines;
    HandFed connection(example(), {.access_log = log_to(lines, "%r %s"), .handler_cancellation = true});
    co_await connection.exchange("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(lines, "");
    connection.wire.feed_eof();
    for (int i = 0; i < 20; ++i) co_await hocket::sleep(0);
    EXPECT_EQ(lines, "GET /slow HTTP/1.1 499\n");
}

// What was sent before counts, and nothing of another request.
Coro<> vanished_later() {
    std::string lines;
    Application app = example();
    app.get("/endless", [] {
        return stream_response([]() -> AsyncGenerator<std::string> {
            co_yield "12345";
            co_await hocket::sleep(1h);
            co_yield "never";
        }());
    });
    const ServeOptions options{.access_log = log_to(lines, "%r %s %b %{X-Item}o"), .handler_cancellation = true};
    HandFed streamed(app, options);
    co_await streamed.exchange("GET /endless HTTP/1.1\r\nHost: x\r\n\r\n");
    streamed.wire.feed_eof();
    for (int i = 0; i < 20; ++i) co_await hocket::sleep(0);
    EXPECT_EQ(lines, "GET /endless HTTP/1.1 200 5 -\n");
    lines.clear();
    HandFed second(app, options);
    co_await second.exchange("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    co_await second.exchange("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
    second.wire.feed_eof();
    for (int i = 0; i < 20; ++i) co_await hocket::sleep(0);
    EXPECT_EQ(lines, "GET / HTTP/1.1 200 5 seven\nGET /slow HTTP/1.1 499 0 -\n");
}

// The fields are those of what is sent in the place of an answer that cannot be.
Coro<> answers_that_cannot_be_sent() {
    const Told told;
    std::string lines;
    Application app;
    app.get("/", [] {
        Response response = text_response("hello");
        response.headers().set("X-Item", "seven");
        response.headers().set("Content-Length", "many");
        response.set_status(304);
        return response;
    });
    HandFed connection(app, {.access_log = log_to(lines, "%s %{X-Item}o %{Content-Type}o %{Content-Length}o")});
    co_await connection.exchange("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(lines, "500 - application/json 34\n");
}

Coro<> sink_that_throws() {
    std::string reports;
    ReportSink before = set_report_sink([&reports](std::string_view text) { reports += text; });
    HandFed connection(example(), {.access_log = AccessLog([](std::string_view) { throw ValueError("disk full"); })});
    const std::string answer = co_await connection.exchange("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    set_report_sink(std::move(before));
    EXPECT_EQ(body_of(answer), "hello");
    EXPECT_EQ(reports, "access log: the sink failed: disk full");
}

std::string refusal_of(std::string_view format) {
    try {
        const AccessLog log([](std::string_view) {}, format);
    } catch (const ValueError& e) {
        return e.what();
    }
    return "nothing";
}

}  // namespace

TEST(VirtualHttpAccessLog, has_a_line_for_each_request) { run(usual_lines()); }
TEST(VirtualHttpAccessLog, follows_its_format) { run(fields()); }
TEST(VirtualHttpAccessLog, says_how_much_was_sent) { run(sizes()); }
TEST(VirtualHttpAccessLog, no_byte_of_a_client_stands_in_it_unescaped) { run(hostile()); }
TEST(VirtualHttpAccessLog, a_request_that_is_none_has_a_line) { run(refused()); }
TEST(VirtualHttpAccessLog, a_client_that_has_gone_has_a_line) { run(vanished()); }
TEST(VirtualHttpAccessLog, a_client_that_goes_later_has_the_line_of_what_it_got) { run(vanished_later()); }
TEST(VirtualHttpAccessLog, shows_the_head_that_was_sent) { run(answers_that_cannot_be_sent()); }
TEST(VirtualHttpAccessLog, a_sink_that_throws_is_reported_and_no_request_lost) { run(sink_that_throws()); }

TEST(OnceHttpAccessLog, refuses_formats_that_it_does_not_know) {
    EXPECT_EQ(refusal_of("%a %q"), R"(access log: a format has no "%q")");
    EXPECT_EQ(refusal_of("%"), R"(access log: a format has no "%")");
    EXPECT_EQ(refusal_of("%{a b}i"), R"(access log: a format has no "%{a b}i")");
    EXPECT_EQ(refusal_of("%{a}x"), R"(access log: a format has no "%{a}x")");
    EXPECT_EQ(refusal_of("%P %{a-b}o"), "nothing");
    EXPECT_THROW(AccessLog{AccessLogSink()}, ValueError);
    EXPECT_FALSE(AccessLog());
}

}  // namespace hocket::http
