// SPDX-License-Identifier: MIT
// C6: what an HTTP client does: one request, many over one session, JSON, POST, headers, parameters, errors. Takes the server's URL.
#include "server_url.h"

#include <hocket/hocket.h>
#include <hocket/http.h>
#include <hocket/http/json.h>

#include <cstdio>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using hocket::http::ClientSession;
using hocket::http::Json;

hocket::Coro<> one_request(ClientSession& session) {
    auto response = co_await session.get("/users/1");
    std::printf("GET: %d, %s\n", response.status(), response.content_type().c_str());
    std::printf("  %zu bytes\n", (co_await response.text()).size());
}

hocket::Coro<std::string> title_of(ClientSession& session, int post) {
    auto response = co_await session.get("/posts/" + std::to_string(post));
    const Json item = co_await response.json();
    co_return item["title"].get<std::string>();
}

hocket::Coro<> many_requests(ClientSession& session) {
    std::vector<hocket::Coro<std::string>> requests;
    for (int post = 1; post <= 10; ++post) requests.push_back(title_of(session, post));
    const auto titles = co_await hocket::gather(std::move(requests));
    std::printf("many: %s, ..., %s\n", titles.front().c_str(), titles.back().c_str());
}

hocket::Coro<> json(ClientSession& session) {
    auto response = co_await session.get("/users");
    const Json users = co_await response.json();
    std::printf("JSON: %zu users, the first has the id %d\n", users.size(), users[0]["id"].get<int>());
}

hocket::Coro<> post(ClientSession& session) {
    const Json item = {{"title", "a new post"}, {"userId", 1}};
    auto response = co_await session.post("/post", {.json = item});
    const Json echo = co_await response.json();
    std::printf("POST: the server got %s\n", echo["json"].dump().c_str());
}

hocket::Coro<> headers_and_parameters(ClientSession& session) {
    auto response =
        co_await session.get("/get", {.headers = {{"X-Voice", "alto"}}, .params = {{"page", "2"}, {"q", "a b"}}});
    const Json echo = co_await response.json();
    std::printf("headers: X-Voice is %s\n", echo["headers"]["X-Voice"].get<std::string>().c_str());
    std::printf("parameters: %s\n", echo["args"].dump().c_str());
}

hocket::Coro<> errors(ClientSession& session) {
    for (const char* path : {"/status/404", "/status/500"}) {
        auto response = co_await session.get(path);
        try {
            response.raise_for_status();
        } catch (const hocket::http::ClientResponseError& error) {
            std::printf("status: %d is an error\n", error.status());
        }
    }
    try {
        co_await session.get("/delay/5", {.timeout = 200ms});
    } catch (const hocket::TimeoutError&) {
        std::printf("time limit: no answer within 0.2 s\n");
    }
    try {
        co_await session.get("http://127.0.0.1:1/");
    } catch (const hocket::http::ClientConnectionError& error) {
        std::printf("connection: %s\n", error.what());
    }
}

hocket::Coro<> amain(std::string server) {
    ClientSession session({.base_url = server});
    co_await one_request(session);
    co_await many_requests(session);
    co_await json(session);
    co_await post(session);
    co_await headers_and_parameters(session);
    co_await errors(session);
}

int main(int argc, char** argv) { hocket::run(amain(server_url(argc, argv))); }
