// SPDX-License-Identifier: MIT
// The address at which code stands, from which reports learn function, file and line.
#pragma once

#include <hocket/base/config.h>

namespace hocket {

/// Inlined into a function's body, an address inside it: its line can be found later.
HOCKET_INLINE const void* here() noexcept {
    const void* pc = nullptr;
#if defined(__x86_64__)
    asm volatile("lea -1(%%rip), %0" : "=r"(pc));  // rip is the next instruction, which may be another line's
#elif defined(__aarch64__)
    asm volatile("adr %0, ." : "=r"(pc));
#endif
    return pc;
}

}  // namespace hocket
