// SPDX-License-Identifier: MIT
// Runs a program of the oracle's language with hocket.
#pragma once

#include "program.h"

#include <hocket/hocket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace oracle {

/// A coroutine of the program: the number of the task that runs it, and what it has returned.
struct Body {
    std::size_t task;
    std::optional<long> returned = {};
};

/// Where a statement stands: in which body, task group and time limit.
struct Frame {
    Body& body;
    hocket::TaskGroup* group = nullptr;
    const hocket::Timeout* limit = nullptr;
};

/// conformance/oracle/reference.py in C++: the same objects, the same statements, the same trace, statement for statement.
class Machine {
public:
    Machine(const Node& program, std::string& trace);

    hocket::Coro<> main();

private:
    using Task = hocket::Task<long>;
    struct Spawned {
        std::size_t number;
        Task task;
    };
    using Statements = const std::vector<Node>&;

    void note(const std::string& what, const std::string& said);
    void note(const Frame& frame, const Node& node, const std::string& said);
    void watch(const hocket::AnyTask& task);

    std::size_t spawn(Statements statements, bool eager = false);
    hocket::Coro<long> coroutine(Statements statements);
    hocket::Coro<long> run_body(std::size_t number, std::size_t task, Statements statements, hocket::TaskGroup* group);
    hocket::Coro<> run_all(Frame frame, Statements statements);
    hocket::Coro<> run_node(Frame frame, const Node& node);

    // What does not wait. An error of its own is part of the trace, and the program goes on.
    std::string at_once(Frame frame, const Node& node);
    std::string do_at_once(Frame frame, const Node& node);
    void call(const Node& node);
    std::string probe() const;

    // What waits, or holds something while its children run.
    hocket::Coro<std::string> run(Frame frame, const Node& node);
    hocket::Coro<std::string> run_on_task(Frame frame, const Node& node);
    hocket::Coro<std::string> run_try(Frame frame, const Node& node);
    hocket::Coro<> run_holding(Frame frame, Statements statements, hocket::Function<void()> release);
    hocket::Coro<std::string> run_wait(Frame frame, const Node& node);
    std::string group_spawn(const Frame& frame, const Node& node);
    template <class Awaitable>
    hocket::Coro<std::string> gathered(bool settles, std::vector<Awaitable> awaitables);
    template <class Awaitable>
    hocket::Coro<std::string> take_completed(Frame frame, const Node& node, std::vector<Awaitable> awaitables);

    Spawned& referred(long reference);
    std::vector<Spawned> younger(const Frame& frame, const Node& node, std::size_t first_reference) const;
    std::vector<Task> younger_tasks(const Frame& frame, const Node& node, std::size_t first_reference) const;
    std::vector<hocket::Coro<long>> coroutines(const Node& node);
    std::string numbers_of(const std::vector<Task>& tasks) const;
    template <class F>
    auto with_queue(long i, F f) {
        switch (i) {
            case 0: return f(one_);
            case 1: return f(unbounded_);
            case 2: return f(stack_);
            default: return f(heap_);
        }
    }

    const Node& program_;
    std::string& trace_;
    hocket::EventLoop& loop_;
    const std::int64_t start_ = loop_.now();
    std::size_t bodies_ = 0;
    std::vector<Spawned> spawned_;  // what references mean
    std::vector<hocket::AnyTask> watched_;

    std::array<hocket::Lock, 2> locks_;
    hocket::Semaphore semaphore_{1}, pair_{2};
    hocket::BoundedSemaphore bounded_{1};
    std::array<hocket::Semaphore*, 3> semaphores_{&semaphore_, &pair_, &bounded_};
    hocket::Lock own_lock_;
    hocket::Condition on_first_lock_{locks_[0]}, on_own_lock_{own_lock_};
    std::array<hocket::Condition*, 2> conditions_{&on_first_lock_, &on_own_lock_};
    std::array<hocket::Event, 2> events_;
    hocket::Barrier two_{2}, three_{3};
    std::array<hocket::Barrier*, 2> barriers_{&two_, &three_};
    hocket::Queue<long> one_{1}, unbounded_;
    hocket::LifoQueue<long> stack_{3};
    hocket::PriorityQueue<long> heap_{3};
    std::array<hocket::Future<long>, 4> futures_;
};

}  // namespace oracle
