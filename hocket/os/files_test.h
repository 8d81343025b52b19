// SPDX-License-Identifier: MIT
// What tests of files and processes share: a folder that is removed, the content of files.
#pragma once

#include <gtest/gtest.h>

#include <tests/support/descriptors.h>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

namespace hocket::testing {

/// A new folder, removed with all that is in it at the end. It is where relative names lead meanwhile, so that messages are short.
class InNewFolder {
public:
    InNewFolder() : before_(std::filesystem::current_path()) {
        std::string name = std::filesystem::temp_directory_path() / "hocket_test_XXXXXX";
        if (!mkdtemp(name.data())) ADD_FAILURE() << "no folder " << name;
        here_ = name;
        std::filesystem::current_path(here_);
    }
    InNewFolder(const InNewFolder&) = delete;
    InNewFolder& operator=(const InNewFolder&) = delete;
    ~InNewFolder() {
        std::filesystem::current_path(before_);
        std::filesystem::remove_all(here_);
    }

private:
    std::filesystem::path before_, here_;
};

inline std::string content_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

inline void put_file(const std::string& path, std::string_view content) {
    std::ofstream(path, std::ios::binary) << content;
}

}  // namespace hocket::testing
