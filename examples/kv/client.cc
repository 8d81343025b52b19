// SPDX-License-Identifier: MIT
// Asking a replica, and finding the one that leads.
#include "kv.h"

#include <cerrno>
#include <utility>

using namespace hocket;
using namespace std::chrono_literals;

namespace kv {

Coro<std::string> Link::ask(std::string question) {
    try {
        co_return co_await timeout(1s, exchange(std::move(question)));
    } catch (const TimeoutError&) {
        throw OSError(ETIMEDOUT, "ask " + host_);
    }
}

Coro<std::string> Link::exchange(std::string question) {
    // Whoever fails or is cancelled here drops the connection: its answer, if it comes late, is not that to the next question.
    std::optional<Streams> streams = std::exchange(streams_, std::nullopt);
    if (!streams) streams = co_await open_connection(host_, port);
    co_await streams->second.write(question + "\n");
    std::string line = co_await streams->first.readline();
    if (!line.ends_with('\n')) throw OSError(ECONNRESET, "ask " + host_);  // half a line says something else
    line.pop_back();
    streams_ = std::move(streams);
    co_return line;
}

Coro<> Client::put(std::string key, std::string value) {
    // The number stays the same however often this is asked.
    co_await ask("put " + name_ + " " + std::to_string(++puts_) + " " + key + " " + value);
}

Coro<std::string> Client::get(std::string key) { co_return co_await ask("get " + key); }

Coro<std::string> Client::ask(std::string question) {
    for (;; co_await hocket::sleep(100ms)) {
        std::string leader;
        try {
            const std::string answer = co_await link_.ask(question);
            if (answer.starts_with("ok ")) co_return answer.substr(3);
            if (answer.starts_with("leader ")) leader = answer.substr(7);
        } catch (const OSError&) {  // another one may know
            leader.clear();
        }
        if (leader.empty()) leader = hosts_[++next_ % hosts_.size()];
        if (leader != link_.host()) link_ = Link(leader);
    }
}

}  // namespace kv
