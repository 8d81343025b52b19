// SPDX-License-Identifier: MIT
// A client and a server of callbacks.
#include <hocket/hocket.h>

#include <cstdio>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

struct Echo : hocket::Protocol {
    hocket::ProtocolTransport transport;

    void connection_made(hocket::ProtocolTransport made) override {
        transport = std::move(made);
    }
    void data_received(std::string_view data) override {
        transport.write(data);
    }
    bool eof_received() override {
        transport.write(" (end)");
        return false;
    }
};

struct Client : hocket::Protocol {
    std::string message, answer;
    hocket::Future<> over;

    Client(std::string text, hocket::Future<> done)
        : message(std::move(text)), over(std::move(done)) {}
    void connection_made(hocket::ProtocolTransport transport) override {
        transport.write(message);
        transport.write_eof();
    }
    void data_received(std::string_view data) override { answer += data; }
    void connection_lost(std::exception_ptr) override { over.set_result(); }
};

hocket::Coro<> amain() {
    auto server = co_await hocket::create_server(
        [] { return std::make_unique<Echo>(); }, "127.0.0.1", 0);

    hocket::Future<> over;
    auto [transport, client] = co_await hocket::create_connection(
        [over] { return std::make_unique<Client>("hello", over); },
        "127.0.0.1", server.port());
    co_await over;
    std::printf("%s\n", client->answer.c_str());
    std::printf("%s\n", transport.is_closing() ? "True" : "False");
    server.close();
}

int main() { hocket::run(amain()); }
