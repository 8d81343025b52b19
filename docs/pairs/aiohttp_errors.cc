// SPDX-License-Identifier: MIT
// What can go wrong with a request, told apart.
#include <hocket/hocket.h>
#include <hocket/http.h>
#include <hocket/http/json.h>

#include <cstdio>
#include <string>

using hocket::Coro, hocket::Duration;
namespace http = hocket::http;
using namespace std::chrono_literals;

Coro<std::string> count(http::ClientSession& session, std::string url,
                        Duration limit) {
    try {
        auto response = co_await session.get(url, {.timeout = limit});
        response.raise_for_status();
        const http::Json items = co_await response.json();
        co_return std::to_string(items.size()) + " items";
    } catch (const http::ContentTypeError&) {
        co_return "no JSON";
    } catch (const http::ClientResponseError& error) {
        co_return "status " + std::to_string(error.status());
    } catch (const hocket::TimeoutError&) {
        co_return "no answer in time";
    } catch (const http::ClientConnectionError&) {
        co_return "no connection";
    }
}

Coro<> amain(std::string site) {
    http::ClientSession session;
    auto print = [&](std::string url, Duration limit = 30s) -> Coro<> {
        const std::string found = co_await count(session, url, limit);
        std::printf("%s\n", found.c_str());
    };
    co_await print(site + "/users");
    co_await print(site + "/text");
    co_await print(site + "/missing");
    co_await print(site + "/status/500");
    co_await print(site + "/delay/30", 100ms);
    co_await print("http://127.0.0.1:1/");
    try {
        co_await print("http://127.0.0.1:port/");
    } catch (const http::InvalidUrl&) {
        std::printf("no URL\n");
    }
}

int main(int, char* argv[]) { hocket::run(amain(argv[1])); }
