// SPDX-License-Identifier: MIT
// One run of a random program around a primitive, in virtual time, and the rules that must hold in it.
#pragma once

#include <hocket/core/sleep.h>
#include <hocket/core/task.h>
#include <tests/support/programs.h>

#include <cstddef>
#include <exception>
#include <string>
#include <vector>

namespace hocket::testing {

/// Runs the workers of a program as tasks. A worker that is cancelled goes on with its next step. Workers sleep whole
/// milliseconds; halfway between them nothing is ready, so that whoever waits then was left asleep: there the primitive is looked at.
class ProgramRun {
public:
    explicit ProgramRun(const Program& program);
    ProgramRun(const ProgramRun&) = delete;
    ProgramRun& operator=(const ProgramRun&) = delete;

    /// What was wrong first; "" if nothing was.
    std::string run();

protected:
    struct Visit;
    /// Those who wait at one place of the primitive, in the order in which they came.
    using Line = std::vector<Visit*>;

    /// A wait of a worker at the primitive, from just before the `co_await` to just after it.
    struct Visit {
        ProgramRun& run;
        Line& line;
        std::size_t worker;
        int switches_before;
        bool cancelled = false;  // it will end by a CancelledError
        bool promised = false;   // it was told to go on, and will when it runs
        bool excused = false;    // others may overtake it

        Visit(ProgramRun& r, Line& l, std::size_t w);
        Visit(const Visit&) = delete;
        Visit& operator=(const Visit&) = delete;
        ~Visit();
        /// Whether others ran meanwhile.
        bool suspended() const noexcept { return run.switches_ != switches_before; }
        bool waits() const noexcept { return !cancelled && !promised; }
        /// It got what it came for: nothing else has run since. Where newcomers may not overtake, none that came earlier may wait.
        void served(bool may_overtake = false);
    };

    ~ProgramRun() = default;

    /// A step that is the property's own.
    virtual Coro<> step(std::size_t worker, Step step) = 0;
    /// What must hold whenever a step has ended.
    virtual void check_always() {}
    /// What must hold while nothing is ready.
    virtual void check_at_rest() = 0;
    /// All who are left wait at the primitive: gives one of them at the least what it waits for.
    virtual Coro<> release_some() = 0;
    /// The visit will end by a CancelledError: a worker that waits was cancelled by another, or had cancelled itself before.
    virtual void was_cancelled(Visit&) {}

    void check(bool holds, const char* otherwise) {
        if (!holds) fail(otherwise);
    }
    void fail(const std::string& what) {
        if (wrong_.empty()) wrong_ = what;
    }
    int size() const noexcept { return program_.size; }

private:
    /// A cancel that has not arrived yet.
    enum class Pending : unsigned char { none, own, from_outside };

    Coro<> main();
    Coro<> work(std::size_t worker);
    Coro<> common_step(std::size_t worker, Step step);
    void cancel(std::size_t who, std::size_t whom);
    bool look(int& releases);

    const Program& program_;
    std::vector<Task<>> tasks_;
    std::vector<Pending> pending_;
    std::vector<Visit*> visits_;  // of each worker, or null
    int switches_ = 0;            // from one worker to another
    bool over_ = false;
    std::string wrong_;
};

/// Fails the test unless runs of the class `Run`, made of `(program, arguments...)`, have nothing wrong.
template <class Run, class... Args>
void expect_property(const Vocabulary& vocabulary, Args... args) {
    expect_for_programs(vocabulary, [&](const Program& program) { return Run(program, args...).run(); });
}

}  // namespace hocket::testing
