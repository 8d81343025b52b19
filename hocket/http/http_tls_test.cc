// SPDX-License-Identifier: MIT
// Servers over TLS, and on several addresses.
#include <hocket/http/server_test.h>
#include <hocket/net/tls_test.h>

#include <sys/socket.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <vector>

namespace hocket::http {

namespace {

using namespace std::chrono_literals;
using hocket::testing::by_tls;
using hocket::testing::LoopErrors;
using hocket::testing::run_net;
using hocket::testing::tls_client;
using hocket::testing::tls_server;

Application example() {
    Application app;
    app.get("/", [](Request& request) { return request.url() + (request.secure() ? " secure" : " open"); });
    return app;
}

constexpr std::string_view get = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

Coro<std::string> ask(Address address, ConnectionOptions options = {}) {
    auto [reader, writer] = co_await open_connection(std::move(address), std::move(options));
    co_await writer.write(get);
    co_return body_of(co_await reader.read());
}

Coro<> over_tls() {
    HttpServer server = co_await serve(example(), "127.0.0.1", 0, {.tls = tls_server()});
    EXPECT_EQ(server.url(), "https://127.0.0.1:" + std::to_string(server.port()));
    EXPECT_EQ(co_await ask(server.sockets().at(0), by_tls(tls_client())), "https://localhost/ secure");
    server.close();
    co_await server.wait_closed();
}

// A handshake that does not come has no more time than a head.
Coro<> silent_handshake() {
    const LoopErrors errors(get_running_loop());
    HttpServer server = co_await serve(example(), "127.0.0.1", 0, {.head_timeout = 20ms, .tls = tls_server()});
    auto [reader, writer] = co_await open_connection(server.sockets().at(0));
    bool ended = false;
    try {
        ended = (co_await reader.read()).empty();
    } catch (const OSError&) {
        ended = true;
    }
    EXPECT_TRUE(ended);
    server.close();
    co_await server.wait_closed();
}

bool has_ended(const hocket::testing::RawPeer& peer) {
    char byte = 0;
    const auto n = recv(peer.fd(), &byte, 1, MSG_DONTWAIT);
    return n == 0 || (n < 0 && errno != EAGAIN);
}

// Their handshakes are counted, though none of them ends.
Coro<> too_many_handshakes() {
    const LoopErrors errors(get_running_loop());
    HttpServer server = co_await serve(example(), "127.0.0.1", 0, {.max_connections = 3, .tls = tls_server()});
    std::vector<hocket::testing::RawPeer> peers;
    peers.reserve(5);
    for (int i = 0; i < 5; ++i) peers.emplace_back(server.sockets().at(0));
    const auto ended = [&] { return std::count_if(peers.begin(), peers.end(), has_ended); };
    co_await hocket::testing::until([&] { return ended() == 2; });
    EXPECT_EQ(server.connections(), 3U);
    server.abort();
    co_await server.wait_closed();
}

// The one that is kept idle ends, and the next one comes to its handshake.
Coro<> idle_tls_makes_room() {
    HttpServer server = co_await serve(example(), "127.0.0.1", 0, {.max_connections = 1, .tls = tls_server()});
    auto [reader, writer] = co_await open_connection(server.sockets().at(0), by_tls(tls_client()));
    co_await writer.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    co_await reader.readuntil("secure");
    EXPECT_EQ(co_await ask(server.sockets().at(0), by_tls(tls_client())), "https://localhost/ secure");
    server.close();
    co_await server.wait_closed();
}

Coro<> on_several() {
    const std::string path = ::testing::TempDir() + "hocket_http_several_" + std::to_string(getpid());
    std::vector<Address> addresses;
    addresses.push_back(Address::parse("127.0.0.1:0"));
    addresses.push_back(Address::local(path));
    HttpServer server = co_await serve(example(), addresses);
    const std::vector<Address> sockets = server.sockets();
    EXPECT_EQ(sockets.size(), 2U);
    for (const Address& address : sockets) EXPECT_EQ(co_await ask(address), "http://localhost/ open");
    EXPECT_EQ(server.requests(), 2U);
    server.close();
    co_await server.wait_closed();
    EXPECT_TRUE(server.sockets().empty());
}

// Nobody is served where not all can be.
Coro<> on_an_occupied_one() {
    HttpServer first = co_await serve(example(), "127.0.0.1", 0);
    std::vector<Address> addresses;
    addresses.push_back(Address::parse("127.0.0.1:0"));
    addresses.push_back(first.sockets().at(0));
    std::string error;
    try {
        co_await serve(example(), addresses);
    } catch (const OSError& e) {
        error = e.what();
    }
    EXPECT_EQ(error, "bind to " + first.sockets().at(0).str() + ": Address already in use");
    first.close();
    co_await first.wait_closed();
}

Coro<> on_none() {
    bool refused = false;
    try {
        co_await serve(example(), std::vector<Address>());
    } catch (const ValueError&) {
        refused = true;
    }
    EXPECT_TRUE(refused);
}

}  // namespace

TEST(RealHttpTls, handshakes_count_among_the_connections) { run_net(too_many_handshakes()); }
TEST(RealHttpTls, an_idle_connection_makes_room_for_a_handshake) { run_net(idle_tls_makes_room()); }
TEST(RealHttpTls, a_server_speaks_it) { run_net(over_tls()); }
TEST(RealHttpTls, a_handshake_has_the_time_of_a_head) { run_net(silent_handshake()); }
TEST(RealHttpAddresses, several_are_served_by_one_server) { run_net(on_several()); }
TEST(RealHttpAddresses, one_that_cannot_be_had_leaves_none) { run_net(on_an_occupied_one()); }
TEST(RealHttpAddresses, none_is_an_error) { run_net(on_none()); }

}  // namespace hocket::http
