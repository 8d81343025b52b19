// SPDX-License-Identifier: MIT
// Compressed bodies: whatever comes is decoded to the same however it is divided, within the limits; what is encoded is decoded. The first byte
// says which coding.
#include "fuzz.h"

#include <hocket/http/content_encoding.h>
#include <hocket/http/errors.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace hocket;
using http::ContentCoding;

constexpr http::DecodeLimits limits{.size = 1 << 16, .ratio = 50, .allowance = 1 << 12};

struct Result {
    std::string text;
    std::string error;
};

Result decode(const std::vector<ContentCoding>& codings, std::string_view input, std::size_t size, std::size_t most,
              const http::DecodeLimits& within) {
    Result result;
    try {
        http::Decoder decoder(codings, within);
        while (!input.empty()) {
            const std::string_view piece = input.substr(0, size);
            input.remove_prefix(piece.size());
            decoder.feed(piece);
            for (std::size_t more = 1; more > 0;) {
                const std::size_t before = result.text.size();
                more = decoder.read(result.text, most);
                fuzz::check(more <= most && result.text.size() == before + more, "more than was asked for");
            }
        }
        decoder.finish();
    } catch (const http::ProtocolError& e) {
        result.error = e.what();
    }
    fuzz::check(result.text.size() <= within.size, "more than the limit");
    return result;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    constexpr ContentCoding all[] = {ContentCoding::gzip, ContentCoding::deflate, ContentCoding::br,
                                     ContentCoding::zstd};
    std::vector<ContentCoding> codings = {all[data[0] & 3]};
    if (data[0] & 4) codings.push_back(all[data[0] >> 3 & 3]);
    const std::string_view input = fuzz::text_of(data, size).substr(1);
    const Result whole = decode(codings, input, std::max<std::size_t>(input.size(), 1), 1000, limits);
    // The ratio is that of what has come so far: whether it is exceeded may depend on how that is divided.
    const Result divided = decode(codings, input, 1, 7, limits);
    const bool is_ratio =
        whole.error.find(" times ") != std::string::npos || divided.error.find(" times ") != std::string::npos;
    fuzz::check(is_ratio || whole.error.empty() == divided.error.empty(), "divided otherwise, it fails or not",
                whole.error + divided.error);
    fuzz::check(!whole.error.empty() || !divided.error.empty() || whole.text == divided.text,
                "divided otherwise, it is another");
    std::string sent(input);
    for (const ContentCoding coding : codings) sent = http::encoded(sent, coding, {.level = 1});
    const Result back = decode(codings, sent, std::max<std::size_t>(sent.size(), 1), 5000, {});
    fuzz::check(back.error.empty() && back.text == input, "what was encoded is decoded otherwise", back.error);
    return 0;
}
