// SPDX-License-Identifier: MIT
// The programs of streams.md.
#include <hocket/hocket.h>
#include <hocket/net/open_connection.h>
#include <hocket/net/resolve.h>
#include <hocket/net/server.h>
#include <hocket/os/file_system.h>

#include <netdb.h>
#include <cctype>
#include <chrono>
#include <cstdio>
#include <exception>
#include <string>
using namespace hocket;
using namespace std::chrono_literals;

// [server]
Coro<> shout(StreamReader reader, StreamWriter writer) {  // one task for each connection
    while (auto line = co_await reader.next()) {
        for (char& c : *line) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
        co_await writer.write(*line);
    }
}  // both handles are gone: the connection is closed

Coro<Server> start() { co_return co_await start_server(shout, "127.0.0.1", 0); }  // port 0: any that is free
// [/server]

// [client]
Coro<> talk(std::uint16_t port) {
    auto [reader, writer] = co_await open_connection("127.0.0.1", port);
    co_await writer.write("hello\nworld\n");
    writer.write_eof();
    while (auto line = co_await reader.next()) std::printf("%s", line->c_str());
}
// [/client]

// [hosts]
Coro<> several_hosts() {
    auto server = co_await start_server(shout, {"127.0.0.1", "localhost"}, 0);  // each address once
    std::printf("%s\n", server.sockets().front().host().c_str());
    server.close();
}
// [/hosts]

// [race]
Coro<Streams> quickest(std::uint16_t port) {
    co_return co_await open_connection("localhost", port, {.happy_eyeballs_delay = 250ms});
}
// [/race]

// [sendfile]
Coro<> offer(StreamReader, StreamWriter writer) {
    auto notes = co_await fs::open("notes.txt");
    writer.write_nowait("here they are: ");
    const auto sent = co_await writer.sendfile(notes, {.offset = 4});
    std::printf("%ld bytes sent\n", static_cast<long>(sent));
}
// [/sendfile]

Coro<> get_notes() {
    co_await fs::write_text("notes.txt", "do, re, mi\n");
    const Server server = co_await start_server(offer, "127.0.0.1", 0);
    auto [reader, writer] = co_await quickest(server.port());
    std::printf("%s", (co_await reader.read()).c_str());
    co_await fs::remove("notes.txt");
}

// [errors]
Coro<> errors() {
    try {
        co_await open_connection("127.0.0.1", 1);
    } catch (const OSError& e) {
        std::printf("%s\n", e.what());
    }
    StreamReader reader;  // fed by hand, as in a test
    reader.feed_data("abc");
    reader.feed_eof();
    try {
        co_await reader.readexactly(5);
    } catch (const IncompleteReadError& e) {
        std::printf("only \"%s\" came\n", e.partial().c_str());
    }
}
// [/errors]

// [all_errors]
Coro<> every_error() {
    try {
        co_await open_connection("127.0.0.1", 1, {.all_errors = true});
    } catch (const ExceptionGroup& group) {
        for (const std::exception_ptr& e : group.exceptions()) std::printf("%s\n", describe(e).c_str());
    }
}
// [/all_errors]

// [names]
Coro<> names() {
    for (const Address& address : co_await getaddrinfo("127.0.0.1", 80)) std::printf("%s\n", address.str().c_str());
    const Address address = Address::parse("[::1]:80");
    auto [host, service] = co_await getnameinfo(address, NI_NUMERICHOST | NI_NUMERICSERV);
    std::printf("host %s, service %s\n", host.c_str(), service.c_str());
}
// [/names]

// [timeout]
Coro<> be_patient(std::uint16_t port) {
    auto [reader, writer] = co_await open_connection("127.0.0.1", port);
    co_await writer.write("half a ");
    try {
        co_await wait_for(reader.readline(), 5ms);
    } catch (const TimeoutError&) {
        std::printf("no line yet\n");
    }
    co_await writer.write("line\n");
    std::printf("%s", (co_await reader.readline()).c_str());  // nothing was lost
}
// [/timeout]

// [close]
Coro<> end(Server server) {
    server.close();          // no new connections; those that there are go on
    server.close_clients();  // they end, too, when what was written is sent
    co_await server.wait_closed();
    std::printf("closed, %zu clients\n", server.clients());
}
// [/close]

Coro<> amain() {
    Server server = co_await start();
    co_await talk(server.port());
    co_await errors();
    co_await every_error();
    co_await names();
    co_await be_patient(server.port());
    co_await several_hosts();
    co_await get_notes();
    co_await end(server);
}

int main() { run(amain()); }
