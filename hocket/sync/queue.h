// SPDX-License-Identifier: MIT
// Queues between tasks: what all kinds share, and the one that is first in, first out.
#pragma once

#include <hocket/core/gate.h>
#include <hocket/sync/ring.h>

#include <concepts>
#include <coroutine>
#include <cstddef>
#include <stdexcept>
#include <type_traits>
#include <utility>

namespace hocket {

/// `get_nowait` on an empty queue (`asyncio.QueueEmpty`).
class HOCKET_EXPORT QueueEmpty : public std::runtime_error {
public:
    QueueEmpty() : std::runtime_error("queue is empty") {}
    ~QueueEmpty() override;
};

/// `put_nowait` on a full queue (`asyncio.QueueFull`).
class HOCKET_EXPORT QueueFull : public std::runtime_error {
public:
    QueueFull() : std::runtime_error("queue is full") {}
    ~QueueFull() override;
};

/// The queue was shut down (`asyncio.QueueShutDown`).
class HOCKET_EXPORT QueueShutDown : public std::runtime_error {
public:
    QueueShutDown() : std::runtime_error("queue is shut down") {}
    ~QueueShutDown() override;
};

struct QueueShutdownOptions {
    bool immediate = false;  ///< drop the items that are left, as if each had been taken and done
};

/// What does not depend on the type of the items. Belongs to one loop, the first on which a task waits for it; not thread-safe. Destroyed
/// while tasks wait, it wakes them with RuntimeError.
class HOCKET_EXPORT QueueBase {
public:
    std::size_t qsize() const noexcept { return size_; }
    /// 0: no limit.
    std::size_t maxsize() const noexcept { return maxsize_; }
    bool empty() const noexcept { return size_ == 0; }
    bool full() const noexcept { return size_ == maxsize_ && maxsize_ != 0; }

    /// An item that was taken is done with. Throws ValueError when called more often than items were put.
    void task_done();
    class Join;
    /// `co_await queue.join()`: returns when every item that was put is done. Does not suspend if so. Throws CancelledError if the task is
    /// cancelled first.
    Join join() noexcept;

protected:
    /// `names`: what a task waits for in get, put and join.
    QueueBase(const char* const (&names)[3], std::ptrdiff_t maxsize) noexcept;
    ~QueueBase();

    void check_put() const {
        if (shut_down_) [[unlikely]]
            throw QueueShutDown();
    }
    HOCKET_INLINE void was_put() {
        ++size_;
        ++unfinished_;
        getters_.wake_next();
    }
    HOCKET_INLINE void was_taken() {
        --size_;
        putters_.wake_next();
    }
    void check_room() const {
        check_put();
        if (full()) throw QueueFull();
    }
    [[noreturn]] void throw_empty() const;
    void grew(const void* where) const;
    void begin_shutdown(std::size_t dropped);
    // Who waits on either side waits on the same loop.
    void check_loop() {
        if (!getters_.bound_here()) [[unlikely]]
            bind();
    }

    struct HOCKET_EXPORT Side final : Gate {
        const std::size_t& maxsize;
        Side(const char* what, const QueueBase& queue, std::size_t closed_at) noexcept
            : Gate(what, queue.size_, closed_at), maxsize(queue.maxsize_) {}
        void describe(AwaitDescription& to) const override;
    };
    struct HOCKET_EXPORT Finish final : WaitPoint {
        const std::size_t& unfinished;
        Finish(const char* what, const std::size_t& count) noexcept : WaitPoint(what), unfinished(count) {}
        void describe(AwaitDescription& to) const override;
    };

    std::size_t size_ = 0;
    std::size_t maxsize_;
    std::size_t unfinished_ = 0;
    bool shut_down_ = false;
    Side getters_, putters_;
    Finish joiners_;

private:
    void bind();
};

class [[nodiscard("nothing is waited for until this is awaited")]] QueueBase::Join {
public:
    using HocketAwaiter = Join;
    static constexpr bool awaited_often = true;

    explicit Join(QueueBase& queue) noexcept : queue_(&queue) {}
    bool await_ready() const {
        if (queue_->unfinished_ == 0) return true;
        queue_->check_loop();
        return false;
    }
    void await_suspend(AwaitingFrame h) const noexcept { queue_->joiners_.wait(h); }
    void await_resume() const { resume_point(); }

private:
    QueueBase* queue_;
};

inline QueueBase::Join QueueBase::join() noexcept { return Join(*this); }

/// The typed part of a queue, around its store of items: a Ring, a Heap or a Stack.
template <class T, class Store>
class BasicQueue : public QueueBase {
    static_assert(std::is_object_v<T>, "hocket: a queue holds values");

public:
    using value_type = T;
    class Get;
    class Put;

    /// `maxsize`: how many items there may be before `put` waits; 0 or less: no limit.
    explicit BasicQueue(std::ptrdiff_t maxsize = 0) noexcept : QueueBase(Store::names, maxsize) {}
    template <std::floating_point F>
    explicit BasicQueue(F) : QueueBase(Store::names, 0) {
        static_assert(!std::floating_point<F>, "hocket: a queue has room for a whole number of items");
    }
    ~BasicQueue() { store_.clear(size_); }

    /// `co_await queue.put(item)`: suspends while the queue is full. Throws QueueShutDown once the queue is shut down; CancelledError if the
    /// task is cancelled first. The item is the awaiter's until it is in the queue, and goes with it where this throws: `put_nowait` leaves
    /// it to the caller.
    Put put(T item) noexcept(std::is_nothrow_move_constructible_v<T>) { return Put(*this, std::move(item)); }
    /// Throws QueueFull instead of waiting, QueueShutDown once the queue is shut down. Whatever it throws, the item is still the caller's.
    void put_nowait(T&& item) {
        check_room();
        push(std::move(item));
    }
    void put_nowait(const T& item) {
        static_assert(std::is_copy_constructible_v<T>,
                      "hocket: an item that cannot be copied is given away: put_nowait(std::move(item))");
        check_room();
        push(T(item));
    }

    /// `T item = co_await queue.get()`: suspends while the queue is empty. Throws QueueShutDown when it is empty and shut down; CancelledError
    /// if the task is cancelled first: then no item was taken.
    Get get() noexcept { return Get(*this); }
    /// Throws QueueEmpty instead of waiting.
    T get_nowait() {
        if (empty()) throw_empty();
        return pop();
    }

    /// From here on `put` throws QueueShutDown, in the tasks that wait in it too; so does `get` once the queue is empty, which
    /// `{.immediate = true}` makes it.
    void shutdown(QueueShutdownOptions options = {}) {
        const std::size_t dropped = options.immediate ? size_ : 0;
        begin_shutdown(dropped);
        if (dropped > 0) store_.clear(dropped);
    }

private:
    HOCKET_INLINE void push(T&& item) {
        if (store_.is_full(size_)) [[unlikely]]
            grow();
        store_.push(size_, std::move(item));
        was_put();
    }
    [[gnu::noinline]] void grow() {
        store_.grow();
        grew(__builtin_return_address(0));
    }
    HOCKET_INLINE T pop() {
        T item = store_.pop(size_);
        was_taken();
        return item;
    }

    Store store_;
};

template <class T, class Store>
class [[nodiscard("nothing is taken until this is awaited")]] BasicQueue<T, Store>::Get {
public:
    using HocketAwaiter = Get;
    static constexpr bool awaited_often = true;

    explicit Get(BasicQueue& queue) noexcept : queue_(&queue) {}
    HOCKET_INLINE bool await_ready() const {
        if (!queue_->getters_.closed()) return true;
        queue_->check_loop();
        return false;
    }
    HOCKET_INLINE void await_suspend(AwaitingFrame h) const noexcept { queue_->getters_.wait(h); }
    HOCKET_INLINE T await_resume() const {
        resume_point();
        if (queue_->empty()) [[unlikely]]
            queue_->throw_empty();
        if constexpr (Store::compares) {
            try {
                return queue_->pop();
            } catch (...) {  // the item is still there: for the next
                queue_->getters_.wake_next();
                throw;
            }
        } else {
            return queue_->pop();
        }
    }

private:
    BasicQueue* queue_;
};

template <class T, class Store>
class [[nodiscard("nothing is put until this is awaited")]] BasicQueue<T, Store>::Put {
public:
    using HocketAwaiter = Put;
    static constexpr bool awaited_often = false;

    Put(BasicQueue& queue, T&& item) noexcept(std::is_nothrow_move_constructible_v<T>)
        : queue_(&queue), item_(std::move(item)) {}
    HOCKET_INLINE bool await_ready() const {
        if (!queue_->putters_.closed()) return true;
        queue_->check_loop();
        return false;
    }
    HOCKET_INLINE void await_suspend(AwaitingFrame h) const noexcept { queue_->putters_.wait(h); }
    HOCKET_INLINE void await_resume() {
        resume_point();
        queue_->check_put();
        if constexpr (Store::compares) {
            try {
                queue_->push(std::move(item_));
            } catch (...) {  // the room is still there: for the next
                queue_->putters_.wake_next();
                throw;
            }
        } else {
            queue_->push(std::move(item_));
        }
    }

private:
    BasicQueue* queue_;
    T item_;
};

/// Items between tasks, first in, first out (`asyncio.Queue`). Items are moved, so that they need not be copyable; a ring of them
/// grows as needed, and putting and taking allocates nothing else.
template <class T>
class Queue : public BasicQueue<T, Ring<T>> {
public:
    using BasicQueue<T, Ring<T>>::BasicQueue;
};

}  // namespace hocket
