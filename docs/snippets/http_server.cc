// SPDX-License-Identifier: MIT
// The programs of http-server.md.
#include <hocket/hocket.h>
#include <hocket/http.h>
#include <hocket/http/json.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>
using namespace hocket;
using namespace std::chrono_literals;

// [routes]
http::Application hello() {
    http::Application app({.title = "Greetings", .version = "1.0"});
    app.get("/", [] { return std::string("hello"); });
    app.get("/hello/{name}/{times}", [](std::string name, int times) {
        std::string text;
        for (int i = 0; i < times; ++i) text += "hello, " + name + "\n";
        return text;
    });
    app.get("/slow", [](http::Request& request) -> Coro<http::Response> {
        co_await hocket::sleep(5ms);
        co_return http::text_response("you asked for " + request.target() + "\n");
    });
    return app;
}
// [/routes]

// [run]
void serve_hello() {
    http::run_app(hello(), {.port = 8080, .started = [](const http::HttpServer& server) {
                                std::printf("serving at %s\n", server.url().c_str());
                            }});
}
// [/run]

// [query]
void add_search(http::Application& app) {
    app.get("/search", [](http::Query<"q", std::string> q, http::Query<"limit", std::optional<int>> limit) {
        return "the first " + std::to_string(limit->value_or(10)) + " for \"" + *q + "\"\n";
    });
}
// [/query]

// [json]
void add_items(http::Application& app) {  // #include <hocket/http/json.h>
    auto items = std::make_shared<std::vector<http::Json>>();
    app.get("/items/{id}", [items](std::size_t id) {
        if (id >= items->size()) throw http::HttpError(404, "no item " + std::to_string(id));
        return (*items)[id];
    });
    app.post("/items", [items](http::Request& request) -> Coro<http::Response> {
        items->push_back(co_await request.json());
        co_return http::json_response(http::Json{{"id", items->size() - 1}}, {.status = 201});
    });
}
// [/json]

// [uploads]
void add_uploads(http::Application& app) {
    app.post("/photos", [](http::Request& request) -> Coro<std::string> {
        http::Form form = co_await request.form();
        std::string text = "title: " + std::string(form.get("title").value_or("none")) + "\n";
        for (http::UploadedFile& photo : form.files) {
            const std::string bytes = co_await photo.file.read();
            text += photo.filename + ": " + std::to_string(bytes.size()) + " bytes\n";
        }
        co_return text;
    });
    app.post("/sizes", [](http::Request& request) -> Coro<std::string> {
        std::string text;
        http::MultipartReader reader = request.multipart();
        while (auto part = co_await reader.next()) {
            std::size_t size = 0;
            while (auto piece = co_await part->next()) size += piece->size();
            text += part->name() + ": " + std::to_string(size) + "\n";
        }
        co_return text;
    });
}
// [/uploads]

// [stream]
AsyncGenerator<std::string> ticks(int count) {
    for (int i = 1; i <= count; ++i) {
        co_await hocket::sleep(1ms);
        co_yield "tick " + std::to_string(i) + "\n";
    }
}

void add_ticks(http::Application& app) {
    app.get("/ticks/{count}",
            [](int count) { return http::stream_response(ticks(count), {.content_type = "text/plain"}); });
}
// [/stream]

// [describe]
void add_described(http::Application& app) {
    app.get("/square/{n}", [](int n) { return http::Json{{"square", n * n}}; },
            {.summary = "The square of a number", .parameters = {{"n", "the number"}}, .tags = {"arithmetic"}});
}
// [/describe]

// [test]
Coro<> try_without_a_server(http::Application app) {
    co_await with(http::TestClient(app), [](http::TestClient& client) -> Coro<> {
        const http::TestResponse response = co_await client.get("/hello/ada/two");
        std::printf("%d %s\n", response.status, response.body.c_str());
    });
}
// [/test]

// [serve]
Coro<> serve_for_a_while(http::Application app) {
    co_await with(co_await http::serve(app, "127.0.0.1", 0, {.keep_alive_timeout = 15s}),
                  [](http::HttpServer& server) -> Coro<> {
                      http::ClientSession session({.base_url = server.url()});
                      auto response = co_await session.get("/hello/ada/1");
                      std::printf("%s", (co_await response.text()).c_str());
                  });  // requests have ended, connections are closed
}
// [/serve]

Coro<std::string> ask(http::ClientSession& session, std::string path) {
    auto response = co_await session.get(std::move(path));
    co_return std::to_string(response.status()) + " " + co_await response.text();
}

Coro<> amain() {
    http::Application app = hello();
    add_search(app);
    add_items(app);
    add_uploads(app);
    add_ticks(app);
    add_described(app);
    co_await try_without_a_server(app);
    co_await serve_for_a_while(app);
    const http::HttpServer server = co_await http::serve(app, "127.0.0.1", 0);
    http::ClientSession session({.base_url = server.url()});
    for (const char* path : {"/", "/hello/ada/2", "/slow?x=1", "/search?q=a%20b", "/search?q=x&limit=3",
                             "/search?limit=many", "/items/0", "/nowhere", "/ticks/3", "/square/12"}) {
        const std::string answer = co_await ask(session, path);
        std::printf("%s: %s%s", path, answer.c_str(), answer.ends_with('\n') ? "" : "\n");
    }
    auto made = co_await session.post("/items", {.json = http::Json{{"name", "lamp"}}});
    std::printf("%d %s\n", made.status(), (co_await made.text()).c_str());
    std::printf("%s\n", (co_await ask(session, "/items/0")).c_str());
    const http::FormData photos = {{"title", "Tea"},
                                   {.name = "photo", .value = std::string(500, 'p'), .filename = "tea.png"}};
    for (const char* path : {"/photos", "/sizes"}) {
        const http::RequestOptions options{.multipart = photos};
        auto uploaded = co_await session.post(path, options);
        std::printf("%s", (co_await uploaded.text()).c_str());
    }
    co_await session.close();
    server.close();
    co_await server.wait_closed();
}

int main() { hocket::run(amain()); }
