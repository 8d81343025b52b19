// SPDX-License-Identifier: MIT
// UNIX-domain sockets within a host: their names, which are files, and datagrams, of which none is lost.
#include <hocket/core/sleep.h>
#include <hocket/flow/wait_for.h>
#include <hocket/net/datagram_endpoint.h>
#include <hocket/net/sock_calls.h>
#include <hocket/os/file.h>
#include <hocket/os/file_system.h>
#include <hocket/sim/run_in_world_test.h>

#include <gmock/gmock.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace hocket::sim {
namespace {

using namespace std::chrono_literals;
using testing::echo;
using testing::error_of;
using ::testing::HasSubstr;
using testing::run_calmly;

const Address path = Address::local("/tmp/s");

/// A socket of the running program, made call by call.
class Own {
public:
    explicit Own(int type, int domain = AF_UNIX)
        : backend_(get_running_loop().backend()), fd_(backend_.socket(domain, type, 0)) {}
    Own(const Own&) = delete;
    Own& operator=(const Own&) = delete;
    ~Own() { close(); }

    operator int() const noexcept { return fd_; }
    void close() {
        if (fd_ >= 0) backend_.close(std::exchange(fd_, -1));
    }
    int bind(const Address& address) const {
        const RawAddress raw = address.raw();
        return backend_.bind(fd_, raw.get(), raw.size);
    }
    int listen() const { return backend_.listen(fd_, 10); }
    int send_to(const Address& address, std::string data) const {
        RawAddress raw = address.raw();
        iovec piece{.iov_base = data.data(), .iov_len = data.size()};
        msghdr message{};
        message.msg_name = raw.get();
        message.msg_namelen = raw.size;
        message.msg_iov = &piece;
        message.msg_iovlen = 1;
        return backend_.sendmsg(fd_, &message);
    }
    /// 0, or a negative error.
    int getpeername() const {
        RawAddress raw;
        return backend_.getpeername(fd_, raw.get(), &raw.size);
    }
    Address getsockname() const {
        RawAddress raw;
        backend_.getsockname(fd_, raw.get(), &raw.size);
        return Address::from_raw(raw);
    }
    int shutdown() const { return backend_.shutdown(fd_, SHUT_RDWR); }

private:
    Backend& backend_;
    int fd_;
};

// ---- Names

TEST(OnceSimUnixSockets, a_server_s_path_is_a_file_as_long_as_it_serves) {
    run_calmly([](World& world) -> Coro<> {
        EXPECT_EQ(co_await error_of(open_connection(path)), "connect to unix:/tmp/s: No such file or directory");
        const Server server = co_await start_server(echo, path);
        EXPECT_TRUE(world.main().files().exists("/tmp/s"));
        EXPECT_TRUE(S_ISSOCK((co_await fs::stat("/tmp/s")).mode));
        EXPECT_EQ(co_await error_of(fs::open("/tmp/s")), "open /tmp/s: No such device or address");
        auto [reader, writer] = co_await open_connection(path);
        co_await writer.write("hello");
        EXPECT_EQ(co_await reader.readexactly(5), "hello");
        server.close();
        EXPECT_FALSE(world.main().files().exists("/tmp/s"));
    });
}

Coro<> serve_on_the_path(std::shared_ptr<std::string> log) {
    *log += co_await error_of(open_connection(path)) + "\n";
    const Server server = co_await start_server(echo, path);
    auto [reader, writer] = co_await open_connection(path);
    co_await writer.write("hello");
    *log += co_await reader.readexactly(5) + "\n";
    co_await server.serve_forever();
}

TEST(OnceSimUnixSockets, one_that_was_left_behind_refuses_and_is_replaced) {
    run_calmly([](World& world) -> Coro<> {
        const auto log = std::make_shared<std::string>();
        const Host a = world.host("a", [log] { return serve_on_the_path(log); });
        co_await hocket::sleep(1s);
        world.kill(a);
        EXPECT_TRUE(a.files().exists("/tmp/s"));
        world.restart(a);
        co_await hocket::sleep(1s);
        EXPECT_EQ(*log,
                  "connect to unix:/tmp/s: No such file or directory\nhello\n"
                  "connect to unix:/tmp/s: Connection refused\nhello\n");
    });
}

TEST(OnceSimUnixSockets, a_name_is_given_once) {
    run_calmly([](World& world) -> Coro<> {
        const Own first(SOCK_STREAM), second(SOCK_STREAM), datagrams(SOCK_DGRAM);
        EXPECT_EQ(first.bind(path), 0);
        EXPECT_EQ(second.bind(path), -EADDRINUSE);
        EXPECT_EQ(datagrams.bind(path), -EADDRINUSE);
        world.main().files().write("/tmp/file", "x");
        EXPECT_EQ(second.bind(Address::local("/tmp/file")), -EADDRINUSE);
        EXPECT_EQ(second.bind(Address::local("/no/such/folder")), -ENOENT);
        const Address abstract = Address::local(std::string("\0name", 5));
        EXPECT_EQ(second.bind(abstract), 0);
        const Own third(SOCK_STREAM);
        EXPECT_EQ(third.bind(abstract), -EADDRINUSE);
        co_return;
    });
}

TEST(OnceSimUnixSockets, a_file_may_get_another_name) {
    run_calmly([](World&) -> Coro<> {
        const Server server = co_await start_server(echo, path);
        co_await fs::rename("/tmp/s", "/tmp/t");
        EXPECT_THAT(co_await error_of(open_connection(path)), HasSubstr("No such file"));
        auto [reader, writer] = co_await open_connection(Address::local("/tmp/t"));
        co_await writer.write("hello");
        EXPECT_EQ(co_await reader.readexactly(5), "hello");
        const Server other = co_await start_server(echo, path);
        auto [again, to] = co_await open_connection(path);
        EXPECT_EQ(to.peername(), path);
    });
}

TEST(OnceSimUnixSockets, without_a_path_each_gets_a_name_of_its_own) {
    run_calmly([](World&) -> Coro<> {
        const Own first(SOCK_DGRAM), second(SOCK_DGRAM);
        EXPECT_EQ(first.bind(Address::local("")), 0);
        EXPECT_EQ(second.bind(Address::local("")), 0);
        EXPECT_NE(first.getsockname(), second.getsockname());
        EXPECT_EQ(first.send_to(second.getsockname(), "x"), 1);
        EXPECT_EQ((co_await sock_recvfrom(second, 10)).second, first.getsockname());
    });
}

TEST(OnceSimUnixSockets, what_does_not_fit_is_refused) {
    run_calmly([](World& world) -> Coro<> {
        const Own listener(SOCK_STREAM), datagrams(SOCK_DGRAM), taken(SOCK_DGRAM), other(SOCK_DGRAM);
        const Address there = Address::local("/tmp/datagrams"), elsewhere = Address::local("/tmp/taken");
        EXPECT_EQ(listener.bind(path), 0);
        EXPECT_EQ(listener.listen(), 0);
        EXPECT_EQ(datagrams.bind(there), 0);
        EXPECT_EQ(taken.bind(elsewhere), 0);
        co_await sock_connect(taken, there);
        world.main().files().write("/tmp/file", "x");
        EXPECT_EQ(other.send_to(path, "x"), -EPROTOTYPE);
        EXPECT_EQ(other.send_to(Address::local("/tmp/file"), "x"), -ECONNREFUSED);
        EXPECT_EQ(other.send_to(Address::local("/tmp/nothing"), "x"), -ENOENT);
        EXPECT_EQ(other.send_to(elsewhere, "x"), -EPERM);
        EXPECT_EQ(datagrams.send_to(elsewhere, "x"), 1);
        EXPECT_EQ(other.send_to(there, std::string(1'000'000, 'x')), -EMSGSIZE);
        const Own stream(SOCK_STREAM);
        EXPECT_THAT(co_await error_of(sock_connect(stream, there)), HasSubstr("Protocol wrong type"));
    });
}

// ---- Datagrams

TEST(OnceSimUnixSockets, datagrams_all_arrive_in_their_order) {
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        Config config = Config::swarm(seed);
        config.network.lost = config.network.duplicated = 0.5;
        config.network.no_buffers = config.network.no_descriptors = 0;
        const Outcome outcome = run(config, [](World&) -> Coro<> {
            const Own to(SOCK_DGRAM);
            EXPECT_EQ(to.bind(path), 0);
            const Task<> sending = create_task([]() -> Coro<> {
                const Own from(SOCK_DGRAM);
                for (int i = 0; i < 200; ++i) co_await sock_sendto(from, std::to_string(i), path);
            });
            for (int i = 0; i < 200; ++i) EXPECT_EQ(co_await wait_for(sock_recv(to, 100), 1min), std::to_string(i));
            co_await sending;
        });
        EXPECT_TRUE(outcome.ok) << outcome.error;
    }
}

TEST(OnceSimUnixSockets, who_sends_a_datagram_waits_for_room_or_the_end) {
    run_calmly([](World&) -> Coro<> {
        Own to(SOCK_DGRAM);
        const Own from(SOCK_DGRAM);
        EXPECT_EQ(to.bind(path), 0);
        co_await sock_connect(from, path);
        const std::string much(NetworkConfig::calm().buffer, 'x');
        co_await sock_sendall(from, much);
        EXPECT_EQ(from.send_to(path, "x"), -EAGAIN);
        const Task<> second = create_task(sock_sendall(from, much));
        co_await hocket::sleep(1s);
        EXPECT_FALSE(second.done());
        EXPECT_EQ((co_await sock_recv(to, much.size())).size(), much.size());
        co_await second;
        const Task<std::string> third = create_task(error_of(sock_sendall(from, much)));
        co_await hocket::sleep(1s);
        EXPECT_FALSE(third.done());
        to.close();
        EXPECT_THAT(co_await third, HasSubstr("Connection refused"));
    });
}

// ---- Connections that have failed

TEST(OnceSimUnixSockets, a_tcp_connection_that_was_reset_has_no_peer) {
    run_calmly([](World& world) -> Coro<> {
        const Host a = world.host("a", testing::echo_server);
        co_await hocket::sleep(1s);
        const Own fd(SOCK_STREAM, AF_INET);
        EXPECT_EQ(fd.getpeername(), -ENOTCONN);
        co_await sock_connect(fd, a.address(7));
        EXPECT_EQ(fd.getpeername(), 0);
        world.crash(a);
        world.restart(a);
        co_await sock_sendall(fd, "x");
        co_await hocket::sleep(1s);
        EXPECT_EQ(fd.getpeername(), -ENOTCONN);
        EXPECT_EQ(fd.shutdown(), -ENOTCONN);
        EXPECT_THAT(co_await error_of(sock_recv(fd, 1)), HasSubstr("Connection reset by peer"));
    });
}

TEST(OnceSimUnixSockets, one_within_the_host_still_has) {
    run_calmly([](World&) -> Coro<> {
        const Own listener(SOCK_STREAM), fd(SOCK_STREAM);
        EXPECT_EQ(listener.bind(path), 0);
        EXPECT_EQ(listener.listen(), 0);
        auto accepting = create_task(sock_accept(listener));
        co_await sock_connect(fd, path);
        co_await sock_sendall(fd, "never read");
        co_await hocket::sleep(1s);
        {
            const auto accepted = co_await std::move(accepting);
        }
        co_await hocket::sleep(1s);
        EXPECT_EQ(fd.getpeername(), 0);
        EXPECT_EQ(fd.shutdown(), 0);
    });
}

}  // namespace
}  // namespace hocket::sim
