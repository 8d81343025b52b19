// SPDX-License-Identifier: MIT
// The task that reads for a protocol, what it calls, and how it ends.
#include <hocket/base/errors.h>
#include <hocket/core/task.h>
#include <hocket/net/protocol_connection_internal.h>
#include <hocket/net/stream_writer.h>

#include <utility>

namespace hocket {

namespace {

bool is_os_error(const std::exception_ptr& error) noexcept {
    try {
        std::rethrow_exception(error);
    } catch (const OSError&) {
        return true;
    } catch (...) {
        return false;
    }
}

}  // namespace

void report_of_protocol(EventLoop& loop, const char* message, const std::exception_ptr& error) noexcept {
    if (ends_the_loop(error)) return loop.escape(error);
    loop.call_exception_handler({message, error});
}

// ---- Calling

// False if that threw, and the connection is aborted. An OSError is no mistake of the program's: `connection_lost` is told.
template <class F>
bool ProtocolConnection::call_or_abort(const char* failure, F f) noexcept {
    std::exception_ptr error = call(f);
    if (!error) return true;
    if (!is_os_error(error)) report(failure, error);
    if (!failure_) failure_ = std::move(error);
    abort();
    return false;
}

bool ProtocolConnection::has_data(const Transport& t) const noexcept {
    return !t.unread().empty() || (readable_ && protocol_->buffered_);
}

// Calls the protocol with what has come.
ProtocolConnection::Next ProtocolConnection::advance() noexcept {
    for (;;) {
        Transport& t = *stream_;
        if (ending_ || t.closed_here()) return Next::end;
        if (securing_) return Next::tls;
        // What is written only has no data to pause, and its end is that of the connection.
        if ((reading_paused_ || sending_file_) && !t.write_only()) return t.lost() ? Next::end : Next::change;
        if (has_data(t)) {
            deliver(t);
        } else if (t.exception()) {
            return Next::end;
        } else if (!t.eof()) {
            return Next::data;
        } else if (end_told_) {
            return t.is_closing() ? Next::end : Next::change;
        } else {
            tell_end();
        }
    }
}

void ProtocolConnection::deliver(Transport& t) noexcept {
    if (protocol_->buffered_) return fill(t);
    ReceiveBuffer lent;
    const bool is_lent = t.lend(lent);
    const std::string_view data = is_lent ? lent.view() : t.unread();
    call_or_abort("Fatal error: protocol.data_received() call failed.",
                  [data](StreamProtocol& p) { static_cast<Protocol&>(p).data_received(data); });
    if (is_lent) {
        t.give_back(lent);
    } else {
        t.consume(data.size());
    }
}

void ProtocolConnection::fill(Transport& t) noexcept {
    readable_ = false;
    const Shared<StreamProtocol> asked = protocol_;
    std::span<char> buffer;
    const bool got = call_or_abort("Fatal error: protocol.get_buffer() call failed.", [&](StreamProtocol& p) {
        buffer = static_cast<BufferedProtocol&>(p).get_buffer(t.unread().size());
        if (buffer.empty()) throw RuntimeError("get_buffer() returned an empty buffer");
    });
    if (!got || ending_ || t.closed_here() || reading_paused_ || !(protocol_ == asked)) return;
    const std::size_t n = t.read_into(buffer);
    if (n == 0) return;
    call_or_abort("Fatal error: protocol.buffer_updated() call failed.",
                  [n](StreamProtocol& p) { static_cast<BufferedProtocol&>(p).buffer_updated(n); });
}

void ProtocolConnection::tell_end() noexcept {
    end_told_ = true;
    bool keep_open = false;
    call_or_abort("Fatal error: protocol.eof_received() call failed.",
                  [&keep_open](StreamProtocol& p) { keep_open = p.eof_received(); });
    if (!keep_open) close();
}

// ---- Its life

Coro<> ProtocolConnection::run(ProtocolTransport transport, Made made) {
    ProtocolConnection& c = transport.connection();
    const Served served(c);
    c.call_or_abort("Fatal error: protocol.connection_made() call failed.",
                    [&transport](StreamProtocol& p) { p.connection_made(transport); });
    made.tell();
    try {
        for (Next next = c.advance(); next != Next::end; next = c.advance()) {
            if (next == Next::tls) {
                co_await c.secured_.suspend();
            } else if (next == Next::change) {
                co_await c.stream_->quiet();
            } else {
                const bool in_place = c.protocol_->buffered_;
                co_await c.stream_->more(in_place ? 0 : 1);
                c.readable_ = in_place;
            }
        }
    } catch (const CancelledError&) {  // the program ends
        c.abort();
    }
    c.close();
    std::exception_ptr error;
    for (bool closed = false; !closed;) {
        try {
            co_await c.stream_->wait_closed();
            closed = true;
        } catch (const CancelledError&) {
            c.abort();
        } catch (...) {  // what the connection was lost by
            error = std::current_exception();
            closed = true;
        }
    }
    if (c.failure_) error = std::exchange(c.failure_, nullptr);
    c.lose(error);
}

Coro<ProtocolTransport> ProtocolConnection::begin(TransportHandle stream, Shared<StreamProtocol> protocol) {
    if (stream->awaited())
        throw RuntimeError("serve_protocol() called while another coroutine is already waiting for incoming data");
    const ProtocolTransport transport(new ProtocolConnection(std::move(stream), std::move(protocol)));
    const Future<> made;
    create_task(run(transport, Made(made)));
    try {
        co_await made;
    } catch (...) {  // a cancel
        transport.connection().close();
        throw;
    }
    co_return transport;
}

// ---- Writing

// All of them before the protocol is told anything, lest what it does then tear them.
void ProtocolConnection::writelines(std::span<const std::string_view> pieces) {
    Transport& t = *stream_;
    t.check_thread("ProtocolTransport::write");
    if (eof_written_) throw RuntimeError("Cannot call write() after write_eof()");
    if (is_closing()) return;
    t.check_not_securing();
    if (sending_file_) throw RuntimeError("unable to write; sendfile is in progress");
    for (const std::string_view piece : pieces) {
        if (!piece.empty()) t.write_nowait(piece);
    }
    pause_if_full();
}

void ProtocolConnection::write_eof() {
    if (is_closing()) return;
    stream_->write_eof();
    eof_written_ = true;
}

void ProtocolConnection::set_write_buffer_limits(WriteBufferLimits limits) {
    stream_->set_write_buffer_limits(limits);
    pause_if_full();
}

void ProtocolConnection::pause_if_full() {
    if (!pause_writing(stream_->get_write_buffer_size() > stream_->get_write_buffer_limits().second)) return;
    share();
    loop()->create_task(wait_until_drained(ProtocolTransport(this)));  // which may not run now
}

Coro<> ProtocolConnection::wait_until_drained(ProtocolTransport transport) {
    ProtocolConnection& c = transport.connection();
    try {
        co_await c.stream_->drain();
        while (c.sending_file_) {  // behind which it cannot write yet
            co_await c.file_sent_.suspend();
            co_await c.stream_->drain();
        }
    } catch (const std::exception&) {  // lost: `connection_lost` is told
        co_return;
    }
    c.resume_writing();
}

// ---- Reading, and the end

void ProtocolConnection::pause_reading() noexcept {
    if (is_reading()) reading_paused_ = true;
}

void ProtocolConnection::resume_reading() noexcept {
    if (std::exchange(reading_paused_, false)) stream_->stir();
}

void ProtocolConnection::close() noexcept {
    if (std::exchange(ending_, true)) return;
    stream_->close();
    stream_->stir();
}

void ProtocolConnection::abort() noexcept {
    ending_ = true;
    stream_->abort();
    stream_->stir();
}

void ProtocolConnection::set_protocol(Shared<StreamProtocol> protocol) {
    if (!protocol) throw ValueError("set_protocol: there is no protocol");
    if (!protocol_) return;
    std::swap(protocol_, protocol);
    stream_->stir();  // the other kind waits for data in another way
}

// ---- TLS

// While it lives, the protocol's task leaves the stream alone.
class ProtocolConnection::Securing {
public:
    explicit Securing(ProtocolConnection& connection) noexcept : connection_(connection) {
        connection.securing_ = true;
        connection.stream_->stir();
    }
    Securing(const Securing&) = delete;
    Securing& operator=(const Securing&) = delete;
    ~Securing() {
        connection_.securing_ = false;
        connection_.secured_.wake_all();
    }

private:
    ProtocolConnection& connection_;
};

Coro<> ProtocolConnection::start_tls(ProtocolTransport transport, TlsContext context, StartTlsOptions options) {
    ProtocolConnection& c = transport.connection();
    if (c.securing_) throw RuntimeError("start_tls() called while TLS is being negotiated already");
    if (c.sending_file_) throw RuntimeError("unable to start TLS; sendfile is in progress");
    const bool was_closing = c.is_closing();
    const Securing securing(c);
    try {
        co_await start_tls_of(c.stream_, std::move(context), std::move(options));
    } catch (const std::exception&) {
        if (!was_closing && !c.ending_ && c.stream_->is_closing()) c.failure_ = std::current_exception();
        throw;
    }
}

// ---- Files

// While it lives, the protocol is given nothing, since its answer would come in the midst of the file.
class ProtocolConnection::SendingFile {
public:
    explicit SendingFile(ProtocolConnection& connection) noexcept : connection_(connection) {
        connection.sending_file_ = true;
    }
    SendingFile(const SendingFile&) = delete;
    SendingFile& operator=(const SendingFile&) = delete;
    ~SendingFile() {
        connection_.sending_file_ = false;
        connection_.stream_->stir();
        connection_.file_sent_.wake_all();
    }

private:
    ProtocolConnection& connection_;
};

Coro<std::int64_t> ProtocolConnection::sendfile(ProtocolTransport transport, int file, SendfileOptions options) {
    ProtocolConnection& c = transport.connection();
    if (c.sending_file_) throw RuntimeError("unable to write; sendfile is in progress");
    const SendingFile guard(c);
    co_return co_await c.stream_->sendfile(file, options);
}

Coro<std::int64_t> ProtocolConnection::sendfile(ProtocolTransport transport, Coro<fs::File::Loan> lending,
                                                SendfileOptions options) {
    const fs::File::Loan loan = co_await std::move(lending);
    co_return co_await sendfile(std::move(transport), loan.fd(), options);
}

}  // namespace hocket
