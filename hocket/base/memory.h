// SPDX-License-Identifier: MIT
// The memory of coroutine frames and of the small blocks beside them: free lists, one set a thread.
#pragma once

#include <hocket/base/config.h>

#include <cstddef>
#include <cstdint>
#include <new>

namespace hocket {

/// Blocks of up to `largest` bytes from free lists of the calling thread; larger ones from the system.
///
/// Each size has two lists, so that a thread that allocates and frees around the boundary does not trade with the depot each
/// time: blocks freed beyond two full lists go to a depot that all threads share, and a thread that has none takes a list from there
/// first. So blocks may be freed on any thread, and what a thread leaves behind when it ends serves the others. The memory of these blocks
/// is never given back to the system, so that a reader from outside the process may look at it at any time; a larger block is, when it
/// is released.
class FramePool {
public:
    static constexpr std::size_t granule = 16, smallest = 32, largest = 1024;

    static HOCKET_INLINE void* allocate(std::size_t size) {
#if HOCKET_POOL
        if (size <= largest) [[likely]] {
            List& list = mine_->lists[index(size)];
            if (void* block = list.head) [[likely]] {
                list.head = *static_cast<void**>(block);
                --list.count;
                return block;
            }
        }
#endif
        return refill(size);
    }

    static HOCKET_INLINE void release(void* block, std::size_t size) noexcept {
#if HOCKET_POOL
        if (size <= largest) [[likely]] {
            List& list = mine_->lists[index(size)];
            if (list.count != list.limit) [[likely]] {
                *static_cast<void**>(block) = list.head;
                list.head = block;
                ++list.count;
                return;
            }
        }
#endif
        drain(block, size);
    }

    /// Calls `destroy(frame)`, in which a coroutine's frame is destroyed and released, but keeps its memory: a husk, for an owner that still
    /// refers to the frame, and who finds that out by `is_husk` and frees it by `release_husk`.
    static HOCKET_EXPORT void hollow(void* frame, void (*destroy)(void* frame)) noexcept;
    static HOCKET_EXPORT bool is_husk(const void* frame) noexcept;
    static HOCKET_EXPORT void release_husk(void* frame) noexcept;

    /// Calls `hook`, which may itself make frames, on each thread that asks for a block of `size` bytes or more, larger than `largest`; null:
    /// nothing is called. For detectors.
    using LargeBlockHook = void (*)(std::size_t size, const void* where);
    static HOCKET_EXPORT void set_large_block_hook(std::size_t size, LargeBlockHook hook) noexcept;

    /// How often this thread has asked the system for memory: constant in steady state.
    static HOCKET_EXPORT std::size_t system_allocations() noexcept;

private:
    struct List {
        void* head;
        std::uint32_t count, limit;
    };
    static constexpr std::size_t classes = largest / granule + 1;
    struct Lists {
        List lists[classes];
    };
    struct Thread;
    struct Depot;
    struct Husk;
    class Hollowing;

    static constexpr std::size_t index(std::size_t size) noexcept {
        return size <= smallest ? smallest / granule : (size + granule - 1) / granule;
    }

    HOCKET_EXPORT static void* refill(std::size_t size);
    HOCKET_EXPORT static void drain(void* block, std::size_t size) noexcept;

    // A thread that has not allocated yet looks at lists that are empty and may not grow.
    static const Lists none_;
    HOCKET_EXPORT static constinit thread_local Lists* mine_ [[gnu::tls_model("initial-exec")]];
};

/// For the promises of coroutines, whose frames are aligned to a granule.
struct PooledFrame {
    static void* operator new(std::size_t size) { return FramePool::allocate(size); }
    static void operator delete(void* block, std::size_t size) noexcept { FramePool::release(block, size); }
};

/// For classes whose objects are made and freed at the pace of tasks. Those aligned to more than a granule come from the system.
struct Pooled : PooledFrame {
    using PooledFrame::operator new, PooledFrame::operator delete;
    static void* operator new(std::size_t size, std::align_val_t alignment) { return ::operator new(size, alignment); }
    static void operator delete(void* block, std::size_t size, std::align_val_t alignment) noexcept {
        ::operator delete(block, size, alignment);
    }
};

}  // namespace hocket
