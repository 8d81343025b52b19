// SPDX-License-Identifier: MIT
// The programs of http-applications.md.
#include <hocket/hocket.h>
#include <hocket/http.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
using namespace hocket;
using namespace std::chrono_literals;

// [middleware]
inline const http::Key<std::string> user("user");

void add_guard(http::Application& app) {
    app.middleware([](http::Request& request, http::Next next) -> Coro<http::Response> {
        const auto token = request.headers().get("Authorization");
        if (token != "Bearer secret") co_return http::error_response(401, "who are you?");
        request.set(user, std::string("ada"));
        http::Response response = co_await next(request);
        response.headers().set("Cache-Control", "private");
        co_return response;
    });
    app.get("/", [](http::Request& request) { return "hello, " + request[user] + "\n"; });
}
// [/middleware]

// [parts]
http::Application shop() {
    http::Application admin;
    add_guard(admin);

    http::Application app;
    app.get("/items/{id}",
            [](http::Request& request, int id) {
                return request.app().url_for("item", {{"id", std::to_string(id + 1)}}) + " comes next\n";
            },
            {.name = "item"});
    app.any("/echo", [](http::Request& request) { return request.method() + "\n"; });
    app.add_subapp("/admin", admin);
    return app;
}
// [/parts]

// [life]
struct Database {
    int rows = 3;
};
inline const http::Key<Database> database("database");

void add_database(http::Application& app) {
    app.cleanup_ctx([](http::Application& it) -> http::Lifespan {
        it.set(database, Database());
        std::printf("connected\n");
        co_yield {};
        std::printf("disconnected\n");
    });
    app.on_shutdown([](http::Application&) -> Coro<> {
        std::printf("no more requests\n");
        co_return;
    });
    app.get("/rows", [](http::Request& request) { return std::to_string(request.app()[database].rows) + "\n"; });
}
// [/life]

// [test]
Coro<> try_it(http::Application app) {
    co_await with(http::TestClient(app), [](http::TestClient& client) -> Coro<> {
        const http::TestResponse rows = co_await client.get("/rows");
        std::printf("%d %s", rows.status, rows.body.c_str());
        const http::TestResponse refused = co_await client.get("/admin/");
        std::printf("%d %s\n", refused.status, refused.body.c_str());
        const http::TestResponse greeted =
            co_await client.get("/admin/", {.headers = {{"Authorization", "Bearer secret"}}});
        std::printf("%d %s", greeted.status, greeted.body.c_str());
    });
}
// [/test]

// [events]
AsyncGenerator<http::ServerSentEvent> countdown(int from) {
    for (int i = from; i > 0; --i) {
        co_await hocket::sleep(1ms);
        co_yield http::ServerSentEvent{.data = "only " + std::to_string(i), .id = std::to_string(i)};
    }
}

void add_events(http::Application& app) {
    app.get("/countdown", [](http::Request& request) {
        const auto last = http::last_event_id(request);
        return http::event_stream(countdown(last == "3" ? 2 : 3), {.keep_alive = 30s});
    });
}
// [/events]

// [ending]
AsyncGenerator<http::ServerSentEvent> clock_of(std::shared_ptr<Event> closing) {
    for (int second = 0; !closing->is_set(); ++second) {
        co_yield http::ServerSentEvent{.data = std::to_string(second)};
        try {
            co_await wait_for(closing->wait(), 1s);
        } catch (const TimeoutError&) {  // nobody closes: the next second
        }
    }
}

void add_clock(http::Application& app) {
    auto closing = std::make_shared<Event>();
    app.on_shutdown([closing](http::Application&) -> Coro<> {
        closing->set();
        co_return;
    });
    app.get("/clock", [closing] { return http::event_stream(clock_of(closing)); });
}
// [/ending]

Coro<> close_while_the_clock_runs() {
    http::Application app;
    add_clock(app);
    co_await with(co_await http::serve(app, "127.0.0.1", 0), [](http::HttpServer& server) -> Coro<> {
        http::ClientSession session({.base_url = server.url()});
        auto response = co_await session.get("/clock");
        const auto first = co_await response.next();
        server.close();
        const auto second = co_await response.next();
        std::printf("%sand %s\n", first->c_str(), second ? "more" : "the end");
    });
}

// [log]
Coro<> serve_with_a_log(http::Application app) {
    std::string lines;
    const http::AccessLog log([&lines](std::string_view line) { lines.append(line).append("\n"); }, R"(%a "%r" %s %b)");
    co_await with(co_await http::serve(app, "127.0.0.1", 0, {.access_log = log}),
                  [](http::HttpServer& server) -> Coro<> {
                      http::ClientSession session({.base_url = server.url()});
                      for (const char* path : {"/items/7", "/nowhere", "/countdown"}) {
                          auto response = co_await session.get(path);
                          std::printf("%s\n", (co_await response.text()).c_str());
                      }
                  });
    std::printf("%s", lines.c_str());
}
// [/log]

int main() {
    http::Application app = shop();
    add_database(app);
    add_events(app);
    hocket::run(try_it(app));
    hocket::run(serve_with_a_log(app));
    hocket::run(close_while_the_clock_runs());
}
