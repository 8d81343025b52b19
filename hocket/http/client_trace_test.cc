// SPDX-License-Identifier: MIT
// What a session tells of its requests, and when it sends them again.
#include <hocket/http/application.h>
#include <hocket/http/client_test.h>
#include <hocket/http/http_date.h>
#include <hocket/net/tls_test.h>

#include <cerrno>
#include <string>
#include <vector>

using namespace std::chrono_literals;

namespace hocket::http {
namespace {

using namespace testing;

/// Writes down the names of events; the times must not go back.
class Told {
public:
    TraceSink sink() {
        return [this](const TraceEvent& e) {
            names += (names.empty() ? "" : " ") + std::string(trace_name(e.event));
            if (e.event == Trace::request_start) last_ = 0;
            EXPECT_GE(e.at.count(), last_);
            last_ = e.at.count();
            details.emplace_back(e.detail);
            urls.push_back(e.url.str());
            requests.push_back(e.request);
            statuses.push_back(e.status);
        };
    }
    std::string take() { return std::exchange(names, {}); }

    std::string names;
    std::vector<std::string> details, urls;
    std::vector<std::uint64_t> requests;
    std::vector<int> statuses;

private:
    std::int64_t last_ = 0;
};

TEST(RealClientTrace, the_phases_are_told_in_their_order) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::answering(ok("x"));
        Told told;
        const ClientSession session({.trace = told.sink()});
        const std::string url = "http://localhost:" + std::to_string(server.server.port()) + "/";
        EXPECT_EQ(co_await text_of(session.get(url)), "x");
        EXPECT_EQ(told.take(),
                  "request_start dns_start dns_end connect_start connect_end request_sent response_start request_end "
                  "body_end");
        EXPECT_EQ(co_await text_of(session.get(url)), "x");
        EXPECT_EQ(told.take(), "request_start reuse request_sent response_start request_end body_end");
        EXPECT_EQ(told.requests.front(), 1U);
        EXPECT_EQ(told.requests.back(), 2U);
        EXPECT_EQ(told.statuses.back(), 200);
    }());
}

TEST(RealClientTrace, tls_and_redirects_are_told) {
    run_http([]() -> Coro<> {
        const TestServer target =
            co_await TestServer::answering(ok("x"), hocket::testing::with_tls(hocket::testing::tls_server()));
        const TestServer first = co_await TestServer::answering("HTTP/1.1 302 Found\r\nLocation: " + target.url() +
                                                                "\r\nContent-Length: 0\r\n\r\n");
        Told told;
        const ClientSession session({.tls = hocket::testing::tls_client(), .trace = told.sink()});
        EXPECT_EQ(co_await text_of(session.get(first.url())), "x");
        EXPECT_EQ(told.take(),
                  "request_start connect_start connect_end request_sent response_start body_end redirect "
                  "connect_start connect_end tls_start tls_end request_sent response_start request_end body_end");
        EXPECT_EQ(told.urls.front(), first.url());
        EXPECT_EQ(told.urls.back(), target.url());
    }());
}

TEST(RealClientTrace, errors_and_waits_for_a_place_are_told) {
    run_http([]() -> Coro<> {
        Told told;
        const ClientSession session({.trace = told.sink()});
        co_await ending_of(session.get("http://127.0.0.1:1/"));
        EXPECT_EQ(told.take(), "request_start connect_start request_error");
        EXPECT_EQ(told.details.back(), "GET http://127.0.0.1:1/: connect to 127.0.0.1:1: Connection refused");

        const TestServer server = co_await TestServer::start([](Peer& peer, int) -> Coro<> {
            co_await peer.request();
            co_await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
            co_await peer.end();
        });
        const ClientSession narrow({.limit = 1, .trace = told.sink()});
        const ClientResponse first = co_await narrow.get(server.url());
        told.take();
        auto second = create_task(narrow.get(server.url()));
        co_await hocket::sleep(0);
        EXPECT_EQ(told.names, "request_start queued_start");
        second.cancel();
        co_await gather(settle, second);
        EXPECT_EQ(told.take(), "request_start queued_start request_error");
    }());
}

TEST(RealClientTrace, what_the_sink_throws_does_not_end_the_request) {
    run_http([]() -> Coro<> {
        hocket::testing::LoopErrors errors(get_running_loop());
        const TestServer server = co_await TestServer::answering(ok("x"));
        const ClientSession session({.trace = [](const TraceEvent&) { throw ValueError("no"); }});
        EXPECT_EQ(co_await text_of(session.get(server.url())), "x");
        const std::string told = errors.taken();
        EXPECT_TRUE(told.starts_with("exception in the trace of an HTTP session | hocket::ValueError: no")) << told;
    }());
}

TEST(RealClientTrace, a_body_that_fails_is_told) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::start([](Peer& peer, int) -> Coro<> {
            co_await peer.request();
            co_await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
        });
        Told told;
        const ClientSession session({.trace = told.sink()});
        co_await ending_of(text_of(session.get(server.url())));
        EXPECT_TRUE(told.names.ends_with("response_start request_end body_error")) << told.names;
        EXPECT_EQ(told.details.back(), "the server closed the connection after 4 of 10 bytes of the body");
    }());
}

// ---- Repetitions

/// Closes the first connections without an answer.
Coro<TestServer> answering_after(int failures) {
    return TestServer::start([failures](Peer& peer, int number) -> Coro<> {
        co_await peer.request();
        if (number > failures) co_await peer.send(ok("at last"));
    });
}

TEST(RealClientRetry, what_may_be_repeated_is_sent_again) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await answering_after(2);
        const ClientSession session({.retry = {.attempts = 3, .backoff = 1ms}});
        EXPECT_EQ(co_await text_of(session.get(server.url())), "at last");
        EXPECT_EQ(server.requests().size(), 3U);
    }());
}

TEST(RealClientRetry, only_so_often) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await answering_after(9);
        const ClientSession session;
        EXPECT_EQ(co_await ending_of(session.get(server.url(), {.retry = RetryOptions{.attempts = 2, .backoff = 1ms}})),
                  "hocket::http::ServerDisconnectedError: GET " + server.url() +
                      ": the server closed the connection before it answered");
        EXPECT_EQ(server.requests().size(), 2U);
    }());
}

// Http-security, 40.
TEST(RealClientRetry, what_may_have_been_done_is_not_done_twice) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await answering_after(1);
        const ClientSession session({.retry = {.attempts = 3, .backoff = 1ms}});
        const std::string end = co_await ending_of(session.post(server.url(), {.data = "once"}));
        EXPECT_TRUE(end.starts_with("hocket::http::ServerDisconnectedError: ")) << end;
        EXPECT_EQ(server.requests().size(), 1U);
    }());
}

// Http-security, 40.
TEST(RealClientRetry, what_is_answered_in_part_is_not_asked_again) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::start([](Peer& peer, int) -> Coro<> {
            co_await peer.request();
            co_await peer.send("HTTP/1.1 200 OK\r\nConte");
        });
        const ClientSession session({.retry = {.attempts = 3, .backoff = 1ms}});
        const std::string end = co_await ending_of(session.get(server.url()));
        EXPECT_TRUE(end.ends_with("in the midst of its answer's head")) << end;
        EXPECT_EQ(server.requests().size(), 1U);
    }());
}

// The kept connection ends, and for a moment nobody listens.
TEST(RealClientRetry, a_server_that_starts_again_is_asked_again) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::start([](Peer& peer, int) -> Coro<> {
            co_await peer.request();
            co_await peer.send(ok("x"));
            co_await peer.request();
        });
        int asked = 0;
        const auto resolve = [&](std::string, std::uint16_t) -> Coro<std::vector<Address>> {
            const std::string port = std::to_string(++asked == 2 ? 1 : server.server.port());
            co_return std::vector<Address>{Address::parse("127.0.0.1:" + port)};
        };
        const ClientSession session({.retry = {.attempts = 2, .backoff = 1ms}, .resolver = resolve});
        EXPECT_EQ(co_await text_of(session.get("http://far.example/")), "x");
        EXPECT_EQ(co_await text_of(session.get("http://far.example/")), "x");
        EXPECT_EQ(asked, 3);
    }());
}

TEST(RealClientRetry, what_reached_nobody_is_tried_again_whatever_it_is) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::answering(ok("x"));
        int asked = 0;
        const auto resolve = [&](std::string, std::uint16_t) -> Coro<std::vector<Address>> {
            const std::string port = std::to_string(++asked == 1 ? 1 : server.server.port());
            co_return std::vector<Address>{Address::parse("127.0.0.1:" + port)};
        };
        Told told;
        const ClientSession session(
            {.retry = {.attempts = 2, .backoff = 1ms}, .resolver = resolve, .trace = told.sink()});
        EXPECT_EQ(co_await text_of(session.post("http://far.example/", {.data = "x"})), "x");
        EXPECT_EQ(asked, 2);
        EXPECT_NE(told.names.find("connect_start retry dns_start"), std::string::npos) << told.names;
    }());
}

TEST(RealClientRetry, a_server_that_asks_for_patience_gets_it_when_that_is_wanted) {
    run_http([]() -> Coro<> {
        const auto busy_once = [] {
            return TestServer::start([](Peer& peer, int) -> Coro<> {
                co_await peer.request();
                co_await peer.send("HTTP/1.1 503 Busy\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n");
                while (!(co_await peer.request()).empty()) co_await peer.send(ok("x"));
            });
        };
        const TestServer first = co_await busy_once(), second = co_await busy_once(), third = co_await busy_once();
        const ClientSession session;
        const RetryOptions patient{.attempts = 2, .on_retry_after = true};
        EXPECT_EQ((co_await session.get(first.url(), {.retry = patient})).status(), 200);
        EXPECT_EQ((co_await session.post(second.url(), {.retry = patient})).status(), 503);
        EXPECT_EQ((co_await session.get(third.url(), {.retry = RetryOptions{.attempts = 2}})).status(), 503);
    }());
}

TEST(VirtualClientRetry, pauses_are_random_parts_of_spans_that_double) {
    run([]() -> Coro<> {
        std::vector<std::int64_t> times;
        const auto refuse = [&times](const Url&) -> Coro<Streams> {
            times.push_back(get_running_loop().backend().now());
            co_await hocket::sleep(0);
            throw OSError(ECONNREFUSED, "connect to nobody");
        };
        const ClientSession session({.retry = {.attempts = 5, .backoff = 1s, .max_backoff = 3s}, .connector = refuse});
        EXPECT_EQ(co_await ending_of(session.post("http://x/", {.data = "x"})),
                  "hocket::http::ClientConnectionError: POST http://x/: connect to nobody: Connection refused");
        EXPECT_EQ(times.size(), 5U);
        const std::int64_t most[] = {1, 2, 3, 3};
        for (std::size_t i = 0; i + 1 < times.size(); ++i) {
            EXPECT_LE(times[i + 1] - times[i], most[i] * 1'001'000'000) << i;
        }
        EXPECT_GT(times.back(), times.front());
    }());
}

TEST(VirtualClientRetry, a_wait_that_a_server_asks_for_is_waited_unless_it_is_too_long) {
    run([]() -> Coro<> {
        int asked = 0;
        Application app;
        const auto busy = [&asked](Request& request) -> Response {
            if (++asked == 2) return Response(200);
            const std::string wait(request.headers().get("X-Wait").value_or(""));
            return text_response("busy", {.status = 429, .headers = {{"Retry-After", wait}}});
        };
        app.get("/", busy);
        const ClientSession session({.retry = {.attempts = 2, .on_retry_after = true}, .connector = connect_to(app)});
        const auto fetch = [&](const char* wait) -> Coro<int> {
            asked = 0;
            const ClientResponse response = co_await session.get("http://x/", {.headers = {{"X-Wait", wait}}});
            co_return response.status();
        };
        const std::int64_t before = get_running_loop().backend().now();
        EXPECT_EQ(co_await fetch("7"), 200);
        EXPECT_GE(get_running_loop().backend().now() - before, 7'000'000'000);
        for (const char* wait : {"61", "-1", "soon", "99999999999999999999", "Sun, 32 Nov 1994 08:49:37 GMT"}) {
            EXPECT_EQ(co_await fetch(wait), 429) << wait;
        }
    }());
}

TEST(VirtualClientRetry, a_wait_may_be_a_date) {
    run([]() -> Coro<> {
        const auto wall_seconds = [] { return get_running_loop().backend().wall_time() / 1'000'000'000; };
        int asked = 0;
        Application app;
        app.get("/", [&](Request& request) -> Response {
            if (++asked == 2) return Response(200);
            const int wait = std::stoi(std::string(request.headers().get("X-Wait").value_or("")));
            return text_response("busy",
                                 {.status = 503, .headers = {{"Retry-After", http_date(wall_seconds() + wait)}}});
        });
        const ClientSession session({.retry = {.attempts = 2, .on_retry_after = true}, .connector = connect_to(app)});
        const auto fetch = [&](const char* wait) -> Coro<int> {
            asked = 0;
            const ClientResponse response = co_await session.get("http://x/", {.headers = {{"X-Wait", wait}}});
            co_return response.status();
        };
        const std::int64_t before = wall_seconds();
        EXPECT_EQ(co_await fetch("30"), 200);
        EXPECT_GE(wall_seconds() - before, 29);
        EXPECT_EQ(co_await fetch("-30"), 200);  // has passed
        EXPECT_LE(wall_seconds() - before, 32);
        EXPECT_EQ(co_await fetch("3600"), 503);
    }());
}

AsyncGenerator<std::string> a_word() { co_yield "word"; }

TEST(VirtualClientRetry, a_body_is_sent_again_only_if_it_can_be_made_again) {
    run([]() -> Coro<> {
        int asked = 0;
        Application app;
        app.put("/", [&asked](Request& request) -> Coro<Response> {
            const std::string text = co_await request.text();
            if (++asked % 2 == 0) co_return text_response(text);
            co_return text_response("busy", {.status = 503, .headers = {{"Retry-After", "1"}}});
        });
        const ClientSession session({.retry = {.attempts = 2, .on_retry_after = true}, .connector = connect_to(app)});
        RequestOptions again{.stream = [] { return a_word(); }};
        EXPECT_EQ(co_await text_of(session.put("http://x/", std::move(again))), "word");
        EXPECT_EQ(asked, 2);
        RequestOptions once{.stream = a_word()};
        EXPECT_EQ(co_await text_of(session.put("http://x/", std::move(once))), "busy");
        EXPECT_EQ(asked, 3);
    }());
}

TEST(VirtualClientRetry, a_refusal_to_be_repeated_may_set_cookies) {
    run([]() -> Coro<> {
        int asked = 0;
        std::string cookies;
        Application app;
        app.get("/", [&](Request& request) -> Response {
            cookies = request.headers().combined("Cookie");
            if (++asked == 2) return Response(200);
            return text_response("busy", {.status = 503, .headers = {{"Retry-After", "0"}, {"Set-Cookie", "a=1"}}});
        });
        const ClientSession session({.retry = {.attempts = 2, .on_retry_after = true}, .connector = connect_to(app)});
        const ClientResponse response = co_await session.get("http://x/");
        EXPECT_EQ(response.status(), 200);
        EXPECT_EQ(session.cookie_jar().filter_cookies(Url::parse("http://x/")), (Params{{"a", "1"}}));
        EXPECT_EQ(cookies, "a=1");  // and the repetition has them
    }());
}

TEST(VirtualClientRetry, a_session_that_is_closed_pauses_no_more) {
    run([]() -> Coro<> {
        Application app;
        app.get("/", [](Request&) -> Response {
            return text_response("busy", {.status = 503, .headers = {{"Retry-After", "50"}}});
        });
        const ClientSession session({.retry = {.attempts = 2, .on_retry_after = true}, .connector = connect_to(app)});
        const std::int64_t before = get_running_loop().backend().now();
        const Task<ClientResponse> task = create_task(session.get("http://x/"));
        co_await hocket::sleep(1s);
        EXPECT_FALSE(task.done());
        co_await session.close();
        EXPECT_EQ(co_await hocket::testing::ending_of(task),
                  "hocket::http::ClientConnectionError: GET http://x/: the session was closed");
        EXPECT_LT(get_running_loop().backend().now() - before, 10'000'000'000);
    }());
}

}  // namespace
}  // namespace hocket::http
