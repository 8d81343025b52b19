// SPDX-License-Identifier: MIT
// What holds of locks and semaphores in every program: permits are neither lost nor made, and handed out in order.
#include <hocket/sync/lock.h>
#include <hocket/sync/semaphore.h>

#include <hocket/sync/properties_test.h>
#include <tests/support/trace.h>

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <optional>

namespace hocket::testing {
namespace {

enum : std::uint8_t { hold = Vocabulary::first_own, hold_asleep, take, give };

const Vocabulary holding{{"hold for # turns", 6}, {"hold for # ms", 3}};
const Vocabulary giving{{"hold for # turns", 5}, {"hold for # ms", 2}, {"acquire", 3}, {"release", 3}};

class PermitsRun : public ProgramRun {
protected:
    PermitsRun(const Program& program, Permits& permits, int free)
        : ProgramRun(program), free_(free), permits_(permits) {}
    ~PermitsRun() = default;

    void got(Visit& visit) {
        visit.served();
        check(--free_ >= 0, "more tasks were let in than there are permits");
    }
    Coro<> held(std::size_t worker, Step step) {
        std::optional<Visit> visit(std::in_place, *this, line_, worker);
        const Guard guard = co_await permits_.scoped();
        got(*visit);
        visit.reset();
        const struct Held {
            int& free;
            ~Held() { ++free; }
        } until_released{free_};
        if (step.verb == hold) {
            co_await turns(step.number);
        } else {
            co_await hocket::sleep(std::chrono::milliseconds(step.number));
        }
    }
    Coro<> step(std::size_t worker, Step step) override {
        if (step.verb < take) co_return co_await held(worker, step);
        if (step.verb == give) co_return released();
        Visit visit(*this, line_, worker);
        co_await permits_.acquire();
        got(visit);
    }
    virtual void released() {
        ++free_;
        permits_.release();
    }
    void check_at_rest() override { check(free_ == 0 || line_.empty(), "a task waits for a permit that is free"); }
    Coro<> release_some() override {
        released();
        co_return;
    }

    int free_;
    Line line_;

private:
    Permits& permits_;
};

class LockRun final : public PermitsRun {
public:
    explicit LockRun(const Program& program) : PermitsRun(program, lock_, 1) {}

private:
    void check_always() override { check(lock_.locked() == (free_ == 0), "locked() is not whether a task holds it"); }

    Lock lock_;
};

TEST(VirtualLockProperties, one_task_at_a_time_holds_it_in_order_and_none_waits_while_it_is_free) {
    expect_property<LockRun>(holding);
}

class SemaphoreRun final : public PermitsRun {
public:
    explicit SemaphoreRun(const Program& program)
        : PermitsRun(program, semaphore_, program.size - 1), semaphore_(program.size - 1) {}

private:
    void check_always() override { check(free_ > 0 || semaphore_.locked(), "nothing is free, but it is not locked()"); }
    void check_at_rest() override {
        PermitsRun::check_at_rest();
        check(semaphore_.locked() == (free_ == 0), "locked() at rest is not whether nothing is free");
    }

    Semaphore semaphore_;
};

TEST(VirtualSemaphoreProperties, lets_in_as_many_as_there_are_permits_in_order_and_none_waits_for_one_that_is_free) {
    expect_property<SemaphoreRun>(giving);
}

class BoundedSemaphoreRun final : public PermitsRun {
public:
    explicit BoundedSemaphoreRun(const Program& program)
        : PermitsRun(program, semaphore_, program.size), semaphore_(program.size) {}

private:
    void check_at_rest() override {
        PermitsRun::check_at_rest();
        check(semaphore_.locked() == (free_ == 0), "locked() at rest is not whether nothing is free");
        check(free_ < size() || thrown_by([&] { semaphore_.release(); }) != "nothing",
              "it takes back more than it has given");
    }

    BoundedSemaphore semaphore_;
};

TEST(VirtualBoundedSemaphoreProperties, gets_all_permits_back_and_no_more) {
    expect_property<BoundedSemaphoreRun>(holding);
}

}  // namespace
}  // namespace hocket::testing
