// SPDX-License-Identifier: MIT
// Waiting for something that goes on if the wait is cancelled: shield.
#pragma once

#include <hocket/base/owners.h>
#include <hocket/flow/ensure_future.h>
#include <hocket/flow/follow.h>

#include <utility>

namespace hocket {

/// The part of shield that does not depend on types.
class HOCKET_EXPORT Shielding : public Follower {
protected:
    explicit Shielding(FutureBase& self) noexcept : Follower(self, &inner_, Room{1}) {}

    void start() noexcept;
    /// Makes the result of the inner future's.
    virtual void collect(FutureBase& inner) = 0;
    void describe_inner(AwaitDescription& to) const;

private:
    void ended(Followed& entry) noexcept final;

    Followed inner_{nullptr};
};

template <class H>
class ShieldState final : public FutureState<typename H::value_type>, public Shielding {
public:
    explicit ShieldState(EventLoop& loop) noexcept
        : FutureState<typename H::value_type>(loop), Shielding(static_cast<FutureBase&>(*this)) {}

    using Shielding::start;
    bool cancel(Shared<const std::string> message) noexcept override {
        if (!this->done()) unfollow();
        return FutureBase::cancel(std::move(message));
    }
    void describe(AwaitDescription& to) const override { describe_inner(to); }

private:
    void collect(FutureBase& inner) override {
        using T = typename H::value_type;
        if constexpr (std::is_void_v<T>) {
            take_result<H>(inner);
        } else if constexpr (std::is_reference_v<T>) {
            this->value = __builtin_addressof(take_result<H>(inner));
        } else {
            this->value.emplace(take_result<H>(inner));
        }
    }
};

template <class H>
Future<typename H::value_type> shield_future(H inner) {
    if (!inner) throw RuntimeError("cannot shield an empty handle: it was moved from, or never set");
    auto* state = new ShieldState<H>(inner.get_loop());
    Future<typename H::value_type> outer{FutureHandle(state)};
    state->add(std::move(inner));
    state->start();
    return outer;
}

/// A future that ends as the awaitable does, and whose cancel does not reach that: `co_await shield(save())` (`asyncio.shield`).
///
/// A coroutine becomes a task at once, and runs to its end even if the waiting task is cancelled; an exception of its that nobody
/// takes then is reported. If the inner one is cancelled, so is the future. Awaiting it does not suspend when the inner one was done at
/// the call. The result is moved out of an inner one that nobody else holds, else copied. Throws as `ensure_future` does.
template <class A>
[[nodiscard("nobody waits for this shield: co_await shield(...)")]] HOCKET_INLINE auto shield(A&& awaitable) {
    if constexpr (check_awaitable<A>()) return shield_future(future_for(std::forward<A>(awaitable), here()));
}

}  // namespace hocket
