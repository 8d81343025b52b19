// SPDX-License-Identifier: MIT
// Lists of bindings, and which is the current one.
#include <hocket/core/context.h>
#include <hocket/core/event_loop.h>
#include <hocket/core/task.h>

#include <atomic>

namespace hocket {

void Binding::drop(Binding* b) noexcept {
    while (b && --b->refs == 0) {
        Binding* const gone = std::exchange(b, b->rest);
        ContextValue::drop(gone->value);
        delete gone;
    }
}

ContextValue* Binding::find(const Binding* list, std::uint64_t variable) noexcept {
    while (list && list->variable != variable) list = list->rest;
    return list ? list->value : nullptr;
}

void Binding::bind(Binding*& list, std::uint64_t variable, ContextValue* value) {
    const Binding* old = list;
    while (old && old->variable != variable) old = old->rest;
    Binding* result = share(old ? old->rest : list);
    // What stands before the old binding is made anew; what stands behind it is shared.
    for (const Binding* b = list; old && b != old; b = b->rest)
        result = new Binding(result, b->variable, ContextValue::share(b->value));
    if (value) result = new Binding(result, variable, value);
    drop(std::exchange(list, result));  // the last step: destructors of values may look at the context
}

std::uint64_t Binding::new_variable() noexcept {
    static constinit std::atomic<std::uint64_t> last = 0;
    return ++last;
}

ContextSlot ContextSlot::sharing(SharedBindings* shared) noexcept {
    ++shared->refs;
    return ContextSlot(reinterpret_cast<Binding*>(reinterpret_cast<std::uintptr_t>(shared) + 1));
}

ContextSlot ContextSlot::detached() const {
    ContextSlot copy;
    for (const Binding* b = const_cast<ContextSlot*>(this)->list(); b; b = b->rest)
        copy.own_ = new Binding(copy.own_, b->variable, b->value->clone());
    return copy;
}

static void drop(SharedBindings* shared) noexcept {
    if (--shared->refs > 0) return;
    Binding::drop(shared->list);
    delete shared;
}

void ContextSlot::release() noexcept {
    if (is_shared()) {
        drop(shared());
    } else {
        Binding::drop(own_);
    }
}

Context::~Context() { drop(shared_); }

Context::Entered::Entered(SharedBindings& entered) : shared(entered) {
    ContextSlot& current = current_context();
    if (entered.entered || &current.list() == &entered.list)
        throw RuntimeError("cannot enter a context that is entered already");
    entered.entered = true;
    outer = std::exchange(current, ContextSlot::sharing(&entered));
}

Context::Entered::~Entered() {
    shared.entered = false;
    current_context() = std::move(outer);  // the last step: the context may go with it
}

Context copy_context() {
    Context copy;
    copy.shared_->list = Binding::share(current_context().list());
    return copy;
}

ContextSlot& current_context() noexcept {
    static thread_local ContextSlot outside;
    if (!this_loop) return outside;
    return this_loop->current ? this_loop->current->context : this_loop->callback_context;
}

}  // namespace hocket
