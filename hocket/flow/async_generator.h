// SPDX-License-Identifier: MIT
// Asynchronous generators and iterators: many values, one at a time, with awaits between them.
#pragma once

#include <hocket/core/coro.h>
#include <hocket/flow/generator.h>

#include <coroutine>
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
/// `aclose`, ends the program with a report. Not thread-safe.
template <class T>
class [[nodiscard]] HOCKET_CORO_RETURN_TYPE AsyncGenerator {
public:
    struct promise_type : PromiseBase, YieldSlot<T> {
        bool started = false;
        bool closed = false;  // `aclose` was called: it gives nothing any more

        // Hands over to the frame that asked for a value, and forgets it: a generator runs exactly while it has a parent.
        struct HandOver {
            promise_type& promise;
            bool await_ready() const noexcept { return false; }
            Transfer await_suspend(std::coroutine_handle<>) const noexcept {
                return transfer(std::exchange(promise.parent, {}));
            }
            void await_resume() const {
                if (promise.closed) [[unlikely]]
                    throw GeneratorExit();
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
        bool await_ready() const { return has_ended(frame_, "next"); }
        Transfer await_suspend(std::coroutine_handle<> parent) const noexcept { return enter(frame_, parent); }
        NextItem<T> await_resume() const {
            if (this_loop->raised) [[unlikely]]
                std::rethrow_exception(std::exchange(this_loop->raised, {}));
            return frame_ && !frame_.done() ? frame_.promise().take() : NextItem<T>{};
        }

    private:
        Frame frame_;
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
        Transfer await_suspend(std::coroutine_handle<> parent) noexcept {
            entered_ = true;
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
