// SPDX-License-Identifier: MIT
// Following the ends of several futures: what gather, wait, as_completed and shield stand on.
#pragma once

#include <hocket/base/clock.h>
#include <hocket/base/memory.h>
#include <hocket/core/future.h>
#include <hocket/core/timer_heap.h>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <new>
#include <utility>

namespace hocket {

class Follower;
struct Alarm;

/// A handle that gives its reference away.
struct ReleasedHandle : FutureHandle {
    explicit ReleasedHandle(FutureHandle&& handle) noexcept : FutureHandle(std::move(handle)) {}
    FutureBase* release() noexcept { return std::exchange(state_, nullptr); }
};

/// Stands among a future's waiters, and tells its follower of the future's end. A done future's waiters stand in the ready queue, where nothing
/// is taken out of the middle: so an entry keeps its follower alive until it has run.
struct HOCKET_EXPORT Followed final : Waiter {
    Follower* follower = nullptr;  // null: it stands nowhere, yet or any more
    FutureBase* future = nullptr;  // kept alive; null once it was dropped or handed on

    explicit Followed(FutureBase* f) noexcept : future(f) {}
    void run() override;
    void discard() noexcept override;
    void drop_future() noexcept {
        if (future) std::exchange(future, nullptr)->drop();
    }
};

/// The part of a future that ends when others do: it has an entry for each of them. `self`: the future that it is a part of, which lives as
/// long as one of its entries stands somewhere.
class HOCKET_EXPORT Follower {
public:
    Follower(const Follower&) = delete;
    Follower& operator=(const Follower&) = delete;

    /// Takes a future in, to be followed from `enlist` on. Throws RuntimeError for an empty handle.
    void add(FutureHandle&& future) {
        if (!future) [[unlikely]]
            throw_empty();
        new (followed_ + count_++) Followed(ReleasedHandle(std::move(future)).release());
    }
    FutureBase& self() const noexcept { return self_; }

    /// Memory for an object of `size` bytes and the entries behind it, and its end: each class calls them from its operators.
    struct Room {
        std::size_t futures;
    };
    static void* allocate(std::size_t size, Room room) {
        return FramePool::allocate(size + room.futures * sizeof(Followed));
    }
    template <class State>
    static void destroy(State* state) noexcept {
        const std::size_t size = sizeof(State) + static_cast<Follower*>(state)->room_ * sizeof(Followed);
        state->~State();
        FramePool::release(state, size);
    }

protected:
    Follower(FutureBase& self, void* memory, Room room) noexcept
        : self_(self), followed_(static_cast<Followed*>(memory)), room_(static_cast<std::uint32_t>(room.futures)) {}
    virtual ~Follower();

    /// The future of `entry` is done. A callback of the loop's.
    virtual void ended(Followed& entry) noexcept = 0;
    /// The alarm that was set has gone off.
    virtual void timed_out() noexcept {}

    Followed* begin() const noexcept { return followed_; }
    Followed* end() const noexcept { return followed_ + count_; }
    std::size_t count() const noexcept { return count_; }

    /// Throws ValueError if a future belongs to another loop than `self`; whether all are pending.
    bool check_futures() const;
    /// Whether a future was added twice; `drop_duplicates` keeps the first of each.
    bool has_duplicates() const noexcept;
    void drop_duplicates() noexcept;
    /// From here on `entry`, whose future may be done, is told of its end.
    void enlist(Followed& entry) noexcept {
        entry.follower = this;
        self_.share();
        entry.future->add_waiter(entry);
    }
    /// Takes out what can be taken out: of the others, `ended` will still be told.
    void unfollow() noexcept;
    /// `what`, how many are left, which, and how much time.
    void describe_followed(AwaitDescription& to, const char* what, const Alarm* alarm = nullptr) const;

private:
    friend struct Followed;
    friend struct Alarm;

    [[noreturn]] static void throw_empty();

    FutureBase& self_;
    Followed* followed_;
    std::uint32_t room_;
    std::uint32_t count_ = 0;
};

/// A follower's time limit, part of its block.
struct HOCKET_EXPORT Alarm final : Timer {
    Follower* follower = nullptr;  // null: not set, or over

    void set(Follower& owner, Duration after);
    void stop() noexcept;
    void run() override;
    void discard() noexcept override;
};

/// What `f`, which is done, ended with, or null; that counts as having looked.
HOCKET_EXPORT std::exception_ptr exception_of(FutureBase& f);

}  // namespace hocket
