// SPDX-License-Identifier: MIT
// The programs of protocols.md.
#include <hocket/hocket.h>

#include <array>
#include <cctype>
#include <cstdio>
#include <exception>
#include <memory>
#include <span>
#include <string>
#include <string_view>
using namespace hocket;
using namespace std::chrono_literals;

// [server]
class Shout : public Protocol {  // one for each connection
public:
    void connection_made(ProtocolTransport transport) override { transport_ = transport; }
    void data_received(std::string_view data) override {
        std::string answer(data);
        for (char& c : answer) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
        transport_.write(answer);
    }

private:
    ProtocolTransport transport_;
};

Coro<Server> start() {
    co_return co_await create_server([] { return std::make_unique<Shout>(); }, "127.0.0.1", 0);
}
// [/server]

// [client]
class Talk : public Protocol {
public:
    void connection_made(ProtocolTransport transport) override {
        transport.write("hello");
        transport.write_eof();
    }
    void data_received(std::string_view data) override { answer += data; }
    void connection_lost(std::exception_ptr error) override {
        if (error) {
            over.set_exception(error);
        } else {
            over.set_result();
        }
    }

    std::string answer;
    Future<> over;
};

Coro<> talk(std::uint16_t port) {
    auto [transport, protocol] = co_await create_connection([] { return std::make_unique<Talk>(); }, "127.0.0.1", port);
    co_await protocol->over;
    std::printf("%s\n", protocol->answer.c_str());
}
// [/client]

// [limits]
class Flood : public Protocol {
public:
    void connection_made(ProtocolTransport transport) override {
        transport_ = transport;
        send();
    }
    void pause_writing() override { paused_ = true; }  // from within `write`
    void resume_writing() override {
        paused_ = false;
        send();
    }

private:
    void send() {
        while (!paused_ && left_ > 0) {
            transport_.write(std::string(10'000, 'x'));
            --left_;
        }
        if (left_ == 0) transport_.close();  // when all is sent
    }

    ProtocolTransport transport_;
    bool paused_ = false;
    int left_ = 100;
};
// [/limits]

// [buffered]
class Count : public BufferedProtocol {
public:
    std::span<char> get_buffer(std::size_t) override { return buffer_; }
    void buffer_updated(std::size_t n) override { bytes += n; }
    void connection_lost(std::exception_ptr) override { over.set_result(); }

    std::size_t bytes = 0;
    Future<> over;

private:
    std::array<char, 64 << 10> buffer_;
};
// [/buffered]

Coro<> count() {
    const Server server = co_await create_server([] { return std::make_unique<Flood>(); }, "127.0.0.1", 0);
    auto [transport, protocol] =
        co_await create_connection([] { return std::make_unique<Count>(); }, "127.0.0.1", server.port());
    co_await protocol->over;
    std::printf("%zu bytes\n", protocol->bytes);
}

// [datagrams]
class Pong : public DatagramProtocol {
public:
    void connection_made(DatagramTransport transport) override { transport_ = transport; }
    void datagram_received(std::string_view data, const Address& from) override {
        transport_.sendto(std::string(data) + " pong", from);
    }
    void error_received(const OSError& error) override { std::fprintf(stderr, "%s\n", error.what()); }

private:
    DatagramTransport transport_;
};

Coro<> ping() {
    auto [transport, protocol] =
        co_await create_datagram_endpoint([] { return std::make_unique<Pong>(); }, {.local_address = {"127.0.0.1", 0}});
    const DatagramEndpoint client = co_await create_datagram_endpoint({.remote_address = transport.sockname()});
    co_await client.send("ping");
    std::printf("%s\n", (co_await client.recvfrom()).first.c_str());
    transport.close();
}
// [/datagrams]

// [failure]
class Strict : public Protocol {
public:
    void data_received(std::string_view) override { throw RuntimeError("no such verb"); }
    void connection_lost(std::exception_ptr error) override { std::printf("lost: %s\n", describe(error).c_str()); }
};
// [/failure]

Coro<> fail() {
    get_running_loop().set_exception_handler(
        [](EventLoop&, const ErrorContext& context) { std::printf("%s\n", context.message.c_str()); });
    const Server server = co_await create_server([] { return std::make_unique<Strict>(); }, "127.0.0.1", 0);
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
    co_await writer.write("spam");
    co_await reader.read();
    while (server.clients() > 0) co_await hocket::sleep(1ms);
    co_await hocket::sleep(1ms);
}

Coro<> amain() {
    Server server = co_await start();
    co_await talk(server.port());
    co_await count();
    co_await ping();
    co_await fail();
    server.close();
    co_await server.wait_closed();
}

int main() { run(amain()); }
