// SPDX-License-Identifier: MIT
// Multipart bodies, such as forms with files (RFC 7578, RFC 2046): from bytes to parts, as they come; and their writing.
#pragma once

#include <hocket/base/config.h>
#include <hocket/base/function.h>
#include <hocket/base/owners.h>
#include <hocket/core/coro.h>
#include <hocket/http/headers.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace hocket::http {

/// What a multipart body may make us read and keep. Its size has the limit of the body that it is.
struct MultipartLimits {
    std::size_t parts = 1000;
    std::size_t fields = 16;     ///< header fields of a part
    std::size_t head = 8 << 10;  ///< bytes of a part's header, and of what stands before the first boundary
};

/// What comes before a part's data.
struct PartHead {
    Headers headers = {};
    std::string name = {};  ///< of the form's field; empty if Content-Disposition says none
    std::optional<std::string> filename =
        {};  ///< as the sender says it: it may hold `../`, and anything else; no path to write to

    /// In lower case and without parameters: `image/png`; `text/plain` if the part does not say.
    std::string content_type() const;
};

/// A piece of a part's data.
struct PartData {
    std::string_view bytes = {};  ///< never empty; holds until the parser is called again
};

/// The part is complete.
struct PartEnd {};

/// There are no more parts.
struct MultipartEnd {};

/// What is found in the bytes: of each part a head, any number of pieces, its end; and the end of all. No event (`std::monostate`): more
/// input is needed.
using PartEvent = std::variant<std::monostate, PartHead, PartData, PartEnd, MultipartEnd>;

/// The boundary that a Content-Type names: `multipart/form-data; boundary=x`. Throws ProtocolError: 415 for a type that is not multipart, 400 where
/// the boundary is missing or malformed.
HOCKET_EXPORT std::string multipart_boundary(const Headers& headers);

/// Finds the parts of a multipart body. A part that is itself multipart is data like any other: give it to a parser of its own.
///
/// Lines end in CRLF. Malformed headers of parts, and text behind a boundary, are refused rather than guessed. A name's `%22`, `%0D` and `%0A` are
/// decoded, which browsers write for what cannot stand there; `filename*` goes before `filename` (RFC 8187). A backslash stands for itself, as browsers
/// write it, at a name's end, too; but in a name with a `\"` that is not its end, it escapes quotes and backslashes, as in older programs' (RFC 2183).
///
/// Throws ProtocolError, once and for ever: 400, and 413 for what exceeds a limit. Belongs to one task at a time.
class HOCKET_EXPORT MultipartParser {
public:
    /// Throws ProtocolError for a boundary that is none.
    explicit MultipartParser(std::string_view boundary, const MultipartLimits& limits = {});
    MultipartParser(MultipartParser&&) noexcept;
    MultipartParser& operator=(MultipartParser&&) noexcept;
    ~MultipartParser();

    /// Takes bytes off the front of `input` up to the end of the next event, and returns it; or takes all and returns `std::monostate`. What
    /// follows MultipartEnd is taken, and means nothing.
    PartEvent next(std::string_view& input);
    /// The body is over: throws unless MultipartEnd has come.
    void finish();

private:
    friend struct MultipartWork;  // of the tests
    class State;
    /// How many bytes of data were looked at, some of them twice.
    std::uint64_t work() const noexcept;

    Unique<State> state_;
};

/// A part of a body that is being read (`aiohttp.BodyPartReader`). It can be read until the reader's `next` is called again: RuntimeError then.
class HOCKET_EXPORT BodyPart {
public:
    const Headers& headers() const noexcept { return head_.headers; }
    const std::string& name() const noexcept { return head_.name; }
    /// As the sender says it. Never use it as a path.
    const std::optional<std::string>& filename() const noexcept { return head_.filename; }
    std::string content_type() const { return head_.content_type(); }

    /// The next piece, as it arrives; nothing after the last: `while (auto piece = co_await part->next())` (`read_chunk`).
    Coro<std::optional<std::string>> next() const;
    /// The data, or what `next` has left of it. Throws ProtocolError 413 for more than `most` bytes. A cancel loses nothing: the next call, of this
    /// or of `next`, goes on.
    Coro<std::string> read(std::size_t most = 1 << 20) const;

private:
    friend class MultipartReader;
    struct Reading;
    BodyPart(Shared<Reading> reading, std::size_t number, PartHead head) noexcept;
    void check() const;

    Shared<Reading> reading_;
    std::size_t number_;
    PartHead head_;
};

/// Reads a multipart body part by part, as it arrives (`aiohttp.MultipartReader`). Move-only; belongs to one task.
///
///     MultipartReader reader = request.multipart();
///     while (auto part = co_await reader.next()) {
///         while (auto piece = co_await part->next()) ...
///     }
///
/// Throws what the body's reading throws, and ProtocolError as MultipartParser does. A cancel ends the reading and loses nothing.
class HOCKET_EXPORT MultipartReader {
public:
    /// Where the body comes from: the next piece, nothing after the last.
    using Source = Function<Coro<std::optional<std::string>>()>;

    /// By hand, for a body that is not a request's: `MultipartReader(response.headers(), [&] { return response.next(); })`. Throws like
    /// `multipart_boundary`.
    MultipartReader(const Headers& headers, Source source, const MultipartLimits& limits = {});
    MultipartReader(MultipartReader&&) noexcept = default;
    MultipartReader& operator=(MultipartReader&&) noexcept = default;
    ~MultipartReader();

    /// The next part, nothing after the last. What was not read of the part before is passed over.
    Coro<std::optional<BodyPart>> next();

private:
    Shared<BodyPart::Reading> reading_;
};

// Writing. A body is for each part `write_part_head`, its data, CRLF; then `write_multipart_end`.

/// Appends a boundary and a part's header. Throws ValueError for a boundary that is none.
HOCKET_EXPORT void write_part_head(std::string& to, std::string_view boundary, const Headers& fields);
/// Appends the last boundary.
HOCKET_EXPORT void write_multipart_end(std::string& to, std::string_view boundary);
/// `form-data; name="a"; filename="b"`, with quotes, CR and LF escaped as browsers do: `%22`, `%0D`, `%0A`. A backslash stands for itself.
HOCKET_EXPORT std::string form_disposition(std::string_view name, const std::optional<std::string>& filename = {});

}  // namespace hocket::http
