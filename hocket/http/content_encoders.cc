// SPDX-License-Identifier: MIT
// Compression by zlib, brotli and zstd.
#include <hocket/http/content_encoding_internal.h>

#include <hocket/base/errors.h>

#include <brotli/encode.h>
#define ZLIB_CONST
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <new>

namespace hocket::http {

namespace {

using Then = Encoder::Stage::Then;

constexpr std::size_t at_a_time = 16 << 10;  // what is reserved for the output, again and again

int level_of(const EncodeOptions& options, ContentCoding coding, int usual, int least, int most) {
    const int level = options.level.value_or(usual);
    if (level >= least && level <= most) return level;
    throw ValueError("Encoder: " + std::string(coding_name(coding)) + " has no level " + std::to_string(level) +
                     ", but those from " + std::to_string(least) + " to " + std::to_string(most));
}

class Deflater final : public Encoder::Stage {
public:
    Deflater(ContentCoding coding, const EncodeOptions& options) {
        constexpr int window_bits = 15, gzip = 16, memory_level = 8;
        const int bits = coding == ContentCoding::gzip ? window_bits + gzip : window_bits;
        const int level = level_of(options, coding, 6, 0, 9);
        if (deflateInit2(&z_, level, Z_DEFLATED, bits, memory_level, Z_DEFAULT_STRATEGY) != Z_OK)
            throw std::bad_alloc();
    }
    ~Deflater() override { deflateEnd(&z_); }

    void run(std::string_view input, Then then, std::string& to) override {
        constexpr std::size_t most = 1 << 30;  // zlib counts in unsigned int
        do {
            const std::string_view part = input.substr(0, most);
            input.remove_prefix(part.size());
            z_.next_in = reinterpret_cast<const Bytef*>(part.data());
            z_.avail_in = static_cast<uInt>(part.size());
            deflate_part(input.empty() ? then : Then::goes_on, to);
        } while (!input.empty());
    }

private:
    void deflate_part(Then then, std::string& to) {
        const int how = then == Then::end ? Z_FINISH : then == Then::flush ? Z_SYNC_FLUSH : Z_NO_FLUSH;
        do {
            const std::size_t before = to.size();
            to.resize(before + at_a_time);
            z_.next_out = reinterpret_cast<Bytef*>(to.data() + before);
            z_.avail_out = at_a_time;
            deflate(&z_, how);
            to.resize(before + at_a_time - z_.avail_out);
        } while (z_.avail_out == 0);
    }

    z_stream z_{};
};

class BrotliEncoder final : public Encoder::Stage {
public:
    explicit BrotliEncoder(const EncodeOptions& options) {
        const int level = level_of(options, ContentCoding::br, 5, BROTLI_MIN_QUALITY, BROTLI_MAX_QUALITY);
        state_ = BrotliEncoderCreateInstance(nullptr, nullptr, nullptr);
        if (!state_) throw std::bad_alloc();
        constexpr std::uint32_t window_bits = 19;  // 512 KiB: an answer's memory is its window several times over
        BrotliEncoderSetParameter(state_, BROTLI_PARAM_QUALITY, static_cast<std::uint32_t>(level));
        BrotliEncoderSetParameter(state_, BROTLI_PARAM_LGWIN, window_bits);
    }
    ~BrotliEncoder() override { BrotliEncoderDestroyInstance(state_); }

    void run(std::string_view input, Then then, std::string& to) override {
        const auto how = then == Then::end     ? BROTLI_OPERATION_FINISH
                         : then == Then::flush ? BROTLI_OPERATION_FLUSH
                                               : BROTLI_OPERATION_PROCESS;
        std::size_t left = input.size();
        const auto* in = reinterpret_cast<const std::uint8_t*>(input.data());
        do {
            const std::size_t before = to.size();
            to.resize(before + at_a_time);
            std::size_t room = at_a_time;
            auto* out = reinterpret_cast<std::uint8_t*>(to.data() + before);
            if (!BrotliEncoderCompressStream(state_, how, &left, &in, &room, &out, nullptr)) throw std::bad_alloc();
            to.resize(before + at_a_time - room);
        } while (left > 0 || BrotliEncoderHasMoreOutput(state_));
    }

private:
    BrotliEncoderState* state_;
};

class ZstdEncoder final : public Encoder::Stage {
public:
    explicit ZstdEncoder(const EncodeOptions& options) {
        const int level = level_of(options, ContentCoding::zstd, 3, 1, 22);
        state_ = ZSTD_createCCtx();
        if (!state_) throw std::bad_alloc();
        constexpr int largest_window = 23;  // RFC 9659: who reads it need not have more
        ZSTD_CCtx_setParameter(state_, ZSTD_c_compressionLevel, level);
        if (level > 19) ZSTD_CCtx_setParameter(state_, ZSTD_c_windowLog, largest_window);
        ZSTD_CCtx_setParameter(state_, ZSTD_c_checksumFlag, 1);
    }
    ~ZstdEncoder() override { ZSTD_freeCCtx(state_); }

    void run(std::string_view input, Then then, std::string& to) override {
        const auto how = then == Then::end ? ZSTD_e_end : then == Then::flush ? ZSTD_e_flush : ZSTD_e_continue;
        ZSTD_inBuffer in{input.data(), input.size(), 0};
        for (;;) {
            const std::size_t before = to.size();
            to.resize(before + at_a_time);
            ZSTD_outBuffer out{to.data() + before, at_a_time, 0};
            const std::size_t left = ZSTD_compressStream2(state_, &out, &in, how);
            to.resize(before + out.pos);
            if (ZSTD_isError(left)) throw RuntimeError(std::string("encode zstd: ") + ZSTD_getErrorName(left));
            if (how == ZSTD_e_continue ? in.pos == in.size : left == 0) return;
        }
    }

private:
    ZSTD_CCtx* state_;
};

Unique<Encoder::Stage> make_encoder(ContentCoding coding, const EncodeOptions& options) {
    switch (coding) {
        case ContentCoding::br: return Unique<Encoder::Stage>(new BrotliEncoder(options));
        case ContentCoding::zstd: return Unique<Encoder::Stage>(new ZstdEncoder(options));
        case ContentCoding::gzip:
        case ContentCoding::deflate: break;
    }
    return Unique<Encoder::Stage>(new Deflater(coding, options));
}

}  // namespace

Encoder::Encoder(ContentCoding coding, const EncodeOptions& options) : stage_(make_encoder(coding, options)) {}
Encoder::Encoder(Encoder&&) noexcept = default;
Encoder& Encoder::operator=(Encoder&&) noexcept = default;
Encoder::~Encoder() = default;

void Encoder::encode(std::string_view bytes, std::string& to) { stage_->run(bytes, Then::goes_on, to); }
void Encoder::flush(std::string& to) { stage_->run({}, Then::flush, to); }
void Encoder::finish(std::string& to) { stage_->run({}, Then::end, to); }

std::string encoded(std::string_view bytes, ContentCoding coding, const EncodeOptions& options) {
    Encoder encoder(coding, options);
    std::string to;
    encoder.encode(bytes, to);
    encoder.finish(to);
    return to;
}

}  // namespace hocket::http
