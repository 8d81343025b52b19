// SPDX-License-Identifier: MIT
// The names of UNIX-domain sockets: files, or abstract ones (man 7 unix).
#include <hocket/io/sim_kernel_internal.h>

#include <hocket/io/file_calls_internal.h>
#include <hocket/io/sim_files_internal.h>

#include <array>
#include <cerrno>
#include <cstdio>

namespace hocket::sim {

// The file stays when the socket is closed, until somebody removes it. Without a path, the system draws an abstract name.
int Kernel::claim_name(const Shared<Endpoint>& endpoint, SocketAddress& address) {
    const bool datagram = endpoint->is_datagram();
    if (address.path.empty()) {
        do {
            std::array<char, 6> digits{};
            std::snprintf(digits.data(), digits.size(), "%05x", next_name_++ & 0xFFFFF);
            address.path = std::string(1, '\0') + digits.data();
        } while (those_at(datagram, address) != nullptr);
    } else if (address.is_abstract()) {
        if (those_at(datagram, address) != nullptr) return -EADDRINUSE;
    } else {
        if (sys::mknod(address.path.c_str(), S_IFSOCK | 0777) < 0) return errno == EEXIST ? -EADDRINUSE : -errno;
        if (const int result = look_up(address); result < 0) return result;
        for (const bool kind : {false, true}) ports_.erase(key_of(kind, address));  // had a file that is gone
    }
    ports_[key_of(datagram, address)].push_back(endpoint);
    return 0;
}

int Kernel::look_up(SocketAddress& address) {
    if (!address.local || address.is_abstract()) return 0;
    sys::Status status{};
    if (sys::stat(address.path.c_str(), &status) < 0) return -errno;
    if (!S_ISSOCK(status.st_mode)) return -ECONNREFUSED;
    address.device = status.st_dev;
    address.inode = status.st_ino;
    return 0;
}

int Kernel::nobody_at(bool datagram, const SocketAddress& address) {
    return those_at(!datagram, address) != nullptr ? -EPROTOTYPE : -ECONNREFUSED;
}

Shared<Endpoint> Kernel::local_datagrams_at(const SocketAddress& name) {
    const auto* const those = those_at(true, name);
    return those != nullptr ? those->front() : nullptr;
}

void Kernel::retry_local_datagrams() {
    network_.after({}, [this] {
        for (const OpenDescriptor& open : std::vector(descriptors_)) {
            if (open.endpoint && open.endpoint->is_datagram() && open.endpoint->local().local) open.endpoint->changed();
        }
    });
}

int FileSystem::mknod(std::string_view path, mode_t mode) {
    Place place;
    if (const int result = look_up(path, Last::itself, place); result < 0) return result;
    if (!place.inode && place.slash) return -ENOENT;
    return make(place, make_inode(mode & ~umask));
}

}  // namespace hocket::sim
