// SPDX-License-Identifier: MIT
// JSON asked for and sent; parameters, headers, a form.
#include <hocket/hocket.h>
#include <hocket/http.h>
#include <hocket/http/json.h>

#include <cstdio>
#include <string>

using hocket::Coro;
namespace http = hocket::http;

void print(const http::Json& first, const http::Json& second) {
    std::printf("%s %s\n", first.get<std::string>().c_str(),
                second.get<std::string>().c_str());
}

Coro<> amain(std::string site) {
    http::ClientSession session(
        {.base_url = site, .headers = {{"User-Agent", "pairs"}}});

    auto response = co_await session.get("/users");
    const http::Json users = co_await response.json();
    const std::string last = users.back()["name"];
    std::printf("%zu users, the last is %s\n", users.size(), last.c_str());

    response = co_await session.get(
        "/get", {.headers = {{"Accept-Language", "la"}},
                 .params = {{"q", "tea & cake"}, {"page", "2"}}});
    const http::Json asked = co_await response.json();
    print(asked["args"]["q"], asked["args"]["page"]);
    print(asked["headers"]["User-Agent"],
          asked["headers"]["Accept-Language"]);

    response = co_await session.post(
        "/post", {.json = http::Json{{"title", "news"}, {"stars", 4}}});
    std::printf("%d %s\n", response.status(), response.reason().c_str());
    http::Json answer = co_await response.json();
    const std::string title = answer["json"]["title"];
    std::printf("%s %d\n", title.c_str(),
                answer["json"]["stars"].get<int>() + 1);

    response = co_await session.post(
        "/post", {.form = {{"name", "Ada"}, {"town", "London"}}});
    answer = co_await response.json();
    for (const auto& [name, value] : answer["form"].items())
        std::printf("%s = %s\n", name.c_str(),
                    value.get<std::string>().c_str());
}

int main(int, char* argv[]) { hocket::run(amain(argv[1])); }
