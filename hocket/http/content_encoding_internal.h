// SPDX-License-Identifier: MIT
// What each library of compression has to do for Decoder and Encoder.
#pragma once

#include <hocket/base/owners.h>
#include <hocket/http/content_encoding.h>

#include <cstddef>
#include <string>
#include <string_view>

namespace hocket::http {

/// One coding, from compressed to plain.
class DecoderStage {
public:
    DecoderStage() = default;
    DecoderStage(const DecoderStage&) = delete;
    DecoderStage& operator=(const DecoderStage&) = delete;
    virtual ~DecoderStage() = default;

    /// Takes bytes off the front of `input`, writes no more than `room` to `to`, says how many. 0: all of `input` was taken. Throws
    /// ProtocolError.
    virtual std::size_t run(std::string_view& input, char* to, std::size_t room) = 0;
    /// Whether what was taken may end here.
    virtual bool is_whole() const noexcept = 0;
};

Unique<DecoderStage> make_decoder(ContentCoding coding);

/// One coding, from plain to compressed.
class Encoder::Stage {
public:
    Stage() = default;
    Stage(const Stage&) = delete;
    Stage& operator=(const Stage&) = delete;
    virtual ~Stage() = default;

    enum class Then : std::uint8_t { goes_on, flush, end };
    virtual void run(std::string_view input, Then then, std::string& to) = 0;
};

}  // namespace hocket::http
