// SPDX-License-Identifier: MIT
// Calls that would raise SIGPIPE, made so that only their result tells of a broken pipe.
#pragma once

#include <sys/types.h>
#include <cerrno>
#include <csignal>
#include <cstddef>
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

    /// What the call gave, of so many bytes. With EPIPE it has raised the signal, and so it may have where a part went out before: that is taken
    /// before anybody sees it, but for one that was pending before. Keeps errno.
    void take(ssize_t result, std::size_t count) const noexcept {
        const int error = errno;
        if (result < 0 ? error != EPIPE : static_cast<std::size_t>(result) >= count) return;
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
