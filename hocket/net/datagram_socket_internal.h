// SPDX-License-Identifier: MIT
// What the handles of a datagram endpoint share: its socket, who waits for datagrams, and what waits to be sent.
#pragma once

#include <hocket/core/backend.h>
#include <hocket/core/gate.h>
#include <hocket/core/handle.h>
#include <hocket/net/datagram_endpoint.h>
#include <hocket/net/socket.h>

#include <sys/socket.h>
#include <sys/uio.h>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hocket {

class DatagramHandle;

/// One receive and one send are in flight at a time, from and to the memory of the first that waits. Everybody else waits in turn, which
/// costs no system call: a cancel that finds its task behind the first ends there.
class DatagramSocket final : public Socket, public Pooled {
public:
    class Receive;
    class Send;

    struct Kind {
        bool is_ip = false;
        bool connected = false;  // the system knows the remote address
    };
    /// Takes over `fd`. `remote`: where datagrams without an address go.
    DatagramSocket(Network& network, int fd, Address remote, Kind kind) noexcept;

    void share() noexcept { ++refs_; }
    void drop() noexcept {
        if (--refs_ == 0) abandoned();
    }

    // The coroutines hold the socket from when they are made, and not only once they run.

    static Coro<std::pair<std::string, Address>> recvfrom(DatagramHandle socket);
    static Coro<ReceivedDatagram> recvfrom_into(DatagramHandle socket, std::span<char> buffer);
    template <class Bytes>
    static Coro<> send(DatagramHandle socket, Bytes data, Address address);
    static Coro<> drain(DatagramHandle socket);
    static Coro<> wait_closed(DatagramHandle socket);

    void sendto(std::string_view data, const Address& address);
    std::size_t level() const noexcept { return level_; }
    void set_limits(WriteBufferLimits limits);
    std::pair<std::size_t, std::size_t> limits() const noexcept { return {low_, high_}; }

    void close() noexcept;
    void abort() noexcept override;
    bool is_closing() const noexcept { return ending_; }
    /// In debug mode, RuntimeError on another thread than the loop's.
    void check_thread(const char* call) const {
        if (network()) network()->loop().check_usable(call);
    }
    /// The same, and always in another loop.
    void check_loop(const char* call) const;

    Address sockname() const { return network() ? local_address(*network(), fd()) : Address(); }
    Address peername() const { return connected_ ? remote_ : Address(); }

private:
    friend class Receive;
    friend class Send;

    /// An error for who receives: of a datagram to `address`, or of receiving.
    struct Failure {
        int error = 0;
        bool sending = false;
        Address address = {};
    };
    /// A datagram that came for a task which was cancelled: the next one's.
    struct Kept {
        std::uint64_t number = 0;
        std::string data = {};
        Address address = {};
        std::size_t truncated = 0;
    };
    /// A datagram that waits to be sent: a task's, which stands in its frame, or a copy.
    struct Outgoing {
        std::string_view data = {};
        Address address = {};
        Send* sender = nullptr;
        Outgoing* next = nullptr;
    };
    struct Copy;
    /// What the kernel works on.
    struct Transfer : Operation {
        DatagramSocket* owner = nullptr;
        msghdr message{};
        iovec bytes{};
        RawAddress address;
        bool in_flight = false;
    };

    ~DatagramSocket() override;
    void abandoned() noexcept;
    void cancel_operations() noexcept override;
    void descriptor_closed() noexcept override;
    bool closed() const noexcept { return fd() < 0; }

    void wait(Receive& r) noexcept;
    void leave(Receive& r) noexcept;
    void receive_next() noexcept;
    bool begin_receive(Receive& r) noexcept;
    void received() noexcept;
    void take_datagram(Receive& r) noexcept;
    void keep(std::uint64_t number, std::string_view data, Address address, std::size_t truncated) noexcept;
    void report(Failure failure) noexcept;
    [[noreturn]] void throw_failure(const Failure& failure) const;
    std::string source() const;
    /// `descriptor 7, UDP to 127.0.0.1:53`
    std::string descriptor(const Address& peer = {}) const;

    void check_sendable(const char* call, const Address& address) const;
    const Address& destination(const Address& given) const noexcept { return given ? given : remote_; }
    /// `storage`: where the message finds the address, if it needs one.
    msghdr message_of(std::string_view data, const Address& to, iovec& bytes, RawAddress& storage) const noexcept;
    void enqueue(Outgoing& o) noexcept;
    void leave(Outgoing& o) noexcept;
    void send_next() noexcept;
    void sent() noexcept;
    void conclude(Outgoing& o, int result) noexcept;
    void drop_unsent() noexcept;
    void retry_later() noexcept;
    void resume_writing() noexcept;
    void close_if_all_sent() noexcept;

    static constexpr std::size_t header_size = 8;  // of each datagram in the buffer, as asyncio counts it
    static constexpr std::size_t most_failures = 16;

    std::uint32_t refs_ = 1;
    const bool is_ip_, connected_;
    bool ending_ = false;  // nothing more is received, nor taken to be sent
    bool aborted_ = false;
    bool paused_ = false;  // above the high-water mark, and not yet at the low one
    Address remote_;

    Transfer in_;
    Receive *first_receive_ = nullptr, *last_receive_ = nullptr;
    std::unique_ptr<char[]> room_;  // of `recvfrom`
    std::vector<Failure> failures_;
    std::vector<Kept> kept_;   // in the order in which they came
    std::uint64_t taken_ = 0;  // datagrams from the system

    Transfer out_;
    Outgoing *first_out_ = nullptr, *last_out_ = nullptr;
    std::size_t level_ = 0, high_ = 64 << 10, low_ = 16 << 10;
    Handle retry_;  // armed while the system cannot say when there is room
    WaitPoint drained_{"DatagramEndpoint.drain"}, closed_{"DatagramEndpoint.wait_closed"};
};

/// A reference to a datagram socket.
class DatagramHandle {
public:
    explicit DatagramHandle(DatagramSocket& socket) noexcept : socket_(&socket) { socket.share(); }
    DatagramHandle(DatagramHandle&& other) noexcept : socket_(std::exchange(other.socket_, nullptr)) {}
    DatagramHandle& operator=(DatagramHandle&&) = delete;
    ~DatagramHandle() {
        if (socket_) socket_->drop();
    }
    DatagramSocket& operator*() const noexcept { return *socket_; }
    DatagramSocket* operator->() const noexcept { return socket_; }

private:
    DatagramSocket* socket_;
};

/// A task that waits for a datagram, into a buffer or, as a copy, into a string.
class [[nodiscard]] DatagramSocket::Receive final : Leaf {
public:
    using HocketAwaiter = Receive;
    static constexpr bool awaited_often = false;

    Receive(DatagramSocket& socket, std::span<char> buffer) noexcept : socket_(socket), buffer_(buffer) {}
    Receive(DatagramSocket& socket, std::string& text) noexcept : socket_(socket), text_(&text) {}
    Receive(const Receive&) = delete;
    Receive& operator=(const Receive&) = delete;
    bool await_ready() const noexcept { return false; }
    void await_suspend(AwaitingFrame h) noexcept;
    ReceivedDatagram await_resume();

private:
    friend class DatagramSocket;
    bool cancel_wait(TaskBase& t) noexcept override;
    void describe(AwaitDescription& to) const override;
    void take(std::uint64_t number, std::string_view data, Address address, std::size_t truncated) noexcept;
    void fail(Failure failure) noexcept;

    DatagramSocket& socket_;
    std::span<char> buffer_;
    std::string* text_ = nullptr;
    TaskBase* task_ = nullptr;
    Receive *next_ = nullptr, *prev_ = nullptr;
    bool cancel_asked_ = false;
    std::uint64_t number_ = 0;  // of the datagram
    ReceivedDatagram datagram_;
    Failure failure_;
};

/// A task that waits until its datagram is sent.
class [[nodiscard]] DatagramSocket::Send final : Leaf, Outgoing {
public:
    using HocketAwaiter = Send;
    static constexpr bool awaited_often = false;

    Send(DatagramSocket& socket, std::string_view bytes, Address to) noexcept;
    Send(const Send&) = delete;
    Send& operator=(const Send&) = delete;
    bool await_ready() const noexcept { return false; }
    void await_suspend(AwaitingFrame h) noexcept;
    void await_resume();

private:
    friend class DatagramSocket;
    bool cancel_wait(TaskBase& t) noexcept override;
    void describe(AwaitDescription& to) const override;

    DatagramSocket& socket_;
    TaskBase* task_ = nullptr;
    bool cancel_asked_ = false;
    int result_;
};

}  // namespace hocket
