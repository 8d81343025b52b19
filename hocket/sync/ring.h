// SPDX-License-Identifier: MIT
// The store of a Queue: items in a ring of slots, which grows as needed.
#pragma once

#include <hocket/base/config.h>

#include <cstddef>
#include <new>
#include <utility>

namespace hocket {

/// Slots for items, first in, first out. The queue knows how many there are. What fails (a move, memory) changes nothing.
template <class T>
class Ring {
public:
    static constexpr const char* names[3] = {"Queue.get", "Queue.put", "Queue.join"};
    static constexpr bool compares = false;

    Ring() noexcept = default;
    Ring(const Ring&) = delete;
    Ring& operator=(const Ring&) = delete;
    ~Ring() { delete[] slots_; }

    HOCKET_INLINE void push(std::size_t size, T&& item) { ::new (static_cast<void*>(slot(size))) T(std::move(item)); }
    HOCKET_INLINE T pop(std::size_t) {
        T* const first = slot(0);
        T item = std::move(*first);
        first->~T();
        ++first_;
        return item;
    }
    bool is_full(std::size_t size) const noexcept { return size == capacity_; }
    void grow() {
        const std::size_t larger = capacity_ == 0 ? 4 : 2 * capacity_;
        Slot* const slots = new Slot[larger];
        std::size_t moved = 0;
        try {
            for (; moved < capacity_; ++moved)
                ::new (static_cast<void*>(&slots[moved])) T(std::move_if_noexcept(*slot(moved)));
        } catch (...) {
            while (moved > 0) slots[--moved].item()->~T();
            delete[] slots;
            throw;
        }
        clear(capacity_);
        delete[] slots_;
        slots_ = slots;
        capacity_ = larger;
        mask_ = larger - 1;
        first_ = 0;
    }
    void clear(std::size_t size) noexcept {
        for (; size > 0; --size, ++first_) slot(0)->~T();
    }

private:
    struct Slot {
        alignas(T) std::byte bytes[sizeof(T)];
        T* item() noexcept { return reinterpret_cast<T*>(bytes); }
    };

    T* slot(std::size_t i) const noexcept { return slots_[(first_ + i) & mask_].item(); }

    Slot* slots_ = nullptr;
    std::size_t capacity_ = 0;  // 0, or a power of two
    std::size_t mask_ = 0;
    std::size_t first_ = 0;  // counts on beyond the capacity
};

}  // namespace hocket
