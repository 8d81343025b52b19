// SPDX-License-Identifier: MIT
// A listening socket of a server.
#pragma once

#include <hocket/net/server_state.h>

#include <cstdint>

namespace hocket {

/// The inode of the socket that a UNIX-domain address names; 0 where it names none, or the name is abstract.
std::uint64_t socket_file(const Address& a) noexcept;
void remove_socket_file(const Address& a) noexcept;

/// What the loop's exception handler is told when it cannot accept for now: a moment later the server goes on.
inline constexpr const char* accept_lacks_resources = "socket.accept() out of system resource";

class Listener final : public Socket, Operation, public Pooled {
public:
    /// Takes over a bound socket; holds the server while that is open. `cleanup`: the socket's file is removed at the close.
    Listener(Network& network, int fd, ServerState& server, bool cleanup);

    /// Throws OSError.
    void listen();
    void close() noexcept;
    /// See Server::accept_waiting.
    void accept_waiting() noexcept;
    const Address& address() const noexcept { return address_; }

    void stop() noexcept override {
        server_.mark_closed();
        close();
    }
    void abort() noexcept override { stop(); }

private:
    ~Listener() override = default;
    void cancel_operations() noexcept override;
    void descriptor_closed() noexcept override;
    void inherited() noexcept override;
    void accept() noexcept;
    void accepted() noexcept;
    void take(int connection) noexcept;
    void pause(int error) noexcept;

    ServerState& server_;
    Address address_;
    std::uint64_t file_;  // of a UNIX-domain socket that is to be removed at the close, if it is still this one's
    RawAddress peer_;
    Handle resume_;  // armed while accepting pauses
    bool accepting_ = false;
    bool serves_late_ = false;  // what was accepted before the close and is told after it
    bool inherited_ = false;
    bool parent_accepts_ = false;  // what is in flight was submitted before the fork
};

}  // namespace hocket
