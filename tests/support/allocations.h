// SPDX-License-Identifier: MIT
// Counts what a test program asks the system for. Included by one source file of the program, since it replaces operator new.
#pragma once

#include <hocket/base/memory.h>

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace hocket::testing {

inline std::atomic<std::size_t> calls_of_new = 0;

/// How often memory was taken from the system so far: by `new` or for the free lists.
inline std::size_t system_allocations() noexcept { return calls_of_new + FramePool::system_allocations(); }

}  // namespace hocket::testing

#if HOCKET_POOL  // sanitizers replace it themselves
// Not inlined: GCC would take a block from malloc for one that operator new has not made.
[[gnu::noinline]] void* operator new(std::size_t size) {
    ++hocket::testing::calls_of_new;
    if (void* block = std::malloc(size)) return block;
    throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* block) noexcept { std::free(block); }
[[gnu::noinline]] void operator delete(void* block, std::size_t) noexcept { std::free(block); }
#endif
