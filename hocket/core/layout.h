// SPDX-License-Identifier: MIT
// Where the loops and tasks of a process stand in its memory, for those who read that from outside: hocket ps, debuggers.
#pragma once

#include <hocket/base/config.h>

#include <cstdint>

namespace hocket {

/// The one table of offsets. It is found by its first 16 bytes, so that a program without symbols can be read, too. Whoever reads it looks at
/// the version first: each change of what stands here, or of what it means, is another one.
///
/// Offsets are of bytes. A frame is known by what `std::coroutine_handle::address` gives; a leaf by the address of its Leaf, whose first
/// word is the address of a vtable: the symbol there has the leaf's class in it.
struct Layout {
    static constexpr std::uint32_t current_version = 1;

    char magic[16];
    std::uint32_t version, size;
    const void* loops;  ///< an array of pointers to loops, null where there is none
    std::uint32_t loop_count;
    std::uint32_t loop_tasks, loop_current, loop_backend;            // pointers
    std::uint32_t loop_mark, loop_thread;                            // 64 bits, 32 bits
    std::uint32_t node_flags, node_cancels;                          // 16 bits, 8 bits; of a task
    std::uint32_t task_frame, task_waiting, task_older, task_newer;  // pointers
    std::uint32_t
        task_label;  ///< odd: the number in `Task-N`, twice and one; else the address of a name that ends with a zero
    std::uint32_t task_created_at;               ///< a code address
    std::uint32_t frame_parent, frame_pc;        // pointers
    std::uint32_t operation_code, operation_fd;  ///< in a leaf PendingOperation: 8 bits, 32 bits
    std::uint32_t wait_point_what;  ///< in a leaf that is a WaitPoint, or derived from it: the address of a name
    std::uint32_t flag_done, flag_task, flag_first;  // of node_flags
    std::uint32_t flag_recheck, flag_interposed;
};

extern "C" HOCKET_EXPORT Layout hocket_layout;

}  // namespace hocket
