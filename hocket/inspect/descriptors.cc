// SPDX-License-Identifier: MIT
// Reads /proc/PID/fd and the tables of sockets in /proc/PID/net (man 5).
#include <hocket/inspect/descriptors_internal.h>

#include <hocket/core/operation_text_internal.h>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>
#include <climits>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string_view>
#include <vector>

namespace hocket::inspect {

namespace {

// `0100007F:1F90`: words of 32 bits as they stand in memory, and a port. Empty for a port of nothing.
std::string address_in(std::string_view hex) {
    const std::size_t colon = hex.find(':');
    if (colon != 8 && colon != 32) return {};
    const auto number = [&](std::size_t at, std::size_t digits) {
        return static_cast<std::uint32_t>(std::strtoul(std::string(hex.substr(at, digits)).c_str(), nullptr, 16));
    };
    const auto port = static_cast<in_port_t>(number(colon + 1, 4));
    if (port == 0) return {};
    std::uint32_t words[4]{};
    for (std::size_t i = 0; i < colon / 8; ++i) words[i] = number(8 * i, 8);
    if (colon == 8) {
        sockaddr_in v4{};
        v4.sin_family = AF_INET;
        v4.sin_port = htons(port);
        std::memcpy(&v4.sin_addr, words, sizeof v4.sin_addr);
        return address_text(reinterpret_cast<const sockaddr*>(&v4), sizeof v4);
    }
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    std::memcpy(&v6.sin6_addr, words, sizeof v6.sin6_addr);
    return address_text(reinterpret_cast<const sockaddr*>(&v6), sizeof v6);
}

std::vector<std::string> words_of(const std::string& line) {
    std::istringstream in(line);
    std::vector<std::string> words;
    for (std::string word; in >> word;) words.push_back(std::move(word));
    return words;
}

std::string to_or_on(std::string_view kind, const std::string& remote, const std::string& local) {
    std::string text(kind);
    if (!remote.empty()) return text + " to " + remote;
    return local.empty() ? text : text + " on " + local;
}

}  // namespace

void Descriptors::read_sockets() {
    struct Table {
        const char* name;
        int type;
    };
    for (const Table& table :
         {Table{"tcp", SOCK_STREAM}, Table{"tcp6", SOCK_STREAM}, Table{"udp", SOCK_DGRAM}, Table{"udp6", SOCK_DGRAM}}) {
        std::ifstream file(folder_ + "/net/" + table.name);
        for (std::string line; std::getline(file, line);) {
            const std::vector<std::string> words = words_of(line);
            if (words.size() < 10) continue;
            sockets_[std::strtoull(words[9].c_str(), nullptr, 10)] =
                to_or_on(socket_kind(AF_INET, table.type), address_in(words[2]), address_in(words[1]));
        }
    }
    std::ifstream file(folder_ + "/net/unix");
    for (std::string line; std::getline(file, line);) {
        const std::vector<std::string> words = words_of(line);
        if (words.size() < 7) continue;
        const int type = std::atoi(words[4].c_str());
        sockets_[std::strtoull(words[6].c_str(), nullptr, 10)] =
            to_or_on(socket_kind(AF_UNIX, type), {}, words.size() > 7 ? words[7] : std::string());
    }
}

std::string Descriptors::text(int fd) {
    std::string text = "descriptor " + std::to_string(fd);
    char link[PATH_MAX];
    const ssize_t n = ::readlink((folder_ + "/fd/" + std::to_string(fd)).c_str(), link, sizeof link);
    if (n <= 0) return text;
    const std::string target(link, static_cast<std::size_t>(n));
    constexpr std::string_view socket = "socket:[";
    if (!target.starts_with(socket)) return text + ", " + file_kind(target);
    if (!has_read_) read_sockets();
    has_read_ = true;
    const auto found = sockets_.find(std::strtoull(target.c_str() + socket.size(), nullptr, 10));
    return text + ", " + (found != sockets_.end() ? found->second : "socket");
}

}  // namespace hocket::inspect
