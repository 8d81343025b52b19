// SPDX-License-Identifier: MIT
// Requests from ordinary code, outside and inside a running loop.
#include <hocket/core/sleep.h>
#include <hocket/http/client_test.h>
#include <hocket/http/json.h>
#include <hocket/http/sync.h>
#include <hocket/os/executor.h>

#include <string>

using namespace std::chrono_literals;

namespace hocket::http {
namespace {

using namespace testing;

std::string fetched(const std::string& url) { return sync::get(url).text(); }

TEST(RealSync, ordinary_code_gets_a_response) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::answering(ok("hello"));
        EXPECT_EQ(co_await to_thread(fetched, server.url()), "hello");  // a thread without a loop
        co_await until([&] { return server.clients() == 0; });
    }());
}

TEST(RealSync, it_says_how_long_the_head_took) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::start([](Peer& peer, int) -> Coro<> {
            co_await peer.request();
            co_await hocket::sleep(20ms);
            co_await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n");
            co_await hocket::sleep(500ms);
            co_await peer.send("x");
        });
        const std::chrono::nanoseconds elapsed = sync::get(server.url()).elapsed();
        EXPECT_GE(elapsed, 20ms);
        EXPECT_LT(elapsed, 500ms);
    }());
}

std::string methods(const std::string& url) {
    std::string all;
    for (const auto& call : {sync::get, sync::head, sync::options, sync::post, sync::put, sync::patch, sync::delete_}) {
        const sync::Response response = call(url, {});
        all += response.headers().get("X-Method").value_or("");
        EXPECT_EQ(response.text(), response.method() == "HEAD" ? "" : "x");
    }
    return all;
}

TEST(RealSync, every_method_has_its_function) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::answering([](const std::string& request) {
            const std::string method = request.substr(0, request.find(' '));
            return ok(method == "HEAD" ? "" : "x", "X-Method: <" + method + ">\r\n");
        });
        EXPECT_EQ(co_await to_thread(methods, server.url()), "<GET><HEAD><OPTIONS><POST><PUT><PATCH><DELETE>");
        co_await until([&] { return server.clients() == 0; });
    }());
}

TEST(RealSync, inside_a_running_loop_the_others_go_on) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::answering([](const std::string& request) {
            return "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 3\r\nX-Method: " +
                   request.substr(0, request.find(' ')) + "\r\nLink: </y>; rel=next\r\n\r\n[1]";
        });
        const sync::Response response = sync::post(server.url("/x"), {.data = "x"});
        EXPECT_EQ(response.status(), 201);
        EXPECT_EQ(response.version(), "1.1");
        EXPECT_EQ(response.reason(), "Created");
        EXPECT_TRUE(response.ok());
        EXPECT_EQ(response.headers().get("X-Method"), "POST");
        EXPECT_EQ(response.url().str(), server.url("/x"));
        EXPECT_EQ(response.content(), "[1]");
        EXPECT_EQ(response.links().at(0).url.str(), server.url("/y"));
        EXPECT_EQ(response.json(), Json::array({1}));
        EXPECT_EQ(sync::request("DELETE", server.url()).headers().get("X-Method"), "DELETE");
    }());
}

TEST(RealSync, its_errors_are_those_of_a_session) {
    EXPECT_EQ(
        hocket::testing::thrown_by([] { sync::get("http://127.0.0.1:1/"); }),
        "hocket::http::ClientConnectionError: GET http://127.0.0.1:1/: connect to 127.0.0.1:1: Connection refused");
    run_http([]() -> Coro<> {
        const TestServer server =
            co_await TestServer::answering("HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}");
        const sync::Response response = sync::get(server.url("/x"));
        EXPECT_EQ(hocket::testing::thrown_by([&] { response.raise_for_status(); }),
                  "hocket::http::ClientResponseError: GET " + server.url("/x") + ": 404 Not Found");
        EXPECT_EQ(hocket::testing::thrown_by([&] { response.json(); }),
                  "hocket::http::ContentTypeError: GET " + server.url("/x") +
                      ": JSON was asked for, and the response's Content-Type is missing");
    }());
}

}  // namespace
}  // namespace hocket::http
