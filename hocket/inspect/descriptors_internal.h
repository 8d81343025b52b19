// SPDX-License-Identifier: MIT
// What the descriptors of another process are, as /proc tells: nothing there is opened, and nothing copied.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

namespace hocket::inspect {

class Descriptors {
public:
    /// Of a live process.
    explicit Descriptors(int pid) : folder_("/proc/" + std::to_string(pid)) {}

    /// `descriptor 7, TCP to 127.0.0.1:8080`; less where it is not known.
    std::string text(int fd);

private:
    void read_sockets();

    std::string folder_;
    bool has_read_ = false;
    std::unordered_map<std::uint64_t, std::string> sockets_;  // by their inodes
};

}  // namespace hocket::inspect
