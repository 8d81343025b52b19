// SPDX-License-Identifier: MIT
// B9: several JSON interfaces at once, in a map of tasks; each error stays in its place. Takes the server's URL.
#include "server_url.h"

#include <hocket/hocket.h>
#include <hocket/http.h>
#include <hocket/http/json.h>

#include <cstdio>
#include <exception>
#include <map>
#include <string>

using hocket::http::ClientSession;
using hocket::http::Json;

hocket::Coro<Json> fetch(ClientSession& session, std::string url) {
    auto response = co_await session.get(url);
    response.raise_for_status();
    co_return co_await response.json();
}

hocket::Coro<std::map<std::string, Json>> fetch_all(std::string server) {
    const std::map<std::string, std::string> urls = {{"users", "/users"},
                                                     {"posts", "/posts"},
                                                     {"comments", "/comments"},
                                                     {"missing", "/nothing"},
                                                     {"refused", "http://127.0.0.1:1/"}};
    ClientSession session({.base_url = server});

    std::map<std::string, hocket::Task<Json>> tasks;
    for (const auto& [name, url] : urls) tasks[name] = hocket::create_task(fetch(session, url));

    std::map<std::string, Json> results;
    for (auto& [name, task] : tasks) {
        try {
            results[name] = co_await task;
        } catch (const std::exception& error) {
            results[name] = std::string("Error: ") + error.what();
        }
    }
    co_return results;
}

int main(int argc, char** argv) {
    const auto results = hocket::run(fetch_all(server_url(argc, argv)));
    for (const auto& [name, result] : results) {
        if (result.is_string()) {
            std::printf("%s: %s\n", name.c_str(), result.get<std::string>().c_str());
        } else {
            std::printf("%s: %zu items\n", name.c_str(), result.size());
        }
    }
}
