// SPDX-License-Identifier: MIT
// What connections and datagram endpoints do alike for their protocols: owning, calling, pausing.
#pragma once

#include <hocket/base/owners.h>
#include <hocket/core/event_loop.h>
#include <hocket/core/future.h>

#include <cstdint>
#include <exception>
#include <utility>

namespace hocket {

/// What a protocol threw: to the exception handler, or out of the loop.
void report_of_protocol(EventLoop& loop, const char* message, const std::exception_ptr& error) noexcept;

/// A parameter of the task that serves a protocol: tells who waits for `connection_made`. A task that is cancelled before its first step never
/// gets there, and this ends with its frame: then the wait is cancelled.
class Made {
public:
    explicit Made(Future<> future) noexcept : future_(std::move(future)) {}
    Made(Made&& other) noexcept : future_(std::exchange(other.future_, nullptr)) {}
    Made& operator=(Made&&) = delete;
    ~Made() {
        if (future_ && !future_.done()) future_.cancel();
    }

    void tell() const {
        if (future_ && !future_.done()) future_.set_result();
    }

private:
    Future<> future_;  // may be none
};

/// Owns a protocol until the connection is lost. Counts the handles, which may stay.
template <class P>
class ProtocolHolder {
public:
    ProtocolHolder(const ProtocolHolder&) = delete;
    ProtocolHolder& operator=(const ProtocolHolder&) = delete;

    void share() noexcept { ++refs_; }
    /// Whether it was the last handle.
    bool drop() noexcept { return --refs_ == 0; }
    const Shared<P>& protocol() const noexcept { return protocol_; }

    /// The task that serves the protocol has this in its frame: if that ends before its time, the protocol goes, which may hold the transport.
    class Served {
    public:
        explicit Served(ProtocolHolder& holder) noexcept : holder_(holder) {}
        Served(const Served&) = delete;
        Served& operator=(const Served&) = delete;
        ~Served() { holder_.forget(); }

    private:
        ProtocolHolder& holder_;
    };

protected:
    explicit ProtocolHolder(Shared<P> protocol) noexcept
        : protocol_(std::move(protocol)), loop_mark_(this_loop->mark()) {}
    ~ProtocolHolder() = default;

    /// The protocol's, whether or not it runs; null once it is gone, which handles may outlive.
    EventLoop* loop() const noexcept { return EventLoop::with_mark(loop_mark_); }
    void report(const char* failure, const std::exception_ptr& error) const noexcept {
        if (EventLoop* const mine = loop()) report_of_protocol(*mine, failure, error);
    }

    /// `f(protocol)`; what that throws, or null. The protocol lives until it returns, even if it is replaced meanwhile.
    template <class F>
    std::exception_ptr call(F f) noexcept {
        const Shared<P> called = protocol_;
        if (!called) return nullptr;
        try {
            f(*called);
        } catch (...) {  // whatever it is, the loop goes on
            return std::current_exception();
        }
        return nullptr;
    }
    /// The same where the connection goes on whatever it throws.
    template <class F>
    void call_reporting(const char* failure, F f) noexcept {
        if (const std::exception_ptr error = call(f)) report(failure, error);
    }
    /// `full`: more wait to be sent than the limit. True if the protocol was told so now, and somebody has to tell it when that is over.
    bool pause_writing(bool full) noexcept {
        if (!full || !protocol_ || std::exchange(writing_paused_, true)) return false;
        call_reporting("protocol.pause_writing() failed", [](P& p) { p.pause_writing(); });
        return true;
    }
    void resume_writing() noexcept {
        writing_paused_ = false;
        call_reporting("protocol.resume_writing() failed", [](P& p) { p.resume_writing(); });
    }
    /// The last call.
    void lose(const std::exception_ptr& error) noexcept {
        call_reporting("protocol.connection_lost() failed", [&error](P& p) { p.connection_lost(error); });
        forget();
    }
    void forget() noexcept { const Shared<P> last = std::exchange(protocol_, nullptr); }

    Shared<P> protocol_;  // null once it is lost

private:
    std::uint64_t loop_mark_;
    std::uint32_t refs_ = 1;
    bool writing_paused_ = false;
};

}  // namespace hocket
