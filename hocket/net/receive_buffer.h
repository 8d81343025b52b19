// SPDX-License-Identifier: MIT
// Bytes that have arrived and were not read yet; nothing but a pointer while there are none.
#pragma once

#include <hocket/base/config.h>

#include <cstddef>
#include <string_view>
#include <utility>

namespace hocket {

class HOCKET_EXPORT ReceiveBuffer {
public:
    ReceiveBuffer() noexcept = default;
    ReceiveBuffer(const ReceiveBuffer&) = delete;
    ReceiveBuffer& operator=(const ReceiveBuffer&) = delete;
    ~ReceiveBuffer();

    std::size_t size() const noexcept { return block_ ? block_->end - block_->begin : 0; }
    bool empty() const noexcept { return size() == 0; }
    std::string_view view() const noexcept {
        return block_ ? std::string_view(block_->bytes() + block_->begin, size()) : std::string_view();
    }
    /// The first `n` bytes are read.
    void consume(std::size_t n) noexcept {
        if (n > 0) block_->begin += n;
    }
    void append(std::string_view bytes);

    struct Room {
        char* data;
        std::size_t size;
    };
    /// Place behind the last byte, for `at_least` more. The place stays where it is until the next call of `room`, `append` or `release`,
    /// so that the kernel may write there meanwhile, while bytes before it are read.
    Room room(std::size_t at_least) {
        if (!block_ || block_->begin != block_->end || block_->capacity < at_least) return make_room(at_least);
        block_->begin = block_->end = 0;
        return {block_->bytes(), block_->capacity};
    }
    /// `n` bytes were put into the room.
    void filled(std::size_t n) noexcept { block_->end += n; }

    void swap(ReceiveBuffer& other) noexcept { std::swap(block_, other.block_); }
    bool holds_memory() const noexcept { return block_; }
    /// Gives the memory back; the buffer is empty.
    void release() noexcept;

private:
    Room make_room(std::size_t at_least);

    struct Block {
        std::size_t capacity, begin, end;
        char* bytes() noexcept { return reinterpret_cast<char*>(this + 1); }
    };
    Block* block_ = nullptr;
};

}  // namespace hocket
