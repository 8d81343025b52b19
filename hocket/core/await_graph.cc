// SPDX-License-Identifier: MIT
// Walks frames and leaves for the await graph, and words the reports.
#include <hocket/core/await_graph.h>

#include <hocket/base/symbols.h>
#include <hocket/core/future.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <functional>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

namespace hocket {

namespace {
constexpr std::string_view plain_future = "a future";
}

void Node::describe(AwaitDescription&) const {}

// Whoever ends it may stand first among its waiters, and says by what.
void FutureBase::describe(AwaitDescription& to) const {
    to.is_over = done();
    if (!to.is_over && !waiters.empty() && !(waiters.front()->flags & f_task)) waiters.front()->describe(to);
    if (to.text.empty()) to.text = plain_future;
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

TimeLimits::TimeLimits(const EventLoop& loop) {
    const std::int64_t now = loop.now();
    loop.timers().for_each([&](const Timer& timer, std::int64_t when) {
        AwaitDescription what;
        timer.describe(what);
        for (const FutureBase* task : what.futures) limits_.push_back({task, when - now});
    });
    std::ranges::sort(limits_, [](const Limit& a, const Limit& b) {
        return a.task != b.task ? std::less<const void*>()(a.task, b.task) : a.left < b.left;
    });
}

std::string TimeLimits::text_for(const TaskBase& task) const {
    const auto first = std::ranges::lower_bound(limits_, &task, std::less<const void*>(), &Limit::task);
    if (first == limits_.end() || first->task != &task) return {};
    return ", times out in " + seconds_text(std::max<std::int64_t>(first->left, 0)) + " s";
}

namespace {

std::string state_of(const TaskBase& t, const EventLoop* loop, const TimeLimits& limits) {
    if (t.done()) return t.cancelled() ? "cancelled" : t.failed() ? "failed" : "done";
    if ((loop && loop->current == &t) || (t.flags & f_interposed)) return "running";
    if (t.flags & f_first) return "not started";
    if (!t.waiting || (t.flags & f_recheck)) return "ready";
    AwaitDescription what;
    t.waiting->describe(what);
    return what.is_over ? "ready" : "waits for " + what.text + limits.text_for(t);
}

std::string state_of(const FutureBase& f) {
    if (f.done()) return f.cancelled() ? "cancelled" : f.failed() ? "failed" : "done";
    AwaitDescription what;
    f.describe(what);
    return what.text == plain_future ? "pending" : "pending, " + what.text;
}

// Who waits for what, the other way round.
class Waiting {
public:
    // Of a loop all of whose tasks are asked, once.
    explicit Waiting(const EventLoop& loop) {
        for (TaskBase* t = loop.tasks; t; t = t->older) {
            if (!t->waiting || (t->flags & f_first) || t->done()) continue;
            AwaitDescription what;
            t->waiting->describe(what);
            for (const FutureBase* f : what.futures) those_[f].push_back(t);
            if (std::ranges::find(what.futures, t->waiting, [](const Leaf* f) { return f; }) == what.futures.end())
                those_[t->waiting].push_back(t);  // a gather that has a handle names its children
        }
    }
    // The oldest first.
    std::vector<TaskBase*> those_for(const FutureBase& f) const {
        const auto found = those_.find(&f);
        if (found == those_.end()) return {};
        return {found->second.rbegin(), found->second.rend()};
    }

private:
    std::unordered_map<const Leaf*, std::vector<TaskBase*>> those_;
};

// Walks from task to task. Each is shown in full once, so that what many wait for, or a circle, is no more than it is.
class Walk {
public:
    // `loop` may be gone.
    explicit Walk(const EventLoop* loop, const CallGraphOptions& options = {})
        : limits_(loop ? TimeLimits(*loop) : TimeLimits()), limit_(options.limit.value_or(most_frames)) {}

    static constexpr std::size_t most_nodes = 100, most_levels = 32, most_frames = 32;

    bool full() const noexcept { return nodes_ >= most_nodes; }
    bool has_seen(const FutureBase& f) const { return seen_.contains(&f); }

    // With what it awaits.
    AwaitNode node_of(FutureBase& future) {
        AwaitNode node = alone(future);
        if (!is_new_ || !is_suspended(future)) return node;
        AwaitDescription what;
        static_cast<TaskBase&>(future).waiting->describe(what);
        path_.push_back(&future);
        for (FutureBase* awaited : what.futures) {
            if (full() || path_.size() >= most_levels) {
                ++node.more_awaits;
            } else {
                node.awaits.push_back(node_of(*awaited));
            }
        }
        path_.pop_back();
        return node;
    }
    // With who awaits it.
    AwaitNode node_of(FutureBase& future, const Waiting& waiting) {
        AwaitNode node = alone(future);
        if (!is_new_) return node;
        add_awaited_by(node, future, waiting);
        return node;
    }
    void add_awaited_by(AwaitNode& node, FutureBase& future, const Waiting& waiting) {
        path_.push_back(&future);
        for (TaskBase* t : waiting.those_for(future)) {
            if (full() || path_.size() >= most_levels) {
                ++node.more_awaited_by;
            } else {
                node.awaited_by.push_back(node_of(*t, waiting));
            }
        }
        path_.pop_back();
    }

private:
    static bool is_suspended(const FutureBase& future) {
        if (!(future.flags & f_task) || future.done()) return false;
        const auto& t = static_cast<const TaskBase&>(future);
        const EventLoop* const loop = EventLoop::with_id(t.loop_id);
        return t.waiting && !(loop && loop->current == &t) && !(t.flags & f_interposed);
    }

    AwaitNode alone(FutureBase& future) {
        AwaitNode node;
        ++nodes_;
        if (!(future.flags & f_task)) {
            is_new_ = seen_.insert(&future).second;
            node.name = "future";
            node.state = state_of(future);
            return node;
        }
        auto& t = static_cast<TaskBase&>(future);
        node.name = t.name();
        node.state = state_of(t, EventLoop::with_id(t.loop_id), limits_);
        is_new_ = seen_.insert(&t).second;
        if (!is_new_) {
            const bool circle = std::find(path_.begin(), path_.end(), &t) != path_.end();
            node.state += circle ? " (a cycle)" : " (shown above)";
            return node;
        }
        node.created_at = code_location(t.created_at);
        if (!t.done() && node.state != "running") add_frames(node, t);
        return node;
    }

    void add_frames(AwaitNode& node, const TaskBase& t) const {
        if (limit_ == 0) return;
        std::vector<const void*> places;
        for (std::coroutine_handle<> h = t.frame; h; h = promise_of(h).parent) places.push_back(promise_of(h).pc);
        const auto kept = std::min<std::size_t>(places.size(), static_cast<std::size_t>(std::llabs(limit_)));
        node.more_frames = places.size() - kept;
        const std::size_t first = limit_ < 0 ? node.more_frames : 0;
        node.frames.reserve(kept);
        for (std::size_t i = 0; i < kept; ++i) node.frames.push_back(code_location(places[first + i]));
    }

    const TimeLimits limits_;
    const int limit_;                             // of frames
    bool is_new_ = false;                         // what `alone` has shown last
    std::unordered_set<const FutureBase*> seen_;  // tasks
    std::vector<const FutureBase*> path_;         // from the root to where it is
    std::size_t nodes_ = 0;
};

std::string and_more(std::size_t n) { return "... and " + std::to_string(n) + " more\n"; }

void format(const AwaitNode& node, std::size_t depth, std::string& out, const char* before = "") {
    const std::string indent(2 * depth, ' ');
    out += indent + before + node.name + ": " + node.state + "\n";
    for (const std::string& frame : node.frames) out += indent + "  at " + frame + "\n";
    if (node.more_frames > 0) out += indent + "  at " + and_more(node.more_frames);
    if (!node.created_at.empty()) out += indent + "  created at " + node.created_at + "\n";
    for (const AwaitNode& awaited : node.awaits) format(awaited, depth + 1, out);
    if (node.more_awaits > 0) out += indent + "  " + and_more(node.more_awaits);
    for (const AwaitNode& task : node.awaited_by) format(task, depth + 1, out, "awaited by ");
    if (node.more_awaited_by > 0) out += indent + "  awaited by " + and_more(node.more_awaited_by);
}

}  // namespace

AwaitNode capture_call_graph(FutureBase& future, const CallGraphOptions& options) {
    const EventLoop* const loop = EventLoop::with_id(future.loop_id);
    AwaitNode node = Walk(loop, options).node_of(future);
    if (loop) Walk(loop, options).add_awaited_by(node, future, Waiting(*loop));
    return node;
}

AwaitNode capture_call_graph(const FutureHandle& future, const CallGraphOptions& options) {
    return capture_call_graph(future.object(), options);
}

AwaitNode capture_current_call_graph(const CallGraphOptions& options, const void* where) {
    TaskBase* const t = get_running_loop().current;
    if (!t) return {};
    AwaitNode node = capture_call_graph(*t, options);
    if (options.limit != 0) node.frames.push_back(code_location(where));
    return node;
}

std::string format_call_graph(const AwaitNode& node) {
    if (node.name.empty()) return {};
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
    Walk walk(&loop);
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

std::string format_call_graph(const FutureHandle& future, const CallGraphOptions& options) {
    return format_call_graph(capture_call_graph(future, options));
}

void print_call_graph(const AwaitNode& node, std::FILE* file) {
    const std::string text = format_call_graph(node) + "\n";
    if (std::fwrite(text.data(), 1, text.size(), file ? file : stdout) != text.size())
        throw OSError(errno, "print a call graph");
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
