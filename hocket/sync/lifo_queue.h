// SPDX-License-Identifier: MIT
// A queue that gives the newest item first.
#pragma once

#include <hocket/sync/queue.h>

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace hocket {

/// The store of a LifoQueue.
template <class T>
class Stack {
public:
    static constexpr const char* names[3] = {"LifoQueue.get", "LifoQueue.put", "LifoQueue.join"};
    static constexpr bool compares = false;

    void push(std::size_t, T&& item) { items_.push_back(std::move(item)); }
    T pop(std::size_t) {
        T item = std::move(items_.back());
        items_.pop_back();
        return item;
    }
    void clear(std::size_t) noexcept { items_.clear(); }
    bool is_full(std::size_t size) const noexcept { return size == items_.capacity(); }
    void grow() { items_.reserve(std::max<std::size_t>(4, 2 * items_.capacity())); }

private:
    std::vector<T> items_;
};

/// Gives the newest item first (`asyncio.LifoQueue`).
template <class T>
class LifoQueue : public BasicQueue<T, Stack<T>> {
public:
    using BasicQueue<T, Stack<T>>::BasicQueue;
};

}  // namespace hocket
