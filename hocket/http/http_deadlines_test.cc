// SPDX-License-Identifier: MIT
// A server's patience, in virtual time: idle connections, slow heads and bodies, clients that take no answer, and the server's end.
#include <hocket/flow/wait.h>
#include <hocket/http/server_test.h>

#include <chrono>

namespace hocket::http {

namespace {

using namespace std::chrono_literals;

constexpr std::string_view get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

Application example() {
    Application app;
    app.get("/", [] { return std::string("hello"); });
    app.post("/size", [](Request& request) -> Coro<std::string> {
        const std::string body = co_await request.body();
        co_return std::to_string(body.size());
    });
    app.post("/unread", [] { return std::string("not read"); });
    app.get("/delay/{seconds}", [](double seconds) -> Coro<std::string> {
        co_await hocket::sleep(std::chrono::duration<double>(seconds));
        co_return "slept";
    });
    app.get("/much", [] { return bytes_response(std::string(1 << 20, 'x')); });
    return app;
}

double seconds_since(TimePoint begin) {
    return std::chrono::duration<double>(get_running_loop().time() - begin).count();
}

/// Waits until the connection's task has ended; after how many seconds.
Coro<double> end_of(HandFed& connection) {
    const TimePoint begin = get_running_loop().time();
    const Task<> task = connection.task;
    co_await task;
    co_return seconds_since(begin);
}

/// What closing a server does to its connection.
void end(const HandFed& connection) {
    const Shared<HttpServerState> server = connection.server;
    server->close();
    server->when_time_is_over([server] { server->abort(); });
}

Coro<> idle() {
    HandFed connection(example(), {.keep_alive_timeout = 7s});
    co_await connection.exchange(get);
    co_await hocket::sleep(6s);
    EXPECT_EQ(body_of(co_await connection.exchange(get)), "hello");
    EXPECT_NEAR(co_await end_of(connection), 7, 0.01);
    EXPECT_EQ(connection.take(), "") << "without a word";
    EXPECT_TRUE(connection.wire.closed);
}

Coro<> blank_lines() {
    HandFed connection(example(), {.keep_alive_timeout = 7s});
    co_await connection.exchange(get);
    for (int i = 0; i < 6; ++i) {
        co_await hocket::sleep(1s);
        co_await connection.exchange("\r\n");
    }
    EXPECT_NEAR(co_await end_of(connection), 1, 0.01);
}

Coro<> silent_from_the_beginning() {
    HandFed connection(example(), {.head_timeout = 3s});
    EXPECT_NEAR(co_await end_of(connection), 3, 0.01);
}

Coro<> slow_head() {
    HandFed connection(example(), {.keep_alive_timeout = 60s, .head_timeout = 5s});
    co_await connection.exchange(get);
    co_await hocket::sleep(50s);
    const TimePoint begin = get_running_loop().time();
    std::string answer;
    for (const char c : get) {
        if (connection.wire.closed) break;
        answer += co_await connection.exchange({&c, 1});
        co_await hocket::sleep(1s);
    }
    answer += connection.take();
    EXPECT_EQ(status_of(answer), "408");
    EXPECT_NEAR(seconds_since(begin), 5, 1.01);
}

Coro<> slow_body() {
    HandFed connection(example(), {.body_timeout = 4s, .minimum_rate = 10});
    co_await connection.exchange("POST /size HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n");
    const TimePoint begin = get_running_loop().time();
    while (!connection.task.done()) {
        co_await connection.exchange("x");
        co_await hocket::sleep(500ms);
    }
    // Each of these bytes is worth a tenth of a second.
    EXPECT_NEAR(seconds_since(begin), 5, 0.6);
    EXPECT_EQ(status_of(connection.take()), "408");
}

Coro<> steady_body() {
    HandFed connection(example(), {.body_timeout = 4s, .minimum_rate = 10});
    co_await connection.exchange("POST /size HTTP/1.1\r\nHost: x\r\nContent-Length: 600\r\n\r\n");
    std::string answer;
    for (int i = 0; i < 60; ++i) {
        answer += co_await connection.exchange("ten bytes.");
        co_await hocket::sleep(900ms);
    }
    EXPECT_EQ(body_of(answer), "600");
}

Coro<> slow_handler() {
    Application app;
    app.post("/", [](Request& request) -> Coro<std::string> {
        std::string all;
        while (auto piece = co_await request.next()) {
            all += *piece;
            co_await hocket::sleep(10s);
        }
        co_return all;
    });
    HandFed connection(app, {.body_timeout = 4s});
    co_await connection.exchange("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\na");
    co_await hocket::sleep(10s + 3s);
    co_await connection.exchange("b");
    co_await hocket::sleep(10s);
    co_await connection.exchange("c");
    co_await hocket::sleep(10s);
    EXPECT_EQ(body_of(connection.take()), "abc");
}

Coro<> slow_rest() {
    HandFed connection(example(), {.body_timeout = 4s});
    const std::string answer =
        co_await connection.exchange("POST /unread HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n");
    EXPECT_EQ(status_of(answer), "200");
    EXPECT_NEAR(co_await end_of(connection), 4, 0.01);
    EXPECT_EQ(connection.take(), "") << "one answer";
}

Coro<> deaf_client() {
    HandFed connection(example(), {.write_timeout = 6s});
    connection.wire.stalls = true;
    connection.wire.feed_data("GET /much HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_NEAR(co_await end_of(connection), 6, 0.01);
    EXPECT_TRUE(connection.wire.aborted);
}

// However long all of it takes.
Coro<> slow_but_steady_client() {
    HandFed connection(example(), {.write_timeout = 6s});
    connection.wire.stalls = true;
    connection.wire.feed_data("GET /much HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    for (int i = 0; i < 20; ++i) {
        co_await hocket::sleep(5s);
        EXPECT_FALSE(connection.wire.aborted);
        connection.wire.sent.erase(0, 1);
    }
    EXPECT_NEAR(co_await end_of(connection), 7, 1.01) << "6 s after it was last looked at";
    EXPECT_TRUE(connection.wire.aborted);
}

Coro<> deaf_client_that_asks_on() {
    HandFed connection(example(), {.write_timeout = 6s});
    connection.wire.stalls = true;
    for (int i = 0; i < 10'000; ++i) connection.wire.feed_data(get);
    EXPECT_NEAR(co_await end_of(connection), 6, 0.01);
    EXPECT_TRUE(connection.wire.aborted);
    EXPECT_LT(connection.server->requests, 1'000U);
}

Coro<> no_limits() {
    HandFed connection(example(),
                       {.keep_alive_timeout = 0s, .head_timeout = 0s, .body_timeout = 0s, .write_timeout = 0s});
    co_await hocket::sleep(1h);
    co_await connection.exchange("POST /size HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n");
    co_await hocket::sleep(1h);
    co_await connection.exchange("\r\na");
    co_await hocket::sleep(1h);
    EXPECT_EQ(body_of(co_await connection.exchange("bc")), "3");
    co_await hocket::sleep(1h);
    EXPECT_EQ(body_of(co_await connection.exchange(get)), "hello");
}

Coro<> end_while_idle() {
    HandFed connection(example());
    co_await connection.exchange(get);
    end(connection);
    EXPECT_NEAR(co_await end_of(connection), 0, 0.01);
}

Coro<> end_within_a_head() {
    HandFed connection(example());
    co_await connection.exchange("GET / HTT");
    end(connection);
    const std::string answer = co_await connection.exchange("P/1.1\r\nHost: x\r\n\r\n");
    EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos) << answer;
    EXPECT_TRUE(connection.task.done());
}

Coro<> end_within_a_request() {
    HandFed connection(example(), {.shutdown_timeout = 30s});
    co_await connection.exchange("GET /delay/9 HTTP/1.1\r\nHost: x\r\n\r\n");
    end(connection);
    EXPECT_NEAR(co_await end_of(connection), 9, 0.01);
    const std::string answer = connection.take();
    EXPECT_EQ(body_of(answer), "slept");
    EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos);
}

Coro<> end_of_patience() {
    bool cleaned_up = false;
    Application app;
    app.get("/", [&](Request&) -> Coro<std::string> {
        try {
            co_await hocket::sleep(1h);
        } catch (const CancelledError&) {
            cleaned_up = true;
            throw;
        }
        co_return "";
    });
    const Told told;
    HandFed connection(app, {.shutdown_timeout = 30s});
    co_await connection.exchange(get);
    end(connection);
    const TimePoint begin = get_running_loop().time();
    const Task<> task = connection.task;
    co_await wait(std::vector<Task<>>{task});
    EXPECT_NEAR(seconds_since(begin), 30, 0.01);
    EXPECT_TRUE(task.cancelled());
    EXPECT_TRUE(cleaned_up);
    EXPECT_TRUE(connection.wire.aborted);
    EXPECT_EQ(told.text, "");
}

Coro<> too_many() {
    const auto state = Shared<HttpServerState>::make(example(), ServeOptions{.max_connections = 2});
    HandFed first(state);
    HandFed second(state);
    for (HandFed* const busy : {&first, &second}) {
        co_await busy->exchange("GET /delay/9 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    }
    HandFed third(state);
    EXPECT_EQ(status_of(co_await third.exchange("")), "503");
    EXPECT_TRUE(third.wire.closed);
    co_await hocket::sleep(10s);
    EXPECT_EQ(body_of(first.take()), "slept");
    HandFed fourth(state);
    EXPECT_EQ(body_of(co_await fourth.exchange(get)), "hello");
    state->abort();
    co_await fourth.exchange("");
}

// Who only holds a connection keeps nobody out.
Coro<> idle_ones_make_room() {
    const auto state = Shared<HttpServerState>::make(example(), ServeOptions{.max_connections = 3});
    HandFed busy(state);
    HandFed first(state);
    HandFed second(state);
    co_await busy.exchange("GET /delay/9 HTTP/1.1\r\nHost: x\r\n\r\n");
    co_await second.exchange(get);
    co_await hocket::sleep(1s);
    co_await first.exchange(get);
    HandFed third(state);
    EXPECT_EQ(body_of(co_await third.exchange(get)), "hello");
    EXPECT_TRUE(second.wire.closed) << "it is the longest idle one";
    EXPECT_FALSE(first.wire.closed);
    EXPECT_FALSE(busy.wire.closed);
    EXPECT_EQ(state->count(), 3U);
    state->abort();
    co_await third.exchange("");
}

}  // namespace

TEST(VirtualHttpDeadlines, an_idle_connection_is_closed_without_a_word) { run(idle()); }
TEST(VirtualHttpDeadlines, empty_lines_are_no_sign_of_life) { run(blank_lines()); }
TEST(VirtualHttpDeadlines, the_first_request_has_the_time_of_a_head) { run(silent_from_the_beginning()); }
TEST(VirtualHttpDeadlines, a_head_that_trickles_is_answered_with_408) { run(slow_head()); }
TEST(VirtualHttpDeadlines, a_body_that_trickles_is_answered_with_408) { run(slow_body()); }
TEST(VirtualHttpDeadlines, a_body_that_comes_at_the_rate_may_take_long) { run(steady_body()); }
TEST(VirtualHttpDeadlines, a_slow_handler_is_not_the_clients_fault) { run(slow_handler()); }
TEST(VirtualHttpDeadlines, an_unread_body_has_the_time_of_a_body) { run(slow_rest()); }
TEST(VirtualHttpDeadlines, a_client_that_takes_nothing_is_dropped) { run(deaf_client()); }
TEST(VirtualHttpDeadlines, a_client_that_takes_little_but_steadily_is_not) { run(slow_but_steady_client()); }
TEST(VirtualHttpDeadlines, a_client_that_only_asks_is_read_no_further) { run(deaf_client_that_asks_on()); }
TEST(VirtualHttpDeadlines, a_time_of_zero_is_no_limit) { run(no_limits()); }
TEST(VirtualHttpDeadlines, at_the_servers_end_an_idle_connection_ends) { run(end_while_idle()); }
TEST(VirtualHttpDeadlines, at_the_servers_end_a_head_may_come_whole) { run(end_within_a_head()); }
TEST(VirtualHttpDeadlines, at_the_servers_end_a_request_goes_on) { run(end_within_a_request()); }
TEST(VirtualHttpDeadlines, at_the_end_of_its_patience_handlers_are_cancelled) { run(end_of_patience()); }
TEST(VirtualHttpDeadlines, more_connections_than_the_limit_are_sent_away) { run(too_many()); }
TEST(VirtualHttpDeadlines, an_idle_connection_makes_room_for_one_that_comes) { run(idle_ones_make_room()); }

}  // namespace hocket::http
