// SPDX-License-Identifier: MIT
// A server of datagrams, and a client of it, which outlives it.
#include <hocket/hocket.h>

#include <cctype>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>
using namespace std::chrono_literals;

hocket::Coro<> shout(hocket::DatagramEndpoint endpoint) {
    for (;;) {
        auto [data, address] = co_await endpoint.recvfrom();
        for (char& c : data) c = static_cast<char>(std::toupper(c));
        endpoint.sendto(data, address);
    }
}

hocket::Coro<> amain() {
    auto server = co_await hocket::create_datagram_endpoint(
        {.local_address = {"127.0.0.1", 0}});
    auto shouting = hocket::create_task(shout(server));
    auto client = co_await hocket::create_datagram_endpoint(
        {.remote_address = server.sockname()});

    std::vector<std::string> words{"good morning", "good night"};
    for (const std::string& word : words) {
        client.sendto(word);
        auto [answer, address] =
            co_await hocket::wait_for(client.recvfrom(), 5s);
        std::printf("%s\n", answer.c_str());
    }

    shouting.cancel();
    server.close();
    co_await server.wait_closed();
    client.sendto("hello?");
    try {
        co_await hocket::wait_for(client.recvfrom(), 5s);
    } catch (const hocket::OSError& error) {
        if (error.code() != std::errc::connection_refused) throw;
        std::printf("the server is closed\n");
    }
}

int main() { hocket::run(amain()); }
