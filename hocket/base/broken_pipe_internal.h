// SPDX-License-Identifier: MIT
// Calls that would raise SIGPIPE, made so that only their result tells of a broken pipe.
#pragma once

#include <cerrno>
#include <csignal>
#include <ctime>

namespace hocket {

/// While it lives, SIGPIPE is kept off this thread, which is whom a write to a broken pipe would send it to.
class WithoutBrokenPipeSignal {
public:
    WithoutBrokenPipeSignal() noexcept {
        sigset_t pending;
        sigemptyset(&pipe_);
        sigaddset(&pipe_, SIGPIPE);
        pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
        anothers_ =
            sigismember(&before_, SIGPIPE) == 1 && sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 1;
    }
    WithoutBrokenPipeSignal(const WithoutBrokenPipeSignal&) = delete;
    WithoutBrokenPipeSignal& operator=(const WithoutBrokenPipeSignal&) = delete;
    ~WithoutBrokenPipeSignal() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

    /// The call gave EPIPE, and so has raised it: it is taken before anybody sees it, but for one that was pending before. Keeps errno.
    void take() const noexcept {
        const int error = errno;
        const timespec at_once{};
        while (!anothers_ && sigtimedwait(&pipe_, nullptr, &at_once) < 0 && errno == EINTR) {
        }
        errno = error;
    }

private:
    sigset_t pipe_{}, before_{};
    bool anothers_ = false;
};

}  // namespace hocket
