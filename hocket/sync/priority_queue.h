// SPDX-License-Identifier: MIT
// A queue that gives the smallest item first.
#pragma once

#include <hocket/sync/queue.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace hocket {

/// The order of `<`.
struct Less {
    constexpr bool operator()(const auto& a, const auto& b) const { return a < b; }
};

/// The store of a PriorityQueue: a binary heap. Equal items leave in the order in which they came. When a comparison throws, all is as it
/// was before.
template <class T, class Compare>
class Heap {
public:
    static constexpr const char* names[3] = {"PriorityQueue.get", "PriorityQueue.put", "PriorityQueue.join"};
    static constexpr bool compares = true;  // with code of the user's, which may throw

    void push(std::size_t, T&& item) {
        // Its place is looked for before anything moves. All that are there came before it: an equal one stays above.
        std::size_t i = entries_.size(), place = i;
        while (place > 0 && compare_(std::as_const(item), entries_[parent(place)].item)) place = parent(place);
        entries_.emplace_back(std::move(item), arrivals_++);
        for (; i > place; i = parent(i)) std::swap(entries_[i], entries_[parent(i)]);
    }
    T pop(std::size_t) {
        // The last entry goes where the hole ends that the first one leaves: looked for before anything moves.
        const std::size_t last = entries_.size() - 1;
        std::uint64_t right = 0;  // of each step of the hole down, a bit: to which child
        std::size_t depth = 0;
        for (std::size_t hole = 0, child; (child = 2 * hole + 1) < last; hole = child, ++depth) {
            if (child + 1 < last && before(entries_[child + 1], entries_[child])) {
                ++child;
                right |= std::uint64_t{1} << depth;
            }
            if (!before(entries_[child], entries_[last])) break;
        }
        T item = std::move(entries_[0].item);
        std::size_t hole = 0;
        for (std::size_t step = 0; step < depth; ++step) {
            const std::size_t child = 2 * hole + 1 + (right >> step & 1);
            entries_[hole] = std::move(entries_[child]);
            hole = child;
        }
        if (hole != last) entries_[hole] = std::move(entries_[last]);
        entries_.pop_back();
        return item;
    }
    void clear(std::size_t) noexcept { entries_.clear(); }
    bool is_full(std::size_t size) const noexcept { return size == entries_.capacity(); }
    void grow() { entries_.reserve(std::max<std::size_t>(4, 2 * entries_.capacity())); }

private:
    struct Entry {
        T item;
        std::uint64_t arrival;
    };
    static std::size_t parent(std::size_t i) noexcept { return (i - 1) / 2; }
    bool before(const Entry& a, const Entry& b) const {
        if (compare_(a.item, b.item)) return true;
        return a.arrival < b.arrival && !compare_(b.item, a.item);
    }

    std::vector<Entry> entries_;
    std::uint64_t arrivals_ = 0;
    [[no_unique_address]] Compare compare_;
};

/// Gives the smallest item first (`asyncio.PriorityQueue`), and equal ones in the order in which they were put, which asyncio does not
/// promise. Items are often pairs of a priority and a value; `Compare` says which of two is the smaller.
template <class T, class Compare = Less>
class PriorityQueue : public BasicQueue<T, Heap<T, Compare>> {
public:
    using BasicQueue<T, Heap<T, Compare>>::BasicQueue;
};

}  // namespace hocket
