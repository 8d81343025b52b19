// SPDX-License-Identifier: MIT
// The block of a receive buffer: how it grows, and when its bytes move.
#include <hocket/net/receive_buffer.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

namespace hocket {

ReceiveBuffer::~ReceiveBuffer() { release(); }

void ReceiveBuffer::release() noexcept {
    std::free(block_);
    block_ = nullptr;
}

ReceiveBuffer::Room ReceiveBuffer::make_room(std::size_t at_least) {
    const std::size_t used = size();
    if (!block_ || block_->capacity - used < at_least) {
        // Twice as much at the least, so that bytes that come one by one are not moved each time.
        const std::size_t capacity = std::max(used + at_least, used > 0 ? 2 * block_->capacity : 0);
        auto* larger = static_cast<Block*>(std::malloc(sizeof(Block) + capacity));
        if (!larger) throw std::bad_alloc();
        larger->capacity = capacity;
        larger->begin = 0;
        larger->end = used;
        if (used > 0) std::memcpy(larger->bytes(), view().data(), used);
        release();
        block_ = larger;
    } else if (block_->capacity - block_->end < at_least) {
        std::memmove(block_->bytes(), view().data(), used);
        block_->begin = 0;
        block_->end = used;
    }
    return {block_->bytes() + block_->end, block_->capacity - block_->end};
}

void ReceiveBuffer::append(std::string_view bytes) {
    if (bytes.empty()) return;
    std::memcpy(room(bytes.size()).data, bytes.data(), bytes.size());
    filled(bytes.size());
}

}  // namespace hocket
