// SPDX-License-Identifier: MIT
// The smallest hand-written loop that does the work: coroutines with results and exceptions, a free list for frames, a
// ring of those that can run, a heap of timers, and the plainest event, queue and future. No cancellation, no names.
#pragma once

#include <coroutine>
#include <cstddef>
#include <exception>
#include <utility>
#include <vector>

#include "measure.h"

namespace limit {

using Handle = std::coroutine_handle<>;

/// A free list for each size of frame. Memory that came from the system is kept.
class FramePool {
public:
    void* get(std::size_t bytes) {
        const std::size_t size = (bytes + unit - 1) / unit;
        if (size < sizes && free_[size]) [[likely]]
            return std::exchange(free_[size], free_[size]->next);
        return carve(size * unit);
    }
    void put(void* frame, std::size_t bytes) noexcept {
        const std::size_t size = (bytes + unit - 1) / unit;
        if (size >= sizes) std::abort();
        free_[size] = ::new (frame) Block{free_[size]};
    }

private:
    struct Block {
        Block* next;
    };
    static constexpr std::size_t unit = 16, sizes = 32, chunk = 64 << 10;

    [[gnu::noinline]] void* carve(std::size_t bytes) {
        if (bytes >= sizes * unit) std::abort();
        if (left_ < bytes) {
            cursor_ = static_cast<std::byte*>(std::malloc(chunk));
            if (!cursor_) std::abort();
            left_ = chunk;
        }
        left_ -= bytes;
        return std::exchange(cursor_, cursor_ + bytes);
    }

    Block* free_[sizes] = {};
    std::byte* cursor_ = nullptr;
    std::size_t left_ = 0;
};
inline constinit thread_local FramePool frames;

/// The coroutines that can run, in order: a ring that doubles when it is full.
class Ring {
public:
    std::size_t size() const { return tail_ - head_; }
    void push(Handle h) {
        if (size() == capacity_) [[unlikely]]
            grow();
        slots_[tail_++ & (capacity_ - 1)] = h.address();
    }
    Handle pop() { return Handle::from_address(slots_[head_++ & (capacity_ - 1)]); }

private:
    [[gnu::noinline]] void grow() {
        const std::size_t bigger = capacity_ ? 2 * capacity_ : 64;
        void** slots = static_cast<void**>(std::malloc(bigger * sizeof(void*)));
        if (!slots) std::abort();
        for (std::size_t i = head_; i != tail_; ++i) slots[i & (bigger - 1)] = slots_[i & (capacity_ - 1)];
        std::free(std::exchange(slots_, slots));
        capacity_ = bigger;
    }

    void** slots_ = nullptr;
    std::size_t head_ = 0, tail_ = 0, capacity_ = 0;
};
inline constinit thread_local Ring ready;

/// When to resume whom: a heap with four children a node.
class Timers {
public:
    bool empty() const { return heap_.empty(); }
    double first() const { return heap_[0].when; }
    void push(double when, Handle h) {
        heap_.push_back({when, h});
        std::size_t i = heap_.size() - 1;
        for (; i && when < heap_[(i - 1) / 4].when; i = (i - 1) / 4) heap_[i] = heap_[(i - 1) / 4];
        heap_[i] = {when, h};
    }
    Handle pop() {
        const Handle h = heap_[0].handle;
        const Entry last = heap_.back();
        heap_.pop_back();
        const std::size_t n = heap_.size();
        std::size_t i = 0;
        for (std::size_t child; (child = 4 * i + 1) < n;) {
            std::size_t least = child;
            const std::size_t end = child + 4 < n ? child + 4 : n;
            while (++child < end) {
                if (heap_[child].when < heap_[least].when) least = child;
            }
            if (last.when <= heap_[least].when) break;
            heap_[i] = heap_[least];
            i = least;
        }
        if (n) heap_[i] = last;
        return h;
    }

private:
    struct Entry {
        double when;
        Handle handle;
    };
    std::vector<Entry> heap_;
};
inline Timers timers;  // the one object whose constructor would cost each access a check, were it thread-local

struct PromiseBase {
    Handle waiter = std::noop_coroutine();  // resumed at the end
    std::exception_ptr error;

    struct Final {
        bool await_ready() noexcept { return false; }
        template <class P>
        Handle await_suspend(std::coroutine_handle<P> h) noexcept {
            return h.promise().waiter;
        }
        void await_resume() noexcept {}
    };
    std::suspend_always initial_suspend() noexcept { return {}; }
    Final final_suspend() noexcept { return {}; }
    void unhandled_exception() noexcept { error = std::current_exception(); }
    void check() const {
        if (error) [[unlikely]]
            rethrow();
    }
    [[noreturn, gnu::noinline]] void rethrow() const { std::rethrow_exception(error); }
    static void* operator new(std::size_t bytes) { return frames.get(bytes); }
    static void operator delete(void* frame, std::size_t bytes) noexcept { frames.put(frame, bytes); }
};
template <class T>
struct Promise : PromiseBase {
    T value;
    void return_value(T v) noexcept { value = v; }
    T result() const { return check(), value; }
};
template <>
struct Promise<void> : PromiseBase {
    void return_void() noexcept {}
    void result() const { check(); }
};

/// A coroutine. Awaited, it starts and runs within its awaiter; spawned, it runs by itself, and awaiting it joins it.
template <class T = void>
class [[nodiscard]] Coro {
public:
    struct promise_type : Promise<T> {
        Coro get_return_object() { return Coro(std::coroutine_handle<promise_type>::from_promise(*this)); }
    };
    Coro(Coro&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    ~Coro() {
        if (handle_) handle_.destroy();
    }
    bool await_ready() const { return false; }
    Handle await_suspend(Handle waiter) const { return handle_.promise().waiter = waiter, handle_; }
    T await_resume() const { return handle_.promise().result(); }

    auto spawn() { return ready.push(handle_), Task{std::move(*this)}; }

    struct Task {
        Coro coro;
        bool done() const { return coro.handle_.done(); }
        bool await_ready() const { return done(); }
        void await_suspend(Handle waiter) const { coro.handle_.promise().waiter = waiter; }
        T await_resume() const { return coro.await_resume(); }
    };

private:
    explicit Coro(std::coroutine_handle<promise_type> h) : handle_(h) {}
    std::coroutine_handle<promise_type> handle_;
};
using Task = Coro<>::Task;

/// Runs until `main` has ended. Where coroutines keep it busy, it looks at the clock once in 64 rounds.
inline void run(Coro<> main) {
    const Task task = main.spawn();
    for (unsigned round = 1;; ++round) {
        for (std::size_t n = ready.size(); n; --n) ready.pop().resume();
        if (task.done()) return task.await_resume();
        if (timers.empty() || (ready.size() && round % 64)) continue;
        double now = bench::now();
        if (!ready.size() && timers.first() > now) {
            std::timespec pause{0, static_cast<long>((timers.first() - now) * 1e9)};
            pause.tv_sec = pause.tv_nsec / 1'000'000'000;
            pause.tv_nsec %= 1'000'000'000;
            nanosleep(&pause, nullptr);
            now = bench::now();
        }
        while (!timers.empty() && timers.first() <= now) ready.push(timers.pop());
    }
}

struct Yield {
    bool await_ready() const { return false; }
    void await_suspend(Handle h) const { ready.push(h); }
    void await_resume() const {}
};

struct Sleep {
    double seconds;
    bool await_ready() const { return false; }
    void await_suspend(Handle h) const { timers.push(bench::now() + seconds, h); }
    void await_resume() const {}
};

class Event;

/// A waiting coroutine's link, in its own frame.
struct Waiter {
    union {
        Event* event;            // until it waits
        Waiter* next = nullptr;  // from then on
    };
    Handle handle;
};
class WaitList {
public:
    void push(Waiter& w) {
        (last_ ? last_->next : first_) = &w;
        last_ = &w;
    }
    Waiter* pop() {
        Waiter* w = first_;
        if (w && !(first_ = w->next)) last_ = nullptr;
        return w;
    }

private:
    Waiter *first_ = nullptr, *last_ = nullptr;
};

class Event {
public:
    void set() {
        set_ = true;
        while (Waiter* w = waiters_.pop()) ready.push(w->handle);
    }
    auto wait() {
        struct Awaiter : Waiter {
            explicit Awaiter(Event& e) { event = &e; }
            bool await_ready() const { return event->set_; }
            void await_suspend(Handle h) {
                WaitList& waiters = event->waiters_;
                next = nullptr;
                handle = h;
                waiters.push(*this);
            }
            void await_resume() const {}
        };
        return Awaiter(*this);
    }

private:
    WaitList waiters_;
    bool set_ = false;
};

/// A bounded queue of `capacity` items, a power of two. A put hands its item to a getter that waits; a get takes a
/// waiting putter's item in: nobody looks twice.
class Queue {
    struct Operation : Waiter {
        Queue& q;
        int item;
        Operation(Queue& queue, int i) : q(queue), item(i) {}
    };

public:
    explicit Queue(std::size_t capacity) : items_(capacity) {}

    auto put(int item) {
        struct Awaiter : Operation {
            using Operation::Operation;
            bool await_ready() {
                if (Waiter* getter = q.getters_.pop()) {
                    static_cast<Operation*>(getter)->item = item;
                    ready.push(getter->handle);
                    return true;
                }
                return q.size() < q.items_.size() && (q.push(item), true);
            }
            void await_suspend(Handle h) { handle = h, q.putters_.push(*this); }
            void await_resume() const {}
        };
        return Awaiter(*this, item);
    }
    auto get() {
        struct Awaiter : Operation {
            using Operation::Operation;
            bool await_ready() {
                if (!q.size()) return false;
                item = q.items_[q.head_++ & (q.items_.size() - 1)];
                if (Waiter* putter = q.putters_.pop()) {
                    q.push(static_cast<Operation*>(putter)->item);
                    ready.push(putter->handle);
                }
                return true;
            }
            void await_suspend(Handle h) { handle = h, q.getters_.push(*this); }
            int await_resume() const { return item; }
        };
        return Awaiter(*this, 0);
    }

private:
    std::size_t size() const { return tail_ - head_; }
    void push(int item) { items_[tail_++ & (items_.size() - 1)] = item; }

    std::vector<int> items_;
    std::size_t head_ = 0, tail_ = 0;
    WaitList getters_, putters_;
};

/// One value from one coroutine to another: it lives in the frame that awaits it.
class Future {
public:
    void set_result(int value) {
        value_ = value;
        done_ = true;
        if (waiter_) ready.push(waiter_);
    }
    bool await_ready() const { return done_; }
    void await_suspend(Handle h) { waiter_ = h; }
    int await_resume() const { return value_; }

private:
    Handle waiter_;
    int value_ = 0;
    bool done_ = false;
};

}  // namespace limit
