// SPDX-License-Identifier: MIT
// C8: a semaphore over ten requests: never more than three at a time. Takes the server's URL.
#include "server_url.h"

#include <hocket/hocket.h>
#include <hocket/http.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

using hocket::http::ClientSession;

int in_flight = 0, most_in_flight = 0;

hocket::Coro<int> fetch(ClientSession& session, hocket::Semaphore& semaphore) {
    auto permit = co_await semaphore.scoped();
    most_in_flight = std::max(most_in_flight, ++in_flight);
    auto response = co_await session.get("/delay/0.25");
    co_await response.read();
    --in_flight;
    co_return response.status();
}

hocket::Coro<> amain(std::string server) {
    ClientSession session({.base_url = server});
    hocket::Semaphore semaphore(3);

    std::vector<hocket::Coro<int>> fetches;
    for (int i = 0; i < 10; ++i) fetches.push_back(fetch(session, semaphore));
    const auto statuses = co_await hocket::gather(std::move(fetches));

    std::printf("%td of %zu answers are 200\n", std::count(statuses.begin(), statuses.end(), 200), statuses.size());
    std::printf("at most %d requests were in flight\n", most_in_flight);
}

int main(int argc, char** argv) { hocket::run(amain(server_url(argc, argv))); }
