// SPDX-License-Identifier: MIT
// D5: web requests in the order in which they complete. Takes the server's URL.
#include <hocket/hocket.h>
#include <hocket/http.h>

#include <cstdio>
#include <string>
#include <vector>

using hocket::http::ClientSession;

hocket::Coro<std::string> fetch(ClientSession& session, std::string path) {
    auto response = co_await session.get(path);
    co_await response.read();
    co_return path;
}

hocket::Coro<> amain(std::string server) {
    ClientSession session({.base_url = server});
    std::vector<hocket::Task<std::string>> requests;
    for (const char* path : {"/delay/1.5", "/delay/0.5", "/delay/1"})
        requests.push_back(hocket::create_task(fetch(session, path)));

    auto completed = hocket::as_completed(requests);
    while (auto request = co_await completed.next()) std::printf("%s\n", (co_await *request).c_str());
}

int main(int, char** argv) { hocket::run(amain(argv[1])); }
