// SPDX-License-Identifier: MIT
// TCP, UNIX-domain sockets and UDP with programs that are not ours: Python's asyncio, socat, curl; and socat's TLS.
#include <gtest/gtest.h>
#include <hocket/flow/wait_for.h>
#include <hocket/net/datagram_test.h>
#include <hocket/net/peers_test.h>
#include <hocket/net/tls_test.h>

#include <unistd.h>
#include <algorithm>
#include <cctype>
#include <chrono>
#include <string>
#include <utility>

using namespace std::chrono_literals;

namespace hocket {
namespace {

using testing::Certificates;
using testing::command;
using testing::Outcome;
using testing::python;
using testing::run_net;
using testing::TheirServer;

std::string path_of(const char* name) {
    return "/tmp/hocket-test-" + std::to_string(getpid()) + "-peers-" + name + ".sock";
}
std::string at(const Server& server) { return "127.0.0.1:" + std::to_string(server.port()); }

/// Answers, when the client has ended its side, with what it has said in reverse.
Coro<> turn_round(StreamReader reader, StreamWriter writer) {
    std::string all = co_await reader.read();
    std::ranges::reverse(all);
    co_await writer.write(all);
}

/// Answers a line in capital letters, and goes.
Coro<> shout(StreamReader reader, StreamWriter writer) {
    std::string line = co_await reader.readline();
    for (char& c : line) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    co_await writer.write(line);
}

/// What a server answers that gets all of `question` and then an end of file.
Coro<std::string> converse(Address address, std::string question) {
    auto [reader, writer] = co_await open_connection(std::move(address));
    co_await writer.write(question);
    writer.write_eof();
    std::string answer = co_await reader.read();
    writer.close();
    co_await writer.wait_closed();
    co_return answer;
}

// ---- Python's asyncio

constexpr const char* python_client = R"(
import asyncio, sys
async def main(kind, where):
    if kind == "tcp":
        reader, writer = await asyncio.open_connection("127.0.0.1", int(where))
    else:
        reader, writer = await asyncio.open_unix_connection(where)
    data = bytes(range(256)) * 2000
    writer.write(data)
    writer.write_eof()
    print(await reader.read() == data[::-1])
    writer.close()
    await writer.wait_closed()
asyncio.run(main(*sys.argv[1:]))
)";

constexpr const char* python_server = R"(
import asyncio, sys
async def main(kind, where=None):
    done = asyncio.Event()
    async def handle(reader, writer):
        data = await reader.read()
        writer.write(data[::-1])
        await writer.drain()
        writer.close()
        await writer.wait_closed()
        done.set()
    if kind == "tcp":
        server = await asyncio.start_server(handle, "127.0.0.1", 0)
        print("port:", server.sockets[0].getsockname()[1], flush=True)
    else:
        server = await asyncio.start_unix_server(handle, where)
        print("ready", flush=True)
    await asyncio.wait_for(done.wait(), 30)
asyncio.run(main(*sys.argv[1:]))
)";

TEST(RealPeers, pythons_asyncio_talks_to_our_server) {
    run_net([]() -> Coro<> {
        const Server server = co_await start_server(turn_round, "127.0.0.1", 0);
        const Outcome outcome = co_await command(python(python_client, "tcp " + std::to_string(server.port())));
        EXPECT_EQ(outcome.output, "True\n");
    }());
}

TEST(RealPeers, pythons_asyncio_talks_to_our_server_over_a_unix_socket) {
    run_net([]() -> Coro<> {
        const std::string path = path_of("ours");
        const Server server = co_await start_server(turn_round, Address::local(path));
        const Outcome outcome = co_await command(python(python_client, "unix " + path));
        EXPECT_EQ(outcome.output, "True\n");
    }());
}

// Its answer is what was sent, in reverse.
Coro<> expect_reversed(Address address) {
    std::string data = testing::pattern(500'000);
    const std::string answer = co_await converse(std::move(address), data);
    std::ranges::reverse(data);
    EXPECT_TRUE(answer == data) << answer.size();
}

TEST(RealPeers, we_talk_to_pythons_asyncio) {
    run_net([]() -> Coro<> {
        TheirServer server(python(python_server, "tcp"));
        co_await expect_reversed(Address::loopback(AddressFamily::ipv4, server.port("port")));
    }());
}

TEST(RealPeers, we_talk_to_pythons_asyncio_over_a_unix_socket) {
    const std::string path = path_of("pythons");
    run_net([](std::string there) -> Coro<> {
        TheirServer server(python(python_server, "unix " + there));
        EXPECT_TRUE(server.says("ready"));
        co_await expect_reversed(Address::local(there));
    }(path));
    unlink(path.c_str());  // which Python does from 3.13 on
}

// ---- socat

/// Says "hello", and prints the answer.
constexpr const char* asking = " SYSTEM:'echo hello; read answer; echo $answer >&2'";
/// Answers a line, and goes.
constexpr const char* answering = " SYSTEM:'read line; echo got $line'";

std::string socat(const std::string& arguments) { return "timeout 20 socat -t 10 " + arguments; }

TEST(RealPeers, socat_ends_its_side_and_reads_our_servers_answer) {
    run_net([]() -> Coro<> {
        const Server server = co_await start_server(turn_round, "127.0.0.1", 0);
        const Outcome outcome = co_await command("printf hello | " + socat("- TCP4:" + at(server)));
        EXPECT_EQ(outcome.output, "olleh");
        EXPECT_EQ(outcome.status, 0);
    }());
}

TEST(RealPeers, socat_talks_to_our_server_over_a_unix_socket) {
    run_net([]() -> Coro<> {
        const std::string path = path_of("for-socat");
        const Server server = co_await start_server(turn_round, Address::local(path));
        const Outcome outcome = co_await command("printf hello | " + socat("- UNIX-CONNECT:" + path));
        EXPECT_EQ(outcome.output, "olleh");
        EXPECT_EQ(outcome.status, 0);
    }());
}

TEST(RealPeers, socat_talks_to_our_server_over_tls) {
    run_net([]() -> Coro<> {
        const ServerOptions with = testing::with_tls(testing::tls_server());
        const Server server = co_await start_server(shout, "127.0.0.1", 0, with);
        const Outcome outcome = co_await command(socat("OPENSSL:localhost:" + std::to_string(server.port()) +
                                                       ",pf=ip4,cafile=" + Certificates::get().ca_file + asking));
        EXPECT_TRUE(outcome.output.ends_with("HELLO\n")) << outcome.output;  // behind what some versions warn of
    }());
}

TEST(RealPeers, socat_talks_to_our_datagram_endpoint) {
    run_net([]() -> Coro<> {
        const DatagramEndpoint endpoint = co_await testing::bound_endpoint();
        const Task<Outcome> client = create_task(
            command("timeout 20 socat -t 0.1 UDP4:127.0.0.1:" + std::to_string(endpoint.sockname().port()) + asking));
        const auto [data, from] = co_await wait_for(endpoint.recvfrom(), 20s);
        EXPECT_EQ(data, "hello\n");
        co_await endpoint.send("hello, too\n", from);
        EXPECT_EQ((co_await client).output, "hello, too\n");
    }());
}

TEST(RealPeers, we_talk_to_socat_and_end_our_side_first) {
    run_net([]() -> Coro<> {
        TheirServer server(socat("-d -d TCP4-LISTEN:0,bind=127.0.0.1 SYSTEM:'tr a-z A-Z'"));
        const Address address = Address::loopback(AddressFamily::ipv4, server.port("listening on"));
        EXPECT_EQ(co_await converse(address, "hello"), "HELLO");
    }());
}

TEST(RealPeers, we_talk_to_socat_over_a_unix_socket) {
    run_net([]() -> Coro<> {
        const std::string path = path_of("socats");
        TheirServer server(socat("-d -d UNIX-LISTEN:" + path + ",unlink-close SYSTEM:'tr a-z A-Z'"));
        EXPECT_TRUE(server.says("listening on"));
        EXPECT_EQ(co_await converse(Address::local(path), "hello"), "HELLO");
    }());
}

TEST(RealPeers, we_talk_to_socat_over_tls) {
    run_net([]() -> Coro<> {
        const auto& identity = Certificates::get().server;
        TheirServer server(socat("-d -d OPENSSL-LISTEN:0,pf=ip4,bind=127.0.0.1,verify=0,cert=" +
                                 identity.certificate_file + ",key=" + identity.private_key_file + answering));
        const ConnectionOptions options = testing::by_tls(testing::tls_client());
        auto [reader, writer] = co_await open_connection("127.0.0.1", server.port("listening on"), options);
        co_await writer.write("hello\n");
        EXPECT_EQ(co_await reader.readline(), "got hello\n");
        EXPECT_EQ(co_await reader.read(), "");
        writer.close();
        co_await writer.wait_closed();
    }());
}

TEST(RealPeers, our_datagrams_are_answered_by_socat) {
    run_net([]() -> Coro<> {
        TheirServer server(std::string("timeout 20 socat -d -d -t 0.1 UDP4-LISTEN:0,bind=127.0.0.1") + answering);
        const Address address = Address::loopback(AddressFamily::ipv4, server.port("listening on"));
        const DatagramEndpoint endpoint = co_await testing::connected_to(address);
        co_await endpoint.send("hello\n");
        const auto [data, from] = co_await wait_for(endpoint.recvfrom(), 20s);
        EXPECT_EQ(data, "got hello\n");
        EXPECT_EQ(from, address);
    }());
}

// ---- curl

/// Says how much it was sent.
Coro<> count_upload(StreamReader reader, StreamWriter writer) {
    const std::string head = co_await reader.readuntil("\r\n\r\n");
    const std::string length = "Content-Length: ";
    const std::size_t at = head.find(length);
    const std::size_t size = at == std::string::npos ? 0 : std::stoul(head.substr(at + length.size()));
    const std::string body = co_await reader.readexactly(size);
    co_await writer.write("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + std::to_string(body.size()) + " bytes");
}

TEST(RealPeers, curl_talks_to_our_server_over_tcp_and_over_a_unix_socket) {
    run_net([]() -> Coro<> {
        const std::string path = path_of("for-curl");
        const Server tcp = co_await start_server(count_upload, "127.0.0.1", 0);
        const Server local = co_await start_server(count_upload, Address::local(path));
        const std::string upload =
            "head -c 500000 /dev/zero | curl -sS -m 20 --noproxy '*' -H Expect: --data-binary @- ";
        const Outcome over_tcp = co_await command(upload + "http://" + at(tcp) + "/");
        EXPECT_EQ(over_tcp.output, "500000 bytes");
        EXPECT_EQ(over_tcp.status, 0);
        const Outcome over_unix = co_await command(upload + "--unix-socket " + path + " http://localhost/");
        EXPECT_EQ(over_unix.output, "500000 bytes");
        EXPECT_EQ(over_unix.status, 0);
    }());
}

}  // namespace
}  // namespace hocket
