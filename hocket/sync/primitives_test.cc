// SPDX-License-Identifier: MIT
// What all primitives have in common: it is their operations that are awaited, and no loop is given to them.
#include <hocket/sync/barrier.h>
#include <hocket/sync/condition.h>
#include <hocket/sync/event.h>
#include <hocket/sync/queue.h>
#include <hocket/sync/semaphore.h>

#include <gtest/gtest.h>

#include <type_traits>

namespace hocket {
namespace {

template <class... Primitive>
constexpr bool any_is_awaitable = (Awaitable<Primitive&> || ...);

template <class... Primitive>
constexpr bool any_takes_a_loop =
    (std::is_constructible_v<Primitive, EventLoop&> || ...) || (std::is_constructible_v<Primitive, EventLoop*> || ...);

TEST(OncePrimitives, are_not_awaited_themselves) {
    EXPECT_TRUE(Awaitable<Event::Wait&>);
    EXPECT_FALSE((any_is_awaitable<Lock, Event, Condition, Semaphore, BoundedSemaphore, Barrier, Queue<int>>));
}

TEST(OncePrimitives, are_made_without_a_loop) {
    EXPECT_FALSE((any_takes_a_loop<Lock, Event, Condition, Semaphore, BoundedSemaphore, Barrier, Queue<int>>));
    EXPECT_FALSE((std::is_constructible_v<Condition, Lock&, EventLoop&>));
}

}  // namespace
}  // namespace hocket
