// SPDX-License-Identifier: MIT
// Walks frames and leaves for the await graph, and words the reports.
#include <hocket/core/await_graph.h>

#include <hocket/base/symbols.h>
#include <hocket/core/awaitable.h>

#include <algorithm>

namespace hocket {

void Node::describe(AwaitDescription& to) const { to.text = "a callback"; }

void FutureBase::describe(AwaitDescription& to) const {
    to.text = "a future";
    to.futures.push_back(const_cast<FutureBase*>(this));
}

void TaskBase::describe(AwaitDescription& to) const {
    to.text = name();
    to.futures.push_back(const_cast<TaskBase*>(this));
}

namespace {

std::string state_of(const TaskBase& t, const EventLoop* loop) {
    if (t.done()) return t.cancelled() ? "cancelled" : t.failed() ? "failed" : "done";
    if ((loop && loop->current == &t) || (t.flags & f_interposed)) return "running";
    if (t.flags & f_first) return "not started";
    if (!t.waiting || (t.flags & f_recheck)) return "ready";
    AwaitDescription what;
    t.waiting->describe(what);
    return "waits for " + what.text;
}

// A task that waits for one that waits for it ends the walk.
AwaitNode capture(FutureBase& future, std::vector<const FutureBase*>& path) {
    AwaitNode node;
    if (!(future.flags & f_task)) {
        node.name = "future";
        node.state = future.done() ? "done" : "pending";
        return node;
    }
    auto& t = static_cast<TaskBase&>(future);
    node.name = t.name();
    node.state = state_of(t, EventLoop::with_id(t.loop_id));
    node.created_at = code_location(t.created_at);
    if (t.done() || node.state == "running") return node;
    for (std::coroutine_handle<> h = t.frame; h; h = promise_of(h).parent)
        node.frames.push_back(code_location(promise_of(h).pc));
    if (!t.waiting) return node;
    if (std::find(path.begin(), path.end(), &future) != path.end()) {
        node.state += " (a cycle)";
        return node;
    }
    AwaitDescription what;
    t.waiting->describe(what);
    path.push_back(&future);
    for (FutureBase* awaited : what.futures) node.awaits.push_back(capture(*awaited, path));
    path.pop_back();
    return node;
}

void format(const AwaitNode& node, std::size_t depth, std::string& out) {
    const std::string indent(2 * depth, ' ');
    out += indent + node.name + ": " + node.state + "\n";
    for (const std::string& frame : node.frames) out += indent + "  at " + frame + "\n";
    if (!node.created_at.empty()) out += indent + "  created at " + node.created_at + "\n";
    for (const AwaitNode& awaited : node.awaits) format(awaited, depth + 1, out);
}

}  // namespace

AwaitNode capture_call_graph(FutureBase& future) {
    std::vector<const FutureBase*> path;
    return capture(future, path);
}

std::string format_call_graph(const AwaitNode& node) {
    std::string out;
    format(node, 0, out);
    if (!out.empty()) out.pop_back();
    return out;
}

std::string format_call_graph(EventLoop& loop) {
    std::vector<FutureBase*> roots, awaited;
    for (TaskBase* t = loop.tasks; t; t = t->older) {
        roots.push_back(t);
        if (!t->waiting || (t->flags & f_first)) continue;
        AwaitDescription what;
        t->waiting->describe(what);
        awaited.insert(awaited.end(), what.futures.begin(), what.futures.end());
    }
    std::string out;
    const auto add = [&](bool all) {
        for (auto t = roots.rbegin(); t != roots.rend(); ++t) {
            if (!all && std::find(awaited.begin(), awaited.end(), *t) != awaited.end()) continue;
            format(capture_call_graph(**t), 0, out);
        }
    };
    add(false);
    if (out.empty()) add(true);  // every task is awaited by another: a cycle
    if (!out.empty()) out.pop_back();
    return out;
}

std::string error_text(const ErrorContext& context) {
    std::string text = context.message.empty() ? "Unhandled exception in event loop" : context.message;
    if (context.future && (context.future->flags & f_task)) {
        const auto& t = static_cast<const TaskBase&>(*context.future);
        text += "\n  task: " + t.name();
        if (const std::string where = code_location(t.created_at); !where.empty()) text += ", created at " + where;
    }
    if (context.exception) text += "\n  exception: " + describe(context.exception);
    return text;
}

}  // namespace hocket
