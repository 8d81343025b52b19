// SPDX-License-Identifier: MIT
// What the tests of protocols share: protocols that take notes, and connections between one and a stream.
#pragma once

#include <hocket/base/function.h>
#include <hocket/net/create_connection.h>
#include <hocket/net/net_test.h>

#include <tests/support/trace.h>
#include <array>
#include <exception>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace hocket::testing {

/// What a protocol was told, and what it does about that. Has to outlive the protocol.
struct Notes {
    Trace calls;       ///< `made`, `data` (once for several in a row), `eof`, `pause`, `resume`, `lost`
    std::string data;  ///< all that came
    std::exception_ptr error;
    ProtocolTransport transport;
    bool lost = false;
    bool keep_open = false;  ///< at the end of file
    // Called after the note was made.
    Function<void()> on_made, on_eof, on_pause, on_resume, on_lost;
    Function<void(std::string_view)> on_data;

    void note(std::string_view what) {
        if (what != last_ || what != "data") calls.note(what);
        last_ = what;
    }
    void made(ProtocolTransport made_for) {
        transport = std::move(made_for);
        note("made");
        if (on_made) on_made();
    }
    void came(std::string_view bytes) {
        note("data");
        data += bytes;
        if (on_data) on_data(bytes);
    }
    bool ended() {
        note("eof");
        if (on_eof) on_eof();
        return keep_open;
    }
    void was_lost(std::exception_ptr by) {
        note("lost");
        lost = true;
        error = std::move(by);
        if (on_lost) on_lost();
    }
    void pause() {
        note("pause");
        if (on_pause) on_pause();
    }
    void resume() {
        note("resume");
        if (on_resume) on_resume();
    }
    std::string error_text() const { return error ? describe(error) : "nothing"; }

private:
    std::string_view last_;
};

class Noting : public Protocol {
public:
    explicit Noting(Notes& notes) : notes_(notes) {}
    void connection_made(ProtocolTransport transport) override { notes_.made(std::move(transport)); }
    void data_received(std::string_view data) override { notes_.came(data); }
    bool eof_received() override { return notes_.ended(); }
    void connection_lost(std::exception_ptr error) override { notes_.was_lost(std::move(error)); }
    void pause_writing() override { notes_.pause(); }
    void resume_writing() override { notes_.resume(); }

private:
    Notes& notes_;
};

/// The same, with a buffer of its own.
class NotingBuffered : public BufferedProtocol {
public:
    explicit NotingBuffered(Notes& notes, std::size_t size = 1000) : buffer(size, '\0'), notes_(notes) {}
    void connection_made(ProtocolTransport transport) override { notes_.made(std::move(transport)); }
    std::span<char> get_buffer(std::size_t size_hint) override {
        last_hint = size_hint;
        return buffer;
    }
    void buffer_updated(std::size_t n) override { notes_.came(std::string_view(buffer).substr(0, n)); }
    bool eof_received() override { return notes_.ended(); }
    void connection_lost(std::exception_ptr error) override { notes_.was_lost(std::move(error)); }
    void pause_writing() override { notes_.pause(); }
    void resume_writing() override { notes_.resume(); }

    std::string buffer;
    std::size_t last_hint = 0;

private:
    Notes& notes_;
};

/// A factory of protocols that write to `notes`.
template <class P = Noting>
auto noting(Notes& notes) {
    return [&notes] { return std::make_unique<P>(notes); };
}

/// A protocol's connection, whose other end is a stream of a server.
template <class P = Noting>
struct Linked {
    Server server;
    ProtocolTransport transport;
    Shared<P> protocol;
    StreamReader reader;  // the peer's
    StreamWriter writer;
};

template <class P = Noting>
Coro<Linked<P>> linked(Notes& notes, ConnectionOptions options = {}, ServerOptions server_options = {}) {
    const Accepting accepting;
    Server server = co_await start_server(accepting, "127.0.0.1", 0, server_options);
    auto [transport, protocol] = co_await create_connection(noting<P>(notes), "127.0.0.1", server.port(), options);
    auto [reader, writer] = co_await accepting.take();
    const int bytes = 32 << 10;  // lets the system keep only little of what was written and not read
    setsockopt(transport.fileno(), SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
    setsockopt(transport.fileno(), SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    keep_little(writer);
    co_return Linked<P>{server, std::move(transport), std::move(protocol), std::move(reader), std::move(writer)};
}

inline Coro<> until_lost(const Notes& notes) {
    return until([&notes] { return notes.lost; });
}

/// Gives back what comes.
class EchoProtocol : public Protocol {
public:
    void connection_made(ProtocolTransport transport) override { transport_ = std::move(transport); }
    void data_received(std::string_view data) override { transport_.write(data); }

private:
    ProtocolTransport transport_;
};

}  // namespace hocket::testing
