// SPDX-License-Identifier: MIT
// The limit of HTTP servers: level-triggered epoll, one buffer for all connections, llhttp, no coroutine. With a number as its argument it
// holds so many requests until all are there, and answers them then.

#include <llhttp.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <string>
#include <string_view>
#include <vector>

#include "../net/listen.h"

namespace {

char buffer[64 << 10];
int poller;
std::size_t to_hold;

struct Connection {
    int fd;
    llhttp_t parser;
    std::string target;
    std::string out;
};
std::vector<Connection*> held;

void watch(Connection& c, int how, std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.ptr = &c;
    bench::check(epoll_ctl(poller, how, c.fd, &event) == 0, "epoll_ctl");
}

/// Made once a second.
std::string_view date_line() {
    static char line[64];
    static std::size_t size;
    static std::time_t made;
    const std::time_t now = std::time(nullptr);
    if (now != made) {
        std::tm parts{};
        gmtime_r(&now, &parts);
        size = std::strftime(line, sizeof line, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &parts);
        made = now;
    }
    return {line, size};
}

void answer(Connection& c) {
    if (c.parser.method != HTTP_GET || c.target != "/") {
        c.out += "HTTP/1.1 404 Not Found\r\n";
        c.out.append(date_line()).append("Content-Length: 0\r\n\r\n");
        return;
    }
    c.out += "HTTP/1.1 200 OK\r\n";
    c.out.append(date_line())
        .append("Content-Type: text/plain; charset=utf-8\r\nContent-Length: 13\r\n\r\nHello, World!");
}

void send_out(Connection& c) {
    if (c.out.empty()) return;
    const ssize_t n = send(c.fd, c.out.data(), c.out.size(), MSG_NOSIGNAL);
    if (n == static_cast<ssize_t>(c.out.size())) return c.out.clear();
    if (n > 0) c.out.erase(0, static_cast<std::size_t>(n));
    watch(c, EPOLL_CTL_MOD, EPOLLOUT);  // no more is read before this is sent
}

void asked(Connection& c) {
    if (to_hold == 0) return answer(c);
    held.push_back(&c);
    if (held.size() < to_hold) return;
    for (Connection* waiting : held) {
        answer(*waiting);
        if (waiting != &c) send_out(*waiting);
    }
    held.clear();
}

llhttp_settings_t settings() {
    llhttp_settings_t s;
    llhttp_settings_init(&s);
    s.on_message_begin = [](llhttp_t* parser) {
        static_cast<Connection*>(parser->data)->target.clear();
        return 0;
    };
    s.on_url = [](llhttp_t* parser, const char* at, std::size_t size) {
        static_cast<Connection*>(parser->data)->target.append(at, size);
        return 0;
    };
    s.on_header_field = [](llhttp_t*, const char*, std::size_t) { return 0; };
    s.on_header_value = [](llhttp_t*, const char*, std::size_t) { return 0; };
    s.on_message_complete = [](llhttp_t* parser) {
        asked(*static_cast<Connection*>(parser->data));
        return 0;
    };
    return s;
}

void drop(Connection& c) {
    close(c.fd);
    std::erase(held, &c);
    delete &c;
}

void receive(Connection& c) {
    const ssize_t n = recv(c.fd, buffer, sizeof buffer, 0);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0 || llhttp_execute(&c.parser, buffer, static_cast<std::size_t>(n)) != HPE_OK) return drop(c);
    send_out(c);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc > 1) to_hold = std::strtoul(argv[1], nullptr, 10);
    poller = epoll_create1(EPOLL_CLOEXEC);
    Connection listener{.fd = bench::listen_somewhere(SOCK_NONBLOCK, 10'000), .parser = {}, .target = {}, .out = {}};
    watch(listener, EPOLL_CTL_ADD, EPOLLIN);
    const llhttp_settings_t callbacks = settings();
    for (;;) {
        epoll_event events[256];
        const int n = epoll_wait(poller, events, 256, -1);
        for (int i = 0; i < n; ++i) {
            Connection& c = *static_cast<Connection*>(events[i].data.ptr);
            if (&c != &listener) {
                events[i].events& EPOLLOUT ? (watch(c, EPOLL_CTL_MOD, EPOLLIN), send_out(c)) : receive(c);
                continue;
            }
            const int fd = accept4(listener.fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
            if (fd < 0) continue;
            bench::no_delay(fd);
            auto* const accepted = new Connection{.fd = fd, .parser = {}, .target = {}, .out = {}};
            llhttp_init(&accepted->parser, HTTP_REQUEST, &callbacks);
            accepted->parser.data = accepted;
            watch(*accepted, EPOLL_CTL_ADD, EPOLLIN);
        }
    }
}
