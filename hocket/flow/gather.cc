// SPDX-License-Identifier: MIT
// When a gather ends, and how.
#include <hocket/flow/gather.h>

#include <vector>

namespace hocket {

// A cancel on its way down through gathers, those that tasks below wait for too: in a loop, since tasks may stand deep, or in a circle. It
// comes to the children in the order in which calls within calls would.
struct GatherCancel {
    struct Step {
        Gathering& gathering;
        Followed* next;
        Shared<const std::string> message;
    };
    /// A gather that is reached by several ways takes the cancel each time, as in asyncio; where ways multiply without end, one time is enough.
    static constexpr std::size_t most = 10'000;

    std::vector<Step> path;
    std::vector<Gathering*> reached;

    void enter(Gathering& g, const Shared<const std::string>& message) {
        g.cancel_asked_ = true;
        g.cancel_path_ = Gathering::CancelPath::on;
        g.self().share();
        reached.push_back(&g);
        path.push_back({g, g.begin(), message});
    }
    void run() noexcept {
        while (!path.empty()) {
            Step& step = path.back();
            Gathering& g = step.gathering;
            if (step.next == g.end()) {
                g.cancel_path_ = Gathering::CancelPath::behind;
                path.pop_back();
                continue;
            }
            FutureBase* const child = (step.next++)->future;
            if (!child) continue;
            const Shared<const std::string> message = step.message;  // the cancel may lengthen the path
            if (child->flags & f_cancelling) {
                g.end_circle(message);
            } else {
                child->cancel(message);
            }
        }
        for (Gathering* g : reached) g->cancel_path_ = Gathering::CancelPath::off;
    }
    ~GatherCancel() {
        for (Gathering* g : reached) g->self().drop();
    }
};

void Gathering::start(bool duplicates_allowed) {
    const bool pending = check_futures();
    if (!duplicates_allowed && has_duplicates()) {
        throw ValueError("gather: a task or future is given twice, and its result cannot be copied");
    }
    for (Followed& entry : *this) {
        if (!entry.future->done()) enlist(entry);
    }
    if (count() == 0) return complete();
    if (pending) return;
    for (Followed& entry : *this) {
        if (!entry.follower && entry.future) ended(entry);
    }
}

void Gathering::ended(Followed& entry) noexcept {
    --left_;
    if (self().done()) return dismiss(entry);
    if (!settles_ && entry.future->failed()) {
        self().fail(exception_of(*entry.future));
        for (Followed& other : *this) {
            if (!other.follower && other.future && other.future->done()) dismiss(other);
        }
    } else if (left_ == 0) {
        complete();
    }
}

// After the outcome is known, results are freed and exceptions dropped.
void Gathering::dismiss(Followed& entry) noexcept {
    entry.future->mark_retrieved();
    entry.drop_future();
}

void Gathering::complete() noexcept {
    if (cancel_asked_) {
        Shared<const std::string> message;
        for (Followed& entry : *this) {
            if (entry.future->cancelled()) message = self().loop().message_of(*entry.future);
            dismiss(entry);
        }
        return self().fail(std::make_exception_ptr(CancelledError(std::move(message))));
    }
    try {
        collect();
    } catch (...) {  // a result could not be moved or copied: that is the outcome
        return self().fail(std::current_exception());
    }
    self().finish();
}

bool Gathering::cancellable() const noexcept {
    for (const Followed& entry : *this) {
        if (!entry.future || entry.future->done()) continue;
        const auto* inner = entry.future->flags & f_task ? nullptr : dynamic_cast<const Gathering*>(entry.future);
        if (!inner || inner->cancellable()) return true;
    }
    return false;
}

// A child waits for this gather: nobody else can end them.
void Gathering::end_circle(const Shared<const std::string>& message) noexcept {
    if (!self().done()) self().fail(std::make_exception_ptr(CancelledError(message)));
}

bool Gathering::cancel_children(const Shared<const std::string>& message) noexcept {
    EventLoop* const loop = EventLoop::with_id(self().loop_id);
    if (cancel_path_ == CancelPath::on) {
        end_circle(message);
        return true;
    }
    if (!cancellable()) return false;
    const bool many = !loop || !loop->gather_cancel || loop->gather_cancel->reached.size() >= GatherCancel::most;
    if (cancel_path_ == CancelPath::behind && many) return true;
    if (loop && loop->gather_cancel) {
        loop->gather_cancel->enter(*this, message);
        return true;
    }
    GatherCancel cancel;
    if (loop) loop->gather_cancel = &cancel;
    cancel.enter(*this, message);
    cancel.run();
    if (loop) loop->gather_cancel = nullptr;
    return true;
}

}  // namespace hocket
