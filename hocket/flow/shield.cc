// SPDX-License-Identifier: MIT
// How a shield ends.
#include <hocket/flow/shield.h>

namespace hocket {

void Shielding::start() noexcept {
    Followed& entry = *begin();
    if (entry.future->done()) {
        ended(entry);
    } else {
        enlist(entry);
    }
}

void Shielding::ended(Followed& entry) noexcept {
    FutureBase& outer = self();
    FutureBase& inner = *entry.future;
    if (outer.done()) {
        inner.mark_retrieved();
    } else if (inner.cancelled()) {
        outer.FutureBase::cancel(outer.loop().message_of(inner));
    } else if (std::exception_ptr e = exception_of(inner)) {
        outer.fail(std::move(e));
    } else {
        try {
            collect(inner);
            outer.finish();
        } catch (...) {  // the result could not be moved or copied
            outer.fail(std::current_exception());
        }
    }
    entry.drop_future();
}

void Shielding::describe_inner(AwaitDescription& to) const { describe_followed(to, "shield"); }

}  // namespace hocket
