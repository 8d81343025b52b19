// SPDX-License-Identifier: MIT
// The programs of http-cookies.md, and the server that they talk to.
#include <hocket/hocket.h>
#include <hocket/http.h>

#include <chrono>
#include <cstdio>
#include <string>
using namespace hocket;
using namespace std::chrono_literals;

// [server]
http::Application shop() {
    http::Application app;
    app.post("/login", [] {
        auto response = http::text_response("welcome");
        response.set_cookie("sid", "31d4", {.max_age = 24h, .http_only = true, .same_site = http::SameSite::lax});
        return response;
    });
    app.get("/cart", [](http::Request& request) {
        return "the cart of " + std::string(request.cookies("sid").value_or("nobody"));
    });
    app.post("/logout", [] {
        auto response = http::text_response("bye");
        response.del_cookie("sid");
        return response;
    });
    return app;
}
// [/server]

// [protected]
void add_files(http::Application& app, std::string password) {
    app.get("/files", [password](http::Request& request) {
        const auto auth = http::basic_auth_of(request.headers());
        if (auth && auth->user == "ada" && http::compare_digest(auth->password, password)) {
            return http::text_response("the files of ada");
        }
        auto response = http::error_response(401, "who are you?");
        response.headers().set("WWW-Authenticate", http::basic_challenge("files"));
        return response;
    });
}
// [/protected]

// [client]
Coro<> buy(std::string origin) {
    http::ClientSession session({.base_url = origin});
    auto login = co_await session.post("/login");
    std::printf("%s=%s\n", login.cookies()[0].name.c_str(), login.cookies()[0].value.c_str());
    auto cart = co_await session.get("/cart");
    std::printf("%s\n", (co_await cart.text()).c_str());
    auto other = co_await session.get("/cart", {.cookies = {{"sid", "mine"}}});
    std::printf("%s\n", (co_await other.text()).c_str());
}
// [/client]

// [jar]
Coro<> come_back(std::string origin, std::string file) {
    http::CookieJar jar;
    {
        http::ClientSession session({.base_url = origin, .cookie_jar = jar});
        co_await session.post("/login");
    }
    co_await fs::write_bytes(file, jar.save());

    http::CookieJar tomorrow;
    tomorrow.load(co_await fs::read_bytes(file));
    http::ClientSession session({.base_url = origin, .cookie_jar = tomorrow});
    auto cart = co_await session.get("/cart");
    std::printf("%s, %zu cookie\n", (co_await cart.text()).c_str(), session.cookie_jar().size());
    co_await session.post("/logout");
    std::printf("%zu cookies\n", tomorrow.size());
}
// [/jar]

// [auth]
Coro<> read_files(std::string origin) {
    http::ClientSession session({.base_url = origin, .auth = http::BasicAuth{"ada", "secret"}});
    auto files = co_await session.get("/files");
    std::printf("%s\n", (co_await files.text()).c_str());

    const http::BearerAuth token{"mF_9.B5f-4.1JqM"};  // for one request; DigestAuth and NetrcAuth go the same way
    auto refused = co_await session.get("/files", {.auth = token});
    std::printf("%d, %s\n", refused.status(), std::string(*refused.headers().get("WWW-Authenticate")).c_str());
}
// [/auth]

Coro<> amain() {
    http::Application app = shop();
    add_files(app, "secret");
    const http::HttpServer server = co_await http::serve(std::move(app), "127.0.0.1", 0);
    auto folder = co_await fs::temporary_directory();
    co_await buy(server.url());
    co_await come_back(server.url(), folder.name() + "/cookies");
    co_await read_files(server.url());
    co_await folder.cleanup();
    server.close();
    co_await server.wait_closed();
}

int main() { run(amain()); }
