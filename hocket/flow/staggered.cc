// SPDX-License-Identifier: MIT
// When the next one of a race begins, and what a winner means for the others.
#include <hocket/flow/staggered.h>

#include <hocket/base/errors.h>
#include <hocket/flow/wait.h>

namespace hocket {

Coro<> StaggeredRace::stagger(std::optional<Duration> delay) {
    if (tasks_.empty() || tasks_.back().done()) co_return;
    // Its task, not its code, says that it has ended: one that is cancelled before its first step runs none. A winner cancels it.
    std::vector<AnyTask> last(1, tasks_.back());
    const WaitOptions options{.timeout = delay};
    co_await wait(std::move(last), options);
}

std::size_t StaggeredRace::enter() {
    exceptions_.emplace_back();
    return exceptions_.size() - 1;
}

void StaggeredRace::win(std::size_t index) noexcept {
    winner_index_ = index;
    for (std::size_t i = 0; i < tasks_.size(); ++i) {
        if (i != index) tasks_[i].cancel();
    }
}

void StaggeredRace::lose(std::size_t index) {
    std::exception_ptr error = std::current_exception();
    if (ends_the_loop(error)) throw;
    exceptions_[index] = std::move(error);
}

std::vector<std::exception_ptr> StaggeredRace::take_exceptions() {
    for (std::size_t i = 0; i < exceptions_.size(); ++i) {
        if (!exceptions_[i] && i != winner_index_) exceptions_[i] = std::make_exception_ptr(CancelledError());
    }
    return std::move(exceptions_);
}

}  // namespace hocket
