// SPDX-License-Identifier: MIT
// The loop's list of sockets, and how a descriptor is closed.
#include <hocket/net/socket.h>

#include <hocket/core/backend.h>
#include <hocket/io/file_calls_internal.h>
#include <hocket/net/resolver_internal.h>
#include <hocket/net/server_state.h>

#include <malloc.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cerrno>

namespace hocket {

namespace {
// Buffers of 4 KiB or more, which the C library would otherwise keep. To give them back it walks the heap, on the loop's thread: 3 ms for
// each GB. No more than a hundredth of the time goes into that.
constexpr unsigned enough_to_trim = 256;
}  // namespace

// ---- The list

Network::Network(EventLoop& loop) : LoopResource(loop), loop_(loop), forks_(backend().forks()) {
    backend().watch_forks(this);
}

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

void Network::set_owned(int fd, bool owned) {
    const auto i = static_cast<std::size_t>(fd);
    if (i >= owned_.size()) owned_.resize(i + 1);
    owned_[i] = owned;
}

// With a socket, others may go: of what it held, a destructor may close them.
void Network::for_each(void (Socket::*what)()) noexcept {
    cursor_ = first_;
    while (Socket* s = cursor_) {
        cursor_ = s->next_;
        (s->*what)();
    }
}

void Network::forked() noexcept {
    if (std::exchange(forks_, backend().forks()) != backend().forks()) for_each(&Socket::inherited);
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
    notice_fork();
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
    backend().watch_forks(nullptr);
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
    network_->set_owned(fd_, false);
    network_->backend().close(std::exchange(fd_, -1));
    std::exchange(network_, nullptr)->remove(*this);
    descriptor_closed();
}

void Descriptor::close() noexcept {
    if (fd_ < 0) return;
    const int fd = std::exchange(fd_, -1);
    if (EventLoop* const loop = EventLoop::with_mark(loop_mark_)) {
        loop->backend().close(fd);
    } else {
        sys::close(fd);
    }
}

void check_not_owned(EventLoop& loop, int fd) {
    if (!loop.network || !Network::of(loop).owns(fd)) return;
    throw RuntimeError("File descriptor " + std::to_string(fd) + " is used by transport " +
                       local_address(Network::of(loop), fd).str());
}

namespace {

int domain_of(AddressFamily family) noexcept {
    switch (family) {
        case AddressFamily::ipv4: return AF_INET;
        case AddressFamily::ipv6: return AF_INET6;
        case AddressFamily::local: return AF_UNIX;
        case AddressFamily::unspecified: break;
    }
    return AF_UNSPEC;
}

const char* kind_of(AddressFamily family) noexcept {
    switch (family) {
        case AddressFamily::ipv4: return "An IPv4 Stream Socket";
        case AddressFamily::ipv6: return "An IPv6 Stream Socket";
        case AddressFamily::local: return "A UNIX Domain Stream Socket";
        case AddressFamily::unspecified: break;
    }
    return "A Stream Socket";
}

int socket_property(Network& network, int fd, int option) {
    int value = -1;
    unsigned size = sizeof value;
    const int result = network.backend().getsockopt(fd, SOL_SOCKET, option, &value, &size);
    if (result < 0 && result != -ENOTSOCK) throw OSError(-result, "take over descriptor " + std::to_string(fd));
    return value;
}

Descriptor new_socket(Network& network, const Address& address, int type) {
    if (!address) throw ValueError("there is no address to connect to or to listen on");
    const int fd = network.backend().socket(domain_of(address.family()), type, 0);
    if (fd < 0) throw OSError(-fd, "open a socket for " + address.str());
    return Descriptor(network, fd);
}

}  // namespace

Descriptor stream_socket(Network& network, const Address& address) { return new_socket(network, address, SOCK_STREAM); }

Descriptor datagram_socket(Network& network, const Address& address) {
    return new_socket(network, address, SOCK_DGRAM);
}

Descriptor given_socket(Network& network, int fd, AddressFamily family) {
    check_not_owned(network.loop(), fd);
    const bool of_family =
        family == AddressFamily::unspecified || socket_property(network, fd, SO_DOMAIN) == domain_of(family);
    if (!of_family || socket_property(network, fd, SO_TYPE) != SOCK_STREAM) {
        throw ValueError(std::string(kind_of(family)) + " was expected, got descriptor " + std::to_string(fd));
    }
    if (const int adopted = network.backend().adopt(fd); adopted < 0)
        throw OSError(-adopted, "take over descriptor " + std::to_string(fd));
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
    static constexpr Name names[] = {{IPPROTO_TCP, TCP_NODELAY},  {SOL_SOCKET, SO_REUSEADDR},
                                     {SOL_SOCKET, SO_REUSEPORT},  {SOL_SOCKET, SO_KEEPALIVE},
                                     {IPPROTO_IPV6, IPV6_V6ONLY}, {SOL_SOCKET, SO_BROADCAST}};
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
