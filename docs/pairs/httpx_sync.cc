// SPDX-License-Identifier: MIT
// httpx from ordinary code, without a loop in sight.
#include <hocket/http.h>
#include <hocket/http/json.h>

#include <cstdio>
#include <string>

namespace http = hocket::http;
using namespace std::chrono_literals;

int main(int, char* argv[]) {
    const std::string site = argv[1];
    auto response = http::sync::get(site + "/users");
    std::printf("%d %s\n", response.status(),
                response.headers().combined("content-type").c_str());
    std::printf("%zu users\n", response.json().size());

    response = http::sync::get(site + "/get", {.params = {{"q", "tea"}}});
    const std::string q = response.json()["args"]["q"];
    std::printf("%s\n", q.c_str());

    response = http::sync::post(site + "/post",
                                {.json = http::Json{{"name", "Ada"}}});
    const std::string name = response.json()["json"]["name"];
    std::printf("%d %s\n", response.status(), name.c_str());

    try {
        http::sync::get(site + "/delay/30", {.timeout = 200ms});
    } catch (const hocket::TimeoutError&) {
        std::printf("no answer in time\n");
    }
}
