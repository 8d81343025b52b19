// SPDX-License-Identifier: MIT
// B9: several JSON interfaces at once, in a map of tasks; each error stays in its place. Takes the server's URL.
#include <hocket/hocket.h>
#include <hocket/http.h>
#include <hocket/http/json.h>

#include <cstdio>
#include <map>
#include <string>

using hocket::http::ClientSession;
using hocket::http::Json;

hocket::Coro<Json> fetch(ClientSession& session, std::string path) {
    auto response = co_await session.get(path);
    response.raise_for_status();
    co_return co_await response.json();
}

hocket::Coro<> amain(std::string server) {
    ClientSession session({.base_url = server});

    std::map<std::string, hocket::Task<Json>> tasks;
    for (const char* name : {"users", "posts", "comments", "nothing"})
        tasks[name] = hocket::create_task(fetch(session, std::string("/") + name));

    for (auto& [name, task] : tasks) {
        try {
            const Json& items = co_await task;
            std::printf("%s: %zu items\n", name.c_str(), items.size());
        } catch (const hocket::http::ClientResponseError& error) {
            std::printf("%s: failed with status %d\n", name.c_str(), error.status());
        }
    }
}

int main(int, char** argv) { hocket::run(amain(argv[1])); }
