// SPDX-License-Identifier: MIT
// Walks the tasks of a loop, and writes down what it saw.
#include <hocket/inspect/snapshot.h>

#include <hocket/base/errors.h>
#include <hocket/core/await_graph.h>
#include <hocket/core/awaitable.h>
#include <hocket/core/event_loop.h>
#include <hocket/core/mailbox.h>
#include <hocket/core/task_base.h>
#include <hocket/inspect/watch_internal.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <functional>
#include <span>
#include <type_traits>
#include <utility>

namespace hocket::inspect {

namespace {

constexpr std::size_t most_frames = 1000;  // of one task

template <class T>
RemoteAddress address_of(const T* object) noexcept {
    return reinterpret_cast<RemoteAddress>(object);
}

TaskSnapshot task_snapshot(TaskBase& t, const EventLoop& loop, std::span<TaskBase* const> all,
                           const TimeLimits& limits) {
    using State = TaskSnapshot::State;
    TaskSnapshot s;
    s.id = address_of(&t);
    s.name = t.name();
    s.cancels = t.cancelling();
    s.created_at = address_of(t.created_at);
    if (loop.current == &t || (t.flags & f_interposed)) {
        s.state = State::running;
        return s;  // its innermost frame is on the thread's stack
    }
    for (std::coroutine_handle<> h = t.frame; h && s.frames.size() < most_frames; h = promise_of(h).parent)
        s.frames.push_back(address_of(promise_of(h).pc));
    if (t.flags & f_first) {
        s.state = State::not_started;
    } else if (t.waiting && !(t.flags & f_recheck)) {
        AwaitDescription what;
        what.known = all;
        t.waiting->describe(what);
        if (what.is_over) return s;
        s.state = State::waiting;
        const std::string limit = limits.text_for(t);
        s.is_limited = !limit.empty();
        s.awaits = what.text + limit;
        for (const FutureBase* f : what.futures) {
            if (f->flags & f_task) s.awaited.push_back(address_of(static_cast<const TaskBase*>(f)));
        }
    }
    return s;
}

constexpr std::array<std::string_view, 4> state_names{"not started", "ready", "running", "waiting"};

// ---- Lines

// Fields are separated by tabs; what would be one, or end a line, is escaped.
void put_text(std::string& out, std::string_view text) {
    out += '\t';
    for (const char c : text) {
        if (c == '\t') {
            out += "\\t";
        } else if (c == '\n') {
            out += "\\n";
        } else if (c == '\\') {
            out += "\\\\";
        } else {
            out += c;
        }
    }
}

void put_number(std::string& out, std::uint64_t number) {
    char digits[20];
    const auto end = std::to_chars(digits, digits + sizeof digits, number, 16).ptr;
    out += '\t';
    out.append(digits, end);
}

// Names the members of the counters in the order in which lines have them.
template <class Counters, class Visitor>
void for_each_number(Counters& c, const Visitor& visit) {
    if constexpr (requires { c.resumes; }) {
        for (auto* n : {&c.resumes, &c.wakes, &c.self_wakes}) visit(*n);
        for (auto* n : {&c.busy, &c.scheduled, &c.idle, &c.longest_busy, &c.longest_scheduled}) visit(*n);
    } else {
        for (auto* n : {&c.iterations, &c.steps_made, &c.callbacks, &c.created, &c.ended}) visit(*n);
        for (auto* n : {&c.counted, &c.busy, &c.waiting}) visit(*n);
    }
    for (auto& n : c.steps.counts) visit(n);
    for (auto& n : c.delays.counts) visit(n);
}

void put_pending(std::string& out, const Pending& pending) {
    out += "pending";
    put_number(out, pending.timers);
    put_number(out, pending.operations);
    put_number(out, pending.outside);
    put_number(out, pending.callbacks ? 1 : 0);
    put_number(out, pending.signals ? 1 : 0);
    out += '\n';
}

template <class Counters>
void put_counters(std::string& out, std::string_view what, const Counters& counters) {
    out += what;
    for_each_number(counters, [&](const auto& n) { put_number(out, static_cast<std::uint64_t>(n)); });
    out += '\n';
}

void put_addresses(std::string& out, std::string_view what, const std::vector<RemoteAddress>& addresses) {
    if (addresses.empty()) return;
    out += what;
    for (const RemoteAddress a : addresses) put_number(out, a);
    out += '\n';
}

// Reads the fields of one line.
class Line {
public:
    explicit Line(std::string_view line) : line_(line), rest_(line) {}

    std::string_view word() {
        const std::size_t end = rest_.find('\t');
        const std::string_view found = rest_.substr(0, end);
        rest_.remove_prefix(end == rest_.npos ? rest_.size() : end + 1);
        return found;
    }
    std::uint64_t number() {
        const std::string_view digits = word();
        std::uint64_t value = 0;
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
        if (digits.empty() || error != std::errc() || end != digits.data() + digits.size()) refuse();
        return value;
    }
    std::string text() {
        const std::string_view escaped = word();
        std::string result;
        for (std::size_t i = 0; i < escaped.size(); ++i) {
            if (escaped[i] != '\\') {
                result += escaped[i];
            } else if (++i < escaped.size()) {
                result += escaped[i] == 't' ? '\t' : escaped[i] == 'n' ? '\n' : escaped[i];
            }
        }
        return result;
    }
    std::vector<RemoteAddress> addresses() {
        std::vector<RemoteAddress> all;
        while (!rest_.empty()) all.push_back(number());
        return all;
    }
    template <class Counters>
    Counters counters() {
        Counters all;
        for_each_number(all, [&](auto& n) { n = static_cast<std::remove_reference_t<decltype(n)>>(number()); });
        return all;
    }
    [[noreturn]] void refuse() const {
        throw ValueError("a snapshot has a line that means nothing: " + std::string(line_.substr(0, 200)));
    }

private:
    std::string_view line_, rest_;
};

constexpr std::string_view first_word = "hocket-snapshot";
constexpr std::uint64_t format = 1;

}  // namespace

LoopSnapshot snapshot_of(EventLoop& loop, bool stands) {
    LoopSnapshot s;
    s.number = static_cast<unsigned>(loop.mark() >> 8);
    s.thread = loop.thread_id();
    s.backend = loop.backend().name();
    std::vector<TaskBase*> newest_first, sorted;
    for (TaskBase* t = loop.tasks; t; t = t->older) newest_first.push_back(t);
    sorted = newest_first;
    std::ranges::sort(sorted, std::less<const void*>());
    const TimeLimits limits(loop);
    s.tasks.reserve(newest_first.size());
    for (auto t = newest_first.rbegin(); t != newest_first.rend(); ++t)
        s.tasks.push_back(task_snapshot(**t, loop, sorted, limits));
    if (!stands) return s;
    s.pending = Pending{.timers = loop.timers().size(),
                        .operations = loop.backend().pending(),
                        .outside = static_cast<std::uint64_t>(loop.mailbox()->outside_work.load()),
                        .callbacks = loop.has_ready(),
                        .signals = loop.signal_receiver && loop.signal_receiver->is_used()};
    const Watch* const watch = Watch::of(loop);
    if (!watch || !watch->counts()) return s;
    s.counters = watch->loop_counters();
    s.task_counters.reserve(newest_first.size());
    for (auto t = newest_first.rbegin(); t != newest_first.rend(); ++t)
        s.task_counters.push_back(watch->counters_of(**t));
    return s;
}

std::string_view name_of(TaskSnapshot::State state) noexcept { return state_names[static_cast<std::size_t>(state)]; }

std::string first_line(const Snapshot& snapshot) {
    std::string out(first_word);
    put_number(out, format);
    put_number(out, static_cast<std::uint64_t>(snapshot.pid));
    put_number(out, snapshot.stopped);
    return out + "\n";
}

std::string to_lines(const Snapshot& snapshot) {
    std::string out = first_line(snapshot);
    std::size_t tasks = 0;
    for (const LoopSnapshot& loop : snapshot.loops) {
        out += "loop";
        put_number(out, loop.number);
        put_number(out, static_cast<std::uint64_t>(loop.thread));
        put_number(out, loop.stood ? 1 : 0);
        put_text(out, loop.backend);
        out += '\n';
        if (loop.pending) put_pending(out, *loop.pending);
        if (loop.counters) put_counters(out, "counters", *loop.counters);
        for (std::size_t i = 0; i < loop.tasks.size(); ++i) {
            const TaskSnapshot& t = loop.tasks[i];
            ++tasks;
            out += "task";
            put_number(out, t.id);
            put_number(out, static_cast<std::uint64_t>(t.state));
            put_number(out, t.cancels);
            put_number(out, t.is_limited ? 1 : 0);
            put_number(out, t.created_at);
            put_text(out, t.name);
            put_text(out, t.awaits);
            out += '\n';
            put_addresses(out, "frames", t.frames);
            put_addresses(out, "awaited", t.awaited);
            if (!loop.task_counters.empty()) put_counters(out, "counts", loop.task_counters[i]);
        }
    }
    out += "end";
    put_number(out, tasks);
    out += '\n';
    return out;
}

Snapshot from_lines(std::string_view lines) {
    Snapshot s;
    std::size_t tasks = 0;
    bool begun = false;
    TaskSnapshot* task = nullptr;
    for (std::size_t end; (end = lines.find('\n')) != lines.npos; lines.remove_prefix(end + 1)) {
        Line line(lines.substr(0, end));
        const std::string_view kind = line.word();
        if (!begun) {
            if (kind != first_word) line.refuse();
            if (const std::uint64_t version = line.number(); version != format)
                throw ValueError("the snapshot is of format " + std::to_string(version) + ", and this program reads " +
                                 std::to_string(format));
            s.pid = static_cast<int>(line.number());
            s.stopped = line.number();
            begun = true;
        } else if (kind == "loop") {
            LoopSnapshot& loop = s.loops.emplace_back();
            loop.number = static_cast<unsigned>(line.number());
            loop.thread = static_cast<int>(line.number());
            loop.stood = line.number() != 0;
            loop.backend = line.text();
        } else if (kind == "task" && !s.loops.empty()) {
            ++tasks;
            task = &s.loops.back().tasks.emplace_back();
            task->id = line.number();
            const std::uint64_t state = line.number();
            if (state >= state_names.size()) line.refuse();
            task->state = static_cast<TaskSnapshot::State>(state);
            task->cancels = static_cast<unsigned>(line.number());
            task->is_limited = line.number() != 0;
            task->created_at = line.number();
            task->name = line.text();
            task->awaits = line.text();
        } else if (kind == "pending" && !s.loops.empty()) {
            Pending& pending = s.loops.back().pending.emplace();
            pending.timers = line.number();
            pending.operations = line.number();
            pending.outside = line.number();
            pending.callbacks = line.number() != 0;
            pending.signals = line.number() != 0;
        } else if (kind == "counters" && !s.loops.empty()) {
            s.loops.back().counters = line.counters<LoopCounters>();
        } else if (kind == "counts" && task != nullptr &&
                   s.loops.back().task_counters.size() + 1 == s.loops.back().tasks.size()) {
            s.loops.back().task_counters.push_back(line.counters<TaskCounters>());
        } else if (kind == "frames" && task != nullptr) {
            task->frames = line.addresses();
        } else if (kind == "awaited" && task != nullptr) {
            task->awaited = line.addresses();
        } else if (kind == "end") {
            const auto lacks_counts = [](const LoopSnapshot& loop) {
                return loop.task_counters.size() != (loop.counters ? loop.tasks.size() : 0);
            };
            if (line.number() != tasks || std::ranges::any_of(s.loops, lacks_counts)) line.refuse();
            return s;
        } else {
            line.refuse();
        }
    }
    throw ValueError("a snapshot has no end: " + std::to_string(tasks) + " tasks came");
}

}  // namespace hocket::inspect
