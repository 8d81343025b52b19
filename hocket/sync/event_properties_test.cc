// SPDX-License-Identifier: MIT
// What holds of events and conditions in every program: who was told to go on does, and nobody else.
#include <hocket/sync/condition.h>
#include <hocket/sync/event.h>

#include <hocket/sync/properties_test.h>
#include <tests/support/trace.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

namespace hocket::testing {
namespace {

class EventRun final : public ProgramRun {
public:
    enum : std::uint8_t { wait = Vocabulary::first_own, set, clear };
    using ProgramRun::ProgramRun;

private:
    Coro<> step(std::size_t worker, Step step) override {
        if (step.verb == set) co_return happens();
        if (step.verb == clear) co_return event_.clear();
        const bool was_set = event_.is_set();
        Visit visit(*this, line_, worker);
        co_await event_.wait();
        visit.served(was_set);
        check(was_set || visit.promised, "a wait ended though the event has not happened");
        check(!was_set || !visit.suspended(), "a wait for an event that is set let others run");
    }
    void happens() {
        for (Visit* visit : line_) visit->promised = true;
        event_.set();
    }
    void check_at_rest() override {
        check(std::ranges::all_of(line_, &Visit::waits), "a task sleeps though the event has happened");
    }
    Coro<> release_some() override {
        happens();
        event_.clear();
        co_return;
    }

    Event event_;
    Line line_;
};

TEST(VirtualEventProperties, set_wakes_all_who_wait_in_order_and_nothing_else_does) {
    expect_property<EventRun>({{"wait", 8}, {"set", 3}, {"clear", 3}});
}

class ConditionRun final : public ProgramRun {
public:
    enum : std::uint8_t { hold = Vocabulary::first_own, wait, notify, notify_all };
    using ProgramRun::ProgramRun;

private:
    struct Holding {
        ConditionRun& run;
        explicit Holding(ConditionRun& r) : run(r) { run.check(++run.holders_ == 1, "two hold the lock"); }
        ~Holding() { --run.holders_; }
    };

    Coro<> step(std::size_t worker, Step step) override {
        std::optional<Visit> visit(std::in_place, *this, entering_, worker);
        const Guard guard = co_await condition_.scoped();
        visit->served();
        visit.reset();
        std::optional<Holding> holding(std::in_place, *this);
        if (step.verb == hold) {
            co_await turns(step.number);
        } else if (step.verb == notify) {
            notified(step.number);
        } else if (step.verb == notify_all) {
            notified(waiting_.size());
        } else {
            visit.emplace(*this, waiting_, worker);
            holding.reset();
            std::exception_ptr ended;
            try {
                co_await condition_.wait();
            } catch (const CancelledError&) {
                ended = std::current_exception();
            }
            holding.emplace(*this);
            if (ended) std::rethrow_exception(ended);
            visit->served();
            check(visit->promised || spare_-- > 0, "a task was woken though nobody was notified");
        }
    }
    void notified(std::size_t n) {
        const auto woken = condition_.locked() ? n : 0;
        promise(woken);
        if (n == waiting_.size()) {
            condition_.notify_all();
        } else {
            condition_.notify(n);
        }
    }
    void promise(std::size_t n) {
        for (Visit* visit : waiting_) {
            if (n > 0 && visit->waits()) {
                visit->promised = true;
                --n;
            }
        }
    }
    // A cancelled task notifies another, since it cannot know whether it had been chosen itself.
    void was_cancelled(Visit& visit) override {
        if (&visit.line != &waiting_) return;
        ++spare_;
        if (visit.promised) promise(1);
    }
    void check_always() override {
        check(condition_.locked() == (holders_ > 0), "locked() is not whether a task holds the lock");
    }
    void check_at_rest() override {
        if (holders_ > 0) return;
        check(entering_.empty(), "a task waits for the lock, which is free");
        check(std::ranges::all_of(waiting_, &Visit::waits), "a task sleeps though it was notified");
    }
    Coro<> release_some() override {
        const Guard guard = co_await condition_.scoped();
        const Holding holding(*this);
        notified(1);
    }

    Condition condition_;
    int holders_ = 0;
    int spare_ = 0;
    Line entering_, waiting_;
};

TEST(VirtualConditionProperties, who_was_notified_returns_with_the_lock_and_nobody_else_but_for_cancels) {
    expect_property<ConditionRun>({{"hold for # turns", 3}, {"wait", 8}, {"notify #", 4}, {"notify all", 1}});
}

}  // namespace
}  // namespace hocket::testing
