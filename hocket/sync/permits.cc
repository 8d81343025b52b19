// SPDX-License-Identifier: MIT
// Handing permits to tasks in turn.
#include <hocket/sync/permits.h>

#include <hocket/base/report.h>

#include <exception>
#include <string>
#include <utility>

namespace hocket {

void Permits::give_back() {
    ++free_;
    if (!has_waiters() || deferred_ > 0) return;
    wake_next();
    ++promised_;
}

void Permits::wake_waiters() {
    for (; deferred_ == 0 && unpromised() > 0 && has_waiters(); ++promised_) wake_next();
}

void Permits::pass_on(const TaskBase& t) noexcept {
    arrived(t);
    --promised_;
    wake_waiters();
}

Guard& Guard::operator=(Guard&& other) noexcept {
    Guard mine(std::move(other));
    const Guard before(std::move(*this));
    permits_ = std::move(mine.permits_);
    return *this;
}

Guard::~Guard() {
    try {
        release();
    } catch (const std::exception& e) {  // given back already by other code; a destructor cannot say so otherwise
        report("at the end of a guard's scope: " + std::string(e.what()));
    }
}

void Guard::release() {
    Permits* const permits = permits_.get();
    permits_.reset();
    if (permits) permits->release();
}

}  // namespace hocket
