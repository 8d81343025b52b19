// SPDX-License-Identifier: MIT
// What the tests of the real backends share: an operation that counts its completions, descriptors that close themselves, the kinds.
#pragma once

#include <gtest/gtest.h>
#include <hocket/base/errors.h>
#include <hocket/base/owners.h>
#include <hocket/io/epoll_backend.h>
#include <hocket/io/uring_backend.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <tests/support/child.h>
#include <unistd.h>
#include <cerrno>
#include <csignal>
#include <ostream>
#include <utility>

namespace hocket {

struct TestOperation : Operation {
    TestOperation() {
        completed = [](Operation& op) noexcept { ++static_cast<TestOperation&>(op).completions; };
    }
    TestOperation(Opcode opcode, int descriptor) : TestOperation() {
        code = opcode;
        fd = descriptor;
    }
    TestOperation(Opcode opcode, int descriptor, void* buffer, std::size_t bytes, std::int64_t at = -1)
        : TestOperation(opcode, descriptor) {
        data = buffer;
        size = bytes;
        offset = at;
    }
    int completions = 0;
};

inline TestOperation poll_for(int fd, int events) {
    TestOperation op(Opcode::poll, fd);
    op.flags = events;
    return op;
}

// Under a name of its own: the library has another of this one.
class TestDescriptor {
public:
    TestDescriptor() = default;
    explicit TestDescriptor(int fd) : fd_(fd) {}
    TestDescriptor(TestDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    TestDescriptor& operator=(TestDescriptor&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~TestDescriptor() { close(); }
    void close() {
        if (fd_ >= 0) ::close(std::exchange(fd_, -1));
    }
    int release() { return std::exchange(fd_, -1); }
    operator int() const { return fd_; }

private:
    int fd_ = -1;
};
using Descriptor = TestDescriptor;

struct Pair {
    Descriptor a, b;
};

inline Pair socket_pair(int type = SOCK_STREAM, int extra = SOCK_NONBLOCK) {
    int fds[2];
    EXPECT_EQ(socketpair(AF_UNIX, type | SOCK_CLOEXEC | extra, 0, fds), 0);
    return {Descriptor(fds[0]), Descriptor(fds[1])};
}

/// `a` is the reading end.
inline Pair make_pipe(int flags = O_NONBLOCK) {
    int fds[2];
    EXPECT_EQ(pipe2(fds, O_CLOEXEC | flags), 0);
    return {Descriptor(fds[0]), Descriptor(fds[1])};
}

/// Writes until nothing more fits.
inline void fill_up(int fd) {
    static const char block[65536]{};
    while (::write(fd, block, sizeof block) > 0) {
    }
    while (::write(fd, block, 1) > 0) {
    }
}

struct Kind {
    const char* name;
    Unique<SystemBackend> (*make)();
};

inline void PrintTo(const Kind& kind, std::ostream* out) { *out << kind.name; }

inline const Kind kinds[] = {
    {"epoll", []() -> Unique<SystemBackend> { return Unique<EpollBackend>::make(); }},
    {"epoll_in_milliseconds", []() -> Unique<SystemBackend> { return Unique<EpollBackend>::make(false); }},
    {"uring", []() -> Unique<SystemBackend> { return Unique<UringBackend>::make(); }},
    {"uring_with_two_entries",
     []() -> Unique<SystemBackend> { return Unique<UringBackend>::make(UringBackend::Options{.entries = 2}); }},
    {"uring_that_refuses_to_wait",
     []() -> Unique<SystemBackend> {
         return Unique<UringBackend>::make(UringBackend::Options{.refuse_to_wait = true});
     }},
    {"uring_as_in_linux_5_10",
     []() -> Unique<SystemBackend> { return Unique<UringBackend>::make(UringBackend::Options{.modern = false}); }},
};

/// The body runs for each kind that this system allows.
class RealBackendTest : public ::testing::TestWithParam<Kind> {
protected:
    static constexpr std::int64_t millisecond = 1'000'000;
    static constexpr std::int64_t second = 1'000 * millisecond;

    void SetUp() override {
        try {
            backend = GetParam().make();
        } catch (const OSError& e) {
            GTEST_SKIP() << e.what();
        }
    }

    bool is_epoll() const { return backend->name() == std::string_view("epoll"); }
    /// Polls until `op` has completed, ten seconds at most.
    int result_of(TestOperation& op) {
        const int before = op.completions;
        const std::int64_t limit = backend->now() + 10 * second;
        while (op.completions == before && backend->now() < limit) backend->poll(limit);
        EXPECT_EQ(op.completions, before + 1);
        return op.result;
    }
    int run(TestOperation& op) {
        backend->submit(op);
        return result_of(op);
    }
    /// Submits `op`, which is expected to block, and lets the kernel know.
    void begin(TestOperation& op) {
        const int before = op.completions;
        backend->submit(op);
        backend->poll(0);
        backend->poll(0);
        EXPECT_EQ(op.completions, before);
        EXPECT_EQ(op.state, Operation::State::in_flight);
    }

    struct Listener {
        Descriptor fd;
        sockaddr_in address{};
    };

    Listener listen_on_loopback() {
        Listener l{Descriptor(backend->socket(AF_INET, SOCK_STREAM, 0))};
        l.address.sin_family = AF_INET;
        l.address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        unsigned size = sizeof l.address;
        EXPECT_EQ(backend->bind(l.fd, reinterpret_cast<sockaddr*>(&l.address), size), 0);
        EXPECT_EQ(backend->listen(l.fd, 16), 0);
        EXPECT_EQ(backend->getsockname(l.fd, reinterpret_cast<sockaddr*>(&l.address), &size), 0);
        return l;
    }

    static TestOperation connect_to(int fd, sockaddr_in& address) {
        return {Opcode::connect, fd, &address, sizeof address};
    }

    Unique<SystemBackend> backend;
    char buffer[64]{};
};

/// The tests of single operations.
class OnceOperations : public RealBackendTest {};

inline std::string name_of(const ::testing::TestParamInfo<Kind>& info) { return info.param.name; }

using testing::in_child;

}  // namespace hocket
