// SPDX-License-Identifier: MIT
// D5: web requests in the order in which they complete. Takes the server's URL.
#include "server_url.h"

#include <hocket/hocket.h>
#include <hocket/http.h>

#include <cstdio>
#include <string>
#include <vector>

using hocket::http::ClientSession;

struct Answer {
    std::string path;
    int status;
};

hocket::Coro<Answer> fetch(ClientSession& session, std::string path) {
    auto response = co_await session.get(path);
    co_await response.read();
    co_return Answer{path, response.status()};
}

hocket::Coro<> amain(std::string server) {
    ClientSession session({.base_url = server});
    std::vector<hocket::Task<Answer>> requests;
    for (const char* path : {"/delay/1.5", "/delay/0.5", "/delay/1"})
        requests.push_back(hocket::create_task(fetch(session, path)));

    auto completed = hocket::as_completed(requests);
    while (auto request = co_await completed.next()) {
        const Answer answer = co_await *request;
        std::printf("%s: %d\n", answer.path.c_str(), answer.status);
    }
}

int main(int argc, char** argv) { hocket::run(amain(server_url(argc, argv))); }
