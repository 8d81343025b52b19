// SPDX-License-Identifier: MIT
// The mailbox's thread-safe part.
#include <hocket/core/mailbox.h>

#include <pthread.h>

#include <type_traits>
#include <utility>

namespace hocket {

namespace {

// All of the process, the newest first. Destroyed by nobody: loops may end after static destructors.
struct Mailboxes {
    std::mutex mutex;
    Mailbox* newest = nullptr;
};
constinit Mailboxes all;
static_assert(std::is_trivially_destructible_v<std::mutex>);

// A fork waits until the list is whole, so that the child can use it.
const int whole_in_children =
    pthread_atfork([] { all.mutex.lock(); }, [] { all.mutex.unlock(); }, [] { all.mutex.unlock(); });

}  // namespace

Mailbox::Mailbox() {
    const std::lock_guard lock(all.mutex);
    older_ = std::exchange(all.newest, this);
    if (older_) older_->newer_ = this;
}

Mailbox::~Mailbox() {
    const std::lock_guard lock(all.mutex);
    (newer_ ? newer_->older_ : all.newest) = older_;
    if (older_) older_->newer_ = newer_;
}

void Mailbox::for_each(const Function<void(Mailbox&)>& visit) {
    const std::lock_guard lock(all.mutex);
    for (Mailbox* m = all.newest; m; m = m->older_) visit(*m);
}

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
