// SPDX-License-Identifier: MIT
// The child processes of a program on a simulated host.
#pragma once

#include <hocket/base/function.h>
#include <hocket/base/owners.h>
#include <hocket/core/backend.h>
#include <hocket/core/task.h>
#include <hocket/io/sim_endpoint_internal.h>
#include <hocket/sim/child_process.h>

#include <map>
#include <optional>
#include <string>
#include <utility>

namespace hocket::sim {

struct HostState;

/// What is run under a name; null: there is no such program.
using Program = Function<Coro<int>(ChildProcess)>;

/// Each is a task of its parent's loop. Functions return what those of Backend do.
class Children {
public:
    explicit Children(HostState& host) noexcept : host_(host) {}

    int spawn(Spawn& spawn);
    int wait_for_child(int pidfd, int& returncode);
    int send_signal(int pidfd, int number);
    /// Their parent is gone, and so are their tasks.
    void clear() noexcept { children_.clear(); }

private:
    struct Child {
        Child(Shared<Program> p, std::string n, Shared<Endpoint> a) noexcept
            : program(std::move(p)), name(std::move(n)), alive(std::move(a)) {}
        Child(const Child&) = delete;
        Child& operator=(const Child&) = delete;
        ~Child() { alive->vanish(); }

        Shared<Program> program;
        std::string name;
        Shared<Endpoint> alive;  // the other end of the pidfd; closed when it ends
        Task<> task;
        int signal = 0;  // that is to end it
        std::optional<int> status;
        bool ended = false;
    };
    struct Ends;

    Coro<> play(Child& child, ChildProcess process);
    void ended(Child& child);
    Child* find(int pidfd) noexcept;

    HostState& host_;
    int last_pid_ = 0;
    std::map<int, Unique<Child>> children_;  // by their pidfds
};

}  // namespace hocket::sim
