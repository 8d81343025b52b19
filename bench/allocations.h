// SPDX-License-Identifier: MIT
// Counts how often the process asks for memory, in place of the C library's functions. For one source file a program.
#pragma once

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstddef>

namespace bench {

inline std::atomic<unsigned long> allocation_calls;
inline double allocations() { return static_cast<double>(allocation_calls.load(std::memory_order_relaxed)); }
inline void count_allocation() { allocation_calls.fetch_add(1, std::memory_order_relaxed); }

}  // namespace bench

extern "C" {

void* __libc_malloc(std::size_t bytes);
void* __libc_calloc(std::size_t n, std::size_t bytes);
void* __libc_realloc(void* old, std::size_t bytes);
void* __libc_memalign(std::size_t alignment, std::size_t bytes);

void* malloc(std::size_t bytes) noexcept { return bench::count_allocation(), __libc_malloc(bytes); }
void* calloc(std::size_t n, std::size_t bytes) noexcept { return bench::count_allocation(), __libc_calloc(n, bytes); }
void* realloc(void* old, std::size_t bytes) noexcept { return bench::count_allocation(), __libc_realloc(old, bytes); }
void* aligned_alloc(std::size_t alignment, std::size_t bytes) noexcept {
    return bench::count_allocation(), __libc_memalign(alignment, bytes);
}
int posix_memalign(void** result, std::size_t alignment, std::size_t bytes) noexcept {
    *result = aligned_alloc(alignment, bytes);
    return *result ? 0 : ENOMEM;
}
void* mmap(void* at, std::size_t bytes, int protection, int flags, int file, off_t offset) noexcept {
    bench::count_allocation();
    return reinterpret_cast<void*>(syscall(SYS_mmap, at, bytes, protection, flags, file, offset));
}

}  // extern "C"
