// SPDX-License-Identifier: MIT
// Writing forms: the boundary, the headers of parts, and files that are read while they are sent.
#include <hocket/http/form_body_internal.h>

#include <hocket/base/errors.h>
#include <hocket/http/multipart.h>
#include <hocket/http/random_internal.h>
#include <hocket/http/text.h>
#include <hocket/os/file.h>
#include <hocket/os/file_system.h>

namespace hocket::http {

namespace {

constexpr std::size_t at_a_time = 64 << 10;

// One part: what stands before it, and either a value or a file.
struct Piece {
    std::string before;
    std::string value;
    std::string path;
    std::uint64_t size;
};

// Nobody can guess it and put it into a file.
std::string random_boundary() { return "----hocket" + random_hexadecimal(); }

Headers headers_of(const FormPart& part) {
    std::optional<std::string> filename = part.filename;
    if (!filename && !part.path.empty()) filename = part.path.substr(part.path.rfind('/') + 1);
    Headers headers;
    headers.add("Content-Disposition", form_disposition(part.name, filename));
    if (!part.content_type.empty()) {
        headers.add("Content-Type", part.content_type);
    } else if (filename && !part.headers.contains("Content-Type")) {
        headers.add("Content-Type", "application/octet-stream");
    }
    for (const auto& [name, value] : part.headers) headers.add(name, value);
    return headers;
}

Coro<Piece> piece_of(FormPart part, std::string boundary) {
    Piece piece{.before = {}, .value = std::move(part.value), .path = part.path, .size = 0};
    try {
        write_part_head(piece.before, boundary, headers_of(part));
    } catch (const ValueError& e) {
        throw ValueError("the part " + in_quotes(part.name) + " of a form: " + e.what());
    }
    if (piece.path.empty()) {
        piece.size = piece.value.size();
        co_return piece;
    }
    if (!piece.value.empty())
        throw ValueError("the part " + in_quotes(part.name) + " of a form has a value and a path");
    const fs::StatResult found = co_await fs::stat(piece.path);
    if (!found.is_file())
        throw ValueError("the part " + in_quotes(part.name) + " of a form: " + piece.path + " is no file");
    piece.size = found.size;
    co_return piece;
}

// What grows meanwhile is sent up to the size that was announced.
BodyStream::Pieces pieces_of(Shared<const std::vector<Piece>> pieces, std::string end) {
    for (const Piece& piece : *pieces) {
        if (piece.path.empty()) {
            std::string whole = piece.before;
            whole.append(piece.value).append("\r\n");
            co_yield std::move(whole);
            continue;
        }
        fs::File file = co_await fs::open(piece.path, "rb");
        co_yield std::string(piece.before);
        for (std::uint64_t left = piece.size; left > 0;) {
            std::string bytes = co_await file.read(static_cast<std::size_t>(left < at_a_time ? left : at_a_time));
            if (bytes.empty()) throw RuntimeError("send " + piece.path + ": it has become shorter meanwhile");
            left -= bytes.size();
            co_yield std::move(bytes);
        }
        co_yield std::string("\r\n");
        co_await file.close();
    }
    co_yield std::move(end);
}

}  // namespace

Coro<FormBody> make_form_body(FormData form) {
    const std::string boundary = random_boundary();
    FormBody body{.content_type = "multipart/form-data; boundary=" + boundary};
    std::vector<Piece> pieces;
    bool has_files = false;
    for (FormPart& part : form) {
        Piece piece = co_await piece_of(std::move(part), boundary);
        has_files = has_files || !piece.path.empty();
        body.length += piece.before.size() + piece.size + 2;
        pieces.push_back(std::move(piece));
    }
    std::string end;
    write_multipart_end(end, boundary);
    body.length += end.size();
    if (has_files) {
        const Shared<const std::vector<Piece>> shared = Shared<const std::vector<Piece>>::make(std::move(pieces));
        body.stream = BodyStream([shared, end] { return pieces_of(shared, end); });
        co_return body;
    }
    body.whole.reserve(static_cast<std::size_t>(body.length));
    for (const Piece& piece : pieces) body.whole.append(piece.before).append(piece.value).append("\r\n");
    body.whole += end;
    co_return body;
}

}  // namespace hocket::http
