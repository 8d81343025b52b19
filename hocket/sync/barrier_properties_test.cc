// SPDX-License-Identifier: MIT
// What holds of barriers in every program: nobody passes before all are there, and all do then.
#include <hocket/sync/barrier.h>

#include <hocket/sync/properties_test.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace hocket::testing {
namespace {

class BarrierRun final : public ProgramRun {
public:
    enum : std::uint8_t { wait = Vocabulary::first_own, reset, abort };
    explicit BarrierRun(const Program& program) : ProgramRun(program), barrier_(program.size) {}

private:
    Coro<> step(std::size_t worker, Step step) override {
        if (step.verb == reset) co_return breaks(false);
        if (step.verb == abort) co_return breaks(true);
        const int breaks_before = breaks_;
        const bool was_broken = barrier_.broken();
        const Visit visit(*this, line_, worker);
        try {
            passed(co_await barrier_.wait());
            check(!visit.promised, "a task passed a barrier that was broken while it waited there");
        } catch (const BrokenBarrierError&) {
            check(was_broken || breaks_ != breaks_before, "a barrier broke that nobody has broken");
        }
    }
    // A round begins with the task that comes last; the others of it follow, each with a position of its own.
    void passed(std::size_t position) {
        if (position + 1 == barrier_.parties()) {
            check(line_.size() >= barrier_.parties(), "the barrier opened before all were there");
            round_.clear();
            left_before_ = std::exchange(leaves_, false);
        }
        check(position < barrier_.parties(), "a position is too large");
        check(left_before_ || std::ranges::find(round_, position) == round_.end(), "two have one position");
        round_.push_back(position);
        check(std::ranges::find(round_, barrier_.parties() - 1) != round_.end(),
              "a task passed before the last had come");
    }
    void breaks(bool for_good) {
        // All of them have arrived, none waits for the last round to leave.
        if (barrier_.n_waiting() == line_.size()) {
            for (Visit* visit : line_) visit->promised = !visit->cancelled;
        }
        ++breaks_;
        for_good ? barrier_.abort() : barrier_.reset();
    }
    // Who comes after it gets the position that the last of the others has.
    void was_cancelled(Visit&) override { leaves_ = true; }
    void check_always() override { check(barrier_.n_waiting() < barrier_.parties(), "all are there, but they wait"); }
    void check_at_rest() override {
        check(std::ranges::all_of(line_, &Visit::waits), "a task sleeps at a barrier that was broken");
        check(!barrier_.broken() || line_.empty(), "a task sleeps at a broken barrier");
        check(line_.size() < barrier_.parties(), "all are there, but they sleep");
        check(barrier_.broken() || barrier_.n_waiting() == line_.size(), "n_waiting() is not how many wait");
    }
    Coro<> release_some() override {
        breaks(false);
        co_return;
    }

    Barrier barrier_;
    Line line_;
    int breaks_ = 0;
    std::vector<std::size_t> round_;  // positions that were given
    bool left_before_ = false;        // before the round began, somebody left that waited for it
    bool leaves_ = false;
};

TEST(VirtualBarrierProperties, all_pass_when_all_are_there_and_none_before) {
    expect_property<BarrierRun>({{"wait", 8}});
}

TEST(VirtualBarrierProperties, breaks_for_all_who_wait_and_only_when_it_is_broken) {
    expect_property<BarrierRun>({{"wait", 8}, {"reset", 2}, {"abort", 1}});
}

}  // namespace
}  // namespace hocket::testing
