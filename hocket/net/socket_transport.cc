// SPDX-License-Identifier: MIT
// The socket transport: receiving into a buffer that idle connections do not have, writing, closing.
#include <hocket/net/socket_transport.h>

#include <hocket/core/sleep.h>
#include <hocket/net/outgoing_internal.h>
#include <hocket/net/server_state.h>

#include <poll.h>
#include <sys/socket.h>
#include <algorithm>
#include <cerrno>

namespace hocket {

namespace {

constexpr std::size_t first_chunk = 4 << 10;
constexpr std::uint8_t most_doublings = 4;          // 64 KiB
constexpr std::size_t largest_request = 256 << 10;  // more of a known length is received in parts

}  // namespace

SocketTransport::SocketTransport(Network& network, int fd, const Address& peer, std::size_t limit, ServerState* server)
    : Transport(limit), Socket(network, fd), server_(server), peer_(peer) {}

SocketTransport::~SocketTransport() {
    if (out_ && out_->scheduled) out_.release()->orphaned = true;
    if (server_) server_->drop();
}

Address SocketTransport::sockname() const { return network() ? local_address(*network(), Socket::fd()) : Address(); }

// ---- Receiving

void SocketTransport::want_data() noexcept {
    if (receiving_ != Receiving::no || is_closing()) return;
    if (busy_) {
        receive();
    } else {
        wait_readable();
    }
}

void SocketTransport::wait_readable() noexcept {
    receiving_ = Receiving::waiting;
    code = Opcode::poll;
    Operation::flags = POLLIN;
    completed = [](Operation& op) noexcept { static_cast<SocketTransport&>(op).received(); };
    submit(*this);
}

// A receive that is in flight may have taken bytes which the loop has not seen yet.
bool SocketTransport::silent() const noexcept {
    return Transport::silent() && !is_closing() && receiving_ != Receiving::filling &&
           network()->backend().readable(Socket::fd()) == 0;
}

void SocketTransport::receive() noexcept {
    const std::size_t wanted = std::max(first_chunk << chunk_, std::min<std::size_t>(of_use_, largest_request));
    ReceiveBuffer::Room room{};
    try {
        room = incoming_.room(incoming_.empty() ? wanted : wanted / 2);
        network()->holds_memory(*this);
    } catch (...) {  // out of memory: the stream ends with that
        if (reader_) set_exception(std::current_exception());
        return;
    }
    receiving_ = Receiving::filling;
    code = Opcode::recv;
    Operation::flags = 0;
    Operation::data = room.data;
    Operation::size = room.size;
    completed = [](Operation& op) noexcept { static_cast<SocketTransport&>(op).received(); };
    submit(*this);
}

void SocketTransport::received() noexcept {
    completed_one();
    const Receiving what = std::exchange(receiving_, Receiving::no);
    if (!is_closing()) take_result(what, result);
    close_if_over();
}

void SocketTransport::take_result(Receiving what, int n) noexcept {
    if (what == Receiving::waiting) {
        busy_ = true;
        if (reader_) receive();
        return;
    }
    touched_ = true;
    if (n > 0) {
        incoming_.filled(static_cast<std::size_t>(n));
        if (static_cast<std::size_t>(n) == Operation::size && chunk_ < most_doublings) ++chunk_;
        wake_reader();
    } else if (n == 0) {
        feed_eof();
    } else if (n == -ECANCELED || n == -EINTR) {  // nothing came for a while: `tidy` took the buffer back
        busy_ = n == -EINTR;
        if (incoming_.empty()) incoming_.release();
        if (reader_) want_data();
    } else {
        set_exception(std::make_exception_ptr(OSError(-n, "read from " + peer_.str())));
    }
}

bool SocketTransport::tidy() noexcept {
    if (std::exchange(touched_, false)) return true;
    chunk_ = 0;
    if (receiving_ == Receiving::filling) {
        network()->backend().cancel(*this);
    } else if (incoming_.empty()) {
        busy_ = false;
        incoming_.release();
    }
    return incoming_.holds_memory();
}

void SocketTransport::retire_outgoing() noexcept {
    if (out_ && out_->idle() && !out_->scheduled && !out_->awaited()) out_.reset();
}

// ---- Sending

SocketTransport::Outgoing& SocketTransport::out() {
    if (!out_) out_ = Unique<Outgoing>::make(*this);
    return *out_;
}

void SocketTransport::check_loop() const {
    if (network() && this_loop && this_loop != &network()->loop())
        throw RuntimeError("the stream of " + peer_.str() + " belongs to a different event loop");
}

void SocketTransport::check_writable() const {
    check_loop();
    if (write_error_ != 0) throw OSError(write_error_, "write to " + peer_.str());
    if (exception_) std::rethrow_exception(exception_);
}

Coro<> SocketTransport::write(std::string_view bytes) {
    share();
    const TransportHandle keep(this);
    check_writable();
    if (is_closing()) throw OSError(ESHUTDOWN, "write to " + peer_.str());
    if (eof_wanted_) throw RuntimeError("Cannot call write() after write_eof()");
    if (bytes.empty()) co_return;
    Outgoing& o = out();
    if (o.idle()) {
        co_await DirectWrite(*this, bytes);
        co_return;
    }
    o.enqueue(bytes);
    o.advance();
    while (out_ && out_->paused) co_await out_->drained.suspend();
    check_writable();
}

void SocketTransport::write_nowait(std::string_view bytes) {
    check_writable();
    if (is_closing()) throw OSError(ESHUTDOWN, "write to " + peer_.str());
    if (eof_wanted_) throw RuntimeError("Cannot call write() after write_eof()");
    if (bytes.empty()) return;
    Outgoing& o = out();
    o.enqueue(bytes);
    o.schedule();
}

Coro<> SocketTransport::drain() {
    share();
    const TransportHandle keep(this);
    check_writable();
    if (is_closing()) co_await hocket::sleep(0);
    if (Socket::closing() && write_error_ == 0) throw OSError(ESHUTDOWN, "write to " + peer_.str());
    while (out_ && out_->paused) co_await out_->drained.suspend();
    check_writable();
}

std::size_t SocketTransport::get_write_buffer_size() const noexcept {
    return out_ ? out_->direct.size() + out_->level() : 0;
}

void SocketTransport::write_eof() {
    if (is_closing() || std::exchange(eof_wanted_, true)) return;
    if (!out_ || out_->idle()) all_sent();
}

void SocketTransport::all_sent() noexcept {
    if (eof_wanted_ && !shut_ && write_error_ == 0) network()->backend().shutdown(Socket::fd(), SHUT_WR);
    if (shut_) begin_closing();
}

void SocketTransport::write_failed(int error) noexcept {
    write_error_ = error;
    out_->give_up();
    if (shut_) begin_closing();
}

// ---- The end

void SocketTransport::close() noexcept {
    if (is_closing()) return;
    shut_ = true;
    if (receiving_ != Receiving::no) network()->backend().cancel(*this);
    feed_eof();
    if (!out_ || out_->idle()) {
        begin_closing();
    } else {
        out_->advance();
    }
    close_if_over();
}

void SocketTransport::abort() noexcept {
    if (Socket::closing()) return;
    shut_ = true;
    feed_eof();
    if (out_ && !out_->idle()) {
        if (write_error_ == 0) write_error_ = ECONNABORTED;
        out_->give_up();
    }
    close_descriptor();
}

void SocketTransport::abandoned() noexcept {
    if (Socket::fd() < 0) {
        delete this;
    } else {
        close();
    }
}

void SocketTransport::cancel_operations() noexcept {
    if (receiving_ != Receiving::no) network()->backend().cancel(*this);
    if (out_ && out_->in_flight) network()->backend().cancel(*out_);
}

void SocketTransport::descriptor_closed() noexcept {
    share();
    if (out_) out_->closed.wake_all();
    if (ServerState* const server = std::exchange(server_, nullptr)) {  // whose handler may hold handles of this
        server->client_gone();
        server->drop();
    }
    drop();
}

Coro<> SocketTransport::wait_closed() {
    share();
    const TransportHandle keep(this);
    if (Socket::fd() >= 0) co_await out().closed.suspend();
    if (write_error_ != 0) throw OSError(write_error_, "write to " + peer_.str());
}

}  // namespace hocket
