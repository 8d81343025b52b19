// SPDX-License-Identifier: MIT
// When a gather ends, and how.
#include <hocket/flow/gather.h>

namespace hocket {

void Gathering::start(bool duplicates_allowed) {
    const bool pending = check_futures();
    if (!duplicates_allowed && has_duplicates()) {
        throw ValueError("gather: a task or future is given twice, and its result cannot be copied");
    }
    for (Followed& entry : *this) {
        if (!entry.future->done()) enlist(entry);
    }
    if (count() == 0) return complete();
    if (pending) return;
    for (Followed& entry : *this) {
        if (!entry.follower && entry.future) ended(entry);
    }
}

void Gathering::ended(Followed& entry) noexcept {
    --left_;
    if (self().done()) return dismiss(entry);
    if (!settles_ && entry.future->failed()) {
        self().fail(exception_of(*entry.future));
        for (Followed& other : *this) {
            if (!other.follower && other.future && other.future->done()) dismiss(other);
        }
    } else if (left_ == 0) {
        complete();
    }
}

// After the outcome is known, results are freed and exceptions dropped.
void Gathering::dismiss(Followed& entry) noexcept {
    entry.future->mark_retrieved();
    entry.drop_future();
}

void Gathering::complete() noexcept {
    if (settles_ && cancel_asked_) {
        Shared<const std::string> message;
        for (Followed& entry : *this) {
            if (entry.future->cancelled()) message = self().loop().message_of(*entry.future);
            dismiss(entry);
        }
        return self().fail(std::make_exception_ptr(CancelledError(std::move(message))));
    }
    try {
        collect();
    } catch (...) {  // a result could not be moved or copied: that is the outcome
        return self().fail(std::current_exception());
    }
    self().finish();
}

bool Gathering::cancel_children(const Shared<const std::string>& message) noexcept {
    bool any = false;
    for (Followed& entry : *this) any |= entry.future && entry.future->cancel(message);
    cancel_asked_ |= any;
    return any;
}

}  // namespace hocket
