// SPDX-License-Identifier: MIT
// The limit on epoll: level-triggered, one buffer for all connections, no coroutine.

#include <sys/epoll.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <unordered_map>

#include "listen.h"

namespace {

char buffer[64 << 10];
int poller;
std::unordered_map<int, std::string> unsent;  // of those whose socket is full

void watch(int fd, int how, std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.fd = fd;
    bench::check(epoll_ctl(poller, how, fd, &event) == 0, "epoll_ctl");
}

void drop(int fd) {
    unsent.erase(fd);
    close(fd);
}

void echo(int fd) {
    const ssize_t n = recv(fd, buffer, sizeof buffer, 0);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) return drop(fd);
    const ssize_t sent = send(fd, buffer, static_cast<std::size_t>(n), MSG_NOSIGNAL);
    if (sent == n) return;
    if (sent < 0 && errno != EAGAIN) return drop(fd);
    const std::size_t done = sent < 0 ? 0 : static_cast<std::size_t>(sent);
    unsent[fd].assign(buffer + done, static_cast<std::size_t>(n) - done);
    watch(fd, EPOLL_CTL_MOD, EPOLLOUT);  // no more is read before this is sent
}

void send_rest(int fd) {
    std::string& rest = unsent[fd];
    const ssize_t sent = send(fd, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) return drop(fd);
    if (sent > 0) rest.erase(0, static_cast<std::size_t>(sent));
    if (!rest.empty()) return;
    unsent.erase(fd);
    watch(fd, EPOLL_CTL_MOD, EPOLLIN);
}

}  // namespace

int main() {
    poller = epoll_create1(EPOLL_CLOEXEC);
    const int listener = bench::listen_somewhere(SOCK_NONBLOCK);
    watch(listener, EPOLL_CTL_ADD, EPOLLIN);
    for (;;) {
        epoll_event events[256];
        const int n = epoll_wait(poller, events, 256, -1);
        for (int i = 0; i < n; ++i) {
            const int fd = events[i].data.fd;
            if (fd == listener) {
                const int accepted = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
                if (accepted < 0) continue;
                bench::no_delay(accepted);
                watch(accepted, EPOLL_CTL_ADD, EPOLLIN);
            } else if (events[i].events & EPOLLOUT) {
                send_rest(fd);
            } else {
                echo(fd);
            }
        }
    }
}
