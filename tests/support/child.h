// SPDX-License-Identifier: MIT
// A part of a test that a child process does, since it changes what cannot be changed back.
#pragma once

#include <sys/wait.h>
#include <unistd.h>
#include <cerrno>

namespace hocket::testing {

/// Runs `body` in a child; its exit status, or minus the signal that ended it. -1 also when there is no child, or none to wait for.
template <class Body>
int in_child(Body body) {
    const pid_t child = fork();
    if (child == 0) {
        alarm(20);
        _exit(body());
    }
    int status = 0;
    pid_t ended = -1;
    do {
        ended = waitpid(child, &status, 0);
    } while (ended < 0 && errno == EINTR);
    if (child < 0 || ended != child) return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/// ThreadSanitizer ends the child of a process with threads that starts one.
#ifdef __SANITIZE_THREAD__
inline constexpr bool starts_no_threads_in_children = true;
#elif defined(__has_feature)
inline constexpr bool starts_no_threads_in_children = __has_feature(thread_sanitizer);
#else
inline constexpr bool starts_no_threads_in_children = false;
#endif

}  // namespace hocket::testing
