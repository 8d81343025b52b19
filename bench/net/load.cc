// SPDX-License-Identifier: MIT
// The client of the echo servers: so many requests a second in bursts, as fast as it goes, one after the other, or many connections that
// do nothing. It measures the server's processor time and memory from outside, so that each server is measured alike.

#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "../measure.h"
#include "outside.h"

namespace {

using bench::fail;
using bench::processor_time;
using bench::resident;

struct Connection {
    int fd = -1;
    std::size_t to_send = 0, to_receive = 0;  // of the message under way

    bool busy() const { return to_receive > 0; }
};

class Load {
public:
    Load(int port, std::size_t size) : port_(port), message_(size, 'x'), received_(256 << 10) {}

    void open(std::size_t n) {
        while (connections_.size() < n) {
            const int fd = bench::connect_to(port_);
            epoll_event event{};
            event.events = EPOLLIN | EPOLLOUT | EPOLLET;
            event.data.u64 = connections_.size();
            if (epoll_ctl(poller_, EPOLL_CTL_ADD, fd, &event) < 0) fail("epoll_ctl");
            connections_.push_back({fd});
        }
    }
    /// One after the other, each on the next connection.
    void run(std::size_t n) {
        for (; n > 0; --n) {
            Connection& c = connections_[turn_++ % connections_.size()];
            begin(c);
            while (c.busy()) take(-1);
        }
    }
    /// Each connection is served once, so that its handler has begun.
    void greet() { run(connections_.size()); }
    /// Until `end`: bursts on one connection after the other, `rate` messages a second; 0: each has one under way, always.
    void run_until(double end, double rate, int burst) {
        if (rate == 0) {
            for (Connection& c : connections_) {
                if (!c.busy()) begin(c);
            }
            again_ = true;
            while (bench::now() < end) take(-1);
            again_ = false;
        } else {
            double next = bench::now();
            while (next < end) {
                while (bench::now() < next) take(0);
                for (int i = 0; i < burst; ++i) {
                    Connection& c = connections_[turn_++ % connections_.size()];
                    while (c.busy()) take(-1);
                    begin(c);
                }
                next += burst / rate;
            }
        }
        while (under_way_ > 0) take(-1);
    }
    double done() const { return done_; }

private:
    void begin(Connection& c) {
        c.to_send = c.to_receive = message_.size();
        ++under_way_;
        go_on(c);
    }
    void go_on(Connection& c) {
        while (c.to_send > 0) {
            const ssize_t n =
                send(c.fd, message_.data() + message_.size() - c.to_send, c.to_send, MSG_DONTWAIT | MSG_NOSIGNAL);
            if (n < 0 && errno != EAGAIN) fail("send");
            if (n < 0) break;
            c.to_send -= static_cast<std::size_t>(n);
        }
    }
    void take(int timeout) {
        epoll_event events[128];
        const int n = epoll_wait(poller_, events, 128, timeout);
        for (int i = 0; i < n; ++i) {
            Connection& c = connections_[events[i].data.u64];
            if (events[i].events & EPOLLOUT) go_on(c);
            while (c.to_receive > 0) {
                const ssize_t got = recv(c.fd, received_.data(), received_.size(), MSG_DONTWAIT);
                if (got < 0 && errno == EAGAIN) break;
                if (got <= 0) fail("recv");
                c.to_receive -= static_cast<std::size_t>(got);
                if (c.to_receive > 0) continue;
                ++done_;
                --under_way_;
                if (again_) begin(c);
            }
        }
    }

    int port_;
    int poller_ = epoll_create1(EPOLL_CLOEXEC);
    std::vector<char> message_, received_;
    std::vector<Connection> connections_;
    std::size_t turn_ = 0;
    int under_way_ = 0;
    double done_ = 0;
    bool again_ = false;
};

/// Bytes of the server's memory for each connection that waits, when it has had `settle` seconds to give back what it can.
void measure_idle(Load& load, const std::string& pid, std::size_t connections, double settle) {
    constexpr std::size_t first = 1000;  // what the server needs once, and what it keeps of memory that was given back
    load.open(first);
    load.greet();
    sleep(static_cast<unsigned>(settle));
    const double before = resident(pid);
    load.open(first + connections);
    load.greet();
    sleep(static_cast<unsigned>(settle));
    bench::report("bytes", (resident(pid) - before) / static_cast<double>(connections));
}

void measure_requests(Load& load, const std::string& pid, std::size_t size, double rate) {
    load.open(100);
    load.greet();
    load.run_until(bench::now() + 0.3, rate, 32);
    const double done = load.done(), cpu = processor_time(pid), start = bench::now();
    load.run_until(start + 2, rate, 32);
    const double elapsed = bench::now() - start, requests = load.done() - done;
    bench::report("cpu_us", (processor_time(pid) - cpu) / requests * 1e6);
    bench::report("us", elapsed / requests * 1e6);
    bench::report("MB/s", requests * static_cast<double>(size) / elapsed * 1e-6);
}

constexpr const char* usage =
    "load PORT PID BYTES RATE | load PORT PID idle CONNECTIONS | load PORT count BYTES REQUESTS";

}  // namespace

int main(int argc, char** argv) {
    if (argc != 5) return std::fprintf(stderr, "usage: %s\n", usage), 2;
    const bool idle = std::strcmp(argv[3], "idle") == 0, count = std::strcmp(argv[2], "count") == 0;
    const std::size_t size = idle ? 1024 : std::strtoul(argv[3], nullptr, 10);
    const rlimit files{20'000, 20'000};
    if (setrlimit(RLIMIT_NOFILE, &files) < 0) fail("setrlimit");
    Load load(std::atoi(argv[1]), size);
    if (idle) {
        measure_idle(load, argv[2], std::strtoul(argv[4], nullptr, 10), 8);
    } else if (count) {
        load.open(100);
        load.run(std::strtoul(argv[4], nullptr, 10));
    } else {
        measure_requests(load, argv[2], size, std::atof(argv[4]));
    }
}
