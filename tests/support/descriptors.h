// SPDX-License-Identifier: MIT
// How many descriptors this process has open, which finds out what leaks one; and how many it may have.
#pragma once

#include <sys/resource.h>
#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <system_error>

namespace hocket::testing {

/// Without that of the program itself, which the first report opens, to name lines, and keeps.
inline std::ptrdiff_t open_descriptors() {
    namespace fs = std::filesystem;
    const fs::path program = fs::read_symlink("/proc/self/exe");
    return std::ranges::count_if(fs::directory_iterator("/proc/self/fd"), [&](const fs::directory_entry& entry) {
        std::error_code error;
        return fs::read_symlink(entry.path(), error) != program;
    });
}

/// While it lives, this process and its children may have so many descriptors, if the system lets it.
class ManyDescriptors {
public:
    explicit ManyDescriptors(rlim_t wanted) {
        getrlimit(RLIMIT_NOFILE, &before_);
        const rlimit many{.rlim_cur = std::max(before_.rlim_cur, wanted),
                          .rlim_max = std::max(before_.rlim_max, wanted)};
        allowed_ = setrlimit(RLIMIT_NOFILE, &many) == 0;
    }
    ManyDescriptors(const ManyDescriptors&) = delete;
    ManyDescriptors& operator=(const ManyDescriptors&) = delete;
    ~ManyDescriptors() {
        if (allowed_) setrlimit(RLIMIT_NOFILE, &before_);
    }
    bool allowed() const { return allowed_; }

private:
    rlimit before_{};
    bool allowed_ = false;
};

}  // namespace hocket::testing
