// SPDX-License-Identifier: MIT
#include <hocket/base/thread_id.h>

#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace hocket {

namespace {

constinit thread_local int known = 0;

int ask() noexcept {
    // The thread that goes on in a forked child has another number.
    static const bool forgotten_in_children = pthread_atfork(nullptr, nullptr, [] { known = 0; }) == 0;
    (void)forgotten_in_children;
    return known = static_cast<int>(syscall(SYS_gettid));
}

}  // namespace

int this_thread_id() noexcept { return known != 0 ? known : ask(); }

}  // namespace hocket
