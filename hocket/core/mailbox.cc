// SPDX-License-Identifier: MIT
// The mailbox's thread-safe part.
#include <hocket/core/mailbox.h>

#include <pthread.h>

#include <utility>

namespace hocket {

namespace {

// All of the process, the newest first. A fork waits until the list is whole, so that the child can use it.
struct Mailboxes {
    std::mutex mutex;
    Mailbox* newest = nullptr;

    Mailboxes() {
        pthread_atfork([] { get().mutex.lock(); }, [] { get().mutex.unlock(); }, [] { get().mutex.unlock(); });
    }
    static Mailboxes& get() {
        static auto* all = new Mailboxes;  // never destroyed: loops may end after static destructors
        return *all;
    }
};

}  // namespace

Mailbox::Mailbox() {
    Mailboxes& all = Mailboxes::get();
    const std::lock_guard lock(all.mutex);
    older_ = std::exchange(all.newest, this);
    if (older_) older_->newer_ = this;
}

Mailbox::~Mailbox() {
    Mailboxes& all = Mailboxes::get();
    const std::lock_guard lock(all.mutex);
    (newer_ ? newer_->older_ : all.newest) = older_;
    if (older_) older_->newer_ = newer_;
}

void Mailbox::for_each(const Function<void(Mailbox&)>& visit) {
    Mailboxes& all = Mailboxes::get();
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
