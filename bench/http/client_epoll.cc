// SPDX-License-Identifier: MIT
// The limit of HTTP clients: level-triggered epoll, one buffer for all connections, llhttp, no coroutine.

#include <arpa/inet.h>
#include <llhttp.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "figures.h"

namespace {

[[noreturn]] void fail(const char* what) {
    std::perror(what);
    std::exit(1);
}

struct Connection {
    int fd = -1;
    llhttp_t parser = {};
    double begun = 0;
    std::size_t body = 0;
    bool is_complete = false;
};

class Client {
public:
    explicit Client(const bench::ClientRun& run)
        : port_(run.port),
          request_("GET / HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(run.port) +
                   "\r\nAccept: */*\r\nAccept-Encoding: gzip, deflate, br, zstd\r\nUser-Agent: bench/1\r\n\r\n"),
          connections_(static_cast<std::size_t>(run.concurrency)) {
        llhttp_settings_init(&settings_);
        settings_.on_header_field = [](llhttp_t*, const char*, std::size_t) { return 0; };
        settings_.on_header_value = [](llhttp_t*, const char*, std::size_t) { return 0; };
        settings_.on_body = [](llhttp_t* parser, const char*, std::size_t size) {
            static_cast<Connection*>(parser->data)->body += size;
            return 0;
        };
        settings_.on_message_complete = [](llhttp_t* parser) {
            static_cast<Connection*>(parser->data)->is_complete = true;
            return 0;
        };
    }

    void fetch(int count, bench::ClientFigures& figures) {
        to_begin_ = count;
        int under_way = 0;
        for (Connection& c : connections_) {
            if (to_begin_ > 0) begin(c), ++under_way;
        }
        while (under_way > 0) {
            epoll_event events[256];
            const int n = epoll_wait(poller_, events, 256, -1);
            for (int i = 0; i < n; ++i) {
                Connection& c = *static_cast<Connection*>(events[i].data.ptr);
                if (events[i].events & EPOLLOUT) {
                    watch(c, EPOLL_CTL_MOD, EPOLLIN);
                    send_request(c);
                    continue;
                }
                receive(c);
                if (!c.is_complete) continue;
                figures.check(c.parser.status_code, c.body);
                figures.add(bench::now() - c.begun);
                to_begin_ > 0 ? begin(c) : static_cast<void>(--under_way);
            }
        }
    }

private:
    void watch(Connection& c, int how, std::uint32_t events) {
        epoll_event event{};
        event.events = events;
        event.data.ptr = &c;
        if (epoll_ctl(poller_, how, c.fd, &event) < 0) fail("epoll_ctl");
    }
    void begin(Connection& c) {
        --to_begin_;
        c.begun = bench::now();
        c.body = 0;
        c.is_complete = false;
        if (c.fd >= 0) return send_request(c);
        llhttp_init(&c.parser, HTTP_RESPONSE, &settings_);
        c.parser.data = &c;
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(static_cast<std::uint16_t>(port_));
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        c.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (c.fd < 0) fail("socket");
        const int on = 1;
        setsockopt(c.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (connect(c.fd, reinterpret_cast<sockaddr*>(&address), sizeof address) < 0 && errno != EINPROGRESS)
            fail("connect");
        watch(c, EPOLL_CTL_ADD, EPOLLOUT);
    }
    void send_request(Connection& c) {
        const ssize_t n = send(c.fd, request_.data(), request_.size(), MSG_NOSIGNAL);
        if (n != static_cast<ssize_t>(request_.size())) fail("send");
    }
    void receive(Connection& c) {
        const ssize_t n = recv(c.fd, buffer_, sizeof buffer_, 0);
        if (n < 0 && errno == EAGAIN) return;
        if (n <= 0 || llhttp_execute(&c.parser, buffer_, static_cast<std::size_t>(n)) != HPE_OK) fail("recv");
    }

    const int port_;
    const std::string request_;
    int poller_ = epoll_create1(EPOLL_CLOEXEC);
    llhttp_settings_t settings_;
    std::vector<Connection> connections_;
    int to_begin_ = 0;
    char buffer_[64 << 10];
};

}  // namespace

int main(int argc, char** argv) {
    const bench::ClientRun run(argc, argv);
    bench::ClientFigures figures;
    Client client(run);
    client.fetch(run.to_warm_up(), figures);
    figures.begin();
    client.fetch(run.count, figures);
    figures.report(run.concurrency);
}
