// SPDX-License-Identifier: MIT
// What descriptors and operations on them are called.
#include <hocket/core/operation_text_internal.h>

#include <hocket/core/await_graph.h>
#include <hocket/core/operation.h>
#include <hocket/io/runner.h>

#include <tests/support/trace.h>

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>

namespace hocket {
namespace {

// Closes what a test has opened.
class Open {
public:
    explicit Open(int fd) : fd_(fd) { EXPECT_GE(fd, 0) << std::strerror(errno); }
    Open(const Open&) = delete;
    ~Open() { ::close(fd_); }
    operator int() const noexcept { return fd_; }

private:
    int fd_;
};

sockaddr_in loopback(std::uint16_t port = 0) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

template <class Address>
const sockaddr* raw(const Address& address) {
    return reinterpret_cast<const sockaddr*>(&address);
}

sockaddr_in bound_to_loopback(int fd) {
    sockaddr_in address = loopback();
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(fd, raw(address), sizeof address), 0);
    EXPECT_EQ(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), 0);
    return address;
}

std::string port_of(const sockaddr_in& address) { return std::to_string(ntohs(address.sin_port)); }

std::string text_of(int fd) { return descriptor_text(get_running_loop().backend(), fd); }

std::string numbered(int fd, const std::string& what) { return "descriptor " + std::to_string(fd) + ", " + what; }

TEST(OnceOperationText, addresses_are_as_people_write_them) {
    const sockaddr_in v4 = loopback(8080);
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(80);
    v6.sin6_addr = in6addr_loopback;
    sockaddr_un path{};
    path.sun_family = AF_UNIX;
    std::strcpy(path.sun_path, "/run/x");
    sockaddr_un abstract{};
    abstract.sun_family = AF_UNIX;
    abstract.sun_path[1] = 'x';
    EXPECT_EQ(address_text(raw(v4), sizeof v4), "127.0.0.1:8080");
    EXPECT_EQ(address_text(raw(v6), sizeof v6), "[::1]:80");
    EXPECT_EQ(address_text(raw(path), sizeof path), "/run/x");
    EXPECT_EQ(address_text(raw(abstract), sizeof(sa_family_t) + 2), "@x");
    EXPECT_EQ(address_text(raw(path), sizeof(sa_family_t)), "");  // a socket without a name
    EXPECT_EQ(address_text(raw(v4), sizeof v4 - 1), "");
    EXPECT_EQ(address_text(nullptr, 0), "");
}

TEST(OnceOperationText, files_are_known_by_what_proc_says) {
    EXPECT_EQ(file_kind("/tmp/a b"), "file /tmp/a b");
    EXPECT_EQ(file_kind("/dev/pts/0"), "device /dev/pts/0");
    EXPECT_EQ(file_kind("pipe:[4711]"), "pipe");
    EXPECT_EQ(file_kind("socket:[4711]"), "socket");
    EXPECT_EQ(file_kind("anon_inode:[eventfd]"), "eventfd");
    EXPECT_EQ(file_kind("anon_inode:inotify"), "inotify");
}

TEST(RealOperationText, a_descriptor_is_told_by_its_kind_and_peer) {
    run([]() -> Coro<> {
        const Open listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        const std::string port = port_of(bound_to_loopback(listener));
        EXPECT_EQ(::listen(listener, 1), 0);
        EXPECT_EQ(text_of(listener), numbered(listener, "TCP on 127.0.0.1:" + port));

        const Open fresh(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0)),
            client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
            datagrams(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
        EXPECT_EQ(text_of(fresh), numbered(fresh, "TCP"));
        EXPECT_EQ(::connect(client, raw(loopback(static_cast<std::uint16_t>(std::stoi(port)))), sizeof(sockaddr_in)),
                  0);
        EXPECT_EQ(text_of(client), numbered(client, "TCP to 127.0.0.1:" + port));
        EXPECT_EQ(text_of(datagrams), numbered(datagrams, "UDP"));
        const sockaddr_in bound = bound_to_loopback(datagrams), other = loopback(53);
        EXPECT_EQ(text_of(datagrams), numbered(datagrams, "UDP on 127.0.0.1:" + port_of(bound)));
        EXPECT_EQ(descriptor_text(get_running_loop().backend(), datagrams, raw(other), sizeof other),
                  numbered(datagrams, "UDP to 127.0.0.1:53"));

        int pair[2], pipe[2];
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
        EXPECT_EQ(::pipe2(pipe, O_CLOEXEC), 0);
        const Open one(pair[0]), two(pair[1]), reading(pipe[0]), writing(pipe[1]);
        EXPECT_EQ(text_of(one), numbered(one, "UNIX socket"));
        EXPECT_EQ(text_of(reading), numbered(reading, "pipe"));

        const Open event(::eventfd(0, EFD_CLOEXEC)), null(::open("/dev/null", O_RDONLY | O_CLOEXEC)),
            file(::open("/etc/passwd", O_RDONLY | O_CLOEXEC));
        EXPECT_EQ(text_of(event), numbered(event, "eventfd"));
        EXPECT_EQ(text_of(null), numbered(null, "device /dev/null"));
        EXPECT_EQ(text_of(file), numbered(file, "file /etc/passwd"));
        if (const int pidfd = static_cast<int>(::syscall(SYS_pidfd_open, ::getpid(), 0)); pidfd >= 0) {
            EXPECT_EQ(text_of(pidfd), numbered(pidfd, "pidfd"));
            ::close(pidfd);
        }
        EXPECT_EQ(text_of(999), "descriptor 999");
        co_return;
    }());
}

Coro<int> accept_from(int fd) { co_return co_await PendingOperation(Opcode::accept, fd); }

Coro<int> connect_to(int fd, sockaddr_in address) {
    PendingOperation operation(Opcode::connect, fd);
    operation.data = &address;
    operation.size = sizeof address;
    co_return co_await std::move(operation);
}

Coro<int> send_to(int fd, sockaddr_un address) {
    msghdr message{};
    message.msg_name = &address;
    message.msg_namelen = sizeof address;
    PendingOperation operation(Opcode::sendmsg, fd);
    operation.borrowed = true;
    operation.data = &message;
    co_return co_await std::move(operation);
}

Coro<std::string> told_of(Task<int> task) {
    co_await testing::turns(2);
    std::string state = capture_call_graph(task).state;
    task.cancel();
    static_cast<void>(co_await testing::ending_of(task));
    co_return state;
}

TEST(RealOperationText, an_operation_says_on_what_it_waits) {
    run([]() -> Coro<> {
        const Open listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        const sockaddr_in address = bound_to_loopback(listener);
        EXPECT_EQ(::listen(listener, 0), 0);
        const std::string there = "127.0.0.1:" + port_of(address);
        EXPECT_EQ(co_await told_of(create_task(accept_from(listener))),
                  "waits for accept on " + numbered(listener, "TCP on " + there));

        const int flags = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;  // its queue has room for one
        const Open first(::socket(AF_INET, flags, 0)), second(::socket(AF_INET, flags, 0)),
            third(::socket(AF_INET, flags, 0));
        for (const int fd : {int{first}, int{second}}) ::connect(fd, raw(address), sizeof address);
        EXPECT_EQ(co_await told_of(create_task(connect_to(third, address))),
                  "waits for connect " + numbered(third, "TCP to " + there));
    }());
}

TEST(RealOperationText, a_message_is_told_with_its_own_address) {
    run([]() -> Coro<> {
        const Open to(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)),
            from(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strcpy(address.sun_path, ("/tmp/hocket-told-" + std::to_string(::getpid())).c_str());
        ::unlink(address.sun_path);
        EXPECT_EQ(::bind(to, raw(address), sizeof address), 0);
        while (::sendto(from, "x", 1, 0, raw(address), sizeof address) == 1) continue;
        EXPECT_EQ(co_await told_of(create_task(send_to(from, address))),
                  "waits for sendmsg to " + numbered(from, "UNIX datagram socket to " + std::string(address.sun_path)));
        ::unlink(address.sun_path);
    }());
}

}  // namespace
}  // namespace hocket
