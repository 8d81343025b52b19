// SPDX-License-Identifier: MIT
// Accepting, and what stops it for a while.
#include <hocket/net/listener_internal.h>

#include <hocket/io/file_calls_internal.h>

#include <sys/socket.h>
#include <algorithm>
#include <cerrno>
#include <chrono>

namespace hocket {

namespace {

constexpr auto accept_retry_delay = std::chrono::seconds(1);
constexpr int most_in_one_turn = 256;  // however long the queue is: the others have their turn

// Of one connection that came to nothing, or of the network behind it (accept(2)): the next one may be well.
bool concerns_one_connection(int error) noexcept {
    switch (error) {
        case ECONNABORTED:
        case ECANCELED:  // in a forked child: what was in flight is the parent's
        case EINTR:
        case EAGAIN:
        case EPROTO:
        case EPERM:
        case ENETDOWN:
        case ENETUNREACH:
        case EHOSTDOWN:
        case EHOSTUNREACH:
        case ENONET:
        case ENOPROTOOPT: return true;
        default: return false;
    }
}

bool lacks_resources(int error) noexcept {
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

}  // namespace

std::uint64_t socket_file(const Address& a) noexcept {
    if (a.path().empty() || a.path().front() == '\0') return 0;
    struct stat status{};
    return sys::lstat(a.host().c_str(), &status) == 0 && S_ISSOCK(status.st_mode) ? status.st_ino : 0;
}

void remove_socket_file(const Address& a) noexcept { sys::unlink(a.host().c_str()); }

Listener::Listener(Network& network, int fd, ServerState& server, bool cleanup)
    : Socket(network, fd),
      server_(server),
      address_(local_address(network, fd)),
      file_(cleanup ? socket_file(address_) : 0) {
    server_.share();
    code = Opcode::accept;
    data = peer_.bytes;
    address_size = &peer_.size;
    completed = [](Operation& op) noexcept { static_cast<Listener&>(op).accepted(); };
}

void Listener::listen() {
    const int listening = network()->backend().listen(Socket::fd(), server_.backlog());
    if (listening < 0) throw OSError(-listening, "listen on " + address_.str());
    accept();
}

void Listener::accept() noexcept {
    peer_.size = sizeof peer_.bytes;
    accepting_ = true;
    submit(*this);
}

// With the one that was waited for come those that are there already, as with asyncio: else each would take a turn of the loop.
void Listener::accepted() noexcept {
    accepting_ = false;
    int n = result;
    if (std::exchange(parent_accepts_, false) && n >= 0) {
        network()->backend().close(n);
        n = -ECANCELED;
    }
    take(n);
    int others = std::min(server_.backlog(), most_in_one_turn) - 1;
    // Of UNIX-domain sockets the kernel says nothing, which looks the same.
    if (Operation::flags == last_one && address_.family() != AddressFamily::local) others = 0;
    for (; others > 0 && n >= 0 && !closing(); --others) {
        peer_.size = sizeof peer_.bytes;
        n = network()->backend().accept(Socket::fd(), peer_.get(), &peer_.size);
        take(n);
    }
    completed_one();
    if (closing()) {
        close_if_over();
    } else if (n >= 0 || concerns_one_connection(-n)) {
        accept();
    } else {
        pause(-n);
    }
}

// The handler may close this, which lives on until the operation is counted off.
void Listener::take(int connection) noexcept {
    if (connection < 0) return;
    if (closing() && !serves_late_) {
        network()->backend().close(connection);
    } else {
        server_.connected(connection, Address::from_raw(peer_));
    }
}

// An operation may be in flight, whose address is not touched.
void Listener::accept_waiting() noexcept {
    if (closing() || inherited_ || !server_.serving()) return;
    serves_late_ = true;
    for (int most = std::max(server_.backlog(), 1) + 1; most > 0; --most) {
        RawAddress peer;
        const int n = network()->backend().accept(Socket::fd(), peer.get(), &peer.size);
        if (n < 0 && !concerns_one_connection(-n)) return;
        if (n == -EAGAIN) return;
        if (n >= 0) server_.connected(n, Address::from_raw(peer));
    }
}

void Listener::pause(int error) noexcept {
    EventLoop& loop = network()->loop();
    resume_ = loop.call_later(accept_retry_delay, [this] { accept(); });
    const char* message = lacks_resources(error) ? accept_lacks_resources : "socket.accept() failed";
    loop.call_exception_handler({message, std::make_exception_ptr(OSError(error, "accept on " + address_.str()))});
}

// The port is free, and new connections are refused, from here on, though the descriptor may live for a moment longer. In a forked child, only
// that goes: the socket is the parent's, too, who goes on.
void Listener::close() noexcept {
    if (closing()) return;
    network()->notice_fork();
    resume_.cancel();
    if (!inherited_) {
        if (file_ != 0 && socket_file(address_) == file_) remove_socket_file(address_);
        network()->backend().shutdown(Socket::fd(), SHUT_RDWR);
    }
    close_descriptor();
}

// It goes on accepting, beside the parent. What was accepted before is the parent's alone.
void Listener::inherited() noexcept {
    inherited_ = true;
    parent_accepts_ = accepting_;
}

void Listener::cancel_operations() noexcept {
    if (accepting_) network()->backend().cancel(*this);
}

void Listener::descriptor_closed() noexcept {
    server_.listener_gone(*this);
    server_.drop();
    delete this;
}

}  // namespace hocket
