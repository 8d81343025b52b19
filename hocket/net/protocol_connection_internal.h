// SPDX-License-Identifier: MIT
// A stream whose reader is a task that calls a protocol.
#pragma once

#include <hocket/core/future.h>
#include <hocket/core/gate.h>
#include <hocket/net/protocol.h>
#include <hocket/net/protocol_holder_internal.h>
#include <hocket/net/transport.h>
#include <hocket/os/file.h>

#include <cstdint>
#include <exception>
#include <span>
#include <string_view>

namespace hocket {

/// What ProtocolTransports stand for. Its task reads the stream, calls the protocol, and sees the connection to its end; another one waits for
/// the end of a pause in writing, while there is one. All the rest is the stream's.
class ProtocolConnection final : public ProtocolHolder<StreamProtocol>, public Pooled {
public:
    ProtocolConnection(TransportHandle stream, Shared<StreamProtocol> protocol) noexcept
        : ProtocolHolder(std::move(protocol)), stream_(std::move(stream)), end_told_(stream_->write_only()) {}

    /// The whole life of the connection. `made` is told when the protocol knows of it.
    static Coro<> run(ProtocolTransport transport, Made made);
    /// Begins it in a task of its own, and waits until the protocol knows of it. A cancel closes it.
    static Coro<ProtocolTransport> begin(TransportHandle stream, Shared<StreamProtocol> protocol);
    static Coro<> start_tls(ProtocolTransport transport, TlsContext context, StartTlsOptions options);
    static Coro<std::int64_t> sendfile(ProtocolTransport transport, int file, SendfileOptions options);
    static Coro<std::int64_t> sendfile(ProtocolTransport transport, Coro<fs::File::Loan> lending,
                                       SendfileOptions options);

    const TransportHandle& stream() const noexcept { return stream_; }
    void check_thread(const char* call) const { stream_->check_thread(call); }
    void write(std::string_view data) { writelines({&data, 1}); }
    void writelines(std::span<const std::string_view> pieces);
    void write_eof();
    void close() noexcept;
    void abort() noexcept;
    bool is_closing() const noexcept { return ending_ || stream_->is_closing(); }
    void pause_reading() noexcept;
    void resume_reading() noexcept;
    bool is_reading() const noexcept { return !reading_paused_ && !is_closing(); }
    void set_write_buffer_limits(WriteBufferLimits limits);
    void set_protocol(Shared<StreamProtocol> protocol);

private:
    /// What is to be waited for.
    enum class Next : std::uint8_t { data, change, tls, end };
    class Securing;
    class SendingFile;

    template <class F>
    bool call_or_abort(const char* failure, F f) noexcept;
    Next advance() noexcept;
    bool has_data(const Transport& t) const noexcept;
    void deliver(Transport& t) noexcept;
    void fill(Transport& t) noexcept;
    void tell_end() noexcept;
    void pause_if_full();
    static Coro<> wait_until_drained(ProtocolTransport transport);

    TransportHandle stream_;
    std::exception_ptr failure_;  // for `connection_lost`, if it is none of the stream's
    WaitPoint secured_{"ProtocolTransport.start_tls"};
    WaitPoint file_sent_{"ProtocolTransport.sendfile"};
    bool ending_ = false;  // closed or aborted by the protocol, or for what it threw
    bool reading_paused_ = false;
    bool securing_ = false;
    bool sending_file_ = false;
    bool readable_ = false;  // the system has something, which was left there for a BufferedProtocol
    bool end_told_;          // by `eof_received`, or there is nothing to receive
    bool eof_written_ = false;
};

}  // namespace hocket
