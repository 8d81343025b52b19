// SPDX-License-Identifier: MIT
#include <hocket/base/thread_id.h>

#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace hocket {

namespace {

constinit thread_local int known = 0;

// The thread that goes on in a forked child has another number.
const int forgotten_in_children = pthread_atfork(nullptr, nullptr, [] { known = 0; });

}  // namespace

int this_thread_id() noexcept {
    if (known == 0) known = static_cast<int>(syscall(SYS_gettid));
    return known;
}

}  // namespace hocket
