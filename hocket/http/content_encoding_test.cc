// SPDX-License-Identifier: MIT
// Codings of bodies: what is decoded, what is refused, what is agreed on.
#include <hocket/http/content_encoding.h>

#include <gtest/gtest.h>
#include <hocket/base/errors.h>
#include <hocket/http/errors.h>
#include <tests/support/trace.h>

#include <algorithm>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace hocket::http {
namespace {

using namespace std::string_literals;
using hocket::testing::thrown_by;

constexpr ContentCoding all[] = {ContentCoding::gzip, ContentCoding::deflate, ContentCoding::br, ContentCoding::zstd};

const std::string gzip_hello =
    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff\xcb\x48\xcd\xc9\xc9\x07\x00\x86\xa6\x10\x36\x05\x00\x00\x00"s;
const std::string zlib_hello = "\x78\x9c\xcb\x48\xcd\xc9\xc9\x07\x00\x06\x2c\x02\x15"s;
const std::string raw_hello = "\xcb\x48\xcd\xc9\xc9\x07\x00"s;
const std::string br_hello = "\x0b\x02\x80hello\x03"s;
const std::string zstd_hello = "\x28\xb5\x2f\xfd\x20\x05\x29\x00\x00hello"s;

// Feeds `bytes` in pieces of `size`, reads `most` at a time; what comes out, or the error behind it.
std::string decode(Decoder decoder, std::string_view bytes, std::size_t size, std::size_t most) {
    std::string text;
    try {
        for (; !bytes.empty(); bytes.remove_prefix(std::min(size, bytes.size()))) {
            decoder.feed(bytes.substr(0, size));
            while (decoder.read(text, most) > 0) continue;
        }
        decoder.finish();
    } catch (const ProtocolError& e) {
        return std::to_string(e.status()) + ' ' + e.what();
    }
    return text;
}

// Whole and byte by byte, in and out, which must be the same.
std::string decoded(std::string_view bytes, ContentCoding coding, const DecodeLimits& limits = {}) {
    const std::string whole = decode(Decoder(coding, limits), bytes, bytes.size(), Decoder::at_a_time);
    EXPECT_TRUE(decode(Decoder(coding, limits), bytes, 1, Decoder::at_a_time) == whole) << "byte by byte in";
    EXPECT_TRUE(decode(Decoder(coding, limits), bytes, bytes.size(), 1) == whole) << "byte by byte out";
    return whole;
}

std::string noise(std::size_t size) {
    std::mt19937 random(7);  // NOLINT(cert-msc32-c, cert-msc51-cpp): the same in each run
    std::string bytes(size, ' ');
    std::ranges::generate(bytes, [&random] { return static_cast<char>(random() & 0xff); });
    return bytes;
}

TEST(OnceContentEncoding, bytes_of_other_programs_are_read) {
    EXPECT_EQ(decoded(gzip_hello, ContentCoding::gzip), "hello");
    EXPECT_EQ(decoded(zlib_hello, ContentCoding::deflate), "hello");
    EXPECT_EQ(decoded(br_hello, ContentCoding::br), "hello");
    EXPECT_EQ(decoded(zstd_hello, ContentCoding::zstd), "hello");
}

TEST(OnceContentEncoding, deflate_may_lack_its_wrapping) {
    EXPECT_EQ(decoded(raw_hello, ContentCoding::deflate), "hello");
    EXPECT_EQ(decoded("\x01\x01\x00\xfe\xffx"s, ContentCoding::deflate), "x");  // a block that is stored
}

TEST(OnceContentEncoding, what_is_encoded_is_decoded) {
    const std::string texts[] = {"", "x", std::string(100'000, 'a'), noise(40'000)};
    for (const ContentCoding coding : all) {
        for (const std::string& text : texts) {
            EXPECT_TRUE(decoded(encoded(text, coding), coding) == text) << coding_name(coding) << ' ' << text.size();
        }
    }
}

TEST(OnceContentEncoding, a_large_text_goes_through_small_pieces) {
    const std::string text = noise(3 << 20);
    for (const ContentCoding coding : all) {
        Encoder encoder(coding);
        Decoder decoder(coding);
        std::string there;
        for (std::size_t i = 0; i < text.size(); i += 1 << 16) {
            std::string piece;
            encoder.encode(std::string_view(text).substr(i, 1 << 16), piece);
            if (i + (1 << 16) >= text.size()) encoder.finish(piece);
            decoder.feed(piece);
            while (decoder.read(there) > 0) continue;
        }
        decoder.finish();
        EXPECT_TRUE(there == text) << coding_name(coding);
    }
}

TEST(OnceContentEncoding, what_was_flushed_can_be_read) {
    for (const ContentCoding coding : all) {
        Encoder encoder(coding);
        Decoder decoder(coding);
        for (const char* word : {"one", "two", "three"}) {
            std::string piece;
            encoder.encode(word, piece);
            encoder.flush(piece);
            decoder.feed(piece);
            std::string there;
            decoder.read(there);
            EXPECT_EQ(there, word) << coding_name(coding);
        }
    }
}

TEST(OnceContentEncoding, no_bytes_are_no_body) {
    for (const ContentCoding coding : all) EXPECT_EQ(decode(Decoder(coding), "", 1, 1), "") << coding_name(coding);
}

TEST(OnceContentEncoding, what_ends_early_is_refused) {
    for (const ContentCoding coding : all) {
        const std::string whole = encoded("hello, hello, hello", coding);
        for (std::size_t size = 1; size < whole.size(); ++size) {
            const std::string result = decoded(whole.substr(0, size), coding);
            EXPECT_TRUE(result == "400 decode " + std::string(coding_name(coding)) + ": the data ends early") << result;
        }
    }
    EXPECT_EQ(decoded(raw_hello.substr(0, 4), ContentCoding::deflate), "400 decode deflate: the data ends early");
}

TEST(OnceContentEncoding, members_and_frames_may_follow_one_another) {
    EXPECT_EQ(decoded(gzip_hello + gzip_hello, ContentCoding::gzip), "hellohello");
    EXPECT_EQ(decoded(zstd_hello + zstd_hello, ContentCoding::zstd), "hellohello");
    EXPECT_EQ(decoded("\x5a\x2a\x4d\x18\x02\x00\x00\x00??"s + zstd_hello, ContentCoding::zstd), "hello");  // skipped
    EXPECT_EQ(decoded(gzip_hello + gzip_hello.substr(0, 12), ContentCoding::gzip),
              "400 decode gzip: the data ends early");
}

TEST(OnceContentEncoding, what_follows_the_end_is_refused) {
    EXPECT_EQ(decoded(gzip_hello + "x", ContentCoding::gzip), "400 decode gzip: bytes follow the end");
    EXPECT_EQ(decoded(gzip_hello + "\0"s, ContentCoding::gzip), "400 decode gzip: bytes follow the end");
    EXPECT_EQ(decoded(gzip_hello + "\x1f\x8c"s, ContentCoding::gzip), "400 decode gzip: incorrect header check");
    EXPECT_EQ(decoded(zlib_hello + zlib_hello, ContentCoding::deflate), "400 decode deflate: bytes follow the end");
    EXPECT_EQ(decoded(raw_hello + "x", ContentCoding::deflate), "400 decode deflate: bytes follow the end");
    EXPECT_EQ(decoded(br_hello + br_hello, ContentCoding::br), "400 decode br: bytes follow the end");
    EXPECT_EQ(decoded(zstd_hello + "x", ContentCoding::zstd), "400 decode zstd: what should be a frame is none");
}

TEST(OnceContentEncoding, what_is_malformed_is_refused) {
    EXPECT_EQ(decoded("hello", ContentCoding::gzip), "400 decode gzip: incorrect header check");
    EXPECT_EQ(decoded("\x1f\x8b\x08\xe0\x00\x00\x00\x00\x02\xff"s, ContentCoding::gzip),
              "400 decode gzip: unknown header flags set");
    EXPECT_EQ(decoded("\xff\xff\xff"s, ContentCoding::deflate), "400 decode deflate: invalid block type");
    EXPECT_EQ(decoded("\x78\xbb\x00\x00\x00\x01"s, ContentCoding::deflate),
              "400 decode deflate: it needs a dictionary");
    std::string wrong_sum = gzip_hello;
    wrong_sum[17] = 'x';
    EXPECT_EQ(decoded(wrong_sum, ContentCoding::gzip), "400 decode gzip: incorrect data check");
    EXPECT_TRUE(decoded("hello", ContentCoding::br).starts_with("400 decode br: "));
    EXPECT_EQ(decoded("hello", ContentCoding::zstd), "400 decode zstd: what should be a frame is none");
    // A format from before the standard.
    EXPECT_EQ(decoded("\x27\xb5\x2f\xfd"s, ContentCoding::zstd), "400 decode zstd: what should be a frame is none");
}

TEST(OnceContentEncoding, an_error_stays) {
    Decoder decoder(ContentCoding::gzip);
    decoder.feed("no gzip");
    std::string text = "before";
    EXPECT_EQ(thrown_by([&] { decoder.read(text); }),
              "hocket::http::ProtocolError: decode gzip: incorrect header check");
    EXPECT_EQ(text, "before");
    for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(thrown_by([&] { decoder.read(text); }),
                  "hocket::http::ProtocolError: decode gzip: incorrect header check");
        EXPECT_EQ(thrown_by([&] { decoder.feed(gzip_hello); }),
                  "hocket::http::ProtocolError: decode gzip: incorrect header check");
        EXPECT_EQ(thrown_by([&] { decoder.finish(); }),
                  "hocket::http::ProtocolError: decode gzip: incorrect header check");
    }
}

// 39
TEST(OnceContentEncoding, there_is_a_limit_of_size) {
    for (const ContentCoding coding : all) {
        const std::string body = encoded(std::string(5000, 'a'), coding);
        EXPECT_EQ(decoded(body, coding, {.size = 5000}).size(), 5000U);
        EXPECT_EQ(decoded(body, coding, {.size = 4999}),
                  "413 decode " + std::string(coding_name(coding)) + ": more than 4999 bytes");
    }
}

// 39
TEST(OnceContentEncoding, there_is_a_limit_of_the_ratio) {
    const std::string zeros(1 << 20, '\0');
    for (const ContentCoding coding : all) {
        const std::string bomb = encoded(zeros, coding);
        const DecodeLimits limits{.ratio = 100, .allowance = 1 << 16};
        const std::string result = decode(Decoder(coding, limits), bomb, bomb.size(), Decoder::at_a_time);
        EXPECT_EQ(result, "413 decode " + std::string(coding_name(coding)) + ": more than 100 times the " +
                              std::to_string(bomb.size()) + " bytes that came");
        EXPECT_EQ(decode(Decoder(coding, {.ratio = 100, .allowance = 1 << 20}), bomb, 1, Decoder::at_a_time).size(),
                  zeros.size());
    }
}

// 39
TEST(OnceContentEncoding, a_bomb_gives_no_more_than_is_asked_for) {
    for (const ContentCoding coding : all) {
        Decoder decoder(coding);
        decoder.feed(encoded(std::string(2 << 20, '\0'), coding));
        std::string text;
        EXPECT_EQ(decoder.read(text, 1000), 1000U);
        EXPECT_EQ(text.size(), 1000U);
        EXPECT_EQ(decoder.read(text), Decoder::at_a_time);
    }
}

// 39
TEST(OnceContentEncoding, codings_lie_over_one_another) {
    std::string body = "hello";
    std::vector<ContentCoding> codings;
    for (const ContentCoding coding :
         {ContentCoding::gzip, ContentCoding::br, ContentCoding::zstd, ContentCoding::deflate, ContentCoding::gzip}) {
        body = encoded(body, coding);
        codings.push_back(coding);
        EXPECT_EQ(decode(Decoder(codings), body, body.size(), 100), "hello");
        EXPECT_EQ(decode(Decoder(codings), body, 1, 1), "hello");
    }
    codings.push_back(ContentCoding::gzip);
    EXPECT_EQ(thrown_by([&] { const Decoder decoder(codings); }),
              "hocket::http::ProtocolError: decode a body: 6 codings, one over the other, and 5 are allowed");
    EXPECT_EQ(thrown_by([] { const Decoder decoder(std::vector<ContentCoding>{}); }),
              "hocket::ValueError: Decoder: there is no coding to decode");
}

// 39: what lies between two codings counts as well, and is not kept as a whole.
TEST(OnceContentEncoding, limits_hold_between_codings) {
    const std::string bomb = encoded(encoded(std::string(64 << 20, '\0'), ContentCoding::gzip), ContentCoding::gzip);
    ASSERT_LT(bomb.size(), 2000U);
    const std::vector<ContentCoding> twice = {ContentCoding::gzip, ContentCoding::gzip};
    EXPECT_TRUE(decode(Decoder(twice), bomb, bomb.size(), Decoder::at_a_time)
                    .starts_with("413 decode gzip: more than 200 times"));
    std::string inner;  // gives nothing in the end, whatever it is on the way
    for (int i = 0; i < 1000; ++i) inner += encoded("", ContentCoding::gzip);
    const std::string silent = encoded(inner, ContentCoding::br);
    EXPECT_EQ(decode(Decoder({ContentCoding::gzip, ContentCoding::br}, {.size = 10'000}), silent, silent.size(), 100),
              "413 decode br: more than 10000 bytes");
}

TEST(OnceContentEncoding, a_window_beyond_the_standard_is_refused) {
    const auto frame = [](char window) { return "\x28\xb5\x2f\xfd\x00"s + window + "\x01\x00\x00"s; };
    EXPECT_EQ(decoded(frame('\x68'), ContentCoding::zstd), "");  // 8 MiB
    EXPECT_EQ(decoded(frame('\x70'), ContentCoding::zstd),
              "400 decode zstd: Frame requires too much memory for decoding");
    // Brotli's large windows, which are no part of the coding `br`.
    EXPECT_TRUE(decoded("\x11\x1e\x03"s, ContentCoding::br).starts_with("400 decode br: "));
}

TEST(OnceContentEncoding, hostile_bytes_end_in_an_error_or_in_bytes) {
    const std::string text = noise(300);
    for (const ContentCoding coding : all) {
        const std::string whole = encoded(text + text, coding);
        for (std::size_t i = 0; i < whole.size(); ++i) {
            std::string bent = whole;
            bent[i] = static_cast<char>(bent[i] ^ (1 << (i % 8)));
            decode(Decoder(coding, {.size = 1 << 20}), bent, 7, 100);
        }
    }
}

TEST(OnceContentEncoding, a_level_is_one_that_there_is) {
    const std::string text(5000, 'a');
    EXPECT_GT(encoded(text, ContentCoding::gzip, {.level = 0}).size(), 5000U);
    EXPECT_EQ(decoded(encoded(text, ContentCoding::zstd, {.level = 22}), ContentCoding::zstd), text);
    EXPECT_EQ(thrown_by([&] { encoded(text, ContentCoding::gzip, {.level = 10}); }),
              "hocket::ValueError: Encoder: gzip has no level 10, but those from 0 to 9");
}

TEST(OnceContentEncoding, a_field_names_the_codings_in_their_order) {
    const auto named = [](std::string_view field) {
        const auto codings = content_codings({{"content-encoding", field}});
        if (!codings) return "unknown"s;
        std::string text;
        for (const ContentCoding coding : *codings) text.append(coding_name(coding)).append(" ");
        return text;
    };
    EXPECT_EQ(named("gzip"), "gzip ");
    EXPECT_EQ(named("X-GZip"), "gzip ");
    EXPECT_EQ(named(" br ,, gzip"), "br gzip ");
    EXPECT_EQ(named("identity"), "");
    EXPECT_EQ(named("identity, zstd"), "zstd ");
    EXPECT_EQ(named(""), "");
    EXPECT_EQ(named("gzip, compress"), "unknown");
    EXPECT_EQ(named("gzip;q=1"), "unknown");
    EXPECT_EQ(content_codings({})->size(), 0U);
    EXPECT_EQ(content_codings({{"Content-Encoding", "br"}, {"X", "y"}, {"Content-Encoding", "gzip"}})->size(), 2U);
}

TEST(OnceContentEncoding, the_preferred_coding_is_the_heaviest) {
    const auto preferred = [](std::string_view field) {
        const auto coding = preferred_coding({{"accept-encoding", field}});
        return coding ? coding_name(*coding) : "none";
    };
    EXPECT_EQ(preferred("gzip"), "gzip");
    EXPECT_EQ(preferred("gzip, deflate, br, zstd"), "zstd");
    EXPECT_EQ(preferred("gzip, deflate, br"), "br");
    EXPECT_EQ(preferred("br;q=0.5, gzip;q=0.8, deflate;q=0.801"), "deflate");
    EXPECT_EQ(preferred("BR; Q=1.000, gzip ;q=1"), "br");
    EXPECT_EQ(preferred("gzip;q=0"), "none");
    EXPECT_EQ(preferred("*"), "zstd");
    EXPECT_EQ(preferred("*, zstd;q=0"), "br");
    EXPECT_EQ(preferred("*;q=0"), "none");
    EXPECT_EQ(preferred("identity"), "none");
    EXPECT_EQ(preferred("identity, gzip"), "gzip");
    EXPECT_EQ(preferred("identity, gzip;q=0.5"), "none");
    EXPECT_EQ(preferred("compress, x-gzip"), "gzip");
    EXPECT_EQ(preferred(""), "none");
    for (const char* odd :
         {"gzip;q=2", "gzip;q=-1", "gzip;q=0.1234", "gzip;q=1.001", "gzip;q=x", "gzip;level=9", "gzip;q="}) {
        EXPECT_EQ(preferred(odd), "none") << odd;
    }
    EXPECT_FALSE(preferred_coding({}));
}

}  // namespace
}  // namespace hocket::http
