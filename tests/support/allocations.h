// SPDX-License-Identifier: MIT
// Counts what a test program asks the system for, and refuses it on request; replaces its operator new.
#pragma once

#include <hocket/base/memory.h>

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace hocket::testing {

inline std::atomic<std::size_t> calls_of_new = 0;
/// So many bytes at once, or more, are refused with std::bad_alloc.
inline std::atomic<std::size_t> refused_from = static_cast<std::size_t>(-1);

/// How often memory was taken from the system so far: by `new` or for the free lists.
inline std::size_t system_allocations() noexcept { return calls_of_new + FramePool::system_allocations(); }

}  // namespace hocket::testing

#if HOCKET_POOL  // sanitizers replace it themselves
// Weak, since several source files of a program may include this. Not inlined: GCC would take a block from malloc for one that operator
// new has not made.
[[gnu::noinline, gnu::weak]] void* operator new(std::size_t size) {
    ++hocket::testing::calls_of_new;
    if (size < hocket::testing::refused_from) {
        if (void* block = std::malloc(size)) return block;
    }
    throw std::bad_alloc();
}
[[gnu::noinline, gnu::weak]] void operator delete(void* block) noexcept { std::free(block); }
[[gnu::noinline, gnu::weak]] void operator delete(void* block, std::size_t) noexcept { std::free(block); }
#endif
