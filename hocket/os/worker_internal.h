// SPDX-License-Identifier: MIT
// A process of a process pool: how it is started, and the messages between it and its parent.
#pragma once

#include <sys/types.h>
#include <string>

namespace hocket {

struct StartedWorker {
    pid_t pid;
    int fd;  // the parent's end of a socket pair, close-on-exec; blocking
};

/// Forks a worker, which serves requests until its parent's end is closed. Throws OSError.
StartedWorker start_worker();

/// The first byte of a reply.
inline constexpr char reply_is_result = 0, reply_is_exception = 1;

/// Blocks. False: the other side is gone.
bool send_message(int fd, const std::string& message) noexcept;
/// The same. Throws std::bad_alloc.
bool receive_message(int fd, std::string& message);

}  // namespace hocket
