// SPDX-License-Identifier: MIT
// Asynchronous generators and iterators: many values, one at a time, with awaits between them.
#pragma once

#include <hocket/core/coro.h>
#include <hocket/flow/generator.h>

#include <concepts>
#include <coroutine>
#include <cstddef>
#include <exception>
#include <type_traits>
#include <utility>

namespace hocket {

/// What `while (auto x = co_await it.next())` can be written with (`async for x in it`): `next()` gives something that is false at the end, and
/// dereferenced otherwise.
template <class I>
concept AsyncIterator = requires(I& it, AwaitResult<decltype(it.next())> item) {
    static_cast<bool>(item);
    *item;
};

/// Thrown at the `co_yield` where `aclose` ends a generator. Outside the ordinary hierarchy, so that `catch (const std::exception&)` lets it
/// pass. Clean up, and let it go on or return.
struct HOCKET_EXPORT GeneratorExit final {};

[[noreturn]] HOCKET_EXPORT void throw_generator_running(const char* call, const void* at);
[[noreturn]] HOCKET_EXPORT void throw_generator_ignored_exit(const void* at);
HOCKET_EXPORT void report_needs_aclose(const void* at) noexcept;
/// Takes a GeneratorExit that left a generator; throws on what else did.
HOCKET_EXPORT void settle_generator_exit(EventLoop& loop);

/// A function with `co_yield` and `co_await` (Python's asynchronous generator).
///
///     AsyncGenerator<std::string> lines(Connection& connection) {
///         while (connection.is_open()) co_yield co_await connection.read_line();
///     }
///     auto all = lines(connection);
///     while (auto line = co_await all.next()) ...
///
/// Nothing runs before the first `next`. It runs inside the task that awaits `next`: a cancel of that task reaches what the generator
/// awaits, and values cost neither a task nor an allocation. What it throws comes out of `next`, and it has ended then. Destroying it midway
/// runs the destructors of what stands in it; clean-up that awaits needs `aclose`. Destroying it while a task waits inside of it, in `next` or
/// `aclose`, ends the program with a report. With a `Send` type, `co_yield` gives what the consumer sent. Not thread-safe.
template <class T, class Send = void>
class [[nodiscard]] HOCKET_CORO_RETURN_TYPE AsyncGenerator {
public:
    struct promise_type : PromiseBase, YieldSlot<T>, SendSlot<Send> {
        bool started = false;
        bool closed = false;  // `aclose` was called: it gives nothing any more
        bool thrown = false;  // its `co_yield` throws once: what is raised, or GeneratorExit

        // Hands over to the frame that asked for a value, and forgets it: a generator runs exactly while it has a parent.
        struct HandOver {
            promise_type& promise;
            bool await_ready() const noexcept { return false; }
            Transfer await_suspend(std::coroutine_handle<>) const noexcept {
                return transfer(std::exchange(promise.parent, {}));
            }
            Send await_resume() const {
                if (promise.thrown) [[unlikely]] {
                    promise.thrown = false;
                    if (promise.closed) throw GeneratorExit();
                    std::rethrow_exception(std::exchange(this_loop->raised, {}));
                }
                return promise.take_sent();
            }
        };

        HOCKET_INLINE AsyncGenerator get_return_object() noexcept {
            this->pc = here();
            return AsyncGenerator(Frame::from_promise(*this));
        }
        std::suspend_always initial_suspend() noexcept { return {}; }
        auto final_suspend() noexcept {
            struct Final : HandOver {
                void await_resume() const noexcept {}
            };
            return Final{{*this}};
        }
        template <class U = T>
        HOCKET_INLINE HandOver yield_value(U&& value) {
            this->pc = here();
            this->put(std::forward<U>(value));
            return {*this};
        }
        void return_void() noexcept {}
    };
    using Frame = std::coroutine_handle<promise_type>;
    using value_type = std::remove_cvref_t<T>;

    class [[nodiscard]] Next {
    public:
        using HocketAwaiter = Next;
        static constexpr bool awaited_often = false;

        explicit Next(Frame frame) noexcept : frame_(frame) {}
        bool await_ready() const {
            if (has_ended(frame_, "next")) return true;
            if constexpr (!std::is_void_v<Send> && !std::default_initializable<Send>) {
                if (frame_.promise().started) throw RuntimeError("this generator waits for a value: call asend(value)");
            }
            return false;
        }
        Transfer await_suspend(AwaitingFrame parent) const
            noexcept(std::is_void_v<Send> || std::is_nothrow_default_constructible_v<Send>) {
            if constexpr (!std::is_void_v<Send> && std::default_initializable<Send>) {
                if (frame_.promise().started) frame_.promise().sent.emplace();
            }
            return enter(frame_, parent);
        }
        NextItem<T> await_resume() const {
            if (this_loop->raised) [[unlikely]]
                std::rethrow_exception(std::exchange(this_loop->raised, {}));
            return frame_ && !frame_.done() ? frame_.promise().take() : NextItem<T>{};
        }

    protected:
        Frame frame_;
    };

    using Sent = std::conditional_t<std::is_void_v<Send>, std::nullptr_t, Send>;
    class [[nodiscard]] Asend : public Next {
    public:
        using HocketAwaiter = Asend;

        Asend(Frame frame, Sent value) : Next(frame), value_(std::move(value)) {}
        bool await_ready() const {
            if (has_ended(this->frame_, "asend")) return true;
            if (!this->frame_.promise().started)
                throw RuntimeError("cannot send a value to a generator that has not started: await next() first");
            return false;
        }
        Transfer await_suspend(AwaitingFrame parent) {
            this->frame_.promise().sent.emplace(std::move(value_));
            return enter(this->frame_, parent);
        }

    private:
        Sent value_;
    };

    class [[nodiscard]] Athrow : public Next {
    public:
        using HocketAwaiter = Athrow;

        Athrow(Frame frame, std::exception_ptr error) noexcept : Next(frame), error_(std::move(error)) {}
        bool await_ready() const {
            if (has_ended(this->frame_, "athrow")) return true;
            if (this->frame_.promise().started) return false;
            this->frame_.promise().closed = true;
            std::rethrow_exception(error_);
        }
        Transfer await_suspend(AwaitingFrame parent) noexcept {
            this->frame_.promise().thrown = true;
            this_loop->raised = std::move(error_);
            return enter(this->frame_, parent);
        }

    private:
        std::exception_ptr error_;
    };

    class [[nodiscard]] Close {
    public:
        using HocketAwaiter = Close;
        static constexpr bool awaited_often = false;

        explicit Close(Frame frame) noexcept : frame_(frame) {}
        bool await_ready() const {
            if (has_ended(frame_, "aclose")) return true;
            frame_.promise().closed = true;
            return !frame_.promise().started;
        }
        Transfer await_suspend(AwaitingFrame parent) noexcept {
            entered_ = true;
            frame_.promise().thrown = true;
            return enter(frame_, parent);
        }
        void await_resume() const {
            if (!entered_) return;
            settle_generator_exit(*this_loop);
            if (frame_.done()) return;
            frame_.promise().take();
            throw_generator_ignored_exit(frame_.promise().pc);
        }

    private:
        Frame frame_;
        bool entered_ = false;
    };

    AsyncGenerator(AsyncGenerator&& other) noexcept : frame_(std::exchange(other.frame_, {})) {}
    AsyncGenerator& operator=(AsyncGenerator other) noexcept {
        std::swap(frame_, other.frame_);
        return *this;
    }
    ~AsyncGenerator() {
        if (!frame_) return;
        if (FramePool::is_husk(frame_.address()) || frame_.promise().parent) [[unlikely]] {  // a task is inside of it
            drop_unfinished(frame_, here());
            return;
        }
        if (this_loop && this_loop->get_debug()) [[unlikely]]
            check_closed();
        frame_.destroy();
    }

    /// `co_await gen.next()` continues it to its next `co_yield` and gives that value, or nothing at the end, and ever after. Suspends only if the
    /// generator does. Throws what the generator throws; RuntimeError when another task waits for a value of it.
    Next next() noexcept { return Next(frame_); }
    /// `co_await gen.asend(value)`: the same, and the `co_yield` that it continues from gives `value`; after `next()` it gives `Send()`, and where
    /// there is no such value `next()` throws RuntimeError. Throws RuntimeError when it has not reached a `co_yield` yet: await `next()` first.
    Asend asend(Sent value)
        requires(!std::is_void_v<Send>)
    {
        return Asend(frame_, std::move(value));
    }
    /// `co_await gen.athrow(error)`: the same as `next()`, but the `co_yield` throws. Before its first value the generator has ended then, and the
    /// error comes out at once; at its end, nothing happens. `error` may not be null.
    Athrow athrow(std::exception_ptr error) {
        if (!error) throw ValueError("athrow: there is no exception");
        return Athrow(frame_, std::move(error));
    }
    template <class E>
        requires(!std::is_convertible_v<E, std::exception_ptr>)
    Athrow athrow(E&& error) {
        return athrow(std::make_exception_ptr(std::forward<E>(error)));
    }
    /// `co_await gen.aclose()` ends it midway: GeneratorExit is thrown at its `co_yield`, and its clean-up may await. Harmless at its end, or before
    /// its first value. Throws what the clean-up throws; RuntimeError when the generator yields again, or runs.
    Close aclose() noexcept { return Close(frame_); }

private:
    explicit AsyncGenerator(Frame frame) noexcept : frame_(frame) {}

    static bool has_ended(Frame frame, const char* call) {
        if (!frame || frame.done()) return true;
        if (frame.promise().parent) [[unlikely]]
            throw_generator_running(call, frame.promise().pc);
        return frame.promise().closed;
    }
    static Transfer enter(Frame frame, std::coroutine_handle<> parent) noexcept {
        frame.promise().parent = parent;
        frame.promise().started = true;
        return transfer(frame);
    }
    void check_closed() const noexcept {
        const promise_type& p = frame_.promise();
        if (p.started && !p.closed && !frame_.done()) report_needs_aclose(p.pc);
    }

    Frame frame_;
};

}  // namespace hocket
