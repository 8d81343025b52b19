// SPDX-License-Identifier: MIT
// Threads and children that the program's signal handlers are not for.
#pragma once

#include <csignal>

namespace hocket {

/// While it lives, this thread has no signals, and no more has what it starts meanwhile: a thread that serves the program, or a child in which
/// no handler of the parent's may run.
class WithoutSignals {
public:
    WithoutSignals() noexcept {
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    WithoutSignals(const WithoutSignals&) = delete;
    WithoutSignals& operator=(const WithoutSignals&) = delete;
    ~WithoutSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

private:
    sigset_t before_{};
};

}  // namespace hocket
