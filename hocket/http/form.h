// SPDX-License-Identifier: MIT
// A form as a server has received it: fields, and files that may be on the disk.
#pragma once

#include <hocket/http/headers.h>
#include <hocket/http/params.h>
#include <hocket/os/file.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hocket::http {

/// A file of a form (`aiohttp.web.FileField`, FastAPI's `UploadFile`).
struct UploadedFile {
    std::string name;          ///< of the form's field
    std::string filename;      ///< as the client says it: it may hold `../`, and anything else; no path to write to
    std::string content_type;  ///< `image/png`, as the client says it
    Headers headers;           ///< of the part
    std::uint64_t size;        ///< in bytes
    fs::File file;             ///< at its beginning; gone when it is closed
};

/// What `Request::form` gives. Fields and files are in the order of the form. Move-only.
class HOCKET_EXPORT Form {
public:
    /// The first field of that name.
    std::optional<std::string_view> get(std::string_view name) const noexcept;
    /// The first file of that name, or null.
    UploadedFile* file(std::string_view name) noexcept;

    Params fields = {};
    std::vector<UploadedFile> files = {};
};

}  // namespace hocket::http
