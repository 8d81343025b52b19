// SPDX-License-Identifier: MIT
// A replicated key-value store: what a program needs of it that runs a replica, or asks one.
//
// The replicas agree by Raft (https://raft.github.io/raft.pdf), without its snapshots and its changes of who takes part: one of them leads for a
// term, puts each request into its log, and answers when a majority has that on disk. All speak in lines of words; a key and a value are words.
#pragma once

#include <hocket/hocket.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace kv {

inline constexpr std::uint16_t port = 7000;

struct Options {
    std::vector<std::string> hosts;  ///< of all replicas, in the same order everywhere
    std::size_t self = 0;            ///< which of them this one is
    std::string journal = "journal";
    bool hasty = false;  ///< the bug: a write is acknowledged when the leader alone has it
    hocket::Function<void(std::string)> log = {};
};

/// Runs a replica until it is cancelled. Throws OSError when it cannot listen or its disk fails: all that it promised is in the journal, from
/// which it is to start again.
hocket::Coro<> run_replica(Options options);

/// A connection to a host that is made when it is needed. One question at a time.
class Link {
public:
    explicit Link(std::string host) : host_(std::move(host)) {}
    /// The line that answers. Throws OSError, also after a second without one, and asks over a new connection next time.
    hocket::Coro<std::string> ask(std::string question);
    const std::string& host() const { return host_; }

private:
    hocket::Coro<std::string> exchange(std::string question);

    std::string host_;
    std::optional<hocket::Streams> streams_;
};

/// Asks whichever replica leads, again and again until it has answered. One call at a time.
class Client {
public:
    /// `name` is this client's alone: what it asks for twice is done once.
    Client(std::string name, std::vector<std::string> hosts)
        : name_(std::move(name)), hosts_(std::move(hosts)), link_(hosts_.front()) {}
    hocket::Coro<> put(std::string key, std::string value);
    /// An empty string if nothing was put.
    hocket::Coro<std::string> get(std::string key);

private:
    hocket::Coro<std::string> ask(std::string question);

    std::string name_;
    std::vector<std::string> hosts_;
    std::size_t next_ = 0;  // whom to ask when nobody knows the leader
    Link link_;
    std::uint64_t puts_ = 0;
};

}  // namespace kv
