// SPDX-License-Identifier: MIT
// Whether a file's system calls wait for somebody else: a server, or a process of this machine that plays one.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>
#include <cstdint>

namespace hocket::fs {

/// Who answers calls on the files of a file system: this machine's kernel, or others, for whom any call may wait, and not only those for a
/// disk.
enum class Served : std::uint8_t { unknown, by_kernel, by_others };

/// By the type that fstatfs (man 2) tells.
Served served_of_type(long type) noexcept;

/// What is known of a device. Never waits. Thread-safe, as are the next two.
Served served(dev_t device) noexcept;
/// The same, after asking if it is not known. May wait: those who are asked are just the others.
Served learn_served(int fd, dev_t device) noexcept;
void remember_served(dev_t device, Served by) noexcept;
/// What is known of the file system that is mounted at the root. Never waits.
Served served_root() noexcept;

/// statx (man 2) of a descriptor, from what the kernel has in memory: 0, or -1.
int status_at_hand(int fd, unsigned mask, struct statx& status) noexcept;
dev_t device_of(const struct statx& status) noexcept;

}  // namespace hocket::fs
