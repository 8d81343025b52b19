// SPDX-License-Identifier: MIT
// The oracle's machine: its bodies and tasks, and what does not wait.
#include "machine.h"

#include "machine_internal.h"
#include "words.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <stdexcept>
#include <string_view>

namespace oracle {

using namespace hocket;

namespace {

constexpr std::chrono::nanoseconds longer_than_any_program(1L << 50);

ContextVar<long> variable("variable", 0);

char ending(const FutureHandle& future) {
    if (!future.done()) return 'P';
    if (future.cancelled()) return 'C';
    return future.exception() ? 'E' : 'D';
}

std::string yes_or_no(bool value) { return value ? "1" : "0"; }

}  // namespace

std::exception_ptr error_of(long number) {
    const std::string said = "e" + std::to_string(number);
    switch (number % 3) {
        case 0: return std::make_exception_ptr(RuntimeError(said));
        case 1: return std::make_exception_ptr(ValueError(said));
        default: return std::make_exception_ptr(TimeoutError(said));
    }
}

std::string outcome(const Task<long>& task) {
    if (!task.done()) return "pending";
    if (task.cancelled()) return "cancelled";
    return task.exception() ? words(task.exception()) : std::to_string(task.result());
}

std::string task_name(std::size_t number) { return "t" + std::to_string(number); }

Machine::Machine(const Node& program, std::string& trace)
    : program_(program), trace_(trace), loop_(get_running_loop()) {
    for (Future<long>& future : futures_) future = loop_.create_future<long>();
}

Coro<> Machine::main() {
    spawn(program_.children);
    const auto left = [this] {
        std::vector<AnyTask> tasks;
        std::ranges::copy_if(watched_, std::back_inserter(tasks), [](const AnyTask& task) { return !task.done(); });
        return tasks;
    };
    for (std::vector<AnyTask> tasks = left(); !tasks.empty(); tasks = left()) {
        const auto [done, pending] = co_await wait(tasks, {.timeout = longer_than_any_program});
        if (pending.empty()) continue;
        note("watch", std::to_string(pending.size()) + " left");
        for (const AnyTask& task : tasks) task.cancel();
        // A task that waits in a condition ends only with the lock, which nobody may be left to release.
        for (Lock* lock : {&locks_[0], &locks_[1], &own_lock_}) {
            if (lock->locked()) lock->release();
        }
    }
    co_await hocket::sleep(longer_than_any_program);  // callbacks that are still to come
    std::string all;
    for (const Spawned& spawned : spawned_) {
        all += (all.empty() ? "" : " ") + std::to_string(spawned.number) + "=" + outcome(spawned.task);
    }
    note("end", all);
    for (const Future<long>& future : futures_) {
        if (future.done() && !future.cancelled()) static_cast<void>(future.exception());
    }
}

void Machine::note(const std::string& what, const std::string& said) {
    trace_ += std::to_string(loop_.now() - start_) + ' ' + what + ' ' + said + '\n';
}

void Machine::note(const Frame& frame, const Node& node, const std::string& said) {
    note(task_name(frame.body.task) + " n" + std::to_string(node.index), said);
}

void Machine::watch(const AnyTask& task) {
    if (std::ranges::find(watched_, task) == watched_.end()) watched_.push_back(task);
}

std::size_t Machine::spawn(Statements statements, bool eager) {
    const std::size_t number = ++bodies_;
    Task task = create_task(run_body(number, number, statements, nullptr), {.eager_start = eager});
    watch(task);
    spawned_.push_back({number, std::move(task)});
    return number;
}

Coro<long> Machine::coroutine(Statements statements) {
    const std::size_t number = ++bodies_;
    return run_body(number, number, statements, nullptr);
}

std::vector<Coro<long>> Machine::coroutines(const Node& node) {
    std::vector<Coro<long>> all;
    for (const Node& child : node.children) all.push_back(coroutine(child.children));
    return all;
}

Coro<long> Machine::run_body(std::size_t number, std::size_t task, Statements statements, TaskGroup* group) {
    watch(current_task());
    note(task_name(number), "begins");
    Body body{task};
    try {
        co_await run_all({body, group}, statements);
    } catch (...) {  // noted, and thrown on
        note(task_name(number), "ends " + words(std::current_exception()));
        throw;
    }
    note(task_name(number), "ends " + std::to_string(body.returned.value_or(0)));
    co_return body.returned.value_or(0);
}

Coro<> Machine::run_all(Frame frame, Statements statements) {
    for (const Node& node : statements) {
        co_await run_node(frame, node);
        if (frame.body.returned) co_return;
    }
}

// One that is not done, if there is one: what is done shows little.
Machine::Spawned& Machine::referred(long reference) {
    std::vector<Spawned*> candidates;
    for (Spawned& spawned : spawned_) {
        if (!spawned.task.done()) candidates.push_back(&spawned);
    }
    const auto number = static_cast<std::size_t>(reference);
    return candidates.empty() ? spawned_[number % spawned_.size()] : *candidates[number % candidates.size()];
}

std::vector<Machine::Spawned> Machine::younger(const Frame& frame, const Node& node, std::size_t first) const {
    std::vector<Spawned> candidates;
    // Only tasks made after the one that waits, so that no circle comes about.
    std::ranges::copy_if(spawned_, std::back_inserter(candidates),
                         [&frame](const Spawned& spawned) { return spawned.number > frame.body.task; });
    std::vector<Spawned> chosen;
    for (std::size_t i = first; i < node.numbers.size() && !candidates.empty(); ++i) {
        chosen.push_back(candidates[static_cast<std::size_t>(node.numbers[i]) % candidates.size()]);
    }
    return chosen;
}

std::vector<Machine::Task> Machine::younger_tasks(const Frame& frame, const Node& node, std::size_t first) const {
    std::vector<Task> tasks;
    for (Spawned& spawned : younger(frame, node, first)) tasks.push_back(std::move(spawned.task));
    return tasks;
}

std::string Machine::numbers_of(const std::vector<Task>& tasks) const {
    std::vector<std::size_t> numbers;
    for (const Spawned& spawned : spawned_) {
        if (std::ranges::find(tasks, spawned.task) != tasks.end()) numbers.push_back(spawned.number);
    }
    std::ranges::sort(numbers);  // an eager task comes into the list after those that it made
    std::string all;
    for (const std::size_t number : numbers) all += (all.empty() ? "" : ",") + std::to_string(number);
    return all;
}

void Machine::call(const Node& node) {
    Body nobody{0};
    for (const Node& child : node.children) note("call n" + std::to_string(child.index), at_once({nobody}, child));
}

std::string Machine::at_once(Frame frame, const Node& node) {
    try {
        return do_at_once(frame, node);
    } catch (const std::exception&) {  // a part of the trace
        return "! " + words(std::current_exception());
    }
}

std::string Machine::do_at_once(Frame frame, const Node& node) {
    const std::string_view op = node.op;
    const auto number = [&node](std::size_t i) { return node.numbers.at(i); };
    const auto index = [&node] { return static_cast<std::size_t>(node.numbers.at(0)); };
    if (op == "cancel") {
        const Spawned& one = referred(number(0));
        const bool asked = number(0) % 2 ? one.task.cancel("m" + std::to_string(number(0))) : one.task.cancel();
        return task_name(one.number) + " " + yes_or_no(asked);
    }
    if (op == "uncancel") {
        const Spawned& one = referred(number(0));
        return task_name(one.number) + " " + std::to_string(one.task.uncancel());
    }
    if (op == "self_uncancel") return std::to_string(current_task().uncancel());
    if (op == "self_cancel") return yes_or_no(current_task().cancel());
    if (op == "get_context") return std::to_string(variable.get());
    if (op == "get_nowait") {
        return with_queue(number(0), [](auto& queue) { return std::to_string(queue.get_nowait()); });
    }
    if (op == "cancel_future") return yes_or_no(futures_.at(index()).cancel());
    if (op == "probe") return probe();
    if (op == "reschedule") {
        if (!frame.limit) return "no limit";
        std::optional<TimePoint> when;
        if (number(0) >= 0) when = loop_.time_after(std::chrono::nanoseconds(number(0)));
        frame.limit->reschedule(when);
        when = frame.limit->when();
        return when ? std::to_string(when->time_since_epoch().count() - start_) : "no limit";
    }

    if (op == "return") {
        frame.body.returned = number(0);
    } else if (op == "set_context") {
        variable.set(number(0));
    } else if (op == "release") {
        locks_.at(index()).release();
    } else if (op == "semaphore_release") {
        semaphores_.at(index())->release();
    } else if (op == "notify") {
        conditions_.at(index())->notify(static_cast<std::size_t>(number(1)));
    } else if (op == "notify_all") {
        conditions_.at(index())->notify_all();
    } else if (op == "set_event") {
        events_.at(index()).set();
    } else if (op == "clear_event") {
        events_.at(index()).clear();
    } else if (op == "barrier_reset") {
        barriers_.at(index())->reset();
    } else if (op == "barrier_abort") {
        barriers_.at(index())->abort();
    } else if (op == "put_nowait") {
        with_queue(number(0), [&](auto& queue) { queue.put_nowait(number(1)); });
    } else if (op == "task_done") {
        with_queue(number(0), [](auto& queue) { queue.task_done(); });
    } else if (op == "shutdown") {
        with_queue(number(0), [&](auto& queue) { queue.shutdown({.immediate = number(1) != 0}); });
    } else if (op == "set_future") {
        futures_.at(index()).set_result(number(1));
    } else if (op == "fail_future") {
        futures_.at(index()).set_exception(error_of(number(1)));
    } else {
        throw std::logic_error("the language has no statement " + node.op);
    }
    return "";
}

std::string Machine::probe() const {
    std::string said = "L";
    for (const Lock* lock : {&locks_[0], &locks_[1], &own_lock_}) said += yes_or_no(lock->locked());
    said += " S";
    for (const Semaphore* semaphore : semaphores_) said += yes_or_no(semaphore->locked());
    said += " E";
    for (const Event& event : events_) said += yes_or_no(event.is_set());
    said += " B";
    for (const Barrier* barrier : barriers_) {
        said += (barrier == &two_ ? "" : ",") + std::to_string(barrier->n_waiting()) + (barrier->broken() ? "x" : "");
    }
    said += " Q";
    const QueueBase* const queues[] = {&one_, &unbounded_, &stack_, &heap_};
    for (const QueueBase* queue : queues) {
        said += (queue == &one_ ? "" : ",") + std::to_string(queue->qsize()) + (queue->full() ? "f" : "");
    }
    said += " F";
    for (const Future<long>& future : futures_) said += ending(future);
    said += " T";
    for (const Spawned& spawned : spawned_) said += ending(spawned.task);
    const AnyTask task = current_task();
    return said + (task ? " c" + std::to_string(task.cancelling()) : " -");
}

}  // namespace oracle
