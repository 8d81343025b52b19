// SPDX-License-Identifier: MIT
// Lists of bindings, and which is the current one.
#include <hocket/core/context.h>
#include <hocket/core/event_loop.h>
#include <hocket/core/task.h>

namespace hocket {

void Binding::drop(Binding* b) noexcept {
    while (b && --b->refs == 0) delete std::exchange(b, b->rest);
}

const Binding* Binding::find(const Binding* list, const void* variable) noexcept {
    while (list && list->variable != variable) list = list->rest;
    return list;
}

Binding* Binding::without(Binding* list, const void* variable) {
    const Binding* old = find(list, variable);
    if (!old) return list;
    // What stands before the old binding is copied; what stands behind it is shared.
    Binding* result = share(old->rest);
    for (const Binding* b = list; b != old; b = b->rest) result = b->clone(result);
    drop(list);
    return result;
}

Binding* Binding::replace(Binding* list, Binding* b) {
    b->rest = without(list, b->variable);
    return b;
}

ContextSlot ContextSlot::sharing(SharedBindings* shared) noexcept {
    ++shared->refs;
    return ContextSlot(reinterpret_cast<Binding*>(reinterpret_cast<std::uintptr_t>(shared) + 1));
}

ContextSlot ContextSlot::detached() const {
    ContextSlot copy;
    Binding** end = &copy.list();
    for (const Binding* b = const_cast<ContextSlot*>(this)->list(); b; b = b->rest) {
        *end = b->clone(nullptr);
        end = &(*end)->rest;
    }
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
