// SPDX-License-Identifier: MIT
// A simulated socket: what a descriptor of a simulated host stands for.
#pragma once

#include <hocket/base/owners.h>
#include <hocket/io/completing_backend.h>
#include <hocket/io/sim_address_internal.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <utility>
#include <vector>

namespace hocket::sim {

class Kernel;
class SimBackend;
struct Datagram;

/// One end of a stream, a listening socket, or a datagram socket. It behaves as socket (man 7), tcp and udp say: functions return what the
/// system call of that name does, or -errno, and -EAGAIN where it would wait.
///
/// The kernel's table owns it; packets on their way keep it alive. Once it is closed, it only answers what still arrives.
class Endpoint {
public:
    Endpoint(Kernel& kernel, int domain, int type) noexcept;
    Endpoint(const Endpoint&) = delete;
    Endpoint& operator=(const Endpoint&) = delete;

    /// The reading and the writing end of a pipe, which no fault of a network ends. `name`: what a story calls it.
    static std::pair<Shared<Endpoint>, Shared<Endpoint>> pipe(Kernel& kernel, const std::string& name);

    // Of its process.
    static int connect(const Shared<Endpoint>& self, const SocketAddress& to);
    static int bind(const Shared<Endpoint>& self, const SocketAddress& address);
    static int listen(const Shared<Endpoint>& self, int backlog);
    int accept(Shared<Endpoint>& accepted);
    int receive(char* to, std::size_t size, int flags);
    int receive_message(msghdr& message, int flags);
    static int send(const Shared<Endpoint>& self, const char* data, std::size_t size);
    static int send_message(const Shared<Endpoint>& self, const msghdr& message);
    static int shutdown(const Shared<Endpoint>& self, int how);
    static void close(const Shared<Endpoint>& self);
    int set_option(int level, int option, const void* value, unsigned size);
    int get_option(int level, int option, void* value, unsigned* size);
    /// The result of a connection that was begun: -EAGAIN while it is under way.
    int connected();
    /// Which of poll's events hold.
    int ready() const noexcept;

    // Of the network: what arrives.
    static void syn_arrived(Kernel& kernel, const Shared<Endpoint>& client);
    static void answered(const Shared<Endpoint>& client, const Shared<Endpoint>& server);
    /// `read` bytes of ours the peer's program has read, too.
    static void data_arrived(const Shared<Endpoint>& self, const Shared<Endpoint>& sender, std::string data,
                             std::size_t read);
    static void end_arrived(const Shared<Endpoint>& self, const Shared<Endpoint>& sender);
    void failed(int error);
    void datagram_arrived(const Datagram& datagram);

    /// Its host has crashed: it says nothing any more.
    void vanish() noexcept;
    /// Whether what it sent, and what was lost, is sent again; also by a socket that is closed.
    bool lives() const noexcept { return !gone_ && !crashed(); }
    /// Something of what it sent will never arrive, and neither does what is behind that.
    void break_off() noexcept { broken_off_ = true; }
    bool is_broken_off() const noexcept { return broken_off_; }
    /// It was sent something that may never be acknowledged.
    static void watch_for_silence(const Shared<Endpoint>& self);
    /// Something may go on.
    void changed() noexcept;

    Kernel& kernel() const noexcept { return kernel_; }
    int domain() const noexcept { return domain_; }
    bool is_datagram() const noexcept;
    bool is_listening() const noexcept { return state_ == State::listening; }
    bool is_closed() const noexcept { return state_ == State::closed; }
    bool is_idle() const noexcept { return readers.empty() && writers.empty() && pollers.empty(); }
    bool shares_port() const noexcept { return reuse_port_; }
    const SocketAddress& local() const noexcept { return local_; }
    const SocketAddress& remote() const noexcept { return remote_; }
    bool has_local() const noexcept { return has_local_; }
    bool has_remote() const noexcept { return has_remote_; }
    /// Whether getpeername (man 2) knows one.
    bool has_peer() const noexcept;

    SimBackend* backend = nullptr;  ///< its process's; null before it is accepted
    OperationList readers, writers, pollers;

private:
    enum class State : std::uint8_t { fresh, listening, connecting, established, failed, closed };
    struct Option {
        int level, option, value;
    };
    struct Received {
        std::string data;
        SocketAddress from;
    };

    void consumed(std::size_t count);
    void peer_has_read(std::size_t count) noexcept;
    void refuse_queue();
    bool crashed() const noexcept;
    static void acknowledge(const Shared<Endpoint>& self, const Shared<Endpoint>& sender, std::size_t count);
    int take_error() noexcept;
    void tell_short(const char* what, std::size_t count, std::size_t could) const;
    bool is_of(const SocketAddress& address) const noexcept;
    static int bind_somewhere(const Shared<Endpoint>& self, const Ip& target);
    static int find_local(const Shared<Endpoint>& self, const SocketAddress& to, Shared<Endpoint>& peer);
    static int send_local(const Shared<Endpoint>& self, SocketAddress target, std::string data);
    bool has_room_for_datagrams() const noexcept;
    void take(const Datagram& datagram);
    static void try_to_connect(const Shared<Endpoint>& self, Kernel& to);
    static void reset_other(Kernel& from, const Shared<Endpoint>& other, std::int64_t& last);
    static void transmit(const Shared<Endpoint>& self, const char* data, std::size_t size);
    static void transmit_end(const Shared<Endpoint>& self, const Shared<Endpoint>& peer);

    Kernel& kernel_;
    const unsigned crashes_;  // of its host, when it was made
    int domain_, type_;
    State state_ = State::fresh;
    SocketAddress local_, remote_;
    bool has_local_ = false, has_remote_ = false;
    bool reuse_port_ = false, abortive_ = false;
    bool end_seen_ = false;  // the peer sends no more
    bool end_sent_ = false;  // we do not
    bool deaf_ = false;      // shutdown(SHUT_RD)
    bool pipe_ = false;
    bool gone_ = false;  // its connection was reset, or given up
    bool broken_off_ = false;
    int error_ = 0;  // told once
    std::vector<Option> options_;

    // A stream.
    Shared<Endpoint> peer_;
    std::string received_;
    std::size_t read_ = 0;          // of `received_`
    std::size_t outstanding_ = 0;   // bytes sent that the peer's program has not read, as far as is known here
    std::size_t untold_ = 0;        // bytes read that the peer has not been told of
    std::int64_t last_packet_ = 0;  // when what was sent last arrives
    std::uint64_t sent_ = 0, arrived_ = 0, acknowledged_ = 0;  // bytes, and one for the end

    // A listening socket.
    std::size_t backlog_ = 0;
    std::deque<Shared<Endpoint>> queue_;

    // A datagram socket.
    std::deque<Received> datagrams_;
    std::size_t datagram_bytes_ = 0;
};

}  // namespace hocket::sim
