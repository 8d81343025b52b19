// SPDX-License-Identifier: MIT
// Looks at steps that last, and now and then at all tasks.
#include <hocket/inspect/detector_thread_internal.h>

#include <hocket/base/report.h>
#include <hocket/base/without_signals_internal.h>
#include <hocket/core/await_graph.h>
#include <hocket/inspect/remote.h>
#include <hocket/inspect/visit_internal.h>

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <algorithm>
#include <exception>
#include <utility>

namespace hocket::inspect {

namespace {

// What a child says of a step that was over before it looked.
const std::string over = "over";

bool lasts_still(const Watch::Step& step) {
    return std::ranges::any_of(Watch::steps_now(),
                               [&](const Watch::Step& s) { return s.mark == step.mark && s.since == step.since; });
}

std::string milliseconds_text(std::chrono::nanoseconds time) {
    return std::to_string(time.count() / 1'000'000) + " ms";
}

// In a child: the task's name, the place, and what is told, each but the last with a zero behind it, which no text has.
std::string words_for_blocked(EventLoop& loop) {
    const LoopSnapshot seen = snapshot_of(loop, false);
    const auto current = reinterpret_cast<RemoteAddress>(loop.current);  // others may wait for a nested run to end
    const auto task = std::ranges::find(seen.tasks, current, &TaskSnapshot::id);
    TaskSnapshot callback;
    callback.name = "a callback";
    callback.state = TaskSnapshot::State::running;
    const TaskSnapshot& shown = task == seen.tasks.end() ? callback : *task;
    const AwaitNode node = node_of(shown, seen, Sources::of_process(getppid()));
    const auto is_programs = [](const std::string& place) { return place.find('(') != place.npos; };
    const auto place = std::ranges::find_if(node.frames, is_programs);
    return (task == seen.tasks.end() ? std::string() : shown.name) + '\0' +
           (place == node.frames.end() ? node.created_at : *place) + '\0' + format_call_graph(node);
}

}  // namespace

DetectorThread::DetectorThread(const DetectorOptions& options, Shared<Telling> telling)
    : blocked_(options.blocked.count()),
      interval_(options.interval.count()),
      ignored_cancel_(options.ignored_cancel.count()),
      telling_(std::move(telling)),
      stop_(::eventfd(0, EFD_CLOEXEC), "make the detectors' event"),
      sources_{.symbols = Symbols::of_process(getpid())} {
    ask_loops([](EventLoop& loop) { Watch::begin(loop, Watch::detectors); }, false);
    const WithoutSignals guard;
    thread_ = std::thread([this] { run(); });
    pthread_setname_np(thread_.native_handle(), "hocket-detect");
}

DetectorThread::~DetectorThread() {
    const std::uint64_t one = 1;
    (void)!::write(stop_, &one, sizeof one);
    if (thread_.get_id() == std::this_thread::get_id()) {  // `found` has called exit
        thread_.detach();
    } else {
        thread_.join();
    }
    ask_loops([](EventLoop& loop) { Watch::end(loop, Watch::detectors); }, true);
}

void DetectorThread::run() {
    Clock::time_point next_look = Clock::now() + interval_;
    pollfd watched{stop_, POLLIN, 0};
    std::string last_trouble;  // is told once, since it may last
    while (::poll(&watched, 1, tick()) <= 0) {
        try {
            if (blocked_.count() > 0) look_for_blocked();
            if (interval_.count() == 0 || Clock::now() < next_look) continue;
            next_look = Clock::now() + interval_;
            look_at_tasks();
            last_trouble.clear();
        } catch (const std::exception& e) {
            if (last_trouble != e.what()) report("detectors: " + std::string(e.what()));
            last_trouble = e.what();
        }
    }
}

// Milliseconds until something has to be looked at again.
int DetectorThread::tick() const {
    constexpr std::chrono::nanoseconds shortest = std::chrono::milliseconds(2), longest = std::chrono::seconds(1);
    std::chrono::nanoseconds time = longest;
    if (blocked_.count() > 0) time = std::min(time, blocked_ / 4);
    if (interval_.count() > 0) time = std::min(time, interval_);
    return static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(std::max(time, shortest)).count());
}

void DetectorThread::look_for_blocked() {
    std::unordered_map<std::uint64_t, std::int64_t> told;
    for (const Watch::Step& step : Watch::steps_now()) {
        const std::chrono::nanoseconds lasts(step.now - step.since);
        if (lasts < blocked_) continue;
        told[step.mark] = step.since;
        const auto before = told_steps_.find(step.mark);
        if (before != told_steps_.end() && before->second == step.since) continue;
        if (const std::optional<Finding> finding = look_at_step(step, lasts)) telling_->tell(*finding);
    }
    told_steps_ = std::move(told);
}

// The child has the loop as it was, and may look at the stack of its thread for as long as it likes. Nothing: it was over by then.
std::optional<Finding> DetectorThread::look_at_step(const Watch::Step& step, std::chrono::nanoseconds lasts) const {
    const TalkingChild child(
        [step] {
            EventLoop* const loop = EventLoop::with_mark(step.mark);
            const Watch* const watch = loop ? Watch::of(*loop) : nullptr;
            return watch && watch->step_since() == step.since ? words_for_blocked(*loop) : over;
        },
        true);
    const std::string said = child.text(stop_);
    const std::size_t name_end = said.find('\0'), place_end = said.find('\0', name_end + 1);
    if (said == over) return std::nullopt;
    Finding f;
    if (place_end == said.npos) {
        f.text = "nothing else has run for " + milliseconds_text(lasts) + "; what ran could not be read";
        return f;
    }
    f.task = said.substr(0, name_end);
    f.place = said.substr(name_end + 1, place_end - name_end - 1);
    f.text = "nothing else has run for " + milliseconds_text(lasts) + "\n" + said.substr(place_end + 1);
    if (lasts_still(step)) return f;
    // Its thread has gone on: what the child has read of the stack may be of another step.
    f.place = f.task;
    for (std::size_t at; (at = f.text.find("\n  at ")) != f.text.npos;)
        f.text.erase(at, f.text.find('\n', at + 1) - at);
    return f;
}

void DetectorThread::look_at_tasks() {
    ask_loops([](EventLoop& loop) { Watch::begin(loop, Watch::detectors); }, false);  // loops that have come since
    const std::string lines = take_snapshot(stop_);
    if (lines.empty()) return;  // they could not be read: the next look may tell
    const Snapshot snapshot = from_lines(lines);
    look_for_stuck(snapshot);
    look_for_ignored_cancels(snapshot);
}

void DetectorThread::look_for_stuck(const Snapshot& snapshot) {
    std::unordered_set<std::string> stuck_now;
    for (const LoopSnapshot& loop : snapshot.loops) {
        for (const Finding& finding : stuck_tasks(loop, sources_)) {
            const std::string key = std::to_string(loop.number) + finding.task + finding.place;
            if (stuck_before_.contains(key)) telling_->tell(finding);  // and so it has been for a while
            stuck_now.insert(key);
        }
    }
    stuck_before_ = std::move(stuck_now);
}

void DetectorThread::look_for_ignored_cancels(const Snapshot& snapshot) {
    const Clock::time_point now = Clock::now();
    std::map<CancelKey, Clock::time_point> cancelled;
    for (const LoopSnapshot& loop : snapshot.loops) {
        for (const TaskSnapshot& t : loop.tasks) {
            if (t.cancels == 0) continue;
            const CancelKey key(loop.number, t.id, t.name);
            const auto before = cancelled_.find(key);
            const Clock::time_point since = before == cancelled_.end() ? now : before->second;
            cancelled.emplace(key, since);
            if (now - since >= ignored_cancel_) telling_->tell(ignored_cancel(t, loop, now - since));
        }
    }
    cancelled_ = std::move(cancelled);
}

Finding DetectorThread::ignored_cancel(const TaskSnapshot& task, const LoopSnapshot& loop,
                                       Clock::duration since) const {
    const AwaitNode node = node_of(task, loop, sources_);
    Finding f;
    f.kind = Finding::Kind::ignored_cancel;
    f.task = task.name;
    f.place = node.frames.empty() ? node.created_at : node.frames.front();
    f.text = "a task was cancelled " + milliseconds_text(std::chrono::duration_cast<std::chrono::nanoseconds>(since)) +
             " ago or earlier, and goes on\n" + format_call_graph(node);
    return f;
}

}  // namespace hocket::inspect
