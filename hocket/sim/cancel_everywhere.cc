// SPDX-License-Identifier: MIT
// How what tasks wait for is seen from outside their loop, and what must hold when one was cancelled there.
#include <hocket/sim/cancel_everywhere.h>

#include <hocket/base/errors.h>
#include <hocket/core/await_graph.h>
#include <hocket/io/choices.h>
#include <hocket/sim/scheduler_internal.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <unordered_map>
#include <utility>

namespace hocket::sim {

namespace {

constexpr Duration settling = std::chrono::minutes(1);

std::string count_of(std::size_t count, const std::string& what) {
    return std::to_string(count) + " " + what + (count == 1 ? " is" : "s are");
}

// Cancels at a point. Each await writes the place where it stands into its frame, for debugging: where that was overwritten by a mark, and
// is another now, the task has run and waits again. So the loop need not count.
class Canceller final : public Observer {
public:
    Canceller(unsigned point, bool capture, const CancelOptions& options) noexcept
        : point_(point), capture_(capture), options_(options) {}

    unsigned points() const noexcept { return count_; }
    const std::string& where() const noexcept { return where_; }

    void stepped(HostState& host) override {
        if (host.main->done() || (point_ != 0 && count_ >= point_)) return;
        bool changed = false;
        for (TaskBase* t = host.loop->tasks; t != nullptr; t = t->older) {
            if (!has_changed(*t)) continue;
            changed = true;
            if (options_.each_task_alone && ++count_ == point_) return cancel(host, *t);
        }
        if (changed && !options_.each_task_alone && ++count_ == point_)
            cancel(host, static_cast<TaskBase&>(host.main->object()));
    }

    void before_report(HostState& host) override { take_marks_away(host); }

    bool ended(HostState& host) override {
        Network& network = host.scheduler.network();
        if (deadline_ == 0) {
            const std::exception_ptr e =
                host.main->cancelled() ? std::make_exception_ptr(CancelledError()) : host.main->exception();
            if (!(options_.may_end ? options_.may_end(e) : !e || is_cancelled(e)))
                host.scheduler.fail("it ends with " + (e ? describe(e) : "a result"));
            deadline_ = network.schedule.now() + settling.count();
            network.after(settling, [] {});
        }
        const std::size_t open = host.kernel.open_descriptors();
        if (host.loop->tasks == nullptr && open == 0) return true;
        if (network.schedule.now() < deadline_) return false;
        if (host.loop->tasks != nullptr) {
            std::size_t count = 0;
            for (const TaskBase* t = host.loop->tasks; t != nullptr; t = t->older) ++count;
            take_marks_away(host);
            host.scheduler.fail("after its end " + count_of(count, "task") + " left\n" + format_call_graph(*host.loop));
        } else {
            host.scheduler.fail("after its end " + count_of(open, "descriptor") + " left open");
        }
        return true;
    }

private:
    // Whether the task waits for something else than at the last look, or what it waited for has come.
    bool has_changed(const TaskBase& task) {
        if ((task.flags & (f_first | f_done)) != 0) return false;
        const void*& pc = promise_of(task.frame).pc;
        const bool goes_on = task.waiting == nullptr || (task.flags & f_recheck) != 0;
        const void* const mark = goes_on ? &goes_on_ : &waits_;
        if (pc == mark) return false;
        if (pc != &waits_ && pc != &goes_on_) places_[task.frame.address()] = pc;
        pc = mark;
        return true;
    }

    void take_marks_away(HostState& host) {
        for (const TaskBase* t = host.loop->tasks; t != nullptr; t = t->older) {
            const void*& pc = promise_of(t->frame).pc;
            if (pc == &waits_ || pc == &goes_on_) pc = places_.at(t->frame.address());
        }
    }

    void cancel(HostState& host, TaskBase& task) {
        take_marks_away(host);
        if (capture_) where_ = format_call_graph(capture_call_graph(task));
        const bool is_main = &task == &host.main->object();
        host.scheduler.note(&host.kernel, Told::notable, is_main ? "is cancelled" : task.name() + " is cancelled");
        task.cancel();
    }

    const unsigned point_;
    const bool capture_;
    const CancelOptions& options_;
    unsigned count_ = 0;
    std::int64_t deadline_ = 0;  // until when what is left may go
    std::string where_;
    std::unordered_map<const void*, const void*> places_;  // by frame: what stood there before a mark
    static constexpr char waits_ = 0, goes_on_ = 0;
};

}  // namespace

CancelReport cancel_everywhere(const Main& body, const CancelOptions& options) {
    CancelReport report;
    for (unsigned point = 0; point <= std::min(report.points, options.most); ++point) {
        const auto run = [&](bool again, Canceller& canceller) {
            Config config = options.config;
            if (again && config.tell == Tell::off) config.tell = Tell::story;
            Choices choices(config.seed);
            Scheduler scheduler(config, choices);
            scheduler.observer = &canceller;
            Outcome outcome = scheduler.run(body);
            if (outcome.ok && options.invariant) outcome.error = options.invariant();
            return outcome;
        };
        Canceller canceller(point, false, options);
        const Outcome first = run(false, canceller);
        if (point == 0) report.points = canceller.points();
        if (first.error.empty()) continue;
        // Once more: what reads the program's debugging information is for the one that has failed.
        Canceller captures(point, true, options);
        Outcome outcome = run(true, captures);
        if (outcome.error.empty()) outcome.error = first.error + "\n(but not when it was run again)";
        report.point = point;
        report.where = captures.where();
        report.story = std::move(outcome.story);
        report.error = point == 0
                           ? "where nobody cancels it: " + outcome.error
                           : "cancelled at point " + std::to_string(point) + " of " + std::to_string(report.points) +
                                 ": " + outcome.error + "\nit was there:\n" + report.where;
        return report;
    }
    report.ok = true;
    return report;
}

}  // namespace hocket::sim
