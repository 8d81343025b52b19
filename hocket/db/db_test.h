// SPDX-License-Identifier: MIT
// What the tests of databases share: a folder for their files, counts of what must not leak, a statement that runs for ever.
#pragma once

#include <hocket/core/sleep.h>
#include <hocket/db/sqlite.h>
#include <hocket/flow/with.h>
#include <hocket/io/runner.h>
#include <hocket/os/threads_test.h>

#include <tests/support/trace.h>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <string>
#include <string_view>
#include <thread>

namespace hocket::testing {

/// A folder that is gone when this is.
class Folder {
public:
    Folder() {
        std::string name = (std::filesystem::temp_directory_path() / "hocket-db-XXXXXX").string();
        if (!mkdtemp(name.data())) throw RuntimeError("no folder for the test");
        path_ = name;
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() { std::filesystem::remove_all(path_); }
    std::string file(std::string_view name) const { return (path_ / name).string(); }
    /// `text`, the folder's name taken out.
    std::string without(std::string text) const {
        const std::string name = path_.string() + "/";
        for (std::size_t at = 0; (at = text.find(name)) != std::string::npos;) text.erase(at, name.size());
        return text;
    }

private:
    std::filesystem::path path_;
};

/// How many descriptors this process has open.
inline std::ptrdiff_t descriptors_of_this_process() {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), std::filesystem::directory_iterator());
}

/// Would count for hours.
inline constexpr const char* endless =
    "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 1000000000000) SELECT count(*) FROM c";

/// Gives the connection's thread time to be in the midst of what it was asked for. Nothing tells when it is.
inline Coro<> until_it_runs() {
    co_await turns(3);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
}

}  // namespace hocket::testing
