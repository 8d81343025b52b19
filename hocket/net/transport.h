// SPDX-License-Identifier: MIT
// What a StreamReader and a StreamWriter share: the bytes that have come, and the way out.
#pragma once

#include <hocket/base/memory.h>
#include <hocket/base/owners.h>
#include <hocket/core/coro.h>
#include <hocket/net/address.h>
#include <hocket/net/receive_buffer.h>
#include <hocket/net/sendfile.h>
#include <hocket/net/write_buffer_limits.h>

#include <cstdint>
#include <exception>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace hocket {

class FileRange;
struct TlsInfo;
class TlsTransport;
class TransportHandle;

/// One end of a stream of bytes. By itself it is fed by hand (`feed_data`, `feed_eof`) and takes nothing; what reads and writes a socket
/// derives from it. Lives while a handle refers to it, and then until what it does is done. Belongs to one loop.
///
/// Another one may come to stand on it, as TLS does: every handle, whenever it was made, then stands for the one on top.
class HOCKET_EXPORT Transport : public Leaf, public Pooled {
public:
    static constexpr std::size_t default_limit = 64 << 10;

    explicit Transport(std::size_t read_limit = default_limit);
    Transport(const Transport&) = delete;
    Transport& operator=(const Transport&) = delete;
    virtual ~Transport();

    Transport& top() noexcept {
        Transport* t = this;
        while (t->upper_) t = t->upper_;
        return *t;
    }
    void share() noexcept { ++top().refs_; }
    void drop() noexcept {
        Transport& t = top();
        if (--t.refs_ == 0) t.abandoned();
    }

    // What has come.

    std::string_view unread() const noexcept { return incoming_.view(); }
    void consume(std::size_t n) noexcept { incoming_.consume(n); }
    std::size_t limit() const noexcept { return limit_; }
    bool eof() const noexcept { return eof_; }
    const std::exception_ptr& exception() const noexcept { return exception_; }
    bool awaited() const noexcept { return reader_ || wanted_; }
    /// Whether nothing will ever come.
    virtual bool write_only() const noexcept { return false; }
    /// Whether an error has ended it.
    virtual bool lost() const noexcept { return false; }
    /// Whether `close` or `abort` ended it here, and neither its peer nor an error.
    bool closed_here() const noexcept { return closed_here_; }
    /// Whether nothing has come that nobody has read: no bytes, no end, no error. Of a socket, the system is asked.
    virtual bool silent() const noexcept { return !eof_ && !exception_ && incoming_.empty(); }
    /// The same as far as the loop has heard: something came with its last look at what has completed, and that was all there was. What the system
    /// could add is newer.
    virtual bool drained() const noexcept { return silent(); }

    // Throw RuntimeError when something else feeds it.

    void feed_data(std::string_view bytes);
    void feed_eof();
    void set_exception(std::exception_ptr error);

    /// `co_await transport.more(n)`: waits until something happens: bytes come, the end, an error. `n` more are of use; 0: what comes to a
    /// socket is left with the system, for `read_into`. A cancel ends the wait at once; what arrives meanwhile stays here for the next reader.
    class [[nodiscard]] More;
    More more(std::size_t of_use = 1) noexcept;
    /// The same, but asks for nothing: the end of the stream ends the wait, or `stir`.
    More quiet() noexcept;
    /// Ends the wait of the task that waits, though nothing has happened.
    void stir() noexcept {
        if (reader_) wake_reader();
    }
    /// Takes what is there into `buffer`, as `read` does on a socket: how much; 0 where there is nothing, or no more.
    virtual std::size_t read_into(std::span<char> buffer) noexcept;
    /// Lends what has come and was not read to `buffer`, which is empty, so that nothing that happens meanwhile touches it. False where
    /// the system is writing behind it: it stays where it is then.
    bool lend(ReceiveBuffer& buffer) noexcept;
    /// All of it is read; the memory comes back.
    void give_back(ReceiveBuffer& buffer) noexcept;

    bool cancel_wait(TaskBase& t) noexcept override;
    void describe(AwaitDescription& to) const override;

    // The way out: see StreamWriter.

    virtual Coro<> write(std::string_view data);
    virtual Coro<> write_owned(std::string data);
    virtual void write_nowait(std::string_view data);
    /// The same, but where this is the first thing written after something has come, it need not wait for the end of the loop's turn.
    virtual void write_answer(std::string_view data) { write_nowait(data); }
    virtual Coro<> drain();
    /// Bytes that were given to be written and that the system has not taken (asyncio's `transport.get_write_buffer_size()`).
    virtual std::size_t get_write_buffer_size() const noexcept { return 0; }
    /// From now on, who writes or drains waits while more than `high` bytes wait to be sent, until no more than `low` do. Throws
    /// ValueError unless high >= low. A connection whose limits are not the usual ones takes some 300 bytes more.
    virtual void set_write_buffer_limits(WriteBufferLimits limits = {});
    /// `auto [low, high] = transport->get_write_buffer_limits()`
    virtual std::pair<std::size_t, std::size_t> get_write_buffer_limits() const;
    /// Sends the file itself where the system can, else reads and writes: see StreamWriter.
    virtual Coro<std::int64_t> sendfile(int file, SendfileOptions options = {});
    /// Whether a file is being sent, by whichever way.
    virtual bool sending_file() const noexcept { return copies_file_; }
    virtual bool can_write_eof() const noexcept { return false; }
    virtual void write_eof();
    virtual void close() noexcept {}
    /// Where the peer is about to send what nobody will read: it gets an end of file, and has a while to see that and what was written
    /// before. (`close` does that only if something unread is there already.)
    virtual void close_lingering() noexcept { close(); }
    /// All that is still awaited is the peer's end: once everything was sent, a connection that is reset has ended, too.
    virtual void expect_end() noexcept {}
    virtual void abort() noexcept {}
    /// The same, and the peer learns it as an error, not as the end of a stream that is whole; of TCP, that is.
    virtual void reset() noexcept { abort(); }
    virtual bool is_closing() const noexcept { return false; }
    virtual Coro<> wait_closed();

    virtual Address sockname() const { return {}; }
    virtual Address peername() const { return {}; }
    virtual int fileno() const noexcept { return -1; }
    /// What the handshake agreed on; null where there is no TLS.
    virtual Shared<const TlsInfo> tls() const { return nullptr; }
    /// What errors and reports call the other side: its address, if nothing else; `nowhere` if there is none.
    virtual std::string name() const;
    /// For a person to read: `descriptor 7, TCP to 127.0.0.1:8080`, and without a descriptor its name. The system is asked.
    std::string descriptor() const;

    /// Throws RuntimeError while TLS is being negotiated: what is written meanwhile would go in the clear.
    void check_not_securing() const {
        if (securing_) [[unlikely]]
            throw_securing();
    }
    /// Throws RuntimeError in debug mode, when `call` is made on another thread than that of the stream's loop.
    void check_thread(const char* call) const {
        if (EventLoop* const mine = loop()) mine->check_usable(call);
    }
    /// The same, and always in another loop than the stream's.
    void check_loop(const char* call) const {
        EventLoop* const mine = loop();
        if (!mine) return;
        if (this_loop && this_loop != mine) [[unlikely]]
            throw_other_loop();
        mine->check_usable(call);
    }
    /// Throws ValueError for a limit of nothing.
    static void check_limit(std::size_t limit);

protected:
    /// The stream's, until it is closed; none of one that is fed by hand.
    virtual EventLoop* loop() const noexcept { return nullptr; }
    virtual bool fed_by_hand() const noexcept { return true; }
    void check_fed_by_hand(const char* call) const;
    /// A task waits: see to it that something comes.
    virtual void want_data() noexcept {}
    /// Whether the system is writing to `incoming_`.
    virtual bool filling() const noexcept { return false; }
    /// The last handle is gone.
    virtual void abandoned() noexcept { delete this; }

    // For one that stands on another, `lower`, and is its only handle.

    /// `lower` wakes it: there are bytes, the end, an error, or a close.
    virtual void lower_news() noexcept {}
    /// The descriptor is closed, and the loop may go. Handles are held meanwhile.
    virtual void lower_closed() noexcept {}
    void tell_upper_of_close() noexcept {
        if (upper_) upper_->lower_closed();
    }
    /// Puts `upper` on top of this.
    void carry(Transport& upper) noexcept {
        upper.refs_ += refs_ - 1;  // what was a handle of this is one of the upper's, but the upper's own
        refs_ = 1;
        upper_ = &upper;
    }

    /// Who writes: a task that had the top of the stream when it made its coroutine, or the transport that stands on this one.
    enum class Writer : std::uint8_t { program, upper };
    Writer writer() const noexcept { return upper_ ? Writer::upper : Writer::program; }
    /// At the first step of a write: throws RuntimeError where it would go in the clear beside TLS, which came after the coroutine was made.
    void check_still_on_top(Writer writer) const {
        if (writer == Writer::program && (upper_ || securing_)) [[unlikely]]
            throw_securing();
    }

    // For what feeds it.

    void end_reading() noexcept;
    void fail_reading(std::exception_ptr error) noexcept;
    void wake_reader() noexcept;

    ReceiveBuffer incoming_;
    TaskBase* reader_ = nullptr;  // the task that waits for bytes
    Transport* upper_ = nullptr;  // the transport that stands on this one
    std::exception_ptr exception_;
    std::uint32_t limit_;
    std::uint32_t refs_ = 1;
    std::uint32_t of_use_ = 1;  // so many bytes would help the reader
    bool eof_ = false;
    bool wanted_ = false;    // the upper one waits for bytes
    bool securing_ = false;  // there is about to be an upper one
    bool closed_here_ = false;

private:
    [[noreturn]] static void throw_securing();
    [[noreturn]] void throw_other_loop() const;

    friend class TlsTransport;  // which stands on another one
    friend Coro<std::int64_t> write_file(TransportHandle transport, FileRange& range);

    bool copies_file_ = false;  // reads one and writes it
};

class Transport::More {
public:
    using HocketAwaiter = More;
    static constexpr bool awaited_often = false;

    explicit More(Transport& transport, bool wants) noexcept : transport_(transport), wants_(wants) {}
    bool await_ready() const noexcept { return false; }
    void await_suspend(AwaitingFrame h) const noexcept;
    void await_resume() const { resume_point(); }

private:
    Transport& transport_;
    bool wants_;
};

/// A reference to a transport.
class TransportHandle {
public:
    TransportHandle() noexcept = default;
    /// Takes over the reference.
    explicit TransportHandle(Transport* transport) noexcept : transport_(transport) {}
    TransportHandle(const TransportHandle& other) noexcept : transport_(other.transport_) {
        if (transport_) transport_->share();
    }
    TransportHandle(TransportHandle&& other) noexcept : transport_(std::exchange(other.transport_, nullptr)) {}
    TransportHandle& operator=(TransportHandle other) noexcept {
        std::swap(transport_, other.transport_);
        return *this;
    }
    ~TransportHandle() {
        if (transport_) transport_->drop();
    }

    explicit operator bool() const noexcept { return transport_; }
    Transport& operator*() const noexcept { return transport_->top(); }
    Transport* operator->() const noexcept { return &transport_->top(); }
    /// The one that the handle was made for, whatever stands on it.
    Transport& layer() const noexcept { return *transport_; }

private:
    Transport* transport_ = nullptr;
};

}  // namespace hocket
