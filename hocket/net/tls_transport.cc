// SPDX-License-Identifier: MIT
// TLS over a stream: decrypting on demand, encrypting piece by piece, and an end that both sides know of.
#include <hocket/net/tls_transport_internal.h>

#include <hocket/core/sleep.h>
#include <hocket/net/socket.h>
#include <hocket/net/tls_error_internal.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <algorithm>
#include <cerrno>
#include <utility>

namespace hocket {

namespace {

constexpr std::size_t piece =
    64 << 10;  // of what a task writes: so much is encrypted before the system is asked to take it
constexpr std::size_t largest_record = 16 << 10, record_overhead = 64;
constexpr std::size_t most_unsent_answers = 64 << 10;
constexpr std::size_t least_room = 1 << 10, most_room = 64 << 10;  // for what is decrypted at once

}  // namespace

// ---- News from below

void TlsTransport::Turn::run() { owner.look(); }

void TlsTransport::Turn::discard() noexcept {
    owner.turn_scheduled_ = false;
    owner.drop();
}

void TlsTransport::lower_news() noexcept {
    EventLoop* const on = loop_ ? loop_ : this_loop;
    if (turn_scheduled_ || !on) return;
    turn_scheduled_ = true;
    share();
    on->push(turn_);
}

void TlsTransport::look() noexcept {
    turn_scheduled_ = false;
    if (loop_) Network::of(*loop_).notice_fork();
    if (awaits_close_notify_) {
        await_close_notify();
    } else if (awaited()) {
        want_data();
    }
    drop();  // this may be gone then
}

void TlsTransport::lower_closed() noexcept {
    awaits_close_notify_ = false;
    stop_shutdown_timer();
    loop_ = nullptr;
    stir();
    tell_upper_of_close();
}

void TlsTransport::abandoned() noexcept {
    if (!carried_ || lower_.fileno() < 0) {
        delete this;
    } else {
        close();
    }
}

// ---- Reading

void TlsTransport::want_data() noexcept {
    if (!loss_ && !decrypt()) {
        if (incoming_.empty()) incoming_.release();
        want(std::max(of_use_, 1U));
    } else if (loss_ && awaited()) {
        fail_reading(loss_);
    }
}

void TlsTransport::want(std::size_t n) noexcept {
    lower_.of_use_ = static_cast<std::uint32_t>(std::min<std::size_t>(n, UINT32_MAX));
    lower_.wanted_ = true;
    lower_.want_data();
}

// Takes all that has come. False: nothing that a reader could go on with.
bool TlsTransport::decrypt() noexcept {
    bool news = false;
    try {
        int why = SSL_ERROR_WANT_READ;
        while (!encrypted().empty() || SSL_has_pending(ssl_)) {
            const ReceiveBuffer::Room room = incoming_.room(std::clamp(encrypted().size(), least_room, most_room));
            std::size_t n = 0;
            clear_tls_errors();
            if (SSL_read_ex(ssl_, room.data, room.size, &n) != 1) {
                why = SSL_get_error(ssl_, 0);
                break;
            }
            incoming_.filled(n);
            news = true;
        }
        answer();
        if (why != SSL_ERROR_WANT_READ || lower_.exception() || no_more_encrypted()) {
            look_at_the_end(why);
            news = true;
        }
    } catch (...) {  // no memory: the stream ends with that
        lose(std::current_exception());
        news = true;
    }
    if (news && !incoming_.empty()) wake_reader();
    return news;
}

// Sends an alert, or an answer to new keys: of which a peer that takes none could ask for any number.
void TlsTransport::answer() {
    if (lower_.get_write_buffer_size() == 0) answered_ = 0;
    answered_ += records_.size();
    if (answered_ > most_unsent_answers) throw OSError(ENOBUFS, "answer " + peer_ + ", which reads nothing");
    say_last_words();
}

// There will be no more: `why` is SSL_get_error's.
void TlsTransport::look_at_the_end(int why) {
    if (state_ != State::open || why == SSL_ERROR_ZERO_RETURN) {
        peer_ended_ = true;
        end_reading();
        close();  // as asyncio: who gets the peer's close_notify answers with his own
    } else if (why != SSL_ERROR_WANT_READ) {
        broken_ = true;
        lose(tls_error("read from " + peer_));
    } else if (lower_.exception()) {
        lose(lower_.exception());
    } else {  // somebody has cut the connection, who need not be the peer
        lose(truncation_error("read from " + peer_));
    }
}

// The reader learns it when it needs more than has come. What was written before is still sent.
void TlsTransport::lose(std::exception_ptr error) noexcept {
    loss_ = std::move(error);
    close();
}

bool TlsTransport::drained() const noexcept {
    return Transport::silent() && state_ == State::open && !SSL_has_pending(ssl_) && lower_.drained();
}

bool TlsTransport::silent() const noexcept {
    return Transport::silent() && state_ == State::open && !SSL_has_pending(ssl_) && lower_.silent();
}

// ---- Writing

void TlsTransport::check_open(const char* call) const {
    check_loop(call);
    if (loss_) std::rethrow_exception(loss_);
    if (state_ != State::open) throw OSError(ESHUTDOWN, "write to " + peer_);
}

void TlsTransport::encrypt(std::string_view bytes) {
    if (bytes.empty()) return;
    if (broken_) std::rethrow_exception(loss_);
    records_.reserve(records_.size() + bytes.size() + (bytes.size() / largest_record + 1) * record_overhead);
    std::size_t n = 0;
    clear_tls_errors();
    if (SSL_write_ex(ssl_, bytes.data(), bytes.size(), &n) != 1) std::rethrow_exception(tls_error("write to " + peer_));
}

void TlsTransport::send_records() {
    if (records_.empty()) return;
    const std::string records = std::exchange(records_, {});
    lower_.write_nowait(records);
}

void TlsTransport::say_last_words() noexcept {
    try {
        send_records();
    } catch (...) {  // it is lost: whoever reads or writes next learns it
        records_.clear();
    }
}

template <class Bytes>
Coro<> TlsTransport::send(TransportHandle transport, Writer writer, Bytes bytes) {
    auto& t = static_cast<TlsTransport&>(transport.layer());
    t.check_still_on_top(writer);
    if (bytes.empty()) co_return;
    t.check_open("StreamWriter::write");
    if (t.writing_) {
        t.queued_.append(bytes);
        co_return co_await drained(std::move(transport));
    }
    t.writing_ = true;
    std::string_view rest = bytes;
    try {
        while (!rest.empty()) {
            const std::string_view next = rest.substr(0, piece);
            t.encrypt(next);
            rest.remove_prefix(next.size());
            const std::string records = std::exchange(t.records_, {});
            co_await t.lower_.write(records);
        }
    } catch (const OSError&) {
        t.finish_write(rest);
        t.throw_timeout();
        throw;
    } catch (...) {  // a cancel, after which what was given is still sent
        t.finish_write(rest);
        throw;
    }
    t.finish_write({});
}

HOCKET_CORO_WRAPPER Coro<> TlsTransport::write(std::string_view bytes) { return send(handle(), writer(), bytes); }

HOCKET_CORO_WRAPPER Coro<> TlsTransport::write_owned(std::string bytes) {
    return send(handle(), writer(), std::move(bytes));
}

// The task that wrote has come to its end; `rest`: what it has not got rid of.
void TlsTransport::finish_write(std::string_view rest) noexcept {
    writing_ = false;
    if (state_ != State::aborted && !lower_.is_closing()) {
        try {
            encrypt(rest);
            encrypt(queued_);
        } catch (...) {  // whoever reads or writes next learns it
            records_.clear();
        }
        say_last_words();
    }
    queued_ = {};
    queue_sent_.wake_all();
    if (state_ == State::closing) shut_down();
}

void TlsTransport::write_nowait(std::string_view bytes) {
    if (bytes.empty()) return;
    check_open("StreamWriter::write_nowait");
    if (writing_) {
        queued_.append(bytes);
    } else {
        encrypt(bytes);
        send_records();
    }
}

Coro<> TlsTransport::drained(TransportHandle transport) {
    auto& t = static_cast<TlsTransport&>(transport.layer());
    t.check_loop("StreamWriter::drain");
    if (t.loss_) std::rethrow_exception(t.loss_);
    if (t.is_closing()) co_await hocket::sleep(0);
    if (t.queued_.size() > t.lower_.get_write_buffer_limits().second) co_await t.queue_sent_.suspend();
    try {
        co_await t.lower_.drain();
    } catch (const OSError&) {
        t.throw_timeout();
        throw;
    }
    if (t.loss_) std::rethrow_exception(t.loss_);
}

HOCKET_CORO_WRAPPER Coro<> TlsTransport::drain() { return drained(handle()); }

std::size_t TlsTransport::get_write_buffer_size() const noexcept {
    return queued_.size() + lower_.get_write_buffer_size();
}

void TlsTransport::write_eof() {
    throw RuntimeError("write_eof: TLS has no end of one direction only; close ends both");
}

// ---- The end

void TlsTransport::close() noexcept {
    if (loop_) Network::of(*loop_).notice_fork();
    if (state_ != State::open) return;
    state_ = State::closing;
    closed_here_ = !loss_ && !peer_ended_;
    if (!loss_) end_reading();
    if (!lower_.is_closing() && !start_shutdown_timer()) return lower_.abort();
    if (!writing_) shut_down();
}

// For all of the close: a peer that takes nothing is not waited for either. False: there is no memory.
bool TlsTransport::start_shutdown_timer() noexcept {
    try {
        shutdown_timer_ = loop_->call_later(setup_.shutdown_timeout, [this] { shutdown_takes_too_long(); });
        return true;
    } catch (...) {  // `wait_closed` throws it
        if (!loss_) loss_ = std::current_exception();
        return false;
    }
}

// Where both sides have said their last word and all is sent, the one below ends by itself.
void TlsTransport::shutdown_takes_too_long() noexcept {
    if (!writing_ && !awaits_close_notify_ && lower_.get_write_buffer_size() == 0) return;
    shutdown_timed_out_ = true;
    lower_.abort();
}

void TlsTransport::throw_timeout() const {
    if (shutdown_timed_out_) throw TimeoutError("TLS shutdown with " + peer_ + " timed out");
}

void TlsTransport::shut_down() noexcept {
    if (broken_ || lower_.is_closing()) return lower_.close();
    clear_tls_errors();
    SSL_shutdown(ssl_);
    say_last_words();
    if (SSL_get_shutdown(ssl_) & SSL_RECEIVED_SHUTDOWN) return lower_.close();
    awaits_close_notify_ = true;
    lower_.expect_end();
    await_close_notify();
}

// Drops what the peer still sends.
void TlsTransport::await_close_notify() noexcept {
    char dropped[4096];
    std::size_t n = 0;
    do {
        clear_tls_errors();
    } while (SSL_read_ex(ssl_, dropped, sizeof dropped, &n) == 1);
    const bool to_come = SSL_get_error(ssl_, 0) == SSL_ERROR_WANT_READ && !no_more_encrypted();
    clear_tls_errors();
    records_.clear();  // after close_notify nothing is said
    if (to_come && !lower_.exception() && !lower_.is_closing()) return want(1);
    awaits_close_notify_ = false;
    lower_.close();
}

void TlsTransport::stop_shutdown_timer() noexcept { std::exchange(shutdown_timer_, Handle()).cancel(); }

void TlsTransport::abort() noexcept {
    if (state_ == State::aborted) return;
    const bool was_open = state_ == State::open;
    closed_here_ = true;
    state_ = State::aborted;
    if (was_open) end_reading();
    queued_.clear();
    queue_sent_.wake_all();
    awaits_close_notify_ = false;
    stop_shutdown_timer();
    lower_.abort();
}

void TlsTransport::reset() noexcept {
    if (lower_.fileno() >= 0) lower_.reset();
    abort();
}

Coro<> TlsTransport::closed(TransportHandle transport) {
    auto& t = static_cast<TlsTransport&>(transport.layer());
    co_await t.lower_.wait_closed();
    if (t.loss_ && t.state_ != State::aborted) std::rethrow_exception(t.loss_);
    t.throw_timeout();
}

HOCKET_CORO_WRAPPER Coro<> TlsTransport::wait_closed() { return closed(handle()); }

}  // namespace hocket
