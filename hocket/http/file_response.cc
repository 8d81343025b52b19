// SPDX-License-Identifier: MIT
// What a request says of the version that the client has, and which bytes of the file are sent for it.
#include <hocket/http/file_response.h>

#include <hocket/base/errors.h>
#include <hocket/core/event_loop.h>
#include <hocket/http/byte_range.h>
#include <hocket/http/errors.h>
#include <hocket/http/file_answer_internal.h>
#include <hocket/http/file_part_internal.h>
#include <hocket/http/file_type_internal.h>
#include <hocket/http/http_date.h>
#include <hocket/http/preconditions.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

namespace hocket::http {

namespace {

constexpr std::int64_t second = 1'000'000'000;
// A file that is no longer is read at once, and leaves in one write with its head.
constexpr std::uint64_t most_at_once = 64 << 10;
constexpr std::uint64_t piece_size = 64 << 10;

std::int64_t whole_seconds(std::int64_t nanoseconds) noexcept {
    return nanoseconds / second - (nanoseconds % second < 0 ? 1 : 0);
}

std::string hexadecimal(std::uint64_t n) {
    char digits[16];
    return {digits, std::to_chars(digits, digits + sizeof digits, n, 16).ptr};
}

Validators validators_of(const FoundFile& found, std::int64_t now) {
    std::string tag = hexadecimal(static_cast<std::uint64_t>(found.modified)) + '-' + hexadecimal(found.size);
    if (!found.coding.empty()) tag.append("-").append(found.coding);
    // RFC 9110, 8.8.2.1: never later than Date.
    return {.etag = ETag{std::move(tag)}, .last_modified = std::min(whole_seconds(found.modified), now)};
}

Response without_file(int status, const Headers& headers) {
    Response response = error_response(status, status == 412 ? "Precondition Failed" : "Range Not Satisfiable");
    for (const Headers::Field field : headers) response.headers().add(field.name, field.value);
    return response;
}

/// What a request gets: an answer without the file's bytes, or a part of them.
struct Plan {
    std::optional<Response> answer = {};
    std::uint64_t offset = 0, size = 0;
    ResponseOptions options = {};
};

Plan plan_of(const Request& request, const FoundFile& found, FileResponseOptions&& options) {
    const std::int64_t now = whole_seconds(get_running_loop().backend().wall_time());
    const Validators validators = validators_of(found, now);
    Plan plan{.size = found.size, .options = {.headers = std::move(options.headers)}};
    Headers& headers = plan.options.headers;
    headers.set("ETag", validators.etag->str());
    headers.set("Last-Modified", http_date(*validators.last_modified));
    headers.set("Accept-Ranges", "bytes");
    if (options.precompressed) headers.add("Vary", "Accept-Encoding");

    switch (check_preconditions(request.method(), request.headers(), validators, now)) {
        case Precondition::failed: plan.answer = without_file(412, {}); return plan;
        case Precondition::not_modified:
            plan.answer.emplace(304);
            plan.answer->headers() = std::move(headers);
            return plan;
        case Precondition::holds: break;
    }
    if (request.method() == "GET" && range_applies(request.headers(), validators, now)) {
        const RequestedRange range = requested_range(request.headers(), found.size);
        if (std::holds_alternative<NoSuchRange>(range)) {
            plan.answer = without_file(416, {{"Content-Range", content_range(std::nullopt, found.size)}});
            return plan;
        }
        if (const auto* const wanted = std::get_if<ByteRange>(&range)) {
            plan.offset = wanted->first;
            plan.size = wanted->size();
            plan.options.status = 206;
            headers.set("Content-Range", content_range(*wanted, found.size));
        }
    }
    if (!found.coding.empty()) headers.set("Content-Encoding", found.coding);
    plan.options.content_type = std::move(options.content_type);
    return plan;
}

}  // namespace

Coro<Response> answer_with_file(const Request& request, FoundFile found, FileResponseOptions options) {
    if (found.kind == FoundFile::Kind::forbidden) throw HttpError(403);
    if (found.kind != FoundFile::Kind::file) throw HttpError(404);
    fs::File file(std::move(found.opened));
    Plan plan = plan_of(request, found, std::move(options));
    const std::string_view type = file_type(found.type_path);
    const bool is_long = plan.size > most_at_once;
    if (plan.answer) {
        co_await file.close();
        co_return *std::move(plan.answer);
    }
    // HEAD gets what GET gets, without its body: what compression makes of the fields depends on it.
    if (is_long) plan.options.headers.set("Content-Length", std::to_string(plan.size));
    if (plan.offset > 0) co_await file.seek(static_cast<std::int64_t>(plan.offset));
    auto part = Shared<FilePart>::make(FilePart{std::move(file), plan.offset, plan.size, found.by_kernel});
    if (is_long) co_return Response(std::move(part), type, std::move(plan.options));
    std::string bytes = co_await part->file.read(plan.size);
    if (bytes.size() < plan.size) throw_shorter(*part);
    co_await part->file.close();
    co_return Response(std::move(bytes), type, std::move(plan.options));
}

Coro<Response> file_response(const Request& request, std::string path, FileResponseOptions options) {
    FileQuery query{.path = std::move(path)};
    if (query.path.find('\0') != std::string::npos) {
        throw ValueError("file_response: a null character in the name of a file");
    }
    if (options.precompressed) query.codings = file_codings(request.headers());
    FoundFile found = co_await look_for_file(std::move(query));
    co_return co_await answer_with_file(request, std::move(found), std::move(options));
}

Response::Pieces pieces_of(Shared<FilePart> part) {
    while (part->size > 0) {
        std::string piece = co_await part->file.read(std::min(part->size, piece_size));
        if (piece.empty()) throw_shorter(*part);
        part->offset += piece.size();
        part->size -= piece.size();
        co_yield std::move(piece);
    }
    co_await part->file.close();
}

void throw_shorter(const FilePart& part) {
    throw RuntimeError("send " + part.file.name() + ": the file has become shorter meanwhile");
}

}  // namespace hocket::http
