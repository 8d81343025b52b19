// SPDX-License-Identifier: MIT
// How a trace becomes text, and where its memory comes from, without the program's allocator.
#include <hocket/inspect/trace_internal.h>

#include <hocket/base/utf_8_internal.h>

#include <sys/mman.h>
#include <algorithm>
#include <charconv>
#include <cstring>

namespace hocket::inspect {

void TraceOutput::put(std::string_view text) noexcept {
    while (!text.empty()) {
        if (used_ == buffer_.size()) flush();
        const std::size_t n = std::min(text.size(), buffer_.size() - used_);
        std::memcpy(buffer_.data() + used_, text.data(), n);
        used_ += n;
        text.remove_prefix(n);
    }
}

void TraceOutput::put_number(std::uint64_t number, int base) noexcept {
    char digits[64];
    put({digits, std::to_chars(digits, digits + sizeof digits, number, base).ptr});
}

void TraceOutput::flush() noexcept {
    if (used_ > 0) write({buffer_.data(), used_});
    used_ = 0;
}

void TraceOutput::put_address(std::uint64_t address) noexcept {
    put("0x");
    put_number(address, 16);
}

void TraceOutput::put_escaped(std::string_view text) noexcept {
    while (!text.empty()) {
        const auto byte = static_cast<unsigned char>(text.front());
        std::size_t size = utf_8_sequence(text);
        if (size == 0) {
            size = std::max<std::size_t>(utf_8_mistake(text), 1);
            put("\\ufffd");
        } else if (byte < 0x20 || byte == 0x7f) {
            put(byte < 0x10 ? "\\u000" : "\\u00");
            put_number(byte, 16);
        } else {
            if (byte == '"' || byte == '\\') put("\\");
            put(text.substr(0, size));
        }
        text.remove_prefix(std::min(size, text.size()));
    }
}

void TraceOutput::put_time(std::int64_t nanoseconds) noexcept {
    if (nanoseconds < 0) put("-");
    const auto all = static_cast<std::uint64_t>(nanoseconds);
    const std::uint64_t size = nanoseconds < 0 ? 0 - all : all;
    put_number(size / 1000);
    const std::uint64_t rest = size % 1000;
    put(rest < 10 ? ".00" : rest < 100 ? ".0" : ".");
    put_number(rest);
}

// ---- Memory

TraceMemory::TraceMemory(std::size_t size) noexcept : size_(size) {
    void* const memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory != MAP_FAILED) start_ = static_cast<char*>(memory);
}

TraceMemory::~TraceMemory() {
    if (start_) ::munmap(start_, size_);
}

}  // namespace hocket::inspect
