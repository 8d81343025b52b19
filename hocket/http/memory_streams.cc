// SPDX-License-Identifier: MIT
// Streams in memory, and servers that are reached by them.
#include <hocket/http/memory_streams_internal.h>

#include <hocket/core/gate.h>
#include <hocket/core/task.h>
#include <hocket/http/client_seams.h>
#include <hocket/http/http_connection_internal.h>
#include <hocket/http/http_server.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <string_view>
#include <utility>

namespace hocket::http {

namespace {

class MemoryEnd final : public Transport {
public:
    MemoryEnd() = default;
    ~MemoryEnd() override {
        if (peer_) peer_->peer_ = nullptr;
    }
    static void join(MemoryEnd& a, MemoryEnd& b) noexcept {
        a.peer_ = &b;
        b.peer_ = &a;
    }

    void write_nowait(std::string_view data) override {
        check_writable();
        peer_->incoming_.append(data);
        if (!data.empty()) peer_->wake_reader();
    }
    Coro<> write(std::string_view data) override {
        share();
        const TransportHandle keep(this);
        for (; !data.empty(); data.remove_prefix(std::min(data.size(), default_limit))) {
            write_nowait(data.substr(0, default_limit));
            while (is_full()) co_await room_.suspend();
        }
        check_writable();
    }
    Coro<> write_owned(std::string data) override {
        share();
        const TransportHandle keep(this);
        co_await write(data);
    }
    Coro<> drain() override {
        share();
        const TransportHandle keep(this);
        while (is_full()) co_await room_.suspend();
    }
    void set_write_buffer_limits(WriteBufferLimits) override {}
    bool can_write_eof() const noexcept override { return true; }
    void write_eof() override { end_writing(); }

    void close() noexcept override {
        closed_ = closed_here_ = true;
        end_writing();
        if (peer_) peer_->room_.wake_all();  // nobody reads what it writes
        end_reading();
    }
    void abort() noexcept override {
        close();
        room_.wake_all();
    }
    void reset() noexcept override {
        if (peer_ && !ended_) {
            ended_ = true;
            peer_->fail_reading(std::make_exception_ptr(OSError(ECONNRESET, "read from memory")));
        }
        abort();
    }
    bool is_closing() const noexcept override { return closed_; }
    std::string name() const override { return "memory"; }

private:
    bool fed_by_hand() const noexcept override { return false; }
    // Who reads has taken what there was.
    void want_data() noexcept override {
        if (peer_) peer_->room_.wake_all();
    }
    void abandoned() noexcept override {
        close();
        delete this;
    }
    void end_writing() noexcept {
        if (std::exchange(ended_, true) || !peer_) return;
        peer_->end_reading();
    }
    void check_writable() const {
        if (ended_) throw OSError(ESHUTDOWN, "write to memory");
        if (!peer_ || peer_->closed_) throw OSError(EPIPE, "write to memory");
    }
    bool is_full() const noexcept {
        return peer_ && !peer_->closed_ && !closed_ && !peer_->awaited() && peer_->unread().size() >= default_limit;
    }

    MemoryEnd* peer_ = nullptr;  // null: it is gone
    WaitPoint room_{"room in a stream of memory"};
    bool closed_ = false;
    bool ended_ = false;  // nothing more is written
};

Coro<Streams> serve_in_memory(Application app, ServeOptions options, bool is_secure) {
    auto [client, server] = memory_streams();
    create_task(serve_connection(Shared<HttpServerState>::make(app, options, is_secure), std::move(server.first),
                                 std::move(server.second)),
                {.name = "HTTP in memory"});
    co_return client;
}

}  // namespace

std::pair<Streams, Streams> memory_streams() {
    auto* const a = new MemoryEnd;
    const TransportHandle first(a);
    auto* const b = new MemoryEnd;
    const TransportHandle second(b);
    MemoryEnd::join(*a, *b);
    return {Streams(StreamReader(first), StreamWriter(first)), Streams(StreamReader(second), StreamWriter(second))};
}

Connector connect_to(const Application& app, const ServeOptions& options) {
    return [app, options](const Url& origin) { return serve_in_memory(app, options, origin.scheme() == "https"); };
}

Connector connect_to(const Application& app) { return connect_to(app, ServeOptions()); }

}  // namespace hocket::http
