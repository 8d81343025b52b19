// SPDX-License-Identifier: MIT
// The programs of sockets.md.
#include <hocket/hocket.h>

#include <sys/socket.h>
#include <unistd.h>
#include <array>
#include <chrono>
#include <cstdio>
#include <string>
using namespace hocket;
using namespace std::chrono_literals;

// [reader]
Coro<std::string> next_bytes(int fd) {
    EventLoop& loop = get_running_loop();
    const Future<> readable;
    add_reader(loop, fd, [&, readable] {
        remove_reader(loop, fd);
        readable.set_result();
    });
    co_await readable;
    std::array<char, 64> buffer{};
    const auto n = read(fd, buffer.data(), buffer.size());
    co_return n > 0 ? std::string(buffer.data(), static_cast<std::size_t>(n)) : "";
}
// [/reader]

Coro<> readers() {
    std::array<int, 2> ends{};
    if (pipe(ends.data()) < 0) co_return;
    get_running_loop().call_later(1ms, [ends] {
        if (write(ends[1], "from a pipe", 11) < 0) std::perror("write");
    });
    std::printf("%s\n", (co_await next_bytes(ends[0])).c_str());
    for (const int fd : ends) close(fd);
}

// [client]
Coro<> ask(Address server) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    co_await sock_connect(fd, server);
    co_await sock_sendall(fd, "ping");
    const std::string answer = co_await sock_recv(fd, 1024);
    close(fd);
    std::printf("%s\n", answer.c_str());
}
// [/client]

// [server]
Coro<> serve_one(int listener) {
    auto [connection, peer] = co_await sock_accept(listener);
    const std::string question = co_await sock_recv(connection.get(), 1024);
    std::printf("%s from %s\n", question.c_str(), peer.host().c_str());
    co_await sock_sendall(connection.get(), "pong");
}  // the connection closes itself
// [/server]

// [datagrams]
Coro<> echo(int fd) {
    std::array<char, 1500> buffer{};
    auto [size, from] = co_await sock_recvfrom_into(fd, buffer);
    co_await sock_sendto(fd, std::string_view(buffer.data(), size), from);
}
// [/datagrams]

int bound(int type) {
    const int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    const RawAddress address = Address::loopback(AddressFamily::ipv4, 0).raw();
    if (bind(fd, address.get(), address.size) < 0) std::perror("bind");
    return fd;
}

Address address_of(int fd) {
    RawAddress address{};
    getsockname(fd, address.get(), &address.size);
    return Address::from_raw(address);
}

Coro<> amain() {
    co_await readers();
    const int listener = bound(SOCK_STREAM);
    listen(listener, 1);
    co_await gather(serve_one(listener), ask(address_of(listener)));
    close(listener);

    const int server = bound(SOCK_DGRAM), client = bound(SOCK_DGRAM);
    const Task<> echoing = create_task(echo(server));
    co_await sock_sendto(client, "a datagram", address_of(server));
    std::printf("%s\n", (co_await sock_recv(client, 1500)).c_str());
    co_await echoing;
    close(server);
    close(client);
}

int main() { run(amain()); }
