// SPDX-License-Identifier: MIT
// A listening socket of a server.
#pragma once

#include <hocket/net/server_state.h>

namespace hocket {

class Listener final : public Socket, Operation, public Pooled {
public:
    /// Takes over a bound socket; holds the server while that is open.
    Listener(Network& network, int fd, ServerState& server);

    /// Throws OSError.
    void listen();
    void close() noexcept;
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
    void accept() noexcept;
    void accepted() noexcept;
    void pause(int error) noexcept;

    ServerState& server_;
    Address address_;
    RawAddress peer_;
    Handle resume_;  // armed while accepting pauses
    bool accepting_ = false;
};

}  // namespace hocket
