// SPDX-License-Identifier: MIT
// What the clients of the servers share: a connection, and what a server needs, measured from outside.
#pragma once

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "../measure.h"

namespace bench {

[[noreturn]] inline void fail(const char* what) {
    std::fprintf(stderr, "%s: %s\n", what, std::strerror(errno));
    std::exit(1);
}

/// What all threads of the server have had of a processor, in seconds.
inline double processor_time(const std::string& pid) {
    const std::string folder = "/proc/" + pid + "/task/";
    DIR* const tasks = opendir(folder.c_str());
    if (!tasks) fail(folder.c_str());
    double nanoseconds = 0;
    while (const dirent* entry = readdir(tasks)) {
        if (entry->d_name[0] == '.') continue;
        std::FILE* const file = std::fopen((folder + entry->d_name + "/schedstat").c_str(), "r");
        if (!file) continue;  // the thread has ended
        double value = 0;
        if (std::fscanf(file, "%lf", &value) == 1) nanoseconds += value;
        std::fclose(file);
    }
    closedir(tasks);
    return nanoseconds * 1e-9;
}

inline double resident(const std::string& pid) { return memory(("/proc/" + pid + "/smaps_rollup").c_str(), "Rss:"); }

/// To a port of this machine; it blocks.
inline int connect_to(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) < 0) fail("connect");
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

}  // namespace bench
