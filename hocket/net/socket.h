// SPDX-License-Identifier: MIT
// Descriptors that the network's objects own, and the loop's list of them.
#pragma once

#include <hocket/base/errors.h>
#include <hocket/base/owners.h>
#include <hocket/core/event_loop.h>
#include <hocket/core/handle.h>
#include <hocket/net/address.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace hocket {

class Resolver;
class Socket;

/// The sockets of one loop. Those that hold memory only because they were busy a moment ago stand first, and are asked from time to
/// time to give it back. When the loop closes, it ends their operations and closes them.
class HOCKET_EXPORT Network final : LoopResource, ForkWatcher {
public:
    /// The loop's, made at the first use.
    static Network& of(EventLoop& loop);

    EventLoop& loop() const noexcept { return loop_; }
    Backend& backend() const noexcept { return loop_.backend(); }

    void add(Socket& s) noexcept;
    void remove(Socket& s) noexcept;
    /// Whether one of them has this descriptor.
    bool owns(int fd) const noexcept {
        const auto i = static_cast<std::size_t>(fd);
        return fd >= 0 && i < owned_.size() && owned_[i];
    }
    LoopResource* watches = nullptr;  // hocket/net/readiness.h
    /// `s` has taken memory that it may not need for long: `Socket::tidy` is called every `tidy_interval` until it says that all is well.
    void holds_memory(Socket& s);
    /// To be called before anything is done with a socket that nobody has asked for right now. In a child of `fork`, all sockets that came with
    /// it are told: they are the parent's, too, who goes on with them.
    void notice_fork() noexcept {
        if (backend().forks() != forks_) [[unlikely]]
            forked();
    }
    Duration tidy_interval = std::chrono::seconds(1);
    Socket* first() const noexcept { return first_; }
    Shared<Resolver> resolver;  ///< hocket/net/resolver_internal.h: made at the first question

private:
    friend class Socket;
    void set_owned(int fd, bool owned);
    void for_each(void (Socket::*what)()) noexcept;
    explicit Network(EventLoop& loop);
    ~Network() override = default;
    void begin_shutdown() noexcept override;
    bool finished() const noexcept override;
    void loop_closing() noexcept override;
    void push_front(Socket& s) noexcept;
    void forked() noexcept override;
    void arm_sweep();
    void sweep();

    EventLoop& loop_;
    Socket *first_ = nullptr, *last_ = nullptr;
    std::vector<bool> owned_;     // by descriptor
    Socket* cursor_ = nullptr;    // of `for_each`: the next one
    Handle sweep_;                // armed while some socket holds memory
    unsigned gave_back_ = 0;      // sockets that did since the C library was told to do the same
    std::int64_t next_trim_ = 0;  // it is not told so before
    std::uint32_t forks_;         // of the backend, when it was last looked at
};

/// A descriptor of one loop, and how many operations are in flight on it.
///
/// Closing a descriptor does not end its operations: so `close_descriptor` has them cancelled, and the descriptor is closed when the last has
/// completed. The object must live until `descriptor_closed` is called.
class HOCKET_EXPORT Socket {
public:
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;

    /// -1 once it is closed.
    int fd() const noexcept { return fd_; }
    /// Whether it was asked to close.
    bool closing() const noexcept { return closing_; }
    /// Null once it is closed.
    Network* network() const noexcept { return network_; }
    Socket* next() const noexcept { return next_; }

    void close_descriptor() noexcept {
        begin_closing();
        close_if_over();
    }
    /// The program has ended: no new connections.
    virtual void stop() noexcept {}
    /// The loop closes: everything ends now, and what was to be written is dropped.
    virtual void abort() noexcept = 0;

protected:
    /// Takes over the descriptor, unless there is no memory.
    Socket(Network& network, int fd) : network_(&network), fd_(fd) {
        network.notice_fork();
        network.set_owned(fd, true);
        network.add(*this);
    }
    virtual ~Socket();

    void submit(Operation& op) noexcept {
        op.fd = fd_;
        ++in_flight_;
        network_->backend().submit(op);
    }
    /// The first half of `close_descriptor`; `close_if_over` is to follow.
    void begin_closing() noexcept;
    /// To be called first when an operation has completed, and `close_if_over` last: the object may be gone then.
    void completed_one() noexcept { --in_flight_; }
    void close_if_over() noexcept {
        if (closing_ && in_flight_ == 0 && fd_ >= 0) close_now();
    }

    virtual void cancel_operations() noexcept = 0;
    /// The end; the object may destroy itself here.
    virtual void descriptor_closed() noexcept = 0;
    /// It came into this process by a fork.
    virtual void inherited() noexcept { abort(); }
    /// Gives back what is not needed while nothing happens. False: there is no more to give back.
    virtual bool tidy() noexcept { return false; }

private:
    friend class Network;
    void close_now() noexcept;

    Network* network_;
    Socket *next_ = nullptr, *prev_ = nullptr;
    int fd_;
    std::uint16_t in_flight_ = 0;
    bool closing_ : 1 = false;
    bool holds_memory_ : 1 = false;
};

/// Owns a descriptor, and closes it at its end; nothing may be in flight on it then. Belongs to the thread of its loop, which it may outlive.
class HOCKET_EXPORT Descriptor {
public:
    Descriptor(Network& network, int fd) noexcept : loop_mark_(network.loop().mark()), fd_(fd) {}
    Descriptor(Descriptor&& other) noexcept : loop_mark_(other.loop_mark_), fd_(std::exchange(other.fd_, -1)) {}
    Descriptor& operator=(Descriptor other) noexcept {
        std::swap(loop_mark_, other.loop_mark_);
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~Descriptor() { close(); }
    /// -1 when it is closed, or was given away.
    int get() const noexcept { return fd_; }
    /// The caller's from here on.
    int release() noexcept { return std::exchange(fd_, -1); }
    void close() noexcept;

private:
    std::uint64_t loop_mark_;
    int fd_;
};

/// Throws RuntimeError if a transport or a server of `loop` has this descriptor, and so does with it what others must not disturb.
HOCKET_EXPORT void check_not_owned(EventLoop& loop, int fd);
/// A new stream socket for `address`, which the messages of errors name. Throws OSError; ValueError for no address.
HOCKET_EXPORT Descriptor stream_socket(Network& network, const Address& address);
HOCKET_EXPORT Descriptor datagram_socket(Network& network, const Address& address);
/// A stream socket that the program has made, of `family` if that is one; non-blocking from now on. Throws ValueError for what is none, and
/// OSError; the descriptor stays the program's then.
HOCKET_EXPORT Descriptor given_socket(Network& network, int fd, AddressFamily family);
/// Throws OSError: `bind to 127.0.0.1:80: Address already in use`.
HOCKET_EXPORT void bind_socket(Network& network, int fd, const Address& address);
enum class SocketOption : std::uint8_t { no_delay, reuse_address, reuse_port, keep_alive, ipv6_only, broadcast };
/// Switches an option on; negative, an errno, if that fails. Where an option only makes things better, the caller passes that over.
HOCKET_EXPORT int set_option(Network& network, int fd, SocketOption option) noexcept;
/// Its own address, or no address.
HOCKET_EXPORT Address local_address(Network& network, int fd);
HOCKET_EXPORT Address remote_address(Network& network, int fd);

}  // namespace hocket
