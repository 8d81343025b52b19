// SPDX-License-Identifier: MIT
// What tests of the server share: a connection that is fed by hand, and requests that are made by hand.
#pragma once

#include <gtest/gtest.h>
#include <hocket/core/sleep.h>
#include <hocket/http/application.h>
#include <hocket/http/http_connection_internal.h>
#include <hocket/io/runner.h>
#include <hocket/sync/event.h>

#include <string>
#include <string_view>
#include <utility>

namespace hocket::http {

/// A transport without a system: bytes are fed to it, what is written collects in `sent`.
class Wire final : public Transport {
public:
    Coro<> write(std::string_view data) override {
        share();
        const TransportHandle keep(this);
        check();
        sent += data;
        ++writes;
        while (stalls && !aborted) co_await go_on.wait();
        check();
    }
    void write_nowait(std::string_view data) override {
        check();
        sent += data;
        ++writes;
    }
    Coro<> drain() override {
        while (stalls && !aborted) co_await go_on.wait();
    }
    std::size_t get_write_buffer_size() const noexcept override { return stalls ? sent.size() : 0; }
    void close() noexcept override {
        closed = true;
        feed_eof();
    }
    void reset() noexcept override {
        was_reset = true;
        abort();
    }
    void abort() noexcept override {
        closed = aborted = true;
        feed_eof();
        go_on.set();
    }
    bool is_closing() const noexcept override { return closed; }
    Coro<> wait_closed() override {
        while (stalls && !aborted) co_await go_on.wait();
    }

    std::string sent;
    int writes = 0;
    bool stalls = false;  // the peer takes nothing
    bool closed = false;
    bool aborted = false;
    bool was_reset = false;
    hocket::Event go_on;

private:
    void check() const {
        if (aborted) throw OSError(ECONNABORTED, "write to nowhere");
    }
};

/// A server's end of a connection, in a task. Everything stands still while the test does not wait.
class HandFed {
public:
    explicit HandFed(Application app, const ServeOptions& options = {})
        : HandFed(Shared<HttpServerState>::make(std::move(app), options)) {}
    explicit HandFed(Shared<HttpServerState> state)
        : server(std::move(state)),
          wire(*new Wire),
          handle_(&wire),
          task(create_task(serve_connection(server, StreamReader(handle_), StreamWriter(handle_)))) {}

    /// What the server sends for `bytes`, as soon as it can.
    Coro<std::string> exchange(std::string_view bytes) {
        if (!bytes.empty()) wire.feed_data(bytes);
        for (int i = 0; i < 20; ++i) co_await hocket::sleep(0);
        co_return take();
    }
    std::string take() { return std::exchange(wire.sent, {}); }

    Shared<HttpServerState> server;
    Wire& wire;

private:
    TransportHandle handle_;

public:
    Task<> task;
};

/// The same without Date, which differs.
inline std::string without_date(std::string text) {
    for (std::size_t at = text.find("Date: "); at != std::string::npos; at = text.find("Date: ")) {
        text.erase(at, text.find("\r\n", at) + 2 - at);
    }
    return text;
}

/// `200` of an answer.
inline std::string status_of(std::string_view answer) {
    return answer.starts_with("HTTP/1.") ? std::string(answer.substr(9, 3)) : std::string(answer);
}

inline std::string body_of(std::string_view answer) {
    const std::size_t end = answer.find("\r\n\r\n");
    return end == std::string_view::npos ? std::string() : std::string(answer.substr(end + 4));
}

inline RequestHead asking(std::string method, std::string target, Headers headers = {{"Host", "test"}}) {
    return {.method = std::move(method), .target = std::move(target), .headers = std::move(headers)};
}

/// What an application answers to a request without a connection.
inline Coro<Response> answer_to(Application app, RequestHead head, std::string body = {}) {
    Request request(std::move(head), std::move(body));
    co_return co_await app.handle(request);
}

/// Swallows what the loop's exception handler is told, and keeps the words.
class Told {
public:
    Told() {
        get_running_loop().set_exception_handler([this](EventLoop&, const ErrorContext& context) {
            text += context.message + ": " + (context.exception ? describe(context.exception) : std::string()) + "\n";
        });
    }
    Told(const Told&) = delete;
    Told& operator=(const Told&) = delete;
    ~Told() { get_running_loop().set_exception_handler({}); }
    std::string text;
};

}  // namespace hocket::http
