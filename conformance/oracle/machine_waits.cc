// SPDX-License-Identifier: MIT
// The oracle's machine: what waits, or holds something while its children run.
#include "machine.h"

#include "machine_internal.h"
#include "words.h"

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <string_view>

namespace oracle {

using namespace hocket;

namespace {

/// A time limit as hocket takes it.
std::optional<Duration> span(long limit) {
    if (limit < 0) return std::nullopt;
    return Duration(std::chrono::nanoseconds(limit));
}

/// asyncio gives the message of a task's cancel to the first that asks for its outcome, hocket to all: the traces leave it out.
bool waits_for_a_task(std::string_view op) {
    return op == "await_task" || op == "wait_for_task" || op == "shield_task" || op == "shield" ||
           op == "gather_tasks" || op == "gather";
}

bool catches(long kind, const std::exception_ptr& error) {
    const bool cancelled = is_cancelled(error);
    return kind == 2 || (kind == 1 && cancelled) || (kind == 0 && !cancelled);
}

std::string listed(const std::vector<long>& results) {
    std::string all;
    for (const long result : results) all += (all.empty() ? "" : ",") + std::to_string(result);
    return all;
}

std::string listed(const std::vector<Result<long>>& results) {
    std::string all;
    for (const Result<long>& result : results) {
        if (!all.empty()) all += ',';
        if (result.cancelled()) {
            all += "CancelledError";
        } else {
            all += result ? std::to_string(*result) : words(result.exception());
        }
    }
    return all;
}

template <class Queue>
Coro<std::string> put(Queue& queue, long item) {
    co_await queue.put(item);
    co_return "";
}

template <class Queue>
Coro<std::string> get(Queue& queue) {
    co_return std::to_string(co_await queue.get());
}

template <class Queue>
Coro<std::string> join(Queue& queue) {
    co_await queue.join();
    co_return "";
}

}  // namespace

Coro<> Machine::run_node(Frame frame, const Node& node) {
    std::string said;
    try {
        said = co_await run(frame, node);
    } catch (const CancelledError& e) {  // noted, and thrown on
        const CancelledError error = waits_for_a_task(node.op) ? CancelledError() : e;
        note(frame, node, "! " + words(std::make_exception_ptr(error)));
        throw error;
    } catch (...) {  // noted, and thrown on
        note(frame, node, "! " + words(std::current_exception()));
        throw;
    }
    note(frame, node, said);
}

Coro<std::string> Machine::run(Frame frame, const Node& node) {
    const std::string_view op = node.op;
    const auto number = [&node](std::size_t i) { return node.numbers.at(i); };
    const auto index = [&node] { return static_cast<std::size_t>(node.numbers.at(0)); };

    if (op == "sleep") {
        co_await hocket::sleep(std::chrono::nanoseconds(number(0)));
    } else if (op == "spawn" || op == "spawn_eager") {
        co_return task_name(spawn(node.children, op == "spawn_eager"));
    } else if (op == "group_spawn") {
        co_return group_spawn(frame, node);
    } else if (op == "later") {
        loop_.call_later(std::chrono::nanoseconds(number(0)), [this, &node] { call(node); });
    } else if (op == "soon") {
        loop_.call_soon([this, &node] { call(node); });
    } else if (op == "raise") {
        std::rethrow_exception(error_of(number(0)));
    } else if (op == "raise_cancelled") {
        throw CancelledError();
    } else if (op == "await_task" || op == "wait_for_task" || op == "shield_task") {
        co_return co_await run_on_task(frame, node);
    } else if (op == "await_future") {
        co_return std::to_string(co_await futures_.at(index()));
    } else if (op == "try") {
        co_return co_await run_try(frame, node);
    } else if (op == "gather") {
        co_return co_await gathered(number(0) != 0, coroutines(node));
    } else if (op == "gather_tasks") {
        co_return co_await gathered(number(0) != 0, younger_tasks(frame, node, 1));
    } else if (op == "wait") {
        co_return co_await run_wait(frame, node);
    } else if (op == "as_completed") {
        co_return co_await take_completed(frame, node, coroutines(node));
    } else if (op == "as_completed_tasks") {
        std::vector<Task> tasks = younger_tasks(frame, node, 1);
        // The order of those that are done already is that of a set in CPython: one of them is enough.
        const auto done = std::ranges::find_if(tasks, &Task::done);
        const Task first_done = done == tasks.end() ? Task() : *done;
        std::erase_if(tasks, [&first_done](const Task& task) { return task.done() && task != first_done; });
        co_return co_await take_completed(frame, node, std::move(tasks));
    } else if (op == "wait_for") {
        Coro<long> body = run_body(++bodies_, frame.body.task, node.children[0].children, nullptr);
        co_return std::to_string(co_await wait_for(std::move(body), span(number(0))));
    } else if (op == "timeout") {
        co_await timeout(span(number(0)), [&](const Timeout& limit) {
            return run_all({frame.body, frame.group, &limit}, node.children);
        });
    } else if (op == "shield") {
        spawn(node.children[0].children);
        co_return std::to_string(co_await shield(spawned_.back().task));
    } else if (op == "group") {
        co_await task_group(
            [&](TaskGroup& group) { return run_all({frame.body, &group, frame.limit}, node.children); });
    } else if (op == "lock") {
        Lock& lock = locks_.at(index());
        co_await lock.acquire();
        co_await run_holding(frame, node.children, [&lock] { lock.release(); });
    } else if (op == "acquire") {
        co_await locks_.at(index()).acquire();
    } else if (op == "semaphore") {
        Semaphore& semaphore = *semaphores_.at(index());
        co_await semaphore.acquire();
        co_await run_holding(frame, node.children, [&semaphore] { semaphore.release(); });
    } else if (op == "semaphore_acquire") {
        co_await semaphores_.at(index())->acquire();
    } else if (op == "condition") {
        Condition& condition = *conditions_.at(index());
        co_await condition.acquire();
        co_await run_holding(frame, node.children, [&condition] { condition.release(); });
    } else if (op == "condition_wait") {
        co_await conditions_.at(index())->wait();
    } else if (op == "wait_event") {
        co_await events_.at(index()).wait();
    } else if (op == "barrier") {
        co_return std::to_string(co_await barriers_.at(index())->wait());
    } else if (op == "put") {
        co_return co_await with_queue(number(0), [&](auto& queue) { return put(queue, number(1)); });
    } else if (op == "get") {
        co_return co_await with_queue(number(0), [](auto& queue) { return get(queue); });
    } else if (op == "join") {
        co_return co_await with_queue(number(0), [](auto& queue) { return join(queue); });
    } else {
        co_return at_once(frame, node);
    }
    co_return "";
}

std::string Machine::group_spawn(const Frame& frame, const Node& node) {
    if (!frame.group) return "no group";
    const std::size_t number = ++bodies_;
    Task task = frame.group->create_task(run_body(number, number, node.children, frame.group));
    watch(task);
    spawned_.push_back({number, std::move(task)});
    return task_name(number);
}

Coro<std::string> Machine::run_on_task(Frame frame, const Node& node) {
    const bool limited = node.op == "wait_for_task";
    std::vector<Spawned> chosen = younger(frame, node, limited ? 1 : 0);
    if (chosen.empty()) co_return "none";
    const Spawned& one = chosen.front();
    long result = 0;
    if (limited) {
        result = co_await wait_for(one.task, span(node.numbers.at(0)));
    } else if (node.op == "shield_task") {
        result = co_await shield(one.task);
    } else {
        result = co_await one.task;
    }
    co_return task_name(one.number) + " " + std::to_string(result);
}

Coro<std::string> Machine::run_try(Frame frame, const Node& node) {
    const Node &body = node.children.at(0), &handler = node.children.at(1), &cleanup = node.children.at(2);
    std::exception_ptr error;
    try {
        co_await run_all(frame, body.children);
    } catch (...) {  // handled below, or thrown on
        error = std::current_exception();
    }
    if (error && catches(node.numbers.at(0), error)) {
        note(frame, node, "caught " + words(error));
        error = nullptr;
        try {
            co_await run_all(frame, handler.children);
        } catch (...) {  // thrown on, after the clean-up
            error = std::current_exception();
        }
    }
    const std::optional<long> before = std::exchange(frame.body.returned, std::nullopt);
    co_await run_all(frame, cleanup.children);
    frame.body.returned = before;  // a return in the clean-up ends that, and does not swallow the exception
    if (error) std::rethrow_exception(error);
    co_return "";
}

/// As `async with`: an error of the release comes in the place of the body's.
Coro<> Machine::run_holding(Frame frame, Statements statements, Function<void()> release) {
    std::exception_ptr error;
    try {
        co_await run_all(frame, statements);
    } catch (...) {  // thrown on, after the release
        error = std::current_exception();
    }
    release();
    if (error) std::rethrow_exception(error);
}

Coro<std::string> Machine::run_wait(Frame frame, const Node& node) {
    std::vector<Task> tasks = younger_tasks(frame, node, 2);
    if (tasks.empty()) co_return "none";
    const auto return_when = static_cast<ReturnWhen>(node.numbers.at(0));
    const auto [done, pending] =
        co_await wait(std::move(tasks), {.timeout = span(node.numbers.at(1)), .return_when = return_when});
    co_return numbers_of(done) + "|" + numbers_of(pending);
}

template <class Awaitable>
Coro<std::string> Machine::gathered(bool settles, std::vector<Awaitable> awaitables) {
    if (settles) co_return listed(co_await gather(settle, std::move(awaitables)));
    co_return listed(co_await gather(std::move(awaitables)));
}

template <class Awaitable>
Coro<std::string> Machine::take_completed(Frame frame, const Node& node, std::vector<Awaitable> awaitables) {
    auto tasks = as_completed(std::move(awaitables), {.timeout = span(node.numbers.at(0))});
    for (;;) {
        std::optional<Task> next;
        bool late = false;
        try {
            next = co_await tasks.next();
        } catch (const TimeoutError&) {  // noted: the next one may be late, too
            late = true;
        }
        if (!late && !next) co_return "";
        note(frame, node, late ? "late" : "next " + outcome(*next));
    }
}

}  // namespace oracle
