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

std::size_t remove_done_callbacks(FutureBase& future, const void* type, const void* callable) {
    if (future.done()) return 0;
    WaitList kept, removed;
    std::size_t count = 0;
    while (!future.waiters.empty()) {
        Waiter* w = future.waiters.pop_front();
        auto* callback = dynamic_cast<DoneCallbackBase*>(w);
        const bool equal = callback && callback->type == type && callback->equals(callable);
        (equal ? removed : kept).push_back(*w);
        count += equal;
    }
    future.waiters = kept;
    while (!removed.empty()) removed.pop_front()->discard();  // what they hold may use the future
    return count;
}

}  // namespace hocket
