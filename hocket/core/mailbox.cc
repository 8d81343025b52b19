// SPDX-License-Identifier: MIT
// The mailbox's thread-safe part.
#include <hocket/core/mailbox.h>

#include <utility>

namespace hocket {

bool Mailbox::post(Node& n) {
    n.next = nullptr;
    const std::lock_guard lock(mutex);
    if (!backend) return false;
    *end = &n;
    end = &n.next;
    full.store(1);
    // A loop that is awake looks at `full` in each iteration; waking one costs a system call.
    if (asleep.exchange(false)) backend->wake();
    return true;
}

Node* Mailbox::take() noexcept {
    const std::lock_guard lock(mutex);
    full.store(0, std::memory_order_relaxed);
    end = &first;
    return std::exchange(first, nullptr);
}

Node* Mailbox::close() noexcept {
    const std::lock_guard lock(mutex);
    backend = nullptr;
    end = &first;
    return std::exchange(first, nullptr);
}

void Mailbox::wake() noexcept {
    const std::lock_guard lock(mutex);
    if (backend) backend->wake();
}

}  // namespace hocket
