// SPDX-License-Identifier: MIT
// The pool: limits and turns, connections that are kept, and those that must not be used again.
#include <hocket/core/sleep.h>
#include <hocket/http/client_route_internal.h>
#include <hocket/http/client_session.h>
#include <hocket/http/client_test.h>
#include <hocket/http/connection_pool_internal.h>
#include <hocket/http/memory_streams_internal.h>

#include <string>
#include <vector>

using namespace std::chrono_literals;

namespace hocket::http {
namespace {

using namespace testing;

TEST(RealConnectionPool, one_connection_serves_requests_that_follow_each_other) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::answering(ok("x"));
        const ClientSession session;
        for (int i = 0; i < 5; ++i) EXPECT_EQ(co_await text_of(session.get(server.url())), "x");
        EXPECT_EQ(server.connections(), 1);
    }());
}

TEST(RealConnectionPool, a_response_that_came_whole_gives_its_connection_back_unread) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::answering(ok("x"));
        const ClientSession session;
        for (int i = 0; i < 5; ++i) EXPECT_EQ((co_await session.get(server.url())).status(), 200);
        EXPECT_EQ(server.connections(), 1);
    }());
}

TEST(RealConnectionPool, a_response_that_is_dropped_before_its_end_closes_its_connection) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::start([](Peer& peer, int) -> Coro<> {
            co_await peer.request();
            co_await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
            co_await peer.end();
        });
        const ClientSession session({.limit = 1});
        co_await session.get(server.url());
        const ClientResponse second = co_await session.get(server.url());  // there is a place
        EXPECT_EQ(server.connections(), 2);
        second.close();
        EXPECT_EQ(co_await ending_of(second.read()),
                  "hocket::http::ClientConnectionError: GET " + server.url() + ": the response was closed");
        co_await until([&] { return server.clients() == 0; });
    }());
}

TEST(RealConnectionPool, no_more_connections_than_the_limit_and_who_waits_is_served_in_turn) {
    run_http([]() -> Coro<> {
        std::size_t most = 0;
        std::vector<TestServer> servers;
        for (int i = 0; i < 2; ++i) {
            servers.push_back(co_await TestServer::start([&](Peer& peer, int) -> Coro<> {
                for (;;) {
                    const std::string request = co_await peer.request();
                    if (request.empty()) break;
                    most = std::max(most, servers[0].clients() + servers[1].clients());
                    co_await peer.send(ok("x"));
                }
            }));
        }
        const ClientSession session({.limit = 3});
        std::string order;
        std::vector<Task<>> tasks;
        for (int i = 0; i < 10; ++i) {
            tasks.push_back(create_task(
                [&](int number) -> Coro<> {
                    const ClientResponse response =
                        co_await session.get(servers[static_cast<std::size_t>(number) % 2].url());
                    order += static_cast<char>('0' + number);
                    co_await response.read();
                },
                i));
        }
        for (const auto& t : tasks) co_await t;
        EXPECT_LE(most, 4U);  // one of them is on its way out
        EXPECT_EQ(order.size(), 10U);
        EXPECT_LE(servers[0].connections() + servers[1].connections(), 10);
    }());
}

TEST(RealConnectionPool, turns_are_first_come_first_served) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::answering(ok("x"));
        const ClientSession session({.limit = 1});
        std::string order;
        std::vector<Task<>> tasks;
        for (int i = 0; i < 8; ++i) {
            tasks.push_back(create_task(
                [&](int number) -> Coro<> {
                    co_await text_of(session.get(server.url()));
                    order += static_cast<char>('0' + number);
                },
                i));
        }
        for (const auto& t : tasks) co_await t;
        EXPECT_EQ(order, "01234567");
        EXPECT_EQ(server.connections(), 1);
    }());
}

TEST(RealConnectionPool, a_host_at_its_limit_holds_nobody_else_up) {
    run_http([]() -> Coro<> {
        const TestServer slow = co_await TestServer::start([](Peer& peer, int) -> Coro<> {
            co_await peer.request();
            co_await peer.end();
        });
        const TestServer quick = co_await TestServer::answering(ok("x"));
        const ClientSession session({.limit = 3, .limit_per_host = 1});
        const Task<ClientResponse> first = create_task(session.get(slow.url()));
        const Task<ClientResponse> second = create_task(session.get(slow.url()));
        co_await until([&] { return slow.requests().size() == 1; });
        EXPECT_EQ(co_await text_of(session.get(quick.url())), "x");
        EXPECT_EQ(slow.connections(), 1);
        first.cancel();
        co_await until([&] { return slow.requests().size() == 2; });
        second.cancel();
        co_await ending_of(second);
    }());
}

TEST(RealConnectionPool, a_cancelled_wait_leaves_its_turn_to_the_next) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::start([](Peer& peer, int) -> Coro<> {
            while (!(co_await peer.request()).empty()) {
                co_await hocket::sleep(5ms);
                co_await peer.send(ok("x"));
            }
        });
        const ClientSession session({.limit = 1});
        for (int when = 0; when < 20; ++when) {
            const Task<std::string> first = create_task(text_of(session.get(server.url())));
            const Task<std::string> second = create_task(text_of(session.get(server.url())));
            const Task<std::string> third = create_task(text_of(session.get(server.url())));
            // Before, while and after the second is granted its turn, which is when the first has ended.
            if (when % 2 == 0) co_await first;
            co_await turns(1 + when / 2);
            second.cancel();
            const std::string end = co_await ending_of(second);
            EXPECT_TRUE(end == "hocket::CancelledError" || end == "nothing") << end;
            EXPECT_EQ(co_await third, "x");
            EXPECT_EQ(co_await first, "x");
        }
        EXPECT_EQ(co_await text_of(session.get(server.url())), "x");
    }());
}

TEST(RealConnectionPool, kept_connections_of_other_hosts_make_room) {
    run_http([]() -> Coro<> {
        const ClientSession session({.limit = 2});
        std::vector<TestServer> servers;
        for (int i = 0; i < 4; ++i) {
            servers.push_back(co_await TestServer::answering(ok("x")));
            EXPECT_EQ(co_await text_of(session.get(servers.back().url())), "x");
        }
        co_await until([&] { return servers[0].clients() + servers[1].clients() == 0; });  // the oldest
        EXPECT_EQ(servers[2].clients() + servers[3].clients(), 2U);
    }());
}

TEST(RealConnectionPool, a_kept_connection_that_ended_is_not_used) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::start([](Peer& peer, int) -> Coro<> {
            co_await peer.request();
            co_await peer.send(ok("x"));  // and closes, though it said nothing of that
        });
        const ClientSession session;
        for (int i = 1; i <= 3; ++i) {
            EXPECT_EQ(co_await text_of(session.post(server.url(), {.data = "x"})), "x");
            co_await until([&] { return server.clients() == 0; });
            EXPECT_EQ(server.connections(), i);
        }
    }());
}

// Nothing has been heard of the end yet when the next request is made.
TEST(RealConnectionPool, one_that_ends_with_its_answer_costs_no_request_that_follows_at_once) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::start([](Peer& peer, int) -> Coro<> {
            co_await peer.request();
            co_await peer.send(ok("x"));
        });
        const ClientSession session;
        for (int i = 0; i < 3; ++i) {
            EXPECT_EQ(co_await text_of(session.get(server.url("/get"))), "x");
            EXPECT_EQ(co_await text_of(session.get(server.url("/again"))), "x");
            EXPECT_EQ(co_await text_of(session.post(server.url("/post"), {.data = "x"})), "x");
        }
        EXPECT_EQ(server.requests().size(), 9U);
    }());
}

TEST(RealConnectionPool, bytes_behind_an_answer_that_filled_the_room_for_it_are_seen_at_once) {
    run_http([]() -> Coro<> {
        constexpr std::size_t room = 4096;  // of the first receive
        const std::size_t head = ok(std::string(room, 'x')).size() - room;
        const std::string answer = ok(std::string(room - head, 'x'));
        EXPECT_EQ(answer.size(), room);
        const TestServer server = co_await TestServer::start([&](Peer& peer, int number) -> Coro<> {
            co_await peer.request();
            co_await peer.send(number == 1 ? answer + ok("nobody asked for this") : ok("mine"));
            co_await peer.end();
        });
        const ClientSession session;
        EXPECT_EQ((co_await text_of(session.get(server.url()))).size(), room - head);
        EXPECT_EQ(co_await text_of(session.get(server.url())), "mine");
    }());
}

TEST(RealConnectionPool, a_kept_connection_on_which_bytes_arrive_is_not_used) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::start([](Peer& peer, int number) -> Coro<> {
            co_await peer.request();
            co_await peer.send(ok("x"));
            if (number == 2) co_await hocket::sleep(5ms);
            co_await peer.send(ok("nobody asked for this"));
            co_await peer.end();
        });
        const ClientSession session;
        EXPECT_EQ(co_await text_of(session.get(server.url())), "x");
        co_await a_while();
        EXPECT_EQ(co_await text_of(session.get(server.url())), "x");
        co_await hocket::sleep(15ms);
        EXPECT_EQ(co_await text_of(session.get(server.url())), "x");
        EXPECT_EQ(server.connections(), 3);
    }());
}

TEST(RealConnectionPool, an_idle_connection_that_ends_is_closed_though_nobody_asks_for_one) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::start([](Peer& peer, int) -> Coro<> {
            co_await peer.request();
            co_await peer.send(ok("x"));
            peer.writer.write_eof();
            co_await peer.end();
        });
        const ClientSession session;
        EXPECT_EQ(co_await text_of(session.get(server.url())), "x");
        co_await until([&] { return server.clients() == 0; });
    }());
}

TEST(RealConnectionPool, a_connection_is_kept_for_a_while) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::answering(ok("x"));
        const ClientSession session({.keepalive_timeout = 20ms});
        EXPECT_EQ(co_await text_of(session.get(server.url())), "x");
        co_await until([&] { return server.clients() == 0; });
        const ClientSession never({.keepalive_timeout = 0s});
        EXPECT_EQ(co_await text_of(never.get(server.url())), "x");
        EXPECT_EQ(co_await text_of(never.get(server.url())), "x");
        EXPECT_EQ(server.connections(), 3);
    }());
}

TEST(RealConnectionPool, a_connection_is_not_kept_where_one_side_says_so) {
    run_http([]() -> Coro<> {
        const TestServer closing = co_await TestServer::answering(ok("x", "Connection: close\r\n"));
        const TestServer old = co_await TestServer::answering("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx");
        const TestServer keeping = co_await TestServer::answering(ok("x"));
        const ClientSession session;
        for (int i = 0; i < 2; ++i) {
            EXPECT_EQ(co_await text_of(session.get(closing.url())), "x");
            EXPECT_EQ(co_await text_of(session.get(old.url())), "x");
            EXPECT_EQ(co_await text_of(session.get(keeping.url(), {.headers = {{"Connection", "close"}}})), "x");
        }
        EXPECT_EQ(closing.connections(), 2);
        EXPECT_EQ(old.connections(), 2);
        EXPECT_EQ(keeping.connections(), 2);
        co_await until([&] { return closing.clients() + old.clients() + keeping.clients() == 0; });
    }());
}

// ---- Many that wait

Coro<> use(ConnectionPool& pool, const SessionOptions& options, const ClientRoute& route, const Terms& terms) {
    const Lease lease = co_await pool.acquire(options, route, terms, false);
    co_await hocket::sleep(0);
}

TEST(ConnectionPool, places_are_handed_on_without_looking_at_all_who_wait) {
    run([]() -> Coro<> {
        constexpr std::size_t number = 10'000;
        const SessionOptions options{.limit = 100, .limit_per_host = 2, .connector = [](const Url&) -> Coro<Streams> {
                                         auto [client, server] = memory_streams();
                                         co_return client;
                                     }};
        const ClientRoute full{.key = "http://full", .place = "http://full", .host = "full"};
        const ClientRoute other{.key = "http://other", .place = "http://other", .host = "other"};
        Terms terms;
        terms.timeouts = {.pool = 0s, .connect = 0s, .sock_read = 0s, .write = 0s};
        ConnectionPool& pool = *new ConnectionPool(options);
        std::vector<Task<>> tasks;
        for (std::size_t i = 0; i < number; ++i) {
            tasks.push_back(create_task(use(pool, options, i % 10 == 0 ? other : full, terms)));
        }
        for (const Task<>& task : tasks) co_await task;
        EXPECT_EQ(pool.used(), 0U);
        EXPECT_LE(pool.looked_at(), number);
        pool.drop();
    }());
}

// ---- A kept connection that ends just when it is used again

// The first connection answers one request and closes upon the second.
Coro<TestServer> forgetful(std::string last_words) {
    co_return co_await TestServer::start([last_words](Peer& peer, int number) -> Coro<> {
        co_await peer.request();
        co_await peer.send(ok("x"));
        const std::string again = co_await peer.request();
        if (number == 1) {
            if (!again.empty() && !last_words.empty()) co_await peer.send(last_words);
            co_return;
        }
        if (!again.empty()) co_await peer.send(ok("x"));
    });
}

TEST(RealConnectionPool, a_request_that_may_be_repeated_is_sent_once_more) {
    run_http([]() -> Coro<> {
        for (const char* method : {"GET", "HEAD", "OPTIONS", "PUT", "DELETE"}) {
            const TestServer server = co_await forgetful("");
            const ClientSession session;
            co_await session.get(server.url());
            EXPECT_EQ((co_await session.request(method, server.url())).status(), 200);
            EXPECT_EQ(server.connections(), 2);
            EXPECT_EQ(server.requests().size(), 3U);
        }
    }());
}

TEST(RealConnectionPool, a_request_that_may_not_be_repeated_is_not) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await forgetful("");
        const ClientSession session;
        co_await session.get(server.url());
        EXPECT_EQ(co_await ending_of(session.post(server.url())),
                  "hocket::http::ServerDisconnectedError: POST " + server.url() +
                      ": the server closed the connection before it answered");
        EXPECT_EQ(server.connections(), 1);
    }());
}

TEST(RealConnectionPool, nothing_is_repeated_when_an_answer_has_begun) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await forgetful("H");
        const ClientSession session;
        co_await session.get(server.url());
        EXPECT_EQ(co_await ending_of(session.get(server.url())),
                  "hocket::http::ServerDisconnectedError: GET " + server.url() +
                      ": the server closed the connection in the midst of its answer's head");
        EXPECT_EQ(server.connections(), 1);
    }());
}

TEST(RealConnectionPool, a_request_is_repeated_only_once) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::start([](Peer& peer, int number) -> Coro<> {
            co_await peer.request();
            if (number == 1) {
                co_await peer.send(ok("x"));
                co_await peer.request();
            }
        });
        const ClientSession session;
        co_await session.get(server.url());
        EXPECT_EQ(co_await ending_of(session.get(server.url())),
                  "hocket::http::ServerDisconnectedError: GET " + server.url() +
                      ": the server closed the connection before it answered");
        EXPECT_EQ(server.connections(), 2);
    }());
}

}  // namespace
}  // namespace hocket::http
