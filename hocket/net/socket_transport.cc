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
constexpr std::size_t most_last_words = 8 << 20;    // of a lost connection: more than the system keeps
constexpr std::uint8_t most_dropped = 255;          // pieces of 4 KiB, 1 MiB at the most, of one that lingers,
constexpr std::uint8_t most_sweeps = 5;             // and so long

bool was_cancelled(int result) noexcept { return result == -ECANCELED || result == -EINTR; }

}  // namespace

SocketTransport::SocketTransport(Network& network, int fd, const Address& peer, std::size_t limit, ServerState* server)
    : Transport(limit), Socket(network, fd), server_(server), peer_(peer) {}

SocketTransport::SocketTransport(Network& network, int pipe, std::size_t limit)
    : Transport(limit), Socket(network, pipe), server_(nullptr), pipe_(true) {}

SocketTransport::~SocketTransport() {
    if (out_ && out_->scheduled) out_.release()->orphaned = true;
    if (server_) server_->drop();
}

Address SocketTransport::sockname() const { return network() ? local_address(*network(), Socket::fd()) : Address(); }

// ---- Receiving

void SocketTransport::want_data() noexcept {
    if (Socket::closing()) {
        fail_reading(std::make_exception_ptr(read_error()));  // it is lost: else there is an end, and no wait
    } else if (receiving_ != Receiving::no) {
        return;
    } else if (busy_ && of_use_ > 0) {
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

std::size_t SocketTransport::read_into(std::span<char> buffer) noexcept {
    if (!incoming_.empty() || eof_ || end_ != End::no || receiving_ != Receiving::no)
        return Transport::read_into(buffer);
    const int n = network()->backend().read(Socket::fd(), buffer.data(), buffer.size());
    if (n > 0) return static_cast<std::size_t>(n);
    if (n != -EAGAIN && n != -EINTR) {
        take_result(Receiving::filling, n);
        close_if_over();  // which the caller's handle outlives
    }
    return 0;
}

// A receive that is in flight may have taken bytes which the loop has not seen yet.
bool SocketTransport::silent() const noexcept {
    return Transport::silent() && !is_closing() && receiving_ <= Receiving::waiting &&
           network()->backend().readable(Socket::fd()) == 0;
}

bool SocketTransport::drained() const noexcept {
    return Transport::silent() && !is_closing() && receiving_ <= Receiving::waiting && dry_ &&
           heard_ == network()->loop().looks();
}

// False: there is no memory.
bool SocketTransport::receive() noexcept {
    const std::size_t wanted = std::max(first_chunk << chunk_, std::min<std::size_t>(of_use_, largest_request));
    ReceiveBuffer::Room room{};
    try {
        room = incoming_.room(incoming_.empty() ? wanted : wanted / 2);
        network()->holds_memory(*this);
    } catch (...) {  // out of memory: the stream ends with that
        if (awaited()) fail_reading(std::current_exception());
        return false;
    }
    receiving_ = Receiving::filling;
    code = pipe_ ? Opcode::read : Opcode::recv;
    Operation::flags = 0;
    Operation::dry = dry_;
    Operation::data = room.data;
    Operation::size = room.size;
    completed = [](Operation& op) noexcept { static_cast<SocketTransport&>(op).received(); };
    submit(*this);
    return true;
}

// Takes what has come, without waiting for more.
void SocketTransport::probe() noexcept {
    dry_ = false;
    if (!receive()) return end_ == End::lost ? loss_is_complete() : begin_closing();
    receiving_ = Receiving::probing;
    network()->backend().cancel(*this);
}

void SocketTransport::received() noexcept {
    completed_one();
    const Receiving what = std::exchange(receiving_, Receiving::no);
    if (end_ == End::no) {
        take_result(what, result);
    } else if (end_ == End::lost && !Socket::closing()) {
        take_last_words(what, result);
    } else if (end_ == End::lingering && !Socket::closing()) {
        drop_late_words(what, result);
    }
    close_if_over();
}

void SocketTransport::arrived(int n) noexcept {
    incoming_.filled(static_cast<std::size_t>(n));
    unanswered_ = true;
    dry_ = static_cast<std::size_t>(n) < Operation::size;
    heard_ = network()->loop().looks();
    if (!dry_ && chunk_ < most_doublings) ++chunk_;
    wake_reader();
}

void SocketTransport::take_result(Receiving what, int n) noexcept {
    if (what == Receiving::waiting) {
        busy_ = true;
        dry_ = false;
        if (!awaited()) return;
        if (of_use_ > 0) {
            receive();
        } else {
            wake_reader();
        }
        return;
    }
    touched_ = true;
    if (n > 0) {
        arrived(n);
    } else if (n == 0 || (n == -ECONNRESET && expects_end_ && (!out_ || out_->idle()))) {
        peer_ended_ = true;
        end_reading();
        if (pipe_) linger();        // there is no other direction
    } else if (was_cancelled(n)) {  // nothing came for a while: `tidy` took the buffer back
        busy_ = n == -EINTR;
        if (incoming_.empty()) incoming_.release();
        if (awaited()) want_data();
    } else {
        read_error_ = -n;
        if (out_) out_->give_up();
        end_ = End::lost;
        loss_is_complete();
    }
}

// Whether it is still to be found out what is there.
bool SocketTransport::says_nothing(Receiving what, int n) noexcept {
    return what == Receiving::waiting ? n > 0 || was_cancelled(n) : what == Receiving::filling && was_cancelled(n);
}

// After an error of writing. The system tells each error once: where the send took it, the end of file that follows is no clean one. But a
// broken pipe is what it says of a peer that had ended its side before.
void SocketTransport::take_last_words(Receiving what, int n) noexcept {
    if (says_nothing(what, n)) return probe();
    if (n > 0) {
        arrived(n);
        if (incoming_.size() < most_last_words) return probe();
    } else if (n == 0 && write_error_ == EPIPE) {
        end_reading();
    } else if (!was_cancelled(n)) {
        read_error_ = -n;
    }
    loss_is_complete();
}

// After a close. As long as the peer sends what nobody reads, closing the descriptor would have the system answer with a reset, and the peer
// lose what was written to it (RFC 9112, section 9.6). So it reads an end of file first, and has a while to see it.
void SocketTransport::drop_late_words(Receiving what, int n) noexcept {
    if (says_nothing(what, n)) return probe();
    const bool to_come = was_cancelled(n) && std::exchange(awaits_late_words_, false);
    const std::size_t pieces = n > 0 ? (static_cast<std::size_t>(n) + first_chunk - 1) / first_chunk : 0;
    if ((n <= 0 && !to_come) || dropped_ + pieces > most_dropped || sweeps_ >= most_sweeps) return begin_closing();
    dropped_ = static_cast<std::uint8_t>(dropped_ + pieces);
    touched_ = true;
    if (!std::exchange(eof_wanted_, true)) network()->backend().shutdown(Socket::fd(), SHUT_WR);
    if (!receive()) begin_closing();
}

bool SocketTransport::tidy() noexcept {
    if (end_ == End::lingering) ++sweeps_;
    if (std::exchange(touched_, false) && sweeps_ < most_sweeps) return true;
    chunk_ = 0;
    if (receiving_ >= Receiving::filling) {
        network()->backend().cancel(*this);
    } else if (incoming_.empty()) {
        busy_ = false;
        incoming_.release();
    }
    if (out_ && out_->is_not_needed()) out_.reset();
    return incoming_.holds_memory() || (out_ && out_->has_usual_limits());
}

// ---- Sending

SocketTransport::Outgoing& SocketTransport::out() {
    if (!out_) {
        network()->holds_memory(*this);
        out_ = Unique<Outgoing>::make(*this);
    }
    return *out_;
}

void SocketTransport::check_writable() const {
    throw_loss();
    if (exception_) std::rethrow_exception(exception_);
}

// A write pipe whose reader went while there was nothing to write was closed without an error.
OSError SocketTransport::closed_error() const {
    return OSError(pipe_ && peer_ended_ ? EPIPE : ESHUTDOWN, "write to " + name());
}

void SocketTransport::throw_loss() const {
    if (write_error_ != 0) throw OSError(write_error_, "write to " + name());
    if (read_error_ != 0) throw read_error();
}

bool SocketTransport::sending_file() const noexcept { return Transport::sending_file() || (out_ && out_->file); }

void SocketTransport::check_open(const char* call) const {
    check_loop(call);
    check_writable();
    if (is_closing()) throw closed_error();
    if (eof_wanted_) throw RuntimeError("Cannot call write() after write_eof()");
    if (out_ && out_->file) throw RuntimeError("unable to write; sendfile is in progress");
}

// The first thing written after something has come: sent without a wait where that is cheap; how much is told. Only the first, so that who
// writes on and on lets others run. Where that fails nothing is left to be sent, and the connection is lost.
std::size_t SocketTransport::send_answer(std::string_view bytes) {
    if (bytes.empty() || !unanswered_ || pipe_ || (out_ && !out_->idle())) return 0;
    unanswered_ = false;
    const int sent = network()->backend().send_at_once(Socket::fd(), bytes.data(), bytes.size());
    if (sent >= 0) return static_cast<std::size_t>(sent);
    if (sent == -EAGAIN) return 0;
    out();
    write_failed(-sent);
    close_if_over();
    return bytes.size();
}

template <class Bytes>
Coro<> SocketTransport::send(TransportHandle transport, Writer writer, Bytes bytes) {
    auto& t = static_cast<SocketTransport&>(transport.layer());
    t.check_still_on_top(writer);
    t.check_open("StreamWriter::write");
    const std::size_t sent = t.send_answer(bytes);
    if (sent == bytes.size()) co_return t.check_writable();
    Outgoing& o = t.out();
    if (o.idle()) {
        co_await DirectWrite(t, std::string_view(bytes).substr(sent));
        co_return;
    }
    o.enqueue(bytes);
    o.advance();
    while (t.out_ && t.out_->paused) co_await t.out_->drained.suspend();
    t.check_writable();
}

HOCKET_CORO_WRAPPER Coro<> SocketTransport::write(std::string_view bytes) { return send(handle(), writer(), bytes); }

HOCKET_CORO_WRAPPER Coro<> SocketTransport::write_owned(std::string bytes) {
    return send(handle(), writer(), std::move(bytes));
}

void SocketTransport::write_nowait(std::string_view bytes) {
    check_open("StreamWriter::write_nowait");
    if (bytes.empty()) return;
    Outgoing& o = out();
    o.enqueue(bytes);
    o.schedule();
}

void SocketTransport::write_answer(std::string_view bytes) {
    check_open("StreamWriter::write_nowait");
    bytes.remove_prefix(send_answer(bytes));
    if (bytes.empty()) return;
    Outgoing& o = out();
    o.enqueue(bytes);
    o.advance();
}

Coro<> SocketTransport::drained(TransportHandle transport) {
    auto& t = static_cast<SocketTransport&>(transport.layer());
    t.check_loop("StreamWriter::drain");
    t.check_writable();
    if (t.is_closing()) co_await hocket::sleep(0);
    if (t.end_ > End::sending && t.write_error_ == 0) throw t.closed_error();
    while (t.out_ && t.out_->paused) co_await t.out_->drained.suspend();
    t.check_writable();
}

HOCKET_CORO_WRAPPER Coro<> SocketTransport::drain() { return drained(handle()); }

std::size_t SocketTransport::get_write_buffer_size() const noexcept {
    return out_ ? out_->direct.size() + out_->level() : 0;
}

void SocketTransport::set_write_buffer_limits(WriteBufferLimits limits) {
    check_loop("Transport::set_write_buffer_limits");
    const auto [low, high] = limits.checked();
    if (network()) out().set_limits(low, high);  // else it is closed, and nothing is written any more
}

std::pair<std::size_t, std::size_t> SocketTransport::get_write_buffer_limits() const {
    if (!out_) return {low_water, high_water};
    return {out_->low, out_->high};
}

Coro<std::int64_t> SocketTransport::send_file(TransportHandle transport, Writer writer, int file,
                                              SendfileOptions options) {
    auto& t = static_cast<SocketTransport&>(transport.layer());
    t.check_still_on_top(writer);
    FileRange range(file, options);
    t.check_open("StreamWriter::sendfile");
    t.out();
    int error = 0;
    try {
        error = co_await FileWrite(t, range);
    } catch (...) {  // the position tells how far it came
        range.update_position();
        throw;
    }
    if (error != 0 && options.fallback) co_return co_await write_file(std::move(transport), range);
    range.update_position();
    if (error != 0) range.fail(error);
    co_return range.sent();
}

HOCKET_CORO_WRAPPER Coro<std::int64_t> SocketTransport::sendfile(int file, SendfileOptions options) {
    return send_file(handle(), writer(), file, options);
}

void SocketTransport::write_eof() {
    check_loop("StreamWriter::write_eof");
    if (is_closing() || std::exchange(eof_wanted_, true)) return;
    if (!out_ || out_->idle()) all_sent();
}

void SocketTransport::all_sent() noexcept {
    if (end_ == End::sending) {
        linger();
    } else if (end_ == End::no && eof_wanted_) {
        network()->backend().shutdown(Socket::fd(), SHUT_WR);
    }
}

void SocketTransport::linger() noexcept {
    end_ = End::lingering;
    if (peer_ended_ || pipe_) return begin_closing();  // what is in a pipe stays there for the other side
    if (receiving_ == Receiving::no) probe();          // else what is in flight was cancelled, and goes on with that
}

void SocketTransport::write_failed(int error) noexcept {
    write_error_ = error;
    out_->give_up();
    if (end_ == End::sending) return begin_closing();
    lose();
}

}  // namespace hocket
