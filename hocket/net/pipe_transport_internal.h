// SPDX-License-Identifier: MIT
// The transport of one end of a pipe, or of another descriptor that is read or written and is no connection.
#pragma once

#include <hocket/net/socket_transport.h>

#include <string>

namespace hocket {

/// A SocketTransport that goes one way: the end of the stream closes it. A writing one notices that nobody reads any more even while it
/// has nothing to write, and closes itself then.
class PipeTransport final : public SocketTransport {
public:
    enum class Direction : std::uint8_t { read, write };

    /// Takes over `fd`, which does not block. `name`: what errors call it.
    PipeTransport(Network& network, int fd, std::string name, Direction direction, std::size_t limit = default_limit);

    bool can_write_eof() const noexcept override { return direction_ == Direction::write; }
    bool write_only() const noexcept override { return direction_ == Direction::write; }
    void write_eof() override;
    std::string name() const override { return name_; }

private:
    struct Watch final : hocket::Operation {
        PipeTransport* owner = nullptr;
    };

    ~PipeTransport() override = default;
    void cancel_operations() noexcept override;
    void watch() noexcept;
    void peer_gone() noexcept;

    std::string name_;
    Watch watch_;
    Direction direction_;
    bool watching_ = false;
};

}  // namespace hocket
