// SPDX-License-Identifier: MIT
// HTTP in simulation, over the life of its connections: servers that restart, bodies that are streamed both ways, events that go on.
#include <hocket/hocket.h>
#include <hocket/http.h>
#include <hocket/sim/http_sim_test.h>
#include <hocket/sim/test.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace hocket::sim {
namespace {

using namespace std::chrono_literals;
using testing::only_of_clients;

Coro<> web_server(World& world, std::function<http::Application()> make) {
    only_of_clients(world);
    for (;; co_await hocket::sleep(100ms)) {
        try {
            const auto server = co_await http::serve(make(), "", 80);
            co_await server.serve_forever();
        } catch (const OSError&) {  // no descriptor is left for it now
            world.note("has no descriptor for its server");
        }
    }
}

// ---- A server that restarts

// What the server has done, as if it were on a disk.
struct Ledger {
    std::map<int, int> posts;     // how often each was done
    std::map<int, int> accounts;  // the last number that was put
};

http::Application ledger_of(const std::shared_ptr<Ledger>& ledger) {
    http::Application app;
    app.post("/post/{n}", [ledger](int n) {
        ++ledger->posts[n];
        return "posted " + std::to_string(n);
    });
    app.put("/account/{who}/{n}", [ledger](int who, int n) {
        int& last = ledger->accounts[who];
        last = std::max(last, n);  // one of a connection that the client has given up may come late
        return "put " + std::to_string(n);
    });
    app.get("/account/{who}", [ledger](int who) { return "has " + std::to_string(ledger->accounts[who]); });
    return app;
}

// The answer; empty: there was none.
Coro<std::string> answer_to(Coro<http::ClientResponse> request) {
    try {
        const http::ClientResponse response = co_await std::move(request);
        const std::string text = co_await response.text();
        if (response.status() == 200) co_return text;
        EXPECT_TRUE(response.status() == 408 || response.status() == 503) << response.status();
    } catch (const http::ClientError&) {
        co_return "";
    } catch (const TimeoutError&) {
        co_return "";
    }
    co_return "";
}

// One account's only writer. What it was told is done is done; what it was not told may be.
Coro<> keeps_account(World& world, http::ClientSession& session, Ledger& ledger, int who) {
    const std::string account = "http://server/account/" + std::to_string(who);
    int acknowledged = 0;
    for (int n = 1; n <= 4; ++n) {
        co_await hocket::sleep(std::chrono::milliseconds(world.choose(1500)));
        const std::string number = std::to_string(n), post = std::to_string(100 * who + n);
        const std::string put = co_await answer_to(session.put(account + "/" + number));
        EXPECT_TRUE(put.empty() || put == "put " + number) << put;
        if (!put.empty()) acknowledged = n;
        const std::string got = co_await answer_to(session.get(account));
        EXPECT_TRUE(got.empty() || (got >= "has " + std::to_string(acknowledged) && got <= "has " + number)) << got;
        const std::string posted = co_await answer_to(session.post("http://server/post/" + post));
        EXPECT_TRUE(posted.empty() || posted == "posted " + post) << posted;
        const int count = ledger.posts[100 * who + n];
        EXPECT_LE(count, 1);  // it may not be repeated
        EXPECT_GE(count, posted.empty() ? 0 : 1);
    }
}

Coro<> troubles(World& world, Host server) {
    for (int i = 0; i < 3; ++i) {
        co_await hocket::sleep(std::chrono::milliseconds(500 + world.choose(2000)));
        world.choose(2) == 0 ? world.kill(server) : world.crash(server);
        co_await hocket::sleep(std::chrono::milliseconds(world.choose(1000)));
        world.restart(server);
    }
}

HOCKET_SIM_TEST(kept_connections_outlive_no_server_and_repeat_no_post, 300) {
    const auto ledger = std::make_shared<Ledger>();
    const Host server =
        world.host("server", [&world, ledger] { return web_server(world, [ledger] { return ledger_of(ledger); }); });
    co_await hocket::sleep(1s);
    http::ClientSession session({.timeout = 10s});
    std::vector<Task<>> clients;
    clients.reserve(3);
    for (int i = 0; i < 3; ++i) clients.push_back(create_task(keeps_account(world, session, *ledger, i)));
    co_await troubles(world, server);
    for (const Task<>& client : clients) co_await client;
    std::string last;
    for (int tries = 0; tries < 50 && last.empty(); ++tries)
        last = co_await answer_to(session.get("http://server/account/0"));
    EXPECT_EQ(last, "has " + std::to_string(ledger->accounts[0]));
    co_await session.close();
}

// ---- Bodies that are made while they are sent

constexpr int pieces = 40;
constexpr std::size_t piece_size = 4096;

std::string piece(int number) { return std::string(piece_size, static_cast<char>('a' + number % 26)); }

constexpr std::size_t whole = pieces * piece_size;

const std::string& all() {
    static const std::string bytes = [] {
        std::string all_pieces;
        for (int i = 0; i < pieces; ++i) all_pieces += piece(i);
        return all_pieces;
    }();
    return bytes;
}

// The generators of a run, and how far they are before who reads.
struct Flow {
    int begun = 0, ended = 0;
    std::map<int, std::size_t> taken;  // of each request
    std::size_t most_ahead = 0;
};

AsyncGenerator<std::string> body(std::shared_ptr<Flow> flow, int request) {
    ++flow->begun;
    const struct Ends {
        Flow& of;
        ~Ends() { ++of.ended; }
    } ends{*flow};
    for (int i = 0; i < pieces; ++i) {
        co_yield piece(i);
        flow->most_ahead =
            std::max(flow->most_ahead, (static_cast<std::size_t>(i) + 1) * piece_size - flow->taken[request]);
    }
}

// Reads slowly; `most` bytes, and then no more.
template <class Next>
Coro<std::size_t> read_slowly(World& world, std::size_t& taken, Next next, std::size_t most) {
    std::size_t size = 0;
    while (size < most) {
        if (world.choose(16) == 1) co_await hocket::sleep(std::chrono::milliseconds(world.choose(300)));
        const std::optional<std::string> part = co_await next();
        if (!part) break;
        EXPECT_EQ(std::string_view(all()).substr(size, part->size()), *part);
        size += part->size();
        taken = size;
    }
    co_return size;
}

// What is on its way is little beside a body, and not so little that it takes long.
void streams_well(Config& config) {
    config.network.buffer = std::clamp<std::size_t>(config.network.buffer, 1024, 8192);
}

HOCKET_SIM_TEST(a_streamed_answer_is_whole_or_fails_and_its_generator_ends, 100, streams_well) {
    const auto flow = std::make_shared<Flow>();
    world.host("server", [&world, flow] {
        return web_server(world, [flow] {
            http::Application app;
            app.get("/{request}", [flow](int request) { return http::stream_response(body(flow, request)); });
            return app;
        });
    });
    co_await hocket::sleep(1s);
    http::ClientSession session({.timeout = 10min});
    for (int i = 0; i < 3; ++i) {
        const std::size_t most = world.choose(3) == 0 ? whole + 1 : world.choose(whole);
        try {
            const http::ClientResponse response = co_await session.get("http://server/" + std::to_string(i));
            const std::size_t size =
                co_await read_slowly(world, flow->taken[i], [&response] { return response.next(); }, most);
            if (most > whole) {
                EXPECT_EQ(size, whole);
            }
        } catch (const http::ClientError&) {
            continue;
        } catch (const TimeoutError&) {
            continue;
        }
    }
    co_await session.close();
    for (int i = 0; i < 100 && flow->ended < flow->begun; ++i) co_await hocket::sleep(1min);
    EXPECT_EQ(flow->ended, flow->begun);
    // What the client has received already, what the network has room for, and a piece on either side of it.
    EXPECT_LE(flow->most_ahead, (64U << 10) + 8192 + 2 * piece_size);
}

HOCKET_SIM_TEST(a_streamed_request_is_whole_or_fails_and_its_generator_ends, 100, streams_well) {
    const auto flow = std::make_shared<Flow>();
    world.host("server", [&world, flow] {
        return web_server(world, [flow, &world] {
            http::Application app;
            app.post("/", [flow, &world](http::Request& request) -> Coro<std::string> {
                std::size_t taken = 0;
                const std::size_t size =
                    co_await read_slowly(world, taken, [&request] { return request.next(); }, whole + 1);
                EXPECT_EQ(size, whole);  // one that is cut throws
                co_return std::to_string(size);
            });
            return app;
        });
    });
    co_await hocket::sleep(1s);
    http::ClientSession session({.timeout = 10min});
    for (int i = 0; i < 3; ++i) {
        Task<std::string> sending = create_task(answer_to(session.post("http://server/", {.stream = body(flow, i)})));
        if (world.choose(3) == 1) {
            co_await hocket::sleep(std::chrono::milliseconds(1 + world.choose(1000)));
            sending.cancel();
        }
        try {
            const std::string answer = co_await sending;
            EXPECT_TRUE(answer.empty() || answer == std::to_string(whole)) << answer;
        } catch (const CancelledError&) {
            EXPECT_TRUE(sending.cancelled());
        }
        EXPECT_EQ(flow->ended, flow->begun);
    }
    co_await session.close();
}

// ---- Events

constexpr int last_event = 30;

AsyncGenerator<http::ServerSentEvent> events(World& world, int first) {
    for (int i = first; i <= last_event; ++i) {
        if (world.choose(4) == 1) co_await hocket::sleep(std::chrono::milliseconds(world.choose(2000)));
        co_yield http::ServerSentEvent{.data = "event " + std::to_string(i), .id = std::to_string(i)};
    }
}

http::Application teller(World& world) {
    http::Application app;
    app.get("/", [&world](http::Request& request) -> Coro<http::Response> {
        int seen = 0;
        if (const auto id = http::last_event_id(request)) std::from_chars(id->data(), id->data() + id->size(), seen);
        co_return http::event_stream(events(world, seen + 1));
    });
    return app;
}

HOCKET_SIM_TEST(events_go_on_where_the_last_connection_broke, 200, [](Config& config) { config.network.reset *= 3; }) {
    const Host server =
        world.host("server", [&world] { return web_server(world, [&world] { return teller(world); }); });
    co_await hocket::sleep(1s);
    const Task<> trouble = create_task(troubles(world, server));
    const http::ClientSession session({.timeout = 1min});
    int seen = 0;
    for (int tries = 0; tries < 300 && seen < last_event; ++tries) {
        co_await hocket::sleep(100ms);
        try {
            const std::string id = std::to_string(seen);
            const http::ClientResponse response =
                co_await session.get("http://server/", {.headers = {{"Last-Event-ID", id}}});
            std::string data;
            while (const auto line = co_await response.readline()) {
                if (line->starts_with("data: ")) data = line->substr(6);
                if (!line->empty() || data.empty()) continue;
                EXPECT_EQ(data, "event " + std::to_string(++seen));
                data.clear();
            }
        } catch (const http::ClientError&) {
            continue;
        } catch (const TimeoutError&) {
            continue;
        }
    }
    EXPECT_EQ(seen, last_event);
    co_await trouble;
    co_await session.close();
}

}  // namespace
}  // namespace hocket::sim
