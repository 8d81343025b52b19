// SPDX-License-Identifier: MIT
// Tasks that are made faster than they end: a queue that nobody empties.
#include <hocket/hocket.h>

#include <string>
#include <utility>
#include <vector>

using namespace hocket;
using namespace std::chrono_literals;

Coro<> log_line(Queue<std::string>& lines, std::string line) { co_await lines.put(std::move(line)); }

Coro<> serve(Queue<std::string>& lines) {
    std::vector<Task<>> logging;
    for (int request = 0;; ++request) {
        logging.push_back(create_task(log_line(lines, "request " + std::to_string(request))));
        co_await hocket::sleep(
            request < 1000 ? 0s : 1h);  // the requests come to an end, so that there is something to look at
    }
}

Coro<> amain() {
    Queue<std::string> lines(10);
    co_await create_task(serve(lines), {.name = "server"});
}

int main() { run(amain()); }
