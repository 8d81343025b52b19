// SPDX-License-Identifier: MIT
// Writing to a stream, and closing it.
#pragma once

#include <hocket/core/coro.h>
#include <hocket/net/tls_context.h>
#include <hocket/net/transport.h>

#include <concepts>
#include <string>
#include <string_view>
#include <utility>

namespace hocket {

/// See StreamWriter::start_tls.
HOCKET_EXPORT Coro<> start_tls_of(TransportHandle stream, TlsContext context, StartTlsOptions options);

/// The writing side of a stream (`asyncio.StreamWriter`). Copies stand for the same stream. Belongs to one loop.
///
/// When the last handle of a stream is gone, reader's and writer's, it is closed as by `close`. Errors are OSError, once and for every later
/// call: `write to 127.0.0.1:80: Broken pipe`; the stream is closed then, and what had come before can still be read. Writing after `close` is `Cannot send after transport endpoint shutdown`. Not thread-safe; in
/// debug mode, what changes the stream throws RuntimeError on a wrong thread.
class HOCKET_EXPORT StreamWriter {
public:
    explicit StreamWriter(TransportHandle transport) noexcept : transport_(std::move(transport)) {}

    /// Sends `data`, which must live until this returns, and waits until the system has taken it: asyncio's `write` and `drain` in one. While
    /// another task writes, it is copied and sent behind, and this waits only if more than 64 KiB are waiting (see
    /// `Transport::set_write_buffer_limits`). On epoll, the first write after something has come does not suspend if the system takes it all at
    /// once. A cancel ends the wait; what was not sent by then is copied, and still sent: the peer never sees
    /// half of it.
    HOCKET_CORO_WRAPPER Coro<> write(std::string_view data) const { return transport_->write(data); }
    /// The same of a string that is given away, `writer.write("[" + name + "]")`: it lives until this returns, whenever it is awaited.
    template <std::same_as<std::string> String>
    HOCKET_CORO_WRAPPER Coro<> write(String&& data) const {
        return transport_->write_owned(std::forward<String>(data));
    }
    /// Copies `data` and returns; it is sent at the end of this turn, or when what is before it has been. There is no limit to what collects
    /// so: await `drain` now and then (asyncio's `write`).
    void write_nowait(std::string_view data) const {
        transport_->check_not_securing();
        transport_->write_nowait(data);
    }
    /// Does not suspend while less than 64 KiB wait to be sent; else waits until no more than 16 KiB do. Any number of tasks may wait.
    /// Throws what the reading side has met, too.
    HOCKET_CORO_WRAPPER Coro<> drain() const { return transport_->drain(); }

    /// Sends a file, or a part of it, behind what was written before (`loop.sendfile`), and waits until the system has taken it; how many bytes
    /// that were. Until this returns, the file's other operations wait, a close comes behind it, and writing to the stream is a RuntimeError;
    /// where the bytes are read and written by `fallback`, what another task writes comes between. The file's position is behind what was sent
    /// then, or given to be sent by `fallback`, also after an error or a cancel, which ends this at once: so it tells how far this came. See
    /// `sock_sendfile` for the rest.
    Coro<std::int64_t> sendfile(fs::File& file, SendfileOptions options = {}) const;
    /// The same of a descriptor, which the caller keeps open until this returns.
    HOCKET_CORO_WRAPPER Coro<std::int64_t> sendfile(int file, SendfileOptions options = {}) const {
        return transport_->sendfile(file, options);
    }

    /// No more is written: the peer reads an end of file after what was written before. Reading goes on.
    void write_eof() const { transport_->write_eof(); }
    bool can_write_eof() const noexcept { return transport_->can_write_eof(); }

    /// Ends reading at once, sends what is waiting, then closes the descriptor. Does not wait. While the peer sends what nobody read, the
    /// descriptor stays for up to 5 s, for the peer would lose what was written to it: it reads an end of file, and what it sends is dropped.
    void close() const {
        transport_->check_thread("StreamWriter::close");
        transport_->close();
    }
    bool is_closing() const noexcept { return transport_->is_closing(); }
    /// Waits until the descriptor is closed, however long the peer reads nothing of what is to be sent before: see `abort`. Throws OSError if the connection was lost before: something could not be sent, or a read failed.
    /// `abort` is no loss.
    HOCKET_CORO_WRAPPER Coro<> wait_closed() const { return transport_->wait_closed(); }
    /// Closes at once and sends nothing more (`transport.abort()`). Who waits to write gets OSError: `Software caused connection abort`.
    void abort() const {
        transport_->check_thread("StreamWriter::abort");
        transport_->abort();
    }

    /// Negotiates TLS, as a client or as a server, whichever the context is for; from then on this stream, with all of its handles, is
    /// secured (`StreamWriter.start_tls`, `loop.start_tls`). What was written before is sent before, as it is. Throws TlsError; OSError,
    /// `Connection reset by peer` when the peer goes and `Software caused connection abort` when it takes too long; the stream is
    /// closed then, as it is by a cancel. ValueError for options that make no sense, and RuntimeError while a task reads or a file is sent,
    /// leave it as it was; RuntimeError after `write_eof` ends it. What another task writes meanwhile, and a `write` that was made before and is awaited
    /// afterwards, is refused with RuntimeError: it would go in the clear.
    HOCKET_CORO_WRAPPER Coro<> start_tls(TlsContext context, StartTlsOptions options = {}) const {
        return start_tls_of(transport_, std::move(context), std::move(options));
    }
    /// What TLS agreed on, and the peer's certificate (`get_extra_info` of `sslcontext`, `peercert` and `cipher`; see tls_info.h); null where there is no TLS.
    Shared<const TlsInfo> tls() const { return transport_->tls(); }

    /// Where the other side is (`get_extra_info('peername')`).
    Address peername() const { return transport_->peername(); }
    /// Where this side is (`get_extra_info('sockname')`); no address once it is closed.
    Address sockname() const { return transport_->sockname(); }
    /// The descriptor, for what has no function here; -1 once it is closed. It stays the stream's.
    int fileno() const noexcept { return transport_->fileno(); }

    const TransportHandle& transport() const noexcept { return transport_; }

private:
    TransportHandle transport_;
};

}  // namespace hocket
