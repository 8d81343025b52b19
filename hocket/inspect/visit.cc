// SPDX-License-Identifier: MIT
// Each loop finds an invitation in its mailbox, which waits until the visitor has gone.
#include <hocket/inspect/visit_internal.h>

#include <hocket/base/owners.h>
#include <hocket/base/report.h>
#include <hocket/core/event_loop.h>
#include <hocket/core/mailbox.h>
#include <hocket/core/node.h>

#include <unistd.h>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <mutex>
#include <new>
#include <optional>
#include <string>
#include <vector>

namespace hocket::inspect {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds first_patience(50);  // until the first loop has come
constexpr std::chrono::milliseconds patience(5);         // from then on: that one stands still
constexpr std::chrono::seconds longest_stand(1);         // whatever keeps the visitor: a fork may have to wait

}  // namespace

struct Meeting {
    std::mutex mutex;
    std::condition_variable somebody_came, over;
    std::vector<std::uint64_t> came;
    std::optional<Clock::time_point> first;
    bool is_over = false;
    const pid_t process = getpid();

    // On the loop's thread.
    void attend(std::uint64_t mark) {
        if (getpid() != process) return;  // a child of fork, where no visitor is
        std::unique_lock lock(mutex);
        if (is_over) return;
        if (!first) first = Clock::now();
        came.push_back(mark);
        somebody_came.notify_one();
        over.wait_for(lock, longest_stand, [this] { return is_over; });
    }
    void end() {
        {
            const std::lock_guard lock(mutex);
            is_over = true;
        }
        over.notify_all();
    }
    bool has_ended() {
        if (getpid() != process) return true;  // in a child of fork, where the mutex may be locked for good
        const std::lock_guard lock(mutex);
        return is_over;
    }
};

// What a loop is asked for. A loop that is blocked has no more than one, which those who come later join.
struct Invitation final : Node {
    using Errand = void (*)(EventLoop&);

    explicit Invitation(Mailbox& m) : mailbox_(m) {}

    /// With the mailbox's mutex. Each errand is there once, in the order in which they were asked for last: one may undo another.
    void add(Errand errand) {
        std::erase(errands_, errand);
        errands_.push_back(errand);
    }
    void add(const Shared<Meeting>& meeting) {
        std::erase_if(meetings_, [](const Shared<Meeting>& m) { return m->has_ended(); });
        meetings_.push_back(meeting);
    }

    void run() override {
        const Unique<Invitation> mine(this);
        leave();
        for (const Errand errand : errands_) do_or_report([errand] { errand(*this_loop); });
        for (const Shared<Meeting>& meeting : meetings_) do_or_report([&] { meeting->attend(this_loop->mark()); });
    }
    void discard() noexcept override {
        leave();
        delete this;
    }

private:
    template <class F>
    static void do_or_report(const F& what) {
        try {
            what();
        } catch (const std::bad_alloc&) {
            report("a loop cannot be looked at: there is no memory for it");
        } catch (const std::exception& e) {
            report("a loop cannot be looked at: " + std::string(e.what()));
        }
    }
    // From here on nobody joins.
    void leave() noexcept {
        const std::lock_guard lock(mailbox_.mutex);
        mailbox_.invitation = nullptr;
    }

    Mailbox& mailbox_;
    std::vector<Errand> errands_;
    std::vector<Shared<Meeting>> meetings_;
};

namespace {

bool can_come(const Mailbox& mailbox, bool also_stopped) {
    return (also_stopped || mailbox.running) && mailbox.backend != nullptr && mailbox.backend->real_time();
}

template <class What>
bool invite(Mailbox& mailbox, const What& what, bool also_stopped) {
    auto fresh = Unique<Invitation>::make(mailbox);
    {
        const std::lock_guard lock(mailbox.mutex);
        if (!can_come(mailbox, also_stopped)) return false;
        const bool stands = mailbox.invitation != nullptr;
        (stands ? static_cast<Invitation*>(mailbox.invitation) : fresh.get())->add(what);
        if (stands) return true;
        mailbox.invitation = fresh.get();
    }
    Invitation& invitation = *fresh.release();
    if (mailbox.post(invitation)) return true;
    invitation.discard();
    return false;
}

// How many will come.
template <class What>
std::size_t invite_all(const What& what, bool also_stopped) {
    std::size_t invited = 0;
    Mailbox::for_each([&](Mailbox& mailbox) { invited += invite(mailbox, what, also_stopped) ? 1 : 0; });
    return invited;
}

}  // namespace

void ask_loops(void (*what)(EventLoop&), bool also_stopped) { invite_all(what, also_stopped); }

Visit::Visit() : meeting_(Shared<Meeting>::make()) {
    try {
        meet();
    } catch (...) {
        meeting_->end();
        throw;
    }
}

Visit::~Visit() { meeting_->end(); }

void Visit::meet() {
    const std::size_t invited = invite_all(meeting_, false);
    Meeting& m = *meeting_;
    std::unique_lock lock(m.mutex);
    const auto all_came = [&] { return m.came.size() == invited; };
    m.somebody_came.wait_for(lock, first_patience, [&] { return m.first || all_came(); });
    if (m.first) m.somebody_came.wait_until(lock, *m.first + patience, all_came);
    came_ = m.came;  // one that comes from here on stands as well, but it was amid a step
}

std::chrono::nanoseconds Visit::stopped() const noexcept {
    const std::lock_guard lock(meeting_->mutex);
    return meeting_->first ? Clock::now() - *meeting_->first : std::chrono::nanoseconds(0);
}

}  // namespace hocket::inspect
