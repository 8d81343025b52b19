// SPDX-License-Identifier: MIT
// A process of a process pool: how it is started, and the messages between it and its parent; and how workers are named.
#pragma once

#include <sys/types.h>
#include <cstddef>
#include <string>
#include <string_view>

namespace hocket {

/// `hash_3`: so much of the prefix as the kernel has room for. Of a process that has one thread, it names the process.
void name_this_thread(std::string_view prefix, std::size_t number) noexcept;

struct WorkerSettings {
    std::string name_prefix;
    std::size_t number = 0;
    unsigned max_tasks = 0;  // 0: any number
    void (*initializer)() = nullptr;
};

struct StartedWorker {
    pid_t pid;
    int pidfd;  // close-on-exec; -1 where the kernel makes none
    int fd;     // the parent's end of a socket pair, close-on-exec; blocking
};

/// Forks a worker, which serves requests until its parent's end is closed. Where it is to be replaced after some, the worker is a process that
/// only starts, one after the other, those that serve, and ends as one of them does that ends by itself. Throws OSError.
StartedWorker start_worker(const WorkerSettings& settings);

/// The first byte of a reply. The last one says that the initializer failed, and is followed by what it threw.
inline constexpr char reply_is_result = 0, reply_is_exception = 1, reply_is_broken = 2;

/// Blocks. False: the other side is gone.
bool send_message(int fd, const std::string& message) noexcept;
/// The same. Throws std::bad_alloc.
bool receive_message(int fd, std::string& message);

}  // namespace hocket
