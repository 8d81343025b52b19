// SPDX-License-Identifier: MIT
// Walks frames and leaves for the await graph, and words the reports.
#include <hocket/core/await_graph.h>

#include <hocket/base/symbols.h>
#include <hocket/core/future.h>

#include <algorithm>
#include <functional>
#include <unordered_set>

namespace hocket {

void Node::describe(AwaitDescription& to) const { to.text = "a callback"; }

void FutureBase::describe(AwaitDescription& to) const {
    to.text = "a future";
    to.is_over = done();
    to.futures.push_back(const_cast<FutureBase*>(this));
}

void TaskBase::describe(AwaitDescription& to) const {
    to.text = name();
    to.is_over = done();
    to.futures.push_back(const_cast<TaskBase*>(this));
}

TaskBase* AwaitDescription::living_task(const EventLoop& loop, const void* address) const {
    if (!known.empty()) {
        const auto found = std::ranges::lower_bound(known, address, std::less<const void*>());
        return found != known.end() && *found == address ? *found : nullptr;
    }
    TaskBase* task = loop.tasks;
    while (task && task != address) task = task->older;
    return task;
}

namespace {

std::string state_of(const TaskBase& t, const EventLoop* loop) {
    if (t.done()) return t.cancelled() ? "cancelled" : t.failed() ? "failed" : "done";
    if ((loop && loop->current == &t) || (t.flags & f_interposed)) return "running";
    if (t.flags & f_first) return "not started";
    if (!t.waiting || (t.flags & f_recheck)) return "ready";
    AwaitDescription what;
    t.waiting->describe(what);
    return what.is_over ? "ready" : "waits for " + what.text;
}

std::string state_of(const FutureBase& f) {
    return !f.done() ? "pending" : f.cancelled() ? "cancelled" : f.failed() ? "failed" : "done";
}

// Walks from task to task. Each is shown in full once, so that what many wait for, or a circle, is no more than it is.
class Walk {
public:
    static constexpr std::size_t most_nodes = 100, most_levels = 32, most_frames = 32;

    bool full() const noexcept { return nodes_ >= most_nodes; }
    bool has_seen(const FutureBase& f) const { return seen_.contains(&f); }

    AwaitNode node_of(FutureBase& future) {
        AwaitNode node;
        ++nodes_;
        if (!(future.flags & f_task)) {
            node.name = "future";
            node.state = state_of(future);
            return node;
        }
        auto& t = static_cast<TaskBase&>(future);
        node.name = t.name();
        node.state = state_of(t, EventLoop::with_id(t.loop_id));
        if (!seen_.insert(&t).second) {
            const bool circle = std::find(path_.begin(), path_.end(), &t) != path_.end();
            node.state += circle ? " (a cycle)" : " (shown above)";
            return node;
        }
        node.created_at = code_location(t.created_at);
        if (t.done() || node.state == "running") return node;
        add_frames(node, t);
        if (t.waiting) add_awaited(node, t);
        return node;
    }

private:
    static void add_frames(AwaitNode& node, const TaskBase& t) {
        for (std::coroutine_handle<> h = t.frame; h; h = promise_of(h).parent) {
            if (node.frames.size() < most_frames) {
                node.frames.push_back(code_location(promise_of(h).pc));
            } else {
                ++node.more_frames;
            }
        }
    }
    void add_awaited(AwaitNode& node, TaskBase& t) {
        AwaitDescription what;
        t.waiting->describe(what);
        path_.push_back(&t);
        for (FutureBase* awaited : what.futures) {
            if (full() || path_.size() >= most_levels) {
                ++node.more_awaits;
            } else {
                node.awaits.push_back(node_of(*awaited));
            }
        }
        path_.pop_back();
    }

    std::unordered_set<const FutureBase*> seen_;  // tasks
    std::vector<const TaskBase*> path_;           // from the root to where it is
    std::size_t nodes_ = 0;
};

std::string and_more(std::size_t n) { return "... and " + std::to_string(n) + " more\n"; }

void format(const AwaitNode& node, std::size_t depth, std::string& out) {
    const std::string indent(2 * depth, ' ');
    out += indent + node.name + ": " + node.state + "\n";
    for (const std::string& frame : node.frames) out += indent + "  at " + frame + "\n";
    if (node.more_frames > 0) out += indent + "  at " + and_more(node.more_frames);
    if (!node.created_at.empty()) out += indent + "  created at " + node.created_at + "\n";
    for (const AwaitNode& awaited : node.awaits) format(awaited, depth + 1, out);
    if (node.more_awaits > 0) out += indent + "  " + and_more(node.more_awaits);
}

}  // namespace

AwaitNode capture_call_graph(FutureBase& future) { return Walk().node_of(future); }

AwaitNode capture_call_graph(const FutureHandle& future) { return capture_call_graph(future.object()); }

std::string format_call_graph(const AwaitNode& node) {
    std::string out;
    format(node, 0, out);
    if (!out.empty()) out.pop_back();
    return out;
}

std::string format_call_graph(EventLoop& loop) {
    std::vector<TaskBase*> tasks;
    std::unordered_set<const FutureBase*> awaited;
    for (TaskBase* t = loop.tasks; t; t = t->older) {
        tasks.push_back(t);
        if (!t->waiting || (t->flags & f_first)) continue;
        AwaitDescription what;
        t->waiting->describe(what);
        awaited.insert(what.futures.begin(), what.futures.end());
    }
    std::string out;
    Walk walk;
    for (const bool all : {false, true}) {  // what no root leads to is a circle, or too deep
        for (auto t = tasks.rbegin(); t != tasks.rend() && !walk.full(); ++t) {
            if (!walk.has_seen(**t) && (all || !awaited.contains(*t))) format(walk.node_of(**t), 0, out);
        }
    }
    const auto left = std::count_if(tasks.begin(), tasks.end(), [&](const TaskBase* t) { return !walk.has_seen(*t); });
    if (left > 0) out += and_more(static_cast<std::size_t>(left));
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
