// SPDX-License-Identifier: MIT
// What more than one source does with names of files.
#pragma once

#include <string>

namespace hocket::fs {

bool has_null(const std::string& path) noexcept;
/// Throws ValueError for a name with a null character, behind which the system would not look.
void check_name(const std::string& path, const char* attempted);

/// Blocks. `path`, from the root on, without `.` and `..`. Throws OSError when there is no current folder.
std::string absolute_path(const std::string& path);
/// Blocks. Removes a folder and all that is in it; symbolic links are not followed. Throws OSError for the first that cannot be removed:
/// `remove x/y/z: Permission denied`.
void remove_tree(const std::string& path);

}  // namespace hocket::fs
