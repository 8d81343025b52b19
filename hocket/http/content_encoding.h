// SPDX-License-Identifier: MIT
// Compressed bodies: gzip, deflate, br and zstd, from bytes to bytes, within limits; and which of them two sides agree on.
#pragma once

#include <hocket/base/config.h>
#include <hocket/base/owners.h>
#include <hocket/http/headers.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hocket::http {

/// How a body is compressed (RFC 9110, 8.4.1; `br` is RFC 7932, `zstd` RFC 8878).
enum class ContentCoding : std::uint8_t { gzip, deflate, br, zstd };

/// What a client that decodes all of them says in Accept-Encoding.
inline constexpr std::string_view all_codings = "gzip, deflate, br, zstd";

/// `gzip`, as header fields say it.
HOCKET_EXPORT std::string_view coding_name(ContentCoding coding) noexcept;
/// Of that name, compared without case; `x-gzip` is gzip. Nothing for others, `identity` among them.
HOCKET_EXPORT std::optional<ContentCoding> coding_of(std::string_view name) noexcept;
/// The codings of Content-Encoding, in the order in which they were applied; none for a body that is not compressed, or `identity`. Nothing if
/// one of them is unknown.
HOCKET_EXPORT std::optional<std::vector<ContentCoding>> content_codings(const Headers& headers);
/// Those of `offered` that Accept-Encoding allows: the highest weight first, of equal ones as they were offered (RFC 9110, 12.5.3). None where the
/// body as it is is preferred, or nothing was asked for.
HOCKET_EXPORT std::vector<ContentCoding> accepted_codings(const Headers& headers,
                                                          std::span<const ContentCoding> offered);
/// Which coding Accept-Encoding prefers: that of the highest weight, of equal ones zstd, br, gzip, deflate in this order. Nothing for a body
/// as it is: if that is preferred, or nothing was asked for (RFC 9110, 12.5.3).
HOCKET_EXPORT std::optional<ContentCoding> preferred_coding(const Headers& headers);

/// What a compressed body may become. A few bytes can stand for very many: these limits are what keeps them from doing so.
struct DecodeLimits {
    std::uint64_t size = 1 << 30;       ///< bytes in all
    std::uint64_t ratio = 200;          ///< so many bytes for each compressed one
    std::uint64_t allowance = 4 << 20;  ///< so many bytes are not compared with `ratio`
    std::size_t codings = 5;            ///< applied to one body, one over the other
};

/// Decompresses a body as it comes:
///
///     Decoder decoder(ContentCoding::gzip);
///     decoder.feed(bytes);
///     std::string text;
///     while (decoder.read(text)) ...  // no more than 64 KiB at a time
///     decoder.finish();               // there will be no more bytes
///
/// A body of no bytes at all stands for nothing. gzip and zstd may have several members or frames, one behind the other; what else follows the
/// end is refused. deflate may lack the wrapping of zlib, as browsers accept it. Beside what was fed and not read, it keeps a window: 32 KiB of
/// gzip and deflate, 8 MiB of zstd at most (RFC 9659), 16 MiB of br.
///
/// Throws ProtocolError, once and for ever: 400 for what is malformed and for too many codings, 413 for what becomes too large, `decode gzip: the data ends early`. Belongs
/// to one task at a time.
class HOCKET_EXPORT Decoder {
public:
    static constexpr std::size_t at_a_time = 64 << 10;

    explicit Decoder(ContentCoding coding, const DecodeLimits& limits = {});
    /// `codings`: in the order in which they were applied. Throws ProtocolError for more than `limits` allow, and ValueError for none.
    explicit Decoder(const std::vector<ContentCoding>& codings, const DecodeLimits& limits = {});
    Decoder(Decoder&&) noexcept;
    Decoder& operator=(Decoder&&) noexcept;
    ~Decoder();

    /// More of the body. It is kept until `read` has taken it.
    void feed(std::string_view bytes);
    /// Appends what the bytes stand for, `most` of it at most. Says how much; 0: more must be fed, or the body is over.
    std::size_t read(std::string& to, std::size_t most = at_a_time);
    /// All was fed, and `read` has given 0: throws if something is missing.
    void finish();

private:
    class Chain;
    Unique<Chain> chain_;
};

/// `Encoder(ContentCoding::br, {.level = 9})`
struct EncodeOptions {
    /// As the libraries count: gzip and deflate 0 to 9, br 0 to 11, zstd 1 to 22. By default 6, 5 and 3: quick enough for answers.
    std::optional<int> level = {};
};

/// Compresses a body as it is made. Belongs to one task at a time.
class HOCKET_EXPORT Encoder {
public:
    /// Throws ValueError for a level that there is not.
    explicit Encoder(ContentCoding coding, const EncodeOptions& options = {});
    Encoder(Encoder&&) noexcept;
    Encoder& operator=(Encoder&&) noexcept;
    ~Encoder();

    /// Appends what is there of the compressed body; more may be kept until later.
    void encode(std::string_view bytes, std::string& to);
    /// Appends what was kept: what was encoded so far can be read by who gets it.
    void flush(std::string& to);
    /// Appends the end. Nothing may follow.
    void finish(std::string& to);

    class Stage;

private:
    Unique<Stage> stage_;
};

/// The whole of a body, compressed.
HOCKET_EXPORT std::string encoded(std::string_view bytes, ContentCoding coding, const EncodeOptions& options = {});

}  // namespace hocket::http
