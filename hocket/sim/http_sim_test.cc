// SPDX-License-Identifier: MIT
// TLS and HTTP in simulation: whatever the network does, an answer is right, or the client learns that there is none.
#include <hocket/hocket.h>
#include <hocket/http.h>
#include <hocket/sim/certificates_test.h>
#include <hocket/sim/http_sim_test.h>
#include <hocket/sim/run.h>
#include <hocket/sim/test.h>

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace hocket::sim {
namespace {

using namespace std::chrono_literals;
using testing::FixedCertificates;
using testing::only_of_clients;

void well(Config& config) {
    NetworkConfig& n = config.network;
    n.reset = n.refused = n.no_descriptors = n.no_buffers = 0;
    n.descriptors = 1024;
    n.buffer = 4096;  // with less, what is sent may be too slow for a server's time limits, which answers 408
    config.unresolved = 0;
}

// ---- TLS

Coro<> echo(StreamReader reader, StreamWriter writer) {
    try {
        for (;;) {
            const std::string line = co_await reader.readline();
            if (line.empty()) co_return;
            co_await writer.write(line);
        }
    } catch (const OSError&) {
        co_return;
    }
}

Coro<> tls_server(World& world) {
    only_of_clients(world);
    const TlsContext context = FixedCertificates::server();
    for (;;) {
        try {
            const Server server = co_await start_server(echo, "", 443, {.tls = context});
            co_await server.serve_forever();
        } catch (const OSError&) {  // no descriptor is left for it now
            world.note("has no descriptor for its server");
        }
        co_await hocket::sleep(100ms);
    }
}

// How many of `lines` came back.
Coro<int> talk(World& world, TlsContext context, int lines) {
    int came = 0;
    try {
        auto [reader, writer] =
            co_await open_connection("server", 443, {.tls = context, .server_hostname = "localhost"});
        for (; came < lines; ++came) {
            const std::string line = std::string(1 + world.choose(3000), static_cast<char>('a' + came)) + "\n";
            co_await writer.write(line);
            const std::string answer = co_await reader.readline();
            if (answer.empty()) break;
            EXPECT_EQ(answer, line);
        }
        writer.close();
        co_await writer.wait_closed();
    } catch (const OSError&) {
        co_return came;
    }
    co_return came;
}

Coro<> three_talk(World& world) {
    world.host("server", [&world] { return tls_server(world); });
    co_await hocket::sleep(1s);
    const TlsContext context = FixedCertificates::client();  // which remembers sessions, so that some are resumed
    std::vector<Task<int>> clients;
    clients.reserve(3);
    for (int i = 0; i < 3; ++i) clients.push_back(create_task(talk(world, context, 5)));
    for (auto& client : clients) co_await client;
}

HOCKET_SIM_TEST(what_comes_by_tls_is_right_or_the_connection_fails, 100) { co_await three_talk(world); }

TEST(OnceSimulationOfTls, is_the_same_each_time) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) EXPECT_EQ(check_determinism(Config::swarm(seed), three_talk), "");
}

HOCKET_SIM_TEST(without_faults_of_connections_all_comes_by_tls, 100, well) {
    world.host("server", [&world] { return tls_server(world); });
    co_await hocket::sleep(1s);
    EXPECT_EQ(co_await talk(world, FixedCertificates::client(), 5), 5);
}

// ---- HTTP

http::Application application(const std::shared_ptr<int>& calls) {
    http::Application app;
    app.get("/long/{size}", [](std::size_t size) { return std::string(size, 'x'); });
    app.post("/echo", [calls](http::Request& request) -> Coro<http::Response> {
        ++*calls;
        co_return http::text_response(co_await request.text());
    });
    return app;
}

Coro<> web_server(World& world, std::shared_ptr<int> calls) {
    only_of_clients(world);
    for (;;) {
        try {
            const auto server = co_await http::serve(application(calls), "", 80);
            co_await server.serve_forever();
        } catch (const OSError&) {  // no descriptor is left for it now
            world.note("has no descriptor for its server");
        }
        co_await hocket::sleep(100ms);
    }
}

// How many answers came; each is right.
Coro<int> ask(World& world, http::ClientSession& session) {
    int answers = 0;
    for (int i = 0; i < 4; ++i) {
        const std::size_t size = world.choose(world.choose(8) == 1 ? 20'000 : 3000);
        try {
            const std::string sent(size, static_cast<char>('a' + i));
            auto echoed = co_await session.post("http://server/echo", {.data = sent});
            if (echoed.status() == 408) continue;  // it took too long
            EXPECT_EQ(echoed.status(), 200);
            EXPECT_EQ(co_await echoed.text(), sent);
            ++answers;
            auto got = co_await session.get("http://server/long/" + std::to_string(size));
            EXPECT_EQ((co_await got.text()).size(), size);
            ++answers;
        } catch (const OSError&) {
            continue;
        } catch (const http::ClientError&) {
            continue;
        }
    }
    co_return answers;
}

Coro<int> ask_all(World& world) {
    http::ClientSession session;
    std::vector<Task<int>> clients;
    clients.reserve(3);
    for (int i = 0; i < 3; ++i) clients.push_back(create_task(ask(world, session)));
    int answers = 0;
    for (auto& client : clients) answers += co_await client;
    co_await session.close();
    co_return answers;
}

HOCKET_SIM_TEST(an_answer_of_http_is_right_or_there_is_none, 200) {
    const auto calls = std::make_shared<int>(0);
    world.host("server", [&world, calls] { return web_server(world, calls); });
    co_await hocket::sleep(1s);
    co_await ask_all(world);
}

HOCKET_SIM_TEST(without_faults_of_connections_each_request_is_answered_once, 200, well) {
    const auto calls = std::make_shared<int>(0);
    world.host("server", [&world, calls] { return web_server(world, calls); });
    co_await hocket::sleep(1s);
    EXPECT_EQ(co_await ask_all(world), 24);
    EXPECT_EQ(*calls, 12);
}

// ---- Logs

TEST(OnceSimHttp, the_process_of_an_access_log_is_the_same_in_every_run) {
    std::string logged;
    const Outcome outcome = run(Config::calm(), [&logged](World&) -> Coro<> {
        const http::AccessLog log([&logged](std::string_view line) { logged = line; }, "%P %s");
        http::Application app;
        app.get("/", [] { return "well"; });
        const auto server = co_await http::serve(app, "", 80, {.access_log = log});
        co_await http::get("http://main/");
    });
    EXPECT_TRUE(outcome.ok) << outcome.error;
    EXPECT_EQ(logged, "1 200");
}

}  // namespace
}  // namespace hocket::sim
