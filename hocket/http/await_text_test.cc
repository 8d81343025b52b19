// SPDX-License-Identifier: MIT
// What tasks say that wait for a client session's connections, or for those of a server.
#include <hocket/core/await_graph.h>
#include <hocket/core/sleep.h>
#include <hocket/http/client_test.h>
#include <hocket/http/server_test.h>

#include <chrono>
#include <string>
#include <vector>

using namespace std::chrono_literals;

namespace hocket::http {
namespace {

using namespace testing;

TEST(RealHttpAwaitText, who_waits_for_a_place_says_where_and_how_many_are_in_use) {
    run_http([]() -> Coro<> {
        const TestServer slow = co_await TestServer::start([](Peer& peer, int) -> Coro<> {
            co_await peer.request();
            co_await peer.end();
        });
        for (const bool of_all : {true, false}) {
            const ClientSession session(of_all ? SessionOptions{.limit = 2}
                                               : SessionOptions{.limit = 9, .limit_per_host = 2});
            std::vector<Task<ClientResponse>> asking;
            for (int i = 0; i < 3; ++i) asking.push_back(create_task(session.get(slow.url())));
            co_await turns(3);
            const std::string state = capture_call_graph(asking[2]).state, url = slow.url();
            EXPECT_TRUE(state.starts_with("waits for a connection to " + url.substr(0, url.size() - 1) +
                                          ", 2 of 2 in use, times out in "))
                << state;
            for (const auto& task : asking) {
                task.cancel();
                co_await ending_of(task);
            }
        }
    }());
}

TEST(VirtualHttpAwaitText, who_waits_for_a_server_s_end_says_how_many_connections_are_left) {
    run([]() -> Coro<> {
        Application app;
        app.get("/", [](Request&) -> Coro<std::string> {
            co_await hocket::sleep(1h);
            co_return "slept";
        });
        HandFed connection(std::move(app));
        co_await connection.exchange("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        connection.server->close();
        const Task<> waiting = create_task(
            [](const Shared<HttpServerState>& server) -> Coro<> { co_await server->wait_ended(); }(connection.server));
        co_await hocket::sleep(1s);
        EXPECT_EQ(capture_call_graph(waiting).state, "waits for HttpServer.wait_closed, 1 connection left");
        co_await waiting;
    }());
}

}  // namespace
}  // namespace hocket::http
