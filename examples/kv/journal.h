// SPDX-License-Identifier: MIT
// What a replica has on disk: lines that are there for good once they are saved.
#pragma once

#include <hocket/hocket.h>

#include <optional>
#include <string>
#include <vector>

namespace kv {

class Journal {
public:
    /// The lines that were saved at `path`, and perhaps some of a save that was interrupted. Throws OSError.
    hocket::Coro<std::vector<std::string>> open(std::string path);
    /// When it returns the lines survive a crash. Throws OSError, also after a save that has failed or was cancelled: behind what that
    /// left, nothing would be found again. One call at a time.
    hocket::Coro<> save(std::vector<std::string> lines);
    /// Whether a save has failed.
    bool failed() const { return failed_; }

private:
    std::optional<hocket::fs::File> file_;
    bool whole_ = false, failed_ = false;
};

}  // namespace kv
