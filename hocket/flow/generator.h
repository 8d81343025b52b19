// SPDX-License-Identifier: MIT
// Generators: functions that give many values, one at a time, to ordinary code.
#pragma once

#include <hocket/base/errors.h>
#include <hocket/base/memory.h>

#include <concepts>
#include <coroutine>
#include <cstddef>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

namespace hocket {

/// What a generator hands out: `std::optional<T>`, empty at the end; for references a pointer, null at the end. Both are tested and
/// dereferenced alike.
template <class T>
using NextItem = std::conditional_t<std::is_reference_v<T>, std::remove_reference_t<T>*, std::optional<T>>;

/// Where the value of a `co_yield` stands until it is taken.
template <class T>
struct YieldSlot {
    NextItem<T> item{};

    template <class U = T>
        requires std::is_constructible_v<T, U>
    void put(U&& value) {
        if constexpr (std::is_reference_v<T>) {
            item = __builtin_addressof(value);
        } else {
            item.emplace(std::forward<U>(value));
        }
    }
    NextItem<T> take() { return std::exchange(item, NextItem<T>{}); }
};

/// What the consumer of a generator sent, for the generator's `co_yield` to give.
template <class Send>
struct SendSlot {
    std::optional<Send> sent;
    Send take_sent() {
        Send value = std::move(*sent);
        sent.reset();
        return value;
    }
};
template <>
struct SendSlot<void> {
    void take_sent() noexcept {}
};

/// A function with `co_yield` and without `co_await` (Python's generator): runs up to its next `co_yield` whenever a value is asked for.
///
///     Generator<int> countdown(int n) {
///         for (; n > 0; --n) co_yield n;
///     }
///     for (int n : countdown(3)) ...
///
/// Nothing runs before the first value is asked for. What it throws comes out of that call, and it has ended then. Destroying it midway runs the
/// destructors of what stands in it. With a `Send` type, `co_yield` gives what the consumer sent. Needs no loop; belongs to one
/// thread at a time.
template <class T, class Send = void>
class [[nodiscard]] HOCKET_CORO_RETURN_TYPE Generator {
public:
    struct promise_type : PooledFrame, YieldSlot<T>, SendSlot<Send> {
        std::exception_ptr error;
        bool started = false;
        bool running = false;

        struct Yielded {
            promise_type& promise;
            bool await_ready() const noexcept { return false; }
            void await_suspend(std::coroutine_handle<>) const noexcept {}
            Send await_resume() const { return promise.take_sent(); }
        };

        Generator get_return_object() noexcept { return Generator(Frame::from_promise(*this)); }
        std::suspend_always initial_suspend() noexcept { return {}; }
        std::suspend_always final_suspend() noexcept { return {}; }
        template <class U = T>
        Yielded yield_value(U&& value) {
            this->put(std::forward<U>(value));
            return {*this};
        }
        void return_void() noexcept {}
        void unhandled_exception() noexcept { error = std::current_exception(); }

        template <class A>
        std::suspend_never await_transform(A&&) {
            static_assert(!std::is_same_v<A, A>, "hocket: a Generator cannot co_await: make it an AsyncGenerator");
            return {};
        }
    };
    using Frame = std::coroutine_handle<promise_type>;
    using value_type = std::remove_cvref_t<T>;

    Generator(Generator&& other) noexcept : frame_(std::exchange(other.frame_, {})) {}
    Generator& operator=(Generator other) noexcept {
        std::swap(frame_, other.frame_);
        return *this;
    }
    ~Generator() { close(); }

    /// The next value, or nothing at the end, and ever after (`next(gen, None)`). The `co_yield` that it continues from gives `Send()`, as Python's
    /// gives None; where there is no such value, RuntimeError is thrown unless the generator is at its start. Throws RuntimeError when
    /// called from inside the generator.
    NextItem<T> next() {
        if constexpr (!std::is_void_v<Send>) {
            if constexpr (std::default_initializable<Send>) {
                if (suspended()) frame_.promise().sent.emplace();
            } else {
                if (suspended() && frame_.promise().started)
                    throw RuntimeError("this generator waits for a value: call send(value)");
            }
        }
        return advance();
    }
    /// Continues it, with `value` as what its `co_yield` gives; the next value, or nothing at the end. Throws RuntimeError when it has not reached
    /// a `co_yield` yet: call `next()` first.
    NextItem<T> send(std::conditional_t<std::is_void_v<Send>, std::nullptr_t, Send> value)
        requires(!std::is_void_v<Send>)
    {
        if (suspended() && !frame_.promise().started)
            throw RuntimeError("cannot send a value to a generator that has not started: call next() first");
        if (suspended()) frame_.promise().sent.emplace(std::move(value));
        return advance();
    }
    /// Ends it midway: runs the destructors of what stands in it. Harmless at its end.
    void close() noexcept {
        if (frame_) std::exchange(frame_, {}).destroy();
    }

    struct End {};
    class Iterator {
    public:
        using value_type = std::remove_cvref_t<T>;
        using difference_type = std::ptrdiff_t;

        explicit Iterator(Generator& generator) : generator_(&generator) { generator_->resume(); }
        std::add_lvalue_reference_t<T> operator*() const noexcept { return *generator_->frame_.promise().item; }
        Iterator& operator++() {
            generator_->resume();
            return *this;
        }
        void operator++(int) { ++*this; }
        friend bool operator==(const Iterator& i, End) noexcept { return !i.generator_->suspended(); }

    private:
        Generator* generator_;
    };
    /// For `for`: runs it to its next value.
    Iterator begin()
        requires std::is_void_v<Send>
    {
        return Iterator(*this);
    }
    End end() const noexcept { return {}; }

private:
    explicit Generator(Frame frame) noexcept : frame_(frame) {}

    bool suspended() const noexcept { return frame_ && !frame_.done(); }
    void resume() {
        if (!suspended()) return;
        promise_type& promise = frame_.promise();
        if (promise.running) throw RuntimeError("generator already executing");
        promise.started = promise.running = true;
        frame_.resume();
        promise.running = false;
        if (promise.error) std::rethrow_exception(std::exchange(promise.error, {}));
    }
    NextItem<T> advance() {
        resume();
        return suspended() ? frame_.promise().take() : NextItem<T>{};
    }

    Frame frame_;
};

}  // namespace hocket
