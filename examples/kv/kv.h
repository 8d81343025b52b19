// SPDX-License-Identifier: MIT
// A replicated key-value store: what a program needs of it that runs a replica, or asks one.
//
// One replica leads for a term, elected as in Raft (https://raft.github.io/raft.pdf). It makes each change, and answers when a majority has that
// on disk. In place of a log, all of the store is sent and saved with each change: it is made for settings and locks, not for much data.
#pragma once

#include <hocket/hocket.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace kv {

inline constexpr std::uint16_t port = 7000;

struct Options {
    std::vector<std::string> hosts;  ///< of all replicas, in the same order everywhere
    std::size_t self = 0;            ///< which of them this one is
    std::string path = "store";      ///< of its file
    bool hasty = false;              ///< the bug: a write is acknowledged when the leader alone has it
    hocket::Function<void(std::string)> log = {};
};

/// Runs a replica until it is cancelled. Throws OSError when it cannot listen, or its disk fails: it can be started again.
hocket::Coro<> run_replica(Options options);

/// Asks whichever replica leads, again and again until it has answered. One call at a time. Keys and values are words; ValueError for others.
class Client {
public:
    /// `name` is this object's alone: what it asks for twice is done once.
    Client(std::string name, std::vector<std::string> hosts) : name_(std::move(name)), hosts_(std::move(hosts)) {}
    hocket::Coro<> put(std::string key, std::string value);
    /// An empty string if nothing was put.
    hocket::Coro<std::string> get(std::string key);

private:
    hocket::Coro<std::string> ask_the_leader(std::string question);

    std::string name_;
    std::vector<std::string> hosts_;
    std::size_t leader_ = 0;  // who it was when last heard of
    std::uint64_t puts_ = 0;
};

/// What `host` answers to a line: a line, or an empty string when none has come within a second. Who asked does not know then whether it was
/// heard.
hocket::Coro<std::string> ask(std::string host, std::string question);

}  // namespace kv
