// SPDX-License-Identifier: MIT
// The loop's list of sockets, and how a descriptor is closed.
#include <hocket/net/socket.h>

#include <hocket/core/backend.h>
#include <hocket/net/server_state.h>

#include <malloc.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace hocket {

namespace {
// Buffers of 4 KiB or more, which the C library would otherwise keep. To give them back it walks the heap, on the loop's thread: 3 ms for
// each GB. No more than a hundredth of the time goes into that.
constexpr unsigned enough_to_trim = 256;
}  // namespace

// ---- The list

Network& Network::of(EventLoop& loop) {
    if (!loop.network) loop.network = new Network(loop);  // destroyed when the loop closes
    return static_cast<Network&>(*loop.network);
}

void Network::push_front(Socket& s) noexcept {
    s.prev_ = nullptr;
    s.next_ = first_;
    (first_ ? first_->prev_ : last_) = &s;
    first_ = &s;
}

void Network::add(Socket& s) noexcept {
    s.next_ = nullptr;
    s.prev_ = last_;
    (last_ ? last_->next_ : first_) = &s;
    last_ = &s;
}

void Network::remove(Socket& s) noexcept {
    (s.prev_ ? s.prev_->next_ : first_) = s.next_;
    (s.next_ ? s.next_->prev_ : last_) = s.prev_;
    if (cursor_ == &s) cursor_ = s.next_;
}

// With a socket, others may go: of what it held, a destructor may close them.
void Network::for_each(void (Socket::*what)()) noexcept {
    cursor_ = first_;
    while (Socket* s = cursor_) {
        cursor_ = s->next_;
        (s->*what)();
    }
}

void Network::holds_memory(Socket& s) {
    if (s.holds_memory_) return;
    s.holds_memory_ = true;
    remove(s);
    push_front(s);
    if (!sweep_) arm_sweep();
}

void Network::arm_sweep() {
    sweep_ = loop_.call_later(tidy_interval, [this] { sweep(); });
}

void Network::sweep() {
    sweep_ = Handle();
    Socket* next = nullptr;
    for (Socket* s = first_; s && s->holds_memory_; s = next) {
        next = s->next_;
        if (s->tidy()) continue;
        s->holds_memory_ = false;
        remove(*s);
        add(*s);
        ++gave_back_;
    }
    const std::int64_t now = loop_.now();
    if (gave_back_ >= enough_to_trim && now >= next_trim_) {
        gave_back_ = 0;
        malloc_trim(0);
        const std::int64_t after = loop_.now();
        next_trim_ = after + 100 * (after - now);
    }
    if ((first_ && first_->holds_memory_) || gave_back_ >= enough_to_trim) arm_sweep();
}

void Network::begin_shutdown() noexcept {
    for_each(&Socket::stop);
    cancel_handlers(loop_);
}

bool Network::finished() const noexcept { return handlers_ended(loop_); }

void Network::loop_closing() noexcept {
    sweep_.cancel();
    for_each(&Socket::abort);
    while (first_) backend().poll(Backend::forever);  // until the operations in flight have completed
    loop_.network = nullptr;
    delete this;
}

// ---- One descriptor

Socket::~Socket() = default;

void Socket::begin_closing() noexcept {
    if (closing_) return;
    closing_ = true;
    if (in_flight_ > 0) cancel_operations();
}

void Socket::close_now() noexcept {
    network_->backend().close(std::exchange(fd_, -1));
    std::exchange(network_, nullptr)->remove(*this);
    descriptor_closed();
}

Descriptor stream_socket(Network& network, const Address& address) {
    if (!address) throw ValueError("there is no address to connect to or to listen on");
    const int domain = address.family() == AddressFamily::ipv6 ? AF_INET6 : address.is_ip() ? AF_INET : AF_UNIX;
    const int fd = network.backend().socket(domain, SOCK_STREAM, 0);
    if (fd < 0) throw OSError(-fd, "open a socket for " + address.str());
    return Descriptor(network, fd);
}

void bind_socket(Network& network, int fd, const Address& address) {
    const RawAddress raw = address.raw();
    const int result = network.backend().bind(fd, raw.get(), raw.size);
    if (result < 0) throw OSError(-result, "bind to " + address.str());
}

int set_option(Network& network, int fd, SocketOption option) noexcept {
    struct Name {
        int level, option;
    };
    static constexpr Name names[] = {{IPPROTO_TCP, TCP_NODELAY},
                                     {SOL_SOCKET, SO_REUSEADDR},
                                     {SOL_SOCKET, SO_REUSEPORT},
                                     {SOL_SOCKET, SO_KEEPALIVE},
                                     {IPPROTO_IPV6, IPV6_V6ONLY}};
    const Name name = names[static_cast<int>(option)];
    const int on = 1;
    return network.backend().setsockopt(fd, name.level, name.option, &on, sizeof on);
}

Address local_address(Network& network, int fd) {
    RawAddress raw{};
    return network.backend().getsockname(fd, raw.get(), &raw.size) < 0 ? Address() : Address::from_raw(raw);
}

Address remote_address(Network& network, int fd) {
    RawAddress raw{};
    return network.backend().getpeername(fd, raw.get(), &raw.size) < 0 ? Address() : Address::from_raw(raw);
}

}  // namespace hocket
