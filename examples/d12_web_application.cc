// SPDX-License-Identifier: MIT
// D12: a web application with typed routes and JSON, the description of its interface, and the page that shows it. The program asks its own
// server, by https if it is given a certificate and its key; with a port as argument it serves on that until Ctrl-C, for a browser.
#include <hocket/hocket.h>
#include <hocket/http.h>
#include <hocket/http/json.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace http = hocket::http;
using http::Json;

struct Item {
    std::string name;
    double price = 0;
};

Json to_json(int id, const Item& item) { return {{"id", id}, {"name", item.name}, {"price", item.price}}; }

Item from_json(const Json& json) {
    if (!json.is_object() || !json.contains("name") || !json["name"].is_string() || !json.contains("price") ||
        !json["price"].is_number()) {
        throw http::HttpError(422, "an item has a name and a price");
    }
    return {json["name"], json["price"]};
}

class Shop {
public:
    Json list(double most) const {
        Json all = Json::array();
        for (const auto& [id, item] : items_) {
            if (item.price <= most) all.push_back(to_json(id, item));
        }
        return all;
    }
    Json one(int id) const {
        const auto found = items_.find(id);
        if (found == items_.end()) throw http::HttpError(404, "there is no item " + std::to_string(id));
        return to_json(id, found->second);
    }
    int add(Item item) {
        items_[++last_] = std::move(item);
        return last_;
    }
    void remove(int id) {
        static_cast<void>(one(id));
        items_.erase(id);
    }

private:
    std::map<int, Item> items_ = {{1, {"lamp", 20}}, {2, {"chair", 45.5}}};
    int last_ = 2;
};

http::Application make_shop() {
    http::Application app({.title = "A small shop", .version = "1.0", .description = "Items, kept in memory."});
    const auto shop = std::make_shared<Shop>();
    app.get("/items",
            [shop](http::Query<"max_price", std::optional<double>> most) { return shop->list(most->value_or(1e9)); },
            {.summary = "All items", .parameters = {{"max_price", "only those that cost no more"}}, .tags = {"items"}});
    app.get("/items/{id}", [shop](int id) { return shop->one(id); },
            {.summary = "One item", .parameters = {{"id", "its number"}}, .tags = {"items"}});
    app.post("/items",
             [shop](http::Request& request) -> hocket::Coro<http::Response> {
                 const int id = shop->add(from_json(co_await request.json()));
                 co_return http::json_response(shop->one(id), {.status = 201});
             },
             {.summary = "A new item", .body = "its name and its price", .tags = {"items"}});
    app.delete_("/items/{id}",
                [shop](int id) {
                    shop->remove(id);
                    return http::Response(204);
                },
                {.summary = "Removes an item", .parameters = {{"id", "its number"}}, .tags = {"items"}});
    return app;
}

hocket::Coro<> show(http::ClientSession& session, std::string method, std::string path,
                    http::RequestOptions options = {}) {
    auto response = co_await session.request(method, path, std::move(options));
    const std::string body = co_await response.text();
    std::printf("%-6s %-24s %d %s\n", method.c_str(), path.c_str(), response.status(), body.c_str());
}

hocket::Coro<> visit(const http::HttpServer& server) {
    http::ClientSession session({.base_url = server.url()});
    co_await show(session, "GET", "/items");
    co_await show(session, "GET", "/items?max_price=30");
    co_await show(session, "GET", "/items/2");
    co_await show(session, "POST", "/items", {.json = Json{{"name", "rug"}, {"price", 99}}});
    co_await show(session, "GET", "/items/3");
    co_await show(session, "DELETE", "/items/1");
    co_await show(session, "GET", "/items/1");
    co_await show(session, "GET", "/items/two");
    co_await show(session, "POST", "/items", {.json = Json{{"name", "rug"}}});
    co_await show(session, "PUT", "/items");

    auto response = co_await session.get("/openapi.json");
    const Json about = co_await response.json();
    std::printf("OpenAPI %s: %s\n", about["openapi"].get<std::string>().c_str(),
                about["info"]["title"].get<std::string>().c_str());
    for (const auto& [path, methods] : about["paths"].items()) {
        for (const auto& [method, operation] : methods.items()) {
            std::printf("  %-6s %-14s %s\n", method.c_str(), path.c_str(),
                        operation["summary"].get<std::string>().c_str());
        }
    }
    auto page = co_await session.get("/docs");
    const std::string html = co_await page.text();
    std::printf("/docs: %s, %s\n", page.content_type().c_str(),
                html.starts_with("<!DOCTYPE html>") ? "a page" : "no page");
    co_await session.close();
}

hocket::Coro<> amain(http::ServeOptions options) {
    co_await hocket::with(co_await http::serve(make_shop(), "127.0.0.1", 0, options), visit);
}

int main(int argc, char** argv) {
    if (argc != 2) {
        http::ServeOptions options;
        if (argc == 3)
            options.tls = hocket::TlsContext::server({.certificate_file = argv[1], .private_key_file = argv[2]});
        hocket::run(amain(options));
        return 0;
    }
    http::run_app(make_shop(), {.port = static_cast<std::uint16_t>(std::atoi(argv[1])),
                                .started = [](const http::HttpServer& server) {
                                    std::printf("Look at %s/docs (Ctrl-C ends it)\n", server.url().c_str());
                                    std::fflush(stdout);
                                }});
}
