// SPDX-License-Identifier: MIT
// Where a monitor listens, for who binds and for who connects.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>
#include <algorithm>
#include <cstring>
#include <string>

namespace hocket::inspect {

inline sockaddr_un address_of(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.c_str(), std::min(path.size() + 1, sizeof address.sun_path - 1));
    return address;
}

}  // namespace hocket::inspect
