// SPDX-License-Identifier: MIT
// The client of the HTTP servers: so many requests a second, in bursts, on 64 connections. It looks at status, date and length of each answer,
// and measures the server's processor time from outside, so that each server is measured alike.

#include <sys/epoll.h>
#include <unistd.h>

#include <cstdint>
#include <string_view>
#include <vector>

#include "../measure.h"
#include "../net/outside.h"
#include "figures.h"

namespace {

using bench::fail;

constexpr int connections = 64, burst = 32;
constexpr std::string_view body = "Hello, World!";

struct Connection {
    int fd;
    double scheduled;      // of the request under way
    std::string received;  // of its answer
    bool is_busy;
};

class Load {
public:
    explicit Load(const char* port)
        : request_("GET / HTTP/1.1\r\nHost: 127.0.0.1:" + std::string(port) +
                   "\r\nAccept: */*\r\nAccept-Encoding: gzip, deflate\r\nUser-Agent: bench/1\r\n\r\n") {
        for (std::uint64_t i = 0; i < connections; ++i) {
            connections_.push_back({bench::connect_to(std::atoi(port)), 0, {}, false});
            epoll_event event{};
            event.events = EPOLLIN;
            event.data.u64 = i;
            if (epoll_ctl(poller_, EPOLL_CTL_ADD, connections_.back().fd, &event) < 0) fail("epoll_ctl");
        }
    }

    /// A request that finds its connection busy waits for it, and that is part of its time.
    void run_until(double end, double rate) {
        double next = bench::now();
        while (next < end) {
            while (bench::now() < next) take(0);
            for (int i = 0; i < burst; ++i) {
                Connection& c = connections_[turn_++ % connections];
                while (c.is_busy) take(-1);
                c.scheduled = next;
                c.is_busy = true;
                if (send(c.fd, request_.data(), request_.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request_.size()))
                    fail("send");
                ++under_way_;
            }
            next += burst / rate;
        }
        while (under_way_ > 0) take(-1);
    }
    /// What `n` requests, one after the other, are answered with.
    void run(int n) {
        for (; n > 0; --n) {
            Connection& c = connections_[turn_++ % connections];
            c.scheduled = bench::now();
            c.is_busy = true;
            if (send(c.fd, request_.data(), request_.size(), MSG_NOSIGNAL) < 0) fail("send");
            ++under_way_;
            while (c.is_busy) take(-1);
        }
    }
    std::vector<double>& seconds() { return seconds_; }

private:
    void take(int timeout) {
        epoll_event events[connections];
        const int n = epoll_wait(poller_, events, connections, timeout);
        for (int i = 0; i < n; ++i) {
            Connection& c = connections_[events[i].data.u64];
            char bytes[4096];
            const ssize_t got = recv(c.fd, bytes, sizeof bytes, MSG_DONTWAIT);
            if (got < 0 && errno == EAGAIN) continue;
            if (got <= 0) fail("recv");
            c.received.append(bytes, static_cast<std::size_t>(got));
            if (!is_whole(c.received)) continue;
            seconds_.push_back(bench::now() - c.scheduled);
            c.received.clear();
            c.is_busy = false;
            --under_way_;
        }
    }
    static bool is_whole(std::string_view answer) {
        const std::size_t end = answer.find("\r\n\r\n");
        if (end == answer.npos) return false;
        const std::string_view head = answer.substr(0, end + 2);
        const bool is_right = head.starts_with("HTTP/1.1 200 ") && head.find("\r\nDate: ") != head.npos &&
                              head.find("\r\nContent-Length: 13\r\n") != head.npos;
        const std::string_view came = answer.substr(end + 4);
        if (!is_right || !body.starts_with(came)) {
            std::fprintf(stderr, "not the answer:\n%.*s\n", static_cast<int>(answer.size()), answer.data());
            std::exit(1);
        }
        return came.size() == body.size();
    }

    const std::string request_;
    int poller_ = epoll_create1(EPOLL_CLOEXEC);
    std::vector<Connection> connections_;
    std::vector<double> seconds_;
    std::size_t turn_ = 0;
    int under_way_ = 0;
};

}  // namespace

/// http_load PORT PID RATE | http_load PORT count REQUESTS
int main(int argc, char** argv) {
    if (argc != 4) return std::fprintf(stderr, "usage: http_load PORT PID RATE | http_load PORT count REQUESTS\n"), 2;
    Load load(argv[1]);
    if (std::strcmp(argv[2], "count") == 0) return load.run(std::atoi(argv[3])), 0;
    const double rate = std::atof(argv[3]);
    load.run_until(bench::now() + 0.3, rate);
    load.seconds().clear();
    const double cpu = bench::processor_time(argv[2]);
    load.run_until(bench::now() + 2, rate);
    const double requests = static_cast<double>(load.seconds().size());
    bench::report("cpu_us", (bench::processor_time(argv[2]) - cpu) / requests * 1e6);
    bench::report_percentiles(load.seconds());
}
