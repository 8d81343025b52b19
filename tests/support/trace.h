// SPDX-License-Identifier: MIT
// What the tests of all rooms share: traces, captured reports and errors, a census of live objects, small coroutines.
#pragma once

#include <hocket/base/errors.h>
#include <hocket/base/report.h>
#include <hocket/core/event_loop.h>
#include <hocket/core/sleep.h>
#include <hocket/core/task.h>

#include <concepts>
#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hocket::testing {

/// What happened, in order: after `note("a")` and `note("b")`, `taken()` is "a b", and the trace is empty again.
class Trace {
public:
    void note(std::string_view what) {
        if (!text_.empty()) text_ += ' ';
        text_ += what;
    }
    void note(std::integral auto number) { note(std::string_view(std::to_string(number))); }
    std::string taken() { return std::exchange(text_, {}); }

private:
    std::string text_;
};

/// While it lives, the library's reports come here and not to standard error.
class Reports {
public:
    Reports() : before_(set_report_sink([this](std::string_view text) { reports_.emplace_back(text); })) {}
    ~Reports() { set_report_sink(std::move(before_)); }
    Reports(const Reports&) = delete;
    Reports& operator=(const Reports&) = delete;

    /// All reports so far, one after the other; none are left.
    std::string taken() {
        std::string all;
        for (const std::string& report : std::exchange(reports_, {})) all += (all.empty() ? "" : "\n") + report;
        return all;
    }
    std::size_t count() const noexcept { return reports_.size(); }

private:
    std::vector<std::string> reports_;
    ReportSink before_;
};

/// While it lives, it is the exception handler of `loop`, and keeps what that is told.
class LoopErrors {
public:
    explicit LoopErrors(EventLoop& loop) : loop_(loop) {
        loop.set_exception_handler([this](EventLoop&, const ErrorContext& context) {
            std::string text = context.message;
            if (context.exception) text += " | " + describe(context.exception);
            errors_.push_back(std::move(text));
        });
    }
    ~LoopErrors() { loop_.set_exception_handler({}); }
    LoopErrors(const LoopErrors&) = delete;
    LoopErrors& operator=(const LoopErrors&) = delete;

    /// `message | type: text` of each error so far, one a line; none are left.
    std::string taken() {
        std::string all;
        for (const std::string& error : std::exchange(errors_, {})) all += (all.empty() ? "" : "\n") + error;
        return all;
    }

private:
    EventLoop& loop_;
    std::vector<std::string> errors_;
};

/// Counts its members that are alive: `auto a = census.member()`. Copies of a member are members, what a move left behind is not.
class Census {
public:
    class Member {
    public:
        explicit Member(Census& census) noexcept : census_(&census) { ++census.alive_; }
        Member(const Member& other) noexcept : census_(other.census_) {
            if (census_) ++census_->alive_;
        }
        Member(Member&& other) noexcept : census_(std::exchange(other.census_, nullptr)) {}
        Member& operator=(Member other) noexcept {
            std::swap(census_, other.census_);
            return *this;
        }
        ~Member() {
            if (census_) --census_->alive_;
        }

    private:
        Census* census_;
    };

    Census() = default;
    Census(const Census&) = delete;
    Census& operator=(const Census&) = delete;
    Member member() noexcept { return Member(*this); }
    int alive() const noexcept { return alive_; }

private:
    int alive_ = 0;
};

/// What `f()` throws, as `describe` words it; "nothing" if it returns.
template <class F>
std::string thrown_by(F&& f) {
    try {
        std::forward<F>(f)();
    } catch (...) {  // whatever it is, the test compares its words
        return describe(std::current_exception());
    }
    return "nothing";
}

/// The same of what an awaitable ends with: `co_await ending_of(task)`.
template <class A>
Coro<std::string> ending_of(A awaitable) {
    try {
        static_cast<void>(co_await std::move(awaitable));
    } catch (...) {  // whatever it is, the test compares its words
        co_return describe(std::current_exception());
    }
    co_return "nothing";
}

/// Gives the others `n` turns.
inline Coro<> turns(int n) {
    for (; n > 0; --n) co_await hocket::sleep(0);
}

/// `value`, after `n` turns of the others.
template <class T>
Coro<T> value_after(int n, T value) {
    co_await turns(n);
    co_return std::move(value);
}

/// `value`, after a time.
template <class T>
Coro<T> value_after(Duration delay, T value) {
    co_await hocket::sleep(delay);
    co_return std::move(value);
}

/// Throws RuntimeError(`what`), after `n` turns of the others.
inline Coro<> failure_after(int n, std::string what) {
    co_await turns(n);
    throw RuntimeError(what);
}

/// Ends by a cancel only.
inline Coro<> forever() {
    const Future<> never;
    co_await never;
}

}  // namespace hocket::testing
