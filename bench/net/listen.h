// SPDX-License-Identifier: MIT
// What the hand-written servers share: a listening socket on any port, which is told to whoever started the program.
#pragma once

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <cstdio>
#include <cstdlib>

namespace bench {

inline void check(bool holds, const char* what) {
    if (holds) return;
    std::perror(what);
    std::exit(1);
}

/// The limit of descriptors as high as it may be: 10,000 connections.
inline void allow_many_files() {
    rlimit files{};
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    check(setrlimit(RLIMIT_NOFILE, &files) == 0, "setrlimit");
}

inline void tell_port(int port) {
    std::printf("%d\n", port);
    std::fflush(stdout);
}

inline int listen_somewhere(int type_flags, int backlog = 1000) {
    allow_many_files();
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | type_flags, 0);
    check(fd >= 0 && bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 && listen(fd, backlog) == 0,
          "listen");
    socklen_t size = sizeof address;
    check(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0, "getsockname");
    tell_port(ntohs(address.sin_port));
    return fd;
}

inline void no_delay(int fd) {
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace bench
