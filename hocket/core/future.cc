// SPDX-License-Identifier: MIT
// Done callbacks.
#include <hocket/core/future.h>

namespace hocket {

std::exception_ptr moved_out() {
    return std::make_exception_ptr(
        InvalidStateError("the result can only be moved, and somebody else has taken it already"));
}

void FutureAwaiterBase::throw_empty() {
    throw RuntimeError("cannot await an empty handle: it was moved from, or never set");
}

void FutureHandle::throw_empty() { throw RuntimeError("cannot use an empty handle: it was moved from, or never set"); }

namespace {

ContextSlot context_for(const FutureBase& f, const Context* given) {
    if (const EventLoop* loop = EventLoop::with_id(f.loop_id)) return loop->context_for(given);
    return current_context().copy();  // nobody will run it
}

}  // namespace

DoneCallbackBase::DoneCallbackBase(FutureBase* f, const Context* given, const void* callable_type, const void* where)
    : future(f), context(context_for(*f, given)), type(callable_type), created_at(where) {
    future->flags |= f_callbacks;
    if (future->done()) hold();
}

DoneCallbackBase::~DoneCallbackBase() {
    if (refs > 0) future->drop();
}

void DoneCallbackBase::hold() noexcept {
    future->share();
    refs = 1;
}

void DoneCallbackBase::run() {
    const auto call = [](Node& n) {
        auto& callback = static_cast<DoneCallbackBase&>(n);
        callback.refs = 0;  // the handle's now
        callback.invoke(FutureHandle(callback.future));
    };
    run_callback(*this, context, call, "Exception in done callback");
    delete this;
}

namespace {

// What was looked at and stays. The program's `==` may throw, and may use the future: make it done, even drop it.
struct Kept {
    explicit Kept(FutureBase& f) noexcept : future(f) { future.share(); }
    Kept(const Kept&) = delete;
    Kept& operator=(const Kept&) = delete;
    ~Kept() {
        if (future.done()) {
            if (!list.empty()) future.wake_slowly(list);
        } else {
            while (!future.waiters.empty()) list.push_back(*future.waiters.pop_front());
            future.waiters = list;
        }
        future.drop();
    }

    FutureBase& future;
    WaitList list;
};

// What compared equal goes when the future is whole again, since what it holds may use that.
struct Removed {
    Removed() = default;
    Removed(const Removed&) = delete;
    Removed& operator=(const Removed&) = delete;
    ~Removed() {
        while (!list.empty()) list.pop_front()->discard();
    }

    WaitList list;
};

}  // namespace

std::size_t remove_done_callbacks(FutureBase& future, const void* type, const void* callable) {
    Removed removed;
    Kept kept(future);
    std::size_t count = 0;
    while (!future.done() && !future.waiters.empty()) {
        Waiter* w = future.waiters.pop_front();
        kept.list.push_back(*w);
        auto* callback = dynamic_cast<DoneCallbackBase*>(w);
        if (!callback || callback->type != type || !callback->equals(callable)) continue;
        kept.list.remove(*w);
        removed.list.push_back(*w);
        ++count;
    }
    return count;
}

}  // namespace hocket
