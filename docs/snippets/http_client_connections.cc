// SPDX-License-Identifier: MIT
// The programs of http-client.md that are about connections, and the servers that they talk to.
#include <hocket/hocket.h>
#include <hocket/http.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
using namespace hocket;
using namespace std::chrono_literals;

// [https]
Coro<> secured(std::string origin, std::string ca_file) {
    http::ClientSession session({.tls = TlsContext::client({.ca_file = ca_file})});
    auto response = co_await session.get(origin + "/users");
    std::printf("%d by %s\n", response.status(), response.tls()->version.c_str());

    http::ClientSession stranger;  // knows the system's certificates only
    try {
        co_await stranger.get(origin + "/users");
    } catch (const http::ClientCertificateError&) {
        std::printf("not convinced\n");
    }
}
// [/https]

// [limits]
Coro<> limits(std::string origin) {
    http::ClientSession session({.timeout = 60s,
                                 .timeouts = {.pool = 5s, .connect = 2s, .sock_read = 50ms},
                                 .retry = {.attempts = 3, .on_retry_after = true}});
    try {
        co_await session.get(origin + "/slow");
    } catch (const http::ReadTimeout&) {
        std::printf("it answered nothing for 50 ms\n");
    }
}
// [/limits]

// [memory]
Coro<> in_memory() {
    http::Application app;
    app.get("/items/{id}", [](int id) -> std::string { return "item " + std::to_string(id); });
    http::ClientSession session({.base_url = "http://test", .connector = http::connect_to(app)});
    auto response = co_await session.get("/items/7");
    std::printf("%s\n", (co_await response.text()).c_str());
}
// [/memory]

// [around]
Coro<> around(std::string origin) {
    const auto with_token = [](http::OutgoingRequest request, http::NextRequest next) -> Coro<http::ClientResponse> {
        request.options.headers.set("Authorization", "Bearer t");
        co_return co_await next(std::move(request));
    };
    http::ClientSession session(
        {.trace = [](const http::TraceEvent& e) { std::printf("%s ", std::string(http::trace_name(e.event)).c_str()); },
         .middlewares = {with_token}});
    auto response = co_await session.get(origin + "/users");
    std::printf("%zu bytes\n", (co_await response.read()).size());
}
// [/around]

// ---- The servers

Coro<> answer(StreamReader reader, StreamWriter writer) {
    try {
        for (;;) {
            const std::string head = co_await reader.readuntil("\r\n\r\n");
            if (head.starts_with("GET /slow")) co_await hocket::sleep(1s);
            co_await writer.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]");
        }
    } catch (const IncompleteReadError&) {
        co_return;
    } catch (const OSError&) {
        co_return;
    }
}

Coro<> amain() {
    // cert.pem is of localhost and 127.0.0.1, and signed by itself.
    ServerOptions with_tls;
    with_tls.tls = TlsContext::server({.certificate_file = "cert.pem", .private_key_file = "key.pem"});
    get_running_loop().set_exception_handler([](EventLoop&, const ErrorContext&) {});  // who is not convinced leaves
    const Server secure = co_await start_server(answer, "127.0.0.1", 0, with_tls);
    const Server plain = co_await start_server(answer, "127.0.0.1", 0);
    const std::string origin = "http://127.0.0.1:" + std::to_string(plain.port());
    co_await secured("https://localhost:" + std::to_string(secure.port()), "cert.pem");
    co_await limits(origin);
    co_await in_memory();
    co_await around(origin);
}

int main() {
    std::string folder = std::filesystem::temp_directory_path() / "hocket-https-page-XXXXXX";
    if (!mkdtemp(folder.data())) return 1;
    std::filesystem::current_path(folder);
    const int made = std::system(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=localhost "
        "-addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout key.pem -out cert.pem 2>/dev/null");
    if (made == 0) run(amain());
    std::filesystem::remove_all(folder);
    return made;
}
