// SPDX-License-Identifier: MIT
// What queues do whatever their items are: counting what is unfinished, and ending.
#include <hocket/sync/queue.h>

#include <hocket/core/await_graph.h>
#include <hocket/core/queue_growth.h>

#include <string>

namespace hocket {

QueueEmpty::~QueueEmpty() = default;
QueueFull::~QueueFull() = default;
QueueShutDown::~QueueShutDown() = default;

void QueueBase::grew(const void* where) const {
    const QueueGrowthHook hook = queue_growth_hook.load(std::memory_order_relaxed);
    if (hook && maxsize_ == 0) hook(size_, where);
}

QueueBase::QueueBase(const char* const (&names)[3], std::ptrdiff_t maxsize) noexcept
    : maxsize_(maxsize > 0 ? static_cast<std::size_t>(maxsize) : 0),
      getters_(names[0], *this, 0),
      putters_(names[1], *this, maxsize > 0 ? maxsize_ : Gate::never),
      joiners_(names[2], unfinished_) {}

QueueBase::~QueueBase() = default;

void QueueBase::bind() {
    getters_.check_loop();
    putters_.check_loop();
    joiners_.check_loop();
}

void QueueBase::throw_empty() const {
    if (shut_down_) throw QueueShutDown();
    throw QueueEmpty();
}

void QueueBase::task_done() {
    if (unfinished_ == 0) throw ValueError("task_done() called too many times");
    if (--unfinished_ == 0) joiners_.wake_all();
}

void QueueBase::begin_shutdown(std::size_t dropped) {
    shut_down_ = true;
    size_ -= dropped;
    unfinished_ -= dropped < unfinished_ ? dropped : unfinished_;
    if (unfinished_ == 0) joiners_.wake_all();
    getters_.force_open();
    putters_.force_open();
}

void QueueBase::Side::describe(AwaitDescription& to) const {
    to.text = std::string(what_) + ", " + std::to_string(level_);
    if (maxsize > 0) to.text += " of " + std::to_string(maxsize);
}

void QueueBase::Finish::describe(AwaitDescription& to) const {
    to.text = std::string(what_) + ", " + std::to_string(unfinished) + " unfinished";
}

}  // namespace hocket
