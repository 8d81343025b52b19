// SPDX-License-Identifier: MIT
// The programs of http-client.md, and the server that they talk to.
#include <hocket/hocket.h>
#include <hocket/http.h>
#include <hocket/http/json.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>
using namespace hocket;
using namespace std::chrono_literals;

// [first]
Coro<> first(std::string origin) {
    http::ClientSession session;
    auto response = co_await session.get(origin + "/users", {.params = {{"limit", "2"}}, .timeout = 5s});
    std::printf("%d %s, %s\n", response.status(), response.reason().c_str(), response.content_type().c_str());
    std::printf("%s\n", (co_await response.text()).c_str());
}
// [/first]

// [together]
Coro<std::size_t> size_of(http::ClientSession& session, std::string url) {
    auto response = co_await session.get(std::move(url));
    co_return (co_await response.read()).size();
}

Coro<> together(std::string origin) {
    http::ClientSession session({.base_url = origin, .limit = 20});
    auto [users, big] = co_await gather(size_of(session, "/users"), size_of(session, "/bytes"));
    std::printf("%zu and %zu bytes\n", users, big);
}
// [/together]

// [json]
// #include <hocket/http/json.h>
Coro<> create(std::string origin) {
    http::ClientSession session({.base_url = origin, .headers = {{"Authorization", "Bearer t"}}});
    auto response = co_await session.post("/users", {.json = http::Json{{"name", "ada"}}});
    const http::Json user = co_await response.json();
    std::printf("%d: %s has number %d\n", response.status(), user["name"].get<std::string>().c_str(),
                user["id"].get<int>());
}
// [/json]

// [pieces]
Coro<> pieces(std::string origin) {
    http::ClientSession session;
    auto response = co_await session.get(origin + "/bytes");
    std::size_t size = 0;
    while (auto piece = co_await response.next()) size += piece->size();
    std::printf("%zu bytes in pieces\n", size);
}
// [/pieces]

// [download]
Coro<> download(std::string url, std::string path) {
    http::ClientSession session({.raise_for_status = true});
    auto response = co_await session.get(std::move(url), {.timeout = 0s, .timeouts = {.sock_read = 60s}});
    fs::File file = co_await fs::open(std::move(path), "wb");
    while (auto piece = co_await response.next()) co_await file.write(std::move(*piece));
    co_await file.close();
}
// [/download]

// [lines]
Coro<> events(std::string origin) {
    http::ClientSession session;
    auto response = co_await session.get(origin + "/events", {.timeout = 0s, .timeouts = {.sock_read = 60s}});
    while (auto line = co_await response.readline()) std::printf("an event: %s\n", line->c_str());
}
// [/lines]

// [upload]
AsyncGenerator<std::string> lines(int count) {
    for (int i = 1; i <= count; ++i) {
        co_await hocket::sleep(1ms);
        co_yield "line " + std::to_string(i) + "\n";
    }
}

Coro<> upload(std::string origin, std::string path) {
    http::ClientSession session({.base_url = origin});
    const http::FormData form = {{"title", "Tea"}, {.name = "photo", .content_type = "image/png", .path = path}};
    auto sent = co_await session.post("/upload", {.multipart = form});
    std::printf("%s\n", (co_await sent.text()).c_str());
    auto streamed = co_await session.post("/lines", {.stream = lines(3), .compress = "gzip"});
    std::printf("%s\n", (co_await streamed.text()).c_str());
}
// [/upload]

// [errors]
Coro<> errors(std::string origin) {
    http::ClientSession session({.raise_for_status = true});
    for (std::string url :
         {std::string("http://127.0.0.1:1/"), origin + "/nowhere", origin + "/slow", std::string("no url")}) {
        try {
            co_await session.get(url, {.timeout = 50ms});
        } catch (const http::ClientResponseError& e) {  // the server answered, but not well
            std::printf("status %d\n", e.status());
        } catch (const http::ClientError& e) {  // the base of all that happens between client and server
            std::printf("%s\n", e.what());
        } catch (const TimeoutError&) {
            std::printf("it took too long\n");
        } catch (const http::InvalidUrl& e) {
            std::printf("%s\n", e.what());
        }
    }
}
// [/errors]

// [sync]
void ordinary_code(const std::string& origin) {
    const http::sync::Response response = http::sync::get(origin + "/users");
    std::printf("%d, %zu bytes\n", response.status(), response.text().size());
}
// [/sync]

// ---- The server

std::string answer(const std::string& status, const std::string& type, const std::string& body) {
    return "HTTP/1.1 " + status + "\r\nContent-Type: " + type + "\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
}

Coro<> serve(StreamReader reader, StreamWriter writer) {
    for (;;) {
        std::string head;
        try {
            head = co_await reader.readuntil("\r\n\r\n");
            if (head.starts_with("POST")) co_await reader.readuntil("}");
        } catch (const std::exception&) {
            co_return;
        }
        std::string text = answer("404 Not Found", "text/plain", "");
        if (head.starts_with("GET /users")) text = answer("200 OK", "application/json", R"([{"id":1},{"id":2}])");
        if (head.starts_with("POST /users"))
            text = answer("201 Created", "application/json", R"({"id":3,"name":"ada"})");
        if (head.starts_with("GET /bytes"))
            text = answer("200 OK", "application/octet-stream", std::string(100'000, 'x'));
        if (head.starts_with("GET /events"))
            text = answer("200 OK", "application/x-ndjson", "{\"id\":1}\n{\"id\":2}\n");
        if (head.starts_with("GET /slow")) co_await hocket::sleep(1s);
        co_await writer.write(text);
    }
}

// Forms and streams are more than that server understands.
http::Application receiving() {
    http::Application app;
    app.post("/upload", [](http::Request& request) -> Coro<std::string> {
        http::Form form = co_await request.form();
        const http::UploadedFile& photo = form.files.at(0);
        co_return form.fields.at(0).second + ", " + photo.filename + ": " + std::to_string(photo.size) + " bytes of " +
            photo.content_type;
    });
    app.post("/lines", [](http::Request& request) -> Coro<std::string> {
        const std::string text = co_await request.body();
        co_return std::to_string(text.size()) + " bytes, sent as " +
            std::string(request.headers().get("Content-Encoding").value_or("they are"));
    });
    return app;
}

Coro<> download_to_a_folder(std::string origin) {
    co_await with(co_await fs::temporary_directory(), [&origin](const std::string& folder) -> Coro<> {
        co_await download(origin + "/bytes", folder + "/bytes");
        const std::uint64_t size = (co_await fs::stat(folder + "/bytes")).size;
        std::printf("%llu bytes saved\n", static_cast<unsigned long long>(size));
    });
}

Coro<> send_a_photo() {
    const http::HttpServer server = co_await http::serve(receiving(), "127.0.0.1", 0);
    co_await with(co_await fs::temporary_directory(), [&server](const std::string& folder) -> Coro<> {
        fs::File photo = co_await fs::open(folder + "/tea.png", "wb");
        co_await photo.write(std::string(100'000, 'p'));
        co_await photo.close();
        co_await upload(server.url(), folder + "/tea.png");
    });
    server.close();
    co_await server.wait_closed();
}

Coro<> amain() {
    const Server server = co_await start_server(serve, "127.0.0.1", 0);
    const std::string origin = "http://127.0.0.1:" + std::to_string(server.port());
    co_await first(origin);
    co_await together(origin);
    co_await create(origin);
    co_await pieces(origin);
    co_await download_to_a_folder(origin);
    co_await events(origin);
    co_await errors(origin);
    co_await send_a_photo();
    co_await to_thread(ordinary_code, origin);
}

int main() { run(amain()); }
