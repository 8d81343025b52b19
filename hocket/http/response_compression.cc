// SPDX-License-Identifier: MIT
// Compressing answers: which types, with which fields, whole or while they are sent.
#include <hocket/http/response_compression_internal.h>

#include <hocket/core/sleep.h>
#include <hocket/http/encoded_pieces_internal.h>
#include <hocket/http/reading_internal.h>
#include <hocket/http/text.h>

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace hocket::http {

namespace {

// A shorter body gains nothing.
constexpr std::size_t least = 1024;
// A longer one is compressed part by part, between which others have their turn.
constexpr std::size_t most_at_once = 64 << 10;

enum class Kind : std::uint8_t { text, compressed, unknown };

Kind kind_of(std::string_view type) {
    const auto is_one_of = [&](std::initializer_list<std::string_view> names) {
        for (const std::string_view name : names) {
            if (equal_without_case(type, name)) return true;
        }
        return false;
    };
    const auto is_in = [&](std::string_view family) {
        return equal_without_case(type.substr(0, family.size()), family);
    };
    const std::string_view suffix = type.substr(std::min(type.rfind('+'), type.size()));
    if (equal_without_case(suffix, "+json") || equal_without_case(suffix, "+xml") || is_in("text/")) return Kind::text;
    if (is_one_of({"application/json", "application/javascript", "application/xml", "application/x-ndjson",
                   "application/yaml", "application/wasm", "image/bmp", "image/x-icon", "font/ttf", "font/otf"})) {
        return Kind::text;
    }
    if (is_in("image/") || is_in("audio/") || is_in("video/") || is_in("font/")) return Kind::compressed;
    if (is_one_of({"application/zip", "application/gzip", "application/x-gzip", "application/zstd",
                   "application/x-7z-compressed", "application/vnd.rar", "application/x-rar-compressed",
                   "application/x-bzip2", "application/x-xz", "application/pdf"})) {
        return Kind::compressed;
    }
    return Kind::unknown;
}

Response::Pieces encoded_parts(std::string body, ContentCoding coding) {
    Encoder encoder(coding);
    for (std::size_t at = 0; at < body.size(); at += most_at_once) {
        std::string bytes;
        encoder.encode(std::string_view(body).substr(at, most_at_once), bytes);
        if (at + most_at_once >= body.size()) encoder.finish(bytes);
        if (bytes.empty()) {
            co_await hocket::sleep(0);
        } else {
            co_yield std::move(bytes);
        }
    }
}

// A stream that says how short it is.
bool says_it_is_short(const Headers& headers) {
    return read_number<std::uint64_t>(headers.get("Content-Length").value_or("")).value_or(least) < least;
}

// RFC 9110, 8.8.1: other bytes have no strong validator in common.
void weaken_etag(Headers& headers) {
    const auto tag = headers.get("ETag");
    if (tag && !tag->starts_with("W/")) headers.set("ETag", "W/" + std::string(*tag));
}

}  // namespace

bool ResponseCompression::may_be(const Response& answer, bool everything) {
    constexpr int no_content = 204, partial_content = 206, not_modified = 304;
    const int status = answer.status_;
    if (status == no_content || status == partial_content || status == not_modified) return false;
    if (answer.pieces_ ? says_it_is_short(answer.headers_) : answer.body_.size() < least) return false;
    const Headers& headers = answer.headers_;
    if (headers.contains("Content-Encoding") || headers.contains("Content-Range")) return false;
    if (headers.has_token("Cache-Control", "no-transform")) return false;
    const std::string_view type = answer.content_type();
    const Kind kind = kind_of(trim(type.substr(0, type.find(';'))));
    return kind == Kind::text || (kind == Kind::unknown && !everything);
}

void ResponseCompression::apply(Response& answer, const Headers& request, bool everything) {
    if (!answer.compression_.value_or(everything) || !may_be(answer, !answer.compression_)) return;
    if (!answer.headers_.has_token("Vary", "Accept-Encoding") && !answer.headers_.has_token("Vary", "*")) {
        answer.headers_.add("Vary", "Accept-Encoding");
    }
    if (const auto coding = preferred_coding(request)) encode_body(answer, *coding);
}

void ResponseCompression::encode_body(Response& answer, ContentCoding coding) {
    if (answer.pieces_) {
        answer.file_ = nullptr;  // its bytes are not what is sent
        answer.pieces_.emplace(encoded_pieces(std::move(*answer.pieces_), coding));
    } else if (answer.body_.size() > most_at_once) {
        answer.pieces_.emplace(encoded_parts(std::exchange(answer.body_, {}), coding));
    } else {
        std::string body = encoded(answer.body_, coding);
        if (body.size() >= answer.body_.size()) return;
        answer.body_ = std::move(body);
    }
    weaken_etag(answer.headers_);
    answer.headers_.remove("Content-Length");
    answer.headers_.remove("Accept-Ranges");  // the ranges would be those of other bytes
    answer.headers_.set("Content-Encoding", coding_name(coding));
}

}  // namespace hocket::http
