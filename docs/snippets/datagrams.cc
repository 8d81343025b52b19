// SPDX-License-Identifier: MIT
// The programs of datagrams.md.
#include <hocket/hocket.h>
#include <hocket/net/datagram_endpoint.h>

#include <array>
#include <cctype>
#include <chrono>
#include <cstdio>
#include <string>
using namespace hocket;
using namespace std::chrono_literals;

// [server]
Coro<> shout(DatagramEndpoint endpoint) {
    while (!endpoint.is_closing()) {
        try {
            auto [data, address] = co_await endpoint.recvfrom();
            for (char& c : data) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
            endpoint.sendto(data, address);  // does not wait
        } catch (const OSError& e) {         // of one datagram: the others go on
            std::fprintf(stderr, "%s\n", e.what());
        }
    }
}

Coro<DatagramEndpoint> start() {
    co_return co_await create_datagram_endpoint({.local_address = {"127.0.0.1", 0}});  // port 0: any that is free
}
// [/server]

// [client]
Coro<> talk(Address server) {
    const DatagramEndpoint endpoint = co_await create_datagram_endpoint({.remote_address = server});
    co_await endpoint.send("hello");
    const auto [data, address] = co_await wait_for(endpoint.recvfrom(), 5s);  // datagrams may get lost
    std::printf("%s\n", data.c_str());
}
// [/client]

// [into]
Coro<> count(DatagramEndpoint endpoint) {
    std::array<char, 8> buffer;
    for (int n = 0; n < 2; ++n) {
        const ReceivedDatagram datagram = co_await endpoint.recvfrom_into(buffer);
        std::printf("%zu bytes, and %zu that had no room\n", datagram.size, datagram.truncated);
    }
}
// [/into]

// [errors]
Coro<> errors(Address nobody) {
    const DatagramEndpoint endpoint = co_await create_datagram_endpoint({.remote_address = nobody});
    endpoint.sendto(std::string(100'000, 'x'));  // an error of sendto is told to who receives
    try {
        co_await endpoint.recvfrom();
    } catch (const OSError& e) {
        std::printf("%s\n", std::generic_category().message(e.error_number()).c_str());
    }
    co_await endpoint.send("is anybody there?");  // nobody is, but that shows only later
    try {
        co_await endpoint.recvfrom();
    } catch (const OSError& e) {
        std::printf("%s\n", std::generic_category().message(e.error_number()).c_str());
    }
}
// [/errors]

// [drain]
Coro<> send_many(DatagramEndpoint endpoint, Address to) {
    for (int i = 0; i < 1000; ++i) {
        endpoint.sendto(std::to_string(i), to);
        co_await endpoint.drain();  // waits only if 64 KiB wait already
    }
}
// [/drain]

Coro<> amain() {
    const DatagramEndpoint server = co_await start();
    const Task<> serving = create_task(shout(server));
    co_await talk(server.sockname());

    const DatagramEndpoint counter = co_await start();
    const Task<> counting = create_task(count(counter));
    server.sendto("hello", counter.sockname());
    server.sendto("hello, world", counter.sockname());
    co_await counting;

    const DatagramEndpoint closed = co_await start();
    const Address nobody = closed.sockname();
    closed.close();
    co_await closed.wait_closed();
    co_await errors(nobody);
    co_await send_many(counter, server.sockname());
}

int main() { run(amain()); }
