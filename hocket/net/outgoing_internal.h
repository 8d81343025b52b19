// SPDX-License-Identifier: MIT
// What a transport has to send, and how far that is.
#pragma once

#include <hocket/core/backend.h>
#include <hocket/core/gate.h>
#include <hocket/net/sendfile_internal.h>
#include <hocket/net/socket_transport.h>

#include <string>
#include <string_view>

namespace hocket {

/// One operation is in flight at a time. What comes first is the rest of what a task sends from its own memory, then `sending`, then
/// `queued`, which takes the copies made meanwhile, then a file: for that it is a wait until the socket can be written to. As a node it begins to send at the end of the turn, so that small pieces given one after the
/// other leave in one call.
///
/// Not from the pool: what many connections had while they were busy, the system gets back.
struct SocketTransport::Outgoing final : Node, Operation {
    SocketTransport& owner;
    DirectWrite* writer = nullptr;  // waits until `direct` is sent
    std::string_view direct;
    std::string sending, queued;
    std::size_t sent = 0;  // of `sending`
    FileWrite* file = nullptr;
    std::size_t low = low_water, high = high_water;
    struct Point final : WaitPoint {
        const Outgoing& out;
        Point(const char* what, const Outgoing& o) noexcept : WaitPoint(what), out(o) {}
        void describe(AwaitDescription& to) const override;
    };
    Point drained{"StreamWriter.drain", *this}, closed{"StreamWriter.wait_closed", *this};
    bool in_flight = false;
    bool scheduled = false;  // stands in the ready queue
    bool orphaned = false;   // the owner is gone: whoever takes it out of that queue destroys it
    bool paused = false;     // above the high-water mark, and not yet at the low one

    explicit Outgoing(SocketTransport& transport) noexcept : owner(transport) {}
    Outgoing(const Outgoing&) = delete;
    Outgoing& operator=(const Outgoing&) = delete;

    std::size_t level() const noexcept { return sending.size() - sent + queued.size(); }
    bool idle() const noexcept { return !in_flight && direct.empty() && level() == 0 && !file; }
    bool has_usual_limits() const noexcept { return low == low_water && high == high_water; }
    void set_limits(std::size_t low_limit, std::size_t high_limit) noexcept;
    bool awaited() const noexcept { return writer || drained.has_waiters() || closed.has_waiters(); }
    bool is_not_needed() const noexcept { return idle() && !scheduled && !awaited() && has_usual_limits(); }

    void enqueue(std::string_view bytes);
    void schedule();
    /// Sends what is next, unless something is in flight.
    void advance() noexcept;
    /// Forgets all that was to be sent.
    void give_up() noexcept;
    void wake_writer(bool all_sent) noexcept;

    void run() override;
    void discard() noexcept override;
    bool cancel_wait(TaskBase& t) noexcept override;
    void describe(AwaitDescription& to) const override;

private:
    void start(const char* bytes, std::size_t n) noexcept;
    void begin() noexcept;
    void completed_send() noexcept;
    void send_file() noexcept;
    void end_file(int error) noexcept;
    void pause_if_full() noexcept {
        if (level() > high) paused = true;
    }
    void took(std::size_t n) noexcept;
};

/// Sends a task's bytes from where they are.
class SocketTransport::DirectWrite {
public:
    using HocketAwaiter = DirectWrite;
    static constexpr bool awaited_often = false;

    DirectWrite(SocketTransport& transport, std::string_view data) noexcept : transport_(transport), data_(data) {}
    DirectWrite(const DirectWrite&) = delete;
    DirectWrite& operator=(const DirectWrite&) = delete;
    bool await_ready() const noexcept { return false; }
    void await_suspend(AwaitingFrame h) noexcept;
    void await_resume() const;

private:
    friend struct Outgoing;
    SocketTransport& transport_;
    std::string_view data_;
    TaskBase* task_ = nullptr;
    bool cancel_asked_ = false;
    bool all_sent_ = false;
};

/// Sends a file behind all else. The error that ended it before its time and is none of the connection's, or 0. A cancel ends it at once.
class SocketTransport::FileWrite {
public:
    using HocketAwaiter = FileWrite;
    static constexpr bool awaited_often = false;

    FileWrite(SocketTransport& transport, FileRange& range) noexcept : transport_(transport), range_(range) {}
    FileWrite(const FileWrite&) = delete;
    FileWrite& operator=(const FileWrite&) = delete;
    bool await_ready() const noexcept { return false; }
    void await_suspend(AwaitingFrame h) noexcept;
    int await_resume() const;

private:
    friend struct Outgoing;
    SocketTransport& transport_;
    FileRange& range_;
    TaskBase* task_ = nullptr;
    int error_ = 0;
    bool ended_ = false;
};

}  // namespace hocket
