// SPDX-License-Identifier: MIT
// Files as answers: in parts, if the client has the rest, or not at all, if it has the file.
#pragma once

#include <hocket/core/coro.h>
#include <hocket/http/headers.h>
#include <hocket/http/request.h>
#include <hocket/http/response.h>

#include <string>

namespace hocket::http {

/// `file_response(request, "report.pdf", {.headers = {{"Content-Disposition", "attachment"}}})`
struct FileResponseOptions {
    Headers headers = {};           ///< of the answer, such as Cache-Control
    std::string content_type = {};  ///< in place of what the name's ending says; text is taken for UTF-8
    /// Send `report.txt.br`, `.zst` or `.gz` in place of `report.txt`, where there is such a file, no older, and Accept-Encoding allows it.
    bool precompressed = true;
};

/// Answers a GET or HEAD with a file (`aiohttp.web.FileResponse`). `path` is the program's: it may lead anywhere. What a client says belongs
/// to `Application::static_files`.
///
///     app.get("/report", [](http::Request& request) { return http::file_response(request, "report.pdf"); });
///
/// ETag, of the time at which the file was changed and of its size, Last-Modified and Accept-Ranges are set. Range gives 206 or 416, If-Match and its kin
/// 304 or 412 (see <hocket/http/preconditions.h> and <hocket/http/byte_range.h>). A file of up to 64 KiB is read at once. A longer one is sent by the
/// kernel, on a connection without TLS; else, or if others serve it, it is read and sent in pieces, no faster than the client takes them. When it
/// becomes shorter meanwhile, that is reported and the connection aborted.
///
/// `request` must live until this ends. Suspends unless the kernel has the file in memory, and reads without blocking the loop, as fs::File.
/// Throws HttpError 404 where there is no such file, 403 where this process may not read it; OSError, and ValueError for a null character in
/// the name. A cancel abandons the attempt.
HOCKET_EXPORT Coro<Response> file_response(const Request& request, std::string path, FileResponseOptions options = {});

}  // namespace hocket::http
