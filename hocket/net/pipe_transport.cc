// SPDX-License-Identifier: MIT
// A pipe's end: which way it goes, and the look at the other side.
#include <hocket/net/pipe_transport_internal.h>

#include <hocket/net/outgoing_internal.h>

#include <poll.h>
#include <utility>

namespace hocket {

PipeTransport::PipeTransport(Network& network, int fd, std::string name, Direction direction, std::size_t limit)
    : SocketTransport(network, fd, limit), name_(std::move(name)), direction_(direction) {
    if (direction_ == Direction::read) return;
    end_reading();
    watch();
}

void PipeTransport::write_eof() {
    check_loop("StreamWriter::write_eof");
    close();
}

// A pipe whose reading end is closed is in error, whatever is asked for; a socket may also have been shut down.
void PipeTransport::watch() noexcept {
    watch_.owner = this;
    watch_.code = Opcode::poll;
    watch_.flags = POLLRDHUP;
    watch_.completed = [](hocket::Operation& op) noexcept { static_cast<Watch&>(op).owner->peer_gone(); };
    watching_ = true;
    submit(watch_);
}

void PipeTransport::peer_gone() noexcept {
    completed_one();
    watching_ = false;
    const bool writes = outgoing() && !outgoing()->idle();  // which meets the error by itself
    if (watch_.result > 0 && !is_closing() && !writes) hang_up();
    close_if_over();
}

void PipeTransport::cancel_operations() noexcept {
    SocketTransport::cancel_operations();
    if (watching_) network()->backend().cancel(watch_);
}

}  // namespace hocket
