// SPDX-License-Identifier: MIT
// Decompression by zlib, brotli and zstd: each as a stage from bytes to bytes.
#include <hocket/http/content_encoding_internal.h>

#include <hocket/http/errors.h>

#include <brotli/decode.h>
#define ZLIB_CONST
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <new>

namespace hocket::http {

namespace {

constexpr int wrapped = 15, raw = -15, gzip_only = 15 + 16;  // zlib's windowBits: always the largest window

[[noreturn]] void refuse(ContentCoding coding, const std::string& why) {
    throw ProtocolError("decode " + std::string(coding_name(coding)) + ": " + why);
}

[[noreturn]] void refuse_more(ContentCoding coding) { refuse(coding, "bytes follow the end"); }

const Bytef* bytes_of(std::string_view text) noexcept { return reinterpret_cast<const Bytef*>(text.data()); }

/// gzip, and deflate with and without the wrapping of zlib.
class Inflater final : public DecoderStage {
public:
    explicit Inflater(ContentCoding coding) : coding_(coding) {
        if (coding == ContentCoding::gzip) begin(gzip_only);
    }
    ~Inflater() override {
        if (is_begun_) inflateEnd(&z_);
    }

    std::size_t run(std::string_view& input, char* to, std::size_t room) override {
        if (!is_begun_ && !look_at_wrapping(input)) return 0;
        constexpr std::size_t most = 1 << 30;  // zlib counts in unsigned int
        z_.next_out = reinterpret_cast<Bytef*>(to);
        z_.avail_out = static_cast<uInt>(std::min(room, most));
        const uInt all = z_.avail_out;
        if (!first_.empty()) {
            std::string_view first = first_;
            inflate_some(first);
            first_.clear();
        }
        // With no room left, zlib may hold what belongs to bytes that it has taken already.
        while (z_.avail_out > 0) {
            const uInt before = z_.avail_out;
            const std::size_t left = input.size();
            inflate_some(input);
            if (input.size() == left && z_.avail_out == before) break;
        }
        return all - z_.avail_out;
    }

    bool is_whole() const noexcept override { return has_ended_; }

private:
    void begin(int window_bits) {
        if (inflateInit2(&z_, window_bits) != Z_OK) throw std::bad_alloc();
        is_begun_ = true;
    }

    // RFC 1950: the wrapping's two bytes are a multiple of 31. Raw deflate begins otherwise, but for a strange block that nobody makes.
    bool look_at_wrapping(std::string_view& input) {
        const std::size_t size = std::min(2 - first_.size(), input.size());
        first_ += input.substr(0, size);
        input.remove_prefix(size);
        if (first_.empty()) return false;
        const auto method = static_cast<unsigned char>(first_[0]);
        const bool may_be_wrapped = (method & 0x0f) == 8;
        if (may_be_wrapped && first_.size() < 2) return false;
        const bool is_wrapped = may_be_wrapped && (method * 256 + static_cast<unsigned char>(first_[1])) % 31 == 0;
        begin(is_wrapped ? wrapped : raw);
        return true;
    }

    void inflate_some(std::string_view& input) {
        if (has_ended_) {
            if (input.empty()) return;
            // RFC 1952, 2.2: members follow one another.
            if (coding_ != ContentCoding::gzip || input[0] != '\x1f') refuse_more(coding_);
            inflateReset(&z_);
            has_ended_ = false;
        }
        constexpr std::size_t most = 1 << 30;
        const auto size = static_cast<uInt>(std::min(input.size(), most));
        z_.next_in = bytes_of(input);
        z_.avail_in = size;
        const int result = inflate(&z_, Z_NO_FLUSH);
        input.remove_prefix(size - z_.avail_in);
        if (result == Z_STREAM_END) {
            has_ended_ = true;
        } else if (result == Z_MEM_ERROR) {
            throw std::bad_alloc();
        } else if (result != Z_OK && result != Z_BUF_ERROR) {
            refuse(coding_, result == Z_NEED_DICT ? "it needs a dictionary"
                            : z_.msg              ? z_.msg
                                                  : "the data is malformed");
        }
    }

    const ContentCoding coding_;
    z_stream z_{};
    std::string first_;  // of deflate: what comes before it is known how it is wrapped
    bool is_begun_ = false;
    bool has_ended_ = false;
};

class BrotliStage final : public DecoderStage {
public:
    BrotliStage() : state_(BrotliDecoderCreateInstance(nullptr, nullptr, nullptr)) {
        if (!state_) throw std::bad_alloc();
    }
    ~BrotliStage() override { BrotliDecoderDestroyInstance(state_); }

    std::size_t run(std::string_view& input, char* to, std::size_t room) override {
        if (has_ended_) {
            if (!input.empty()) refuse_more(ContentCoding::br);
            return 0;
        }
        std::size_t left = input.size();
        const std::uint8_t* in = bytes_of(input);
        std::size_t left_out = room;
        auto* out = reinterpret_cast<std::uint8_t*>(to);
        const auto result = BrotliDecoderDecompressStream(state_, &left, &in, &left_out, &out, nullptr);
        input.remove_prefix(input.size() - left);
        if (result == BROTLI_DECODER_RESULT_ERROR) {
            refuse(ContentCoding::br, BrotliDecoderErrorString(BrotliDecoderGetErrorCode(state_)));
        }
        has_ended_ = result == BROTLI_DECODER_RESULT_SUCCESS;
        if (has_ended_ && !input.empty()) refuse_more(ContentCoding::br);
        return room - left_out;
    }

    bool is_whole() const noexcept override { return has_ended_; }

private:
    BrotliDecoderState* const state_;
    bool has_ended_ = false;
};

class ZstdStage final : public DecoderStage {
public:
    ZstdStage() : state_(ZSTD_createDCtx()) {
        if (!state_) throw std::bad_alloc();
        constexpr int largest_window = 23;  // RFC 9659: 8 MiB
        ZSTD_DCtx_setParameter(state_, ZSTD_d_windowLogMax, largest_window);
    }
    ~ZstdStage() override { ZSTD_freeDCtx(state_); }

    std::size_t run(std::string_view& input, char* to, std::size_t room) override {
        ZSTD_outBuffer out{to, room, 0};
        while (out.pos < out.size) {
            if (input.empty() && !is_full_) break;
            check_magic(input);
            ZSTD_inBuffer in{input.data(), input.size(), 0};
            const std::size_t before = out.pos;
            const std::size_t result = ZSTD_decompressStream(state_, &out, &in);
            if (ZSTD_isError(result)) refuse(ContentCoding::zstd, ZSTD_getErrorName(result));
            input.remove_prefix(in.pos);
            has_ended_ = result == 0;
            if (has_ended_) magic_ = 0;
            is_full_ = out.pos == out.size && !has_ended_;
            if (in.pos == 0 && out.pos == before) break;
        }
        return out.pos;
    }

    bool is_whole() const noexcept override { return has_ended_; }

private:
    // The library may know formats that are older than the standard, with windows of any size: they are refused.
    void check_magic(std::string_view input) {
        constexpr std::string_view frame = "\x28\xb5\x2f\xfd", skippable = "\x50\x2a\x4d\x18";
        for (; magic_ < frame.size() && !input.empty(); input.remove_prefix(1), ++magic_) {
            if (magic_ == 0) is_skippable_ = (static_cast<unsigned char>(input[0]) & 0xf0) == 0x50;
            const bool fits = is_skippable_ ? magic_ == 0 || input[0] == skippable[magic_] : input[0] == frame[magic_];
            if (!fits) refuse(ContentCoding::zstd, "what should be a frame is none");
        }
    }

    ZSTD_DCtx* const state_;
    std::size_t magic_ = 0;  // bytes of the frame's first four that were looked at
    bool is_skippable_ = false;
    bool is_full_ = false;  // there was no room for all of the last output
    bool has_ended_ = false;
};

}  // namespace

Unique<DecoderStage> make_decoder(ContentCoding coding) {
    switch (coding) {
        case ContentCoding::br: return Unique<DecoderStage>(new BrotliStage);
        case ContentCoding::zstd: return Unique<DecoderStage>(new ZstdStage);
        case ContentCoding::gzip:
        case ContentCoding::deflate: break;
    }
    return Unique<DecoderStage>(new Inflater(coding));
}

}  // namespace hocket::http
