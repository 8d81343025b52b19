// SPDX-License-Identifier: MIT
// How the random programs of the properties run, and that a run finds what is wrong.
#include <hocket/sync/properties_test.h>

#include <hocket/core/gate.h>
#include <hocket/io/runner.h>
#include <tests/support/trace.h>

#include <gmock/gmock.h>
#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

namespace hocket::testing {

using std::chrono::microseconds;
using std::chrono::milliseconds;

ProgramRun::Visit::Visit(ProgramRun& r, Line& l, std::size_t w)
    : run(r), line(l), worker(w), switches_before(r.switches_), cancelled(r.pending_[w] == Pending::own) {
    line.push_back(this);
    run.visits_[worker] = this;
    if (cancelled) run.was_cancelled(*this);
}

ProgramRun::Visit::~Visit() {
    std::erase(line, this);
    run.visits_[worker] = nullptr;
}

void ProgramRun::Visit::served(bool may_overtake) {
    run.check(run.pending_[worker] != Pending::from_outside, "a wait that was cancelled went on as if it was not");
    if (may_overtake) return;
    for (const Visit* before : line) {
        if (before == this) break;
        run.check(before->cancelled || before->excused, "somebody was served before another who came earlier");
    }
}

ProgramRun::ProgramRun(const Program& program)
    : program_(program), pending_(program.workers.size()), visits_(program.workers.size()) {}

std::string ProgramRun::run() {
    Reports reports;
    try {
        hocket::run(main());
    } catch (const std::exception& e) {
        fail(std::string("the run threw ") + e.what());
    }
    if (const std::string said = reports.taken(); !said.empty()) fail("reported: " + said);
    return wrong_;
}

Coro<> ProgramRun::main() {
    for (std::size_t i = 0; i < program_.workers.size(); ++i) tasks_.push_back(create_task(work(i)));
    co_await hocket::sleep(microseconds(500));
    int releases = 0;
    while (look(releases)) {
        co_await hocket::sleep(microseconds(500));
        if (releases > 0) co_await release_some();
        co_await hocket::sleep(microseconds(500));
    }
    over_ = true;
}

/// At rest: whether it goes on. `releases`: how often in sequence all who are left were found waiting.
bool ProgramRun::look(int& releases) {
    ++switches_;
    check_always();
    check_at_rest();
    const auto left = std::ranges::count_if(tasks_, [](const Task<>& t) { return !t.done(); });
    const bool all_wait = left == std::ranges::count_if(visits_, [](const Visit* v) { return v != nullptr; });
    releases = all_wait ? releases + 1 : 0;
    check(releases < 100, "those who wait are never done");
    return left > 0 && wrong_.empty();
}

Coro<> ProgramRun::work(std::size_t worker) {
    for (const Step& next : program_.workers[worker]) {
        if (over_) break;
        ++switches_;
        bool cancelled = false;
        try {
            if (next.verb < Vocabulary::first_own) {
                co_await common_step(worker, next);
            } else {
                co_await step(worker, next);
            }
        } catch (const CancelledError&) {  // of this step only
            cancelled = true;
        } catch (const std::exception& e) {
            fail(Program::name_of(worker) + " got " + e.what());
        }
        if (cancelled) {
            check(over_ || pending_[worker] != Pending::none, "a wait ended by a cancel that nobody asked for");
            pending_[worker] = Pending::none;
        }
        check(pending_[worker] != Pending::from_outside, "a cancel was lost");
        check_always();
    }
    ++switches_;
}

Coro<> ProgramRun::common_step(std::size_t worker, Step step) {
    switch (step.verb) {
        case Vocabulary::turns: co_return co_await turns(step.number);
        case Vocabulary::sleep: co_return co_await hocket::sleep(milliseconds(step.number));
        default: cancel(worker, program_.worker(step));
    }
}

void ProgramRun::cancel(std::size_t who, std::size_t whom) {
    if (!tasks_[whom].cancel()) return;
    if (who == whom) {
        pending_[whom] = Pending::own;
        return;
    }
    pending_[whom] = Pending::from_outside;
    Visit* const visit = visits_[whom];
    if (!visit || visit->cancelled) return;
    visit->cancelled = true;
    was_cancelled(*visit);
}

namespace {

/// A lock as one writes it first: a task that is woken and cancelled takes the wakeup with it.
class ForgetfulRun final : public ProgramRun {
public:
    using ProgramRun::ProgramRun;

private:
    Coro<> step(std::size_t worker, Step step) override {
        Visit visit(*this, line_, worker);
        if (locked_) co_await point_.suspend();
        visit.served();
        locked_ = true;
        const struct Released {
            ForgetfulRun& run;
            ~Released() {
                run.locked_ = false;
                run.point_.wake(1);
            }
        } at_the_end{*this};
        co_await turns(step.number);
    }
    void check_at_rest() override { check(locked_ || line_.empty(), "a task waits for a lock that is free"); }
    Coro<> release_some() override { co_return; }

    WaitPoint point_{"forgetful lock"};
    bool locked_ = false;
    Line line_;
};

TEST(VirtualPrograms, show_the_smallest_one_that_breaks_a_rule) {
    ::testing::TestPartResultArray failures;
    {
        const ::testing::ScopedFakeTestPartResultReporter reporter(
            ::testing::ScopedFakeTestPartResultReporter::INTERCEPT_ONLY_CURRENT_THREAD, &failures);
        expect_property<ForgetfulRun>({{"hold for # turns"}});
    }
    ASSERT_EQ(failures.size(), 1);
    const std::string text = failures.GetTestPartResult(0).message();
    EXPECT_THAT(text, ::testing::ContainsRegex("size 1\nA:.*\nB:.*\n\n"));
    EXPECT_THAT(text, ::testing::HasSubstr("hold for 1 turns"));
}

}  // namespace

}  // namespace hocket::testing
