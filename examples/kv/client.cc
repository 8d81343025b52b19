// SPDX-License-Identifier: MIT
// Asking a replica, and finding the one that leads.
#include "kv.h"

#include <algorithm>
#include <exception>

using namespace hocket;
using namespace std::chrono_literals;

namespace kv {

namespace {

void check_word(const std::string& text) {
    if (text.empty() || std::ranges::any_of(text, [](char c) { return c >= 0 && c <= ' '; }))
        throw ValueError("no word: \"" + text + "\"");
}

Coro<std::string> exchange(std::string host, std::string question) {
    auto [reader, writer] = co_await open_connection(host, port);
    co_await writer.write(question + "\n");
    std::string answer = co_await reader.readuntil("\n");  // half a line may say something else than the whole
    answer.pop_back();
    co_return answer;
}

}  // namespace

Coro<std::string> ask(std::string host, std::string question) {
    try {
        co_return co_await timeout(1s, exchange(std::move(host), std::move(question)));
    } catch (const std::exception&) {  // whatever it was: there is no answer
        co_return "";
    }
}

Coro<> Client::put(std::string key, std::string value) {
    check_word(key);
    check_word(value);
    // The number stays the same however often this is asked.
    co_await ask_the_leader("put " + name_ + " " + std::to_string(++puts_) + " " + key + " " + value);
}

Coro<std::string> Client::get(std::string key) {
    check_word(key);
    co_return co_await ask_the_leader("get " + key);
}

Coro<std::string> Client::ask_the_leader(std::string question) {
    for (;; co_await hocket::sleep(100ms)) {
        const std::string answer = co_await ask(hosts_[leader_], question);
        if (answer.starts_with("ok ")) co_return answer.substr(3);
        leader_ = (leader_ + 1) % hosts_.size();
    }
}

}  // namespace kv
