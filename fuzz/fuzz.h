// SPDX-License-Identifier: MIT
// What fuzz targets share. A target is one file: LLVMFuzzerTestOneInput, which libFuzzer calls with input after input, and which aborts
// where something is wrong.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace hocket::fuzz {

/// Ends the process with these words if `holds` does not hold.
inline void check(bool holds, const char* what, std::string_view detail = {}) {
    if (holds) return;
    std::fprintf(stderr, "fuzz: %s\n%s\n", what, std::string(detail).c_str());
    std::abort();
}

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
    return {reinterpret_cast<const char*>(data), size};
}

/// Numbers that follow from the input, so that an input always does the same.
class Numbers {
public:
    explicit Numbers(std::string_view input) {
        for (const char c : input) state_ = (state_ ^ static_cast<unsigned char>(c)) * 1099511628211U;
    }
    /// From 0 to `end` - 1.
    std::size_t below(std::size_t end) {
        state_ = state_ * 6364136223846793005U + 1442695040888963407U;
        return static_cast<std::size_t>(state_ >> 33) % end;
    }

private:
    std::uint64_t state_ = 14695981039346656037U;
};

}  // namespace hocket::fuzz
