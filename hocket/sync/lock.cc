// SPDX-License-Identifier: MIT
// Releasing a lock, and who holds it.
#include <hocket/sync/lock.h>

#include <hocket/core/await_graph.h>

namespace hocket {

void Lock::release() {
    if (excused_ > 0 && excuses()) return;
    if (!locked()) throw RuntimeError("Lock is not acquired.");
    give_back();
}

bool Lock::excuses() noexcept {
    const bool closing = this_loop && !this_loop->is_running();
    excused_ = closing ? excused_ - 1 : 0;  // once a task runs again, no frame of those is left
    return closing;
}

void Lock::describe(AwaitDescription& to) const {
    to.text = what_;
    EventLoop* const tasks_loop = loop();
    if (!locked() || !tasks_loop) return;
    TaskBase* holder = tasks_loop->tasks;
    while (holder && holder != last_taker_) holder = holder->older;
    const bool later = holder && (holder->label & 1) && holder->label >> 1 > tasks_then_;
    if (!holder || later) {
        to.text += " held by a task that has ended";
    } else {
        to.text += " held by " + holder->name();
        to.futures.push_back(holder);
    }
}

}  // namespace hocket
