// SPDX-License-Identifier: MIT
// A web application with routes, JSON and errors, and a client that asks it.
#include <hocket/hocket.h>
#include <hocket/http.h>
#include <hocket/http/json.h>

#include <cstdio>
#include <map>
#include <optional>
#include <string>

using hocket::Coro;
namespace http = hocket::http;
using http::Json;

std::map<int, std::string> shelf = {{1, "tea"}, {2, "cake"}};

std::string hello(http::Query<"name", std::optional<std::string>> name) {
    return "Hello, " + name->value_or("world") + "!";
}

http::Response get_item(int id) {
    if (!shelf.contains(id))
        return http::json_response(Json{{"error", "sold out"}},
                                   {.status = 404});
    return http::json_response(Json{{"id", id}, {"name", shelf[id]}});
}

Coro<http::Response> add_item(http::Request& request) {
    const Json item = co_await request.json();
    const int id = static_cast<int>(shelf.size()) + 1;
    shelf[id] = item["name"];
    co_return http::json_response(
        Json{{"id", id}},
        {.status = 201,
         .headers = {{"Location", "/items/" + std::to_string(id)}}});
}

http::Application make_app() {
    http::Application app;
    app.get("/hello", hello);
    app.get("/items/{id}", get_item);
    app.post("/items", add_item);
    return app;
}

Coro<> ask(http::ClientSession& session) {
    for (const char* path : {"/hello", "/hello?name=Ada"}) {
        auto response = co_await session.get(path);
        std::printf("%s\n", (co_await response.text()).c_str());
    }
    auto response =
        co_await session.post("/items", {.json = Json{{"name", "jam"}}});
    const std::string place = response.headers().combined("Location");
    std::printf("%d %s\n", response.status(), place.c_str());
    for (const std::string& path : {place, std::string("/items/9")}) {
        response = co_await session.get(path);
        const Json item = co_await response.json();
        const std::string name =
            item.value("name", item.value("error", ""));
        std::printf("%d %s\n", response.status(), name.c_str());
    }
    for (const char* path : {"/nowhere", "/items"}) {
        response = co_await session.get(path);
        std::printf("%d %s\n", response.status(),
                    response.reason().c_str());
    }
}

Coro<> amain() {
    auto server = co_await http::serve(make_app(), "127.0.0.1", 0);
    co_await hocket::with(server, [&]() -> Coro<> {
        http::ClientSession session({.base_url = server.url()});
        co_await ask(session);
    });
}

int main() { hocket::run(amain()); }
