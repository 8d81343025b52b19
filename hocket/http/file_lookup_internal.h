// SPDX-License-Identifier: MIT
// Looking for a file that a client asks for: its siblings that are compressed already, its folder.
#pragma once

#include <hocket/base/owners.h>
#include <hocket/core/coro.h>
#include <hocket/http/headers.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hocket::fs {
class BufferedFile;
}

namespace hocket::http {

/// A coding that a file may have been compressed with, and what its name ends in then.
struct FileCoding {
    std::string_view name, ending;
};

/// Those that Accept-Encoding allows, what is preferred first.
std::vector<FileCoding> file_codings(const Headers& request);

/// What is looked for.
struct FileQuery {
    std::string folder = {};  ///< which `path` must not lead out of; empty: an ordinary name
    std::string path = {};    ///< `.` for the folder itself
    std::vector<FileCoding> codings = {};
    bool is_folder = false;  ///< only a folder will do
    std::string index = {};  ///< the file that is taken in place of that; empty: none
    bool lists = false;      ///< else its names are wanted
};

struct FolderEntry {
    std::string name;
    bool is_folder = false;
};

/// What there is. A link that leads out, and what is neither file nor folder, are nothing.
struct FoundFile {
    enum class Kind : std::uint8_t { nothing, forbidden, folder, file };

    Kind kind = Kind::nothing;
    std::string path = {};       ///< of the file that was opened, with its folder
    std::string type_path = {};  ///< the name whose ending tells the type: without that of the coding
    std::string_view coding = {};
    Shared<fs::BufferedFile> opened = {};
    std::uint64_t size = 0;
    std::int64_t modified = 0;              ///< nanoseconds since 1970-01-01 UTC
    bool by_kernel = false;                 ///< no call on it waits for others
    std::vector<FolderEntry> entries = {};  ///< of a folder whose names are wanted
};

/// Looks on the spot if the kernel has all of it in memory, else by a thread of the default executor. Throws OSError for what is neither absence
/// nor a missing permission: `open a/b: Too many open files`.
Coro<FoundFile> look_for_file(FileQuery query);

}  // namespace hocket::http
