// SPDX-License-Identifier: MIT
// Bytes that are to be text, and are not.
#pragma once

#include <hocket/base/errors.h>

#include <cstdint>
#include <string>

namespace hocket {

/// What was read is no UTF-8 (`UnicodeDecodeError`): `read from x.txt: no UTF-8 at byte 17: 0xff`.
class HOCKET_EXPORT UnicodeDecodeError : public ValueError {
public:
    explicit UnicodeDecodeError(const std::string& text, std::int64_t start = 0) : ValueError(text), start_(start) {}
    ~UnicodeDecodeError() override;
    /// The place of the first byte that is no part of a character.
    std::int64_t start() const noexcept { return start_; }

private:
    std::int64_t start_;
};

/// What is to be written is no UTF-8 (`UnicodeEncodeError`).
class HOCKET_EXPORT UnicodeEncodeError : public ValueError {
public:
    explicit UnicodeEncodeError(const std::string& text, std::int64_t start = 0) : ValueError(text), start_(start) {}
    ~UnicodeEncodeError() override;
    /// As above, in what is to be written.
    std::int64_t start() const noexcept { return start_; }

private:
    std::int64_t start_;
};

}  // namespace hocket
