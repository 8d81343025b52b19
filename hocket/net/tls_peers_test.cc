// SPDX-License-Identifier: MIT
// TLS with programs that are not ours: openssl, curl, Python.
#include <gtest/gtest.h>
#include <hocket/net/peers_test.h>
#include <hocket/net/tls_test.h>

#include <string>

using namespace std::chrono_literals;

namespace hocket {
namespace {

using testing::run_net, testing::tls_client, testing::tls_server, testing::ending_of, testing::Certificates,
    testing::LoopErrors, testing::command, testing::Outcome, testing::python, testing::TheirServer;

std::string ca() { return Certificates::get().ca_file; }
std::string at(std::uint16_t port) { return "127.0.0.1:" + std::to_string(port); }

// ---- Their clients

Coro<Server> start_shouting() {
    ServerOptions options;
    options.tls = tls_server({.alpn_protocols = {"http/1.1"}});
    return start_server(
        [](StreamReader reader, StreamWriter writer) -> Coro<> {
            while (auto line = co_await reader.next()) {
                if (line == "the end\n") co_return;
                for (char& c : *line) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
                co_await writer.write(*line);
            }
        },
        "127.0.0.1", 0, options);
}

TEST(RealTlsPeers, openssl_talks_to_our_server) {
    run_net([]() -> Coro<> {
        const Server server = co_await start_shouting();
        for (const std::string version : {"-tls1_2", "-tls1_3"}) {
            const std::string client = "timeout 20 openssl s_client -ign_eof -connect " + at(server.port()) + " " +
                                       version + " -CAfile " + ca() +
                                       " -verify_return_error -verify_ip 127.0.0.1 -alpn http/1.1";
            const Outcome outcome = co_await command("printf 'hello\\nthe end\\n' | " + client);
            EXPECT_NE(outcome.output.find("HELLO"), std::string::npos) << outcome.output;
            EXPECT_NE(outcome.output.find("Verify return code: 0 (ok)"), std::string::npos) << outcome.output;
            EXPECT_NE(outcome.output.find("ALPN protocol: http/1.1"), std::string::npos) << outcome.output;
        }
    }());
}

TEST(RealTlsPeers, nobody_renegotiates_with_our_server) {
    run_net([]() -> Coro<> {
        const LoopErrors errors(get_running_loop());  // it goes without a word
        const Server server = co_await start_shouting();
        // A line `R` asks for it; its standard input stays open, so that it ends for no other reason.
        const std::string fifo = Certificates::get().folder + "/fifo";
        const std::string client =
            "timeout 20 openssl s_client -connect " + at(server.port()) + " -tls1_2 -CAfile " + ca() + " <" + fifo;
        const Outcome outcome = co_await command("mkfifo " + fifo + "; exec 3<>" + fifo + "; echo R >&3; " + client);
        EXPECT_NE(outcome.output.find("no renegotiation"), std::string::npos) << outcome.output;
    }());
}

TEST(RealTlsPeers, curl_fetches_from_our_server) {
    run_net([]() -> Coro<> {
        ServerOptions options;
        options.tls = tls_server();
        const Server server = co_await start_server(
            [](StreamReader reader, StreamWriter writer) -> Coro<> {
                co_await reader.readuntil("\r\n\r\n");
                co_await writer.write("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello from hocket");
            },
            "127.0.0.1", 0, options);
        const std::string url = "https://localhost:" + std::to_string(server.port()) + "/";
        const Outcome outcome = co_await command("curl -sS -m 20 --noproxy '*' --cacert " + ca() + " " + url);
        EXPECT_EQ(outcome.output, "hello from hocket");
        EXPECT_EQ(outcome.status, 0);
        LoopErrors errors(get_running_loop());
        const Outcome distrust = co_await command("curl -sS -m 20 --noproxy '*' " + url);
        EXPECT_EQ(distrust.status, 60) << distrust.output;  // it does not know the authority
    }());
}

constexpr const char* python_client = R"(
import asyncio, ssl, sys
async def main(port, ca):
    context = ssl.create_default_context(cafile=ca)
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="localhost")
    data = b"x" * 300000 + b"\n"
    writer.write(data)
    assert await reader.readexactly(len(data)) == data.upper()
    print(writer.get_extra_info("peercert")["subject"][0][0][1], writer.get_extra_info("cipher")[1])
    writer.close()
    await writer.wait_closed()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"PLAIN TEXT\n")
    await reader.read()
    writer.close()
    try:
        await asyncio.open_connection("127.0.0.1", port, ssl=ssl.create_default_context(), server_hostname="localhost")
    except ssl.SSLCertVerificationError as e:
        print(e.verify_message)
asyncio.run(main(int(sys.argv[1]), sys.argv[2]))
)";

TEST(RealTlsPeers, pythons_asyncio_talks_to_our_server) {
    run_net([]() -> Coro<> {
        LoopErrors errors(get_running_loop());
        get_running_loop().set_debug(true);
        ServerOptions options;
        options.tls = tls_server();
        options.limit = 1 << 20;
        const Server server = co_await start_server(
            [](StreamReader reader, StreamWriter writer) -> Coro<> {
                while (auto line = co_await reader.next()) {
                    for (char& c : *line) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
                    co_await writer.write(*line);
                }
            },
            "127.0.0.1", 0, options);
        const Outcome outcome = co_await command(python(python_client, std::to_string(server.port()) + " " + ca()));
        EXPECT_EQ(outcome.output, "server TLSv1.3\nunable to get local issuer certificate\n");
        const std::string reported = errors.taken();
        EXPECT_NE(reported.find("wrong version number"), std::string::npos) << reported;
        // Python goes without an alert.
        EXPECT_NE(reported.find("Connection reset by peer"), std::string::npos) << reported;
    }());
}

// ---- Their servers

TEST(RealTlsPeers, we_talk_to_openssls_server) {
    run_net([]() -> Coro<> {
        const Certificates& all = Certificates::get();
        TheirServer server("timeout 20 openssl s_server -accept 127.0.0.1:0 -naccept 2 -rev -cert " +
                           all.server.certificate_file + " -key " + all.server.private_key_file);
        const std::uint16_t port = server.port("ACCEPT ");
        EXPECT_NE(port, 0);
        ConnectionOptions options;
        options.tls = tls_client();
        for (int i = 0; i < 2; ++i) {
            auto [reader, writer] = co_await open_connection("127.0.0.1", port, options);
            co_await writer.write("hello\n");
            EXPECT_EQ(co_await reader.readline(), "olleh\n");
            EXPECT_EQ(writer.tls()->session_reused, i == 1);
            co_await writer.write("CLOSE\n");  // which it understands
            EXPECT_EQ(co_await reader.read(), "");
            co_await ending_of(writer.wait_closed());
        }
    }());
}

constexpr const char* python_server = R"(
import asyncio, ssl, sys
async def handle(reader, writer):
    print("client", writer.get_extra_info("peercert")["subject"][0][0][1], flush=True)
    data = await reader.readline()
    writer.write(data.upper())
    assert await reader.read() == b""
    writer.close()
    await writer.wait_closed()
    done.set()
async def main(cert, key, ca):
    global done
    done = asyncio.Event()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=ca)
    context.load_cert_chain(cert, key)
    context.verify_mode = ssl.CERT_REQUIRED
    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=context, limit=1 << 20)
    print("port:", server.sockets[0].getsockname()[1], flush=True)
    await done.wait()
asyncio.run(main(*sys.argv[1:]))
)";

// Says that it has ended, and goes on reading until the other side says so, too.
constexpr const char* python_that_ends_first = R"(
import socket, ssl, sys
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
listening = socket.create_server(("127.0.0.1", 0))
print("port:", listening.getsockname()[1], flush=True)
sock, _ = listening.accept()
incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
tls = context.wrap_bio(incoming, outgoing, server_side=True)
def do(call, *args):
    while True:
        try:
            return call(*args)
        except ssl.SSLWantReadError:
            sock.sendall(outgoing.read())
            incoming.write(sock.recv(16384))
do(tls.do_handshake)
assert do(tls.read, 4) == b"ping"
tls.write(b"pong")
try:
    tls.unwrap()
except ssl.SSLWantReadError:
    pass
sock.sendall(outgoing.read())
total = 0
try:
    while True: total += len(do(tls.read, 16384))
except ssl.SSLZeroReturnError:
    tls.unwrap()
    print("all of", total, flush=True)
)";

TEST(RealTlsPeers, a_peer_that_has_ended_gets_what_was_being_written_and_then_our_word) {
    run_net([]() -> Coro<> {
        const Certificates& all = Certificates::get();
        TheirServer server(
            python(python_that_ends_first, all.server.certificate_file + " " + all.server.private_key_file));
        const std::uint16_t port = server.port("port");
        EXPECT_NE(port, 0);
        ConnectionOptions options;
        options.tls = tls_client();
        auto [reader, writer] = co_await open_connection("127.0.0.1", port, options);
        co_await writer.write("ping");
        const std::string data = testing::pattern(4 * testing::much);
        const Task<> writing = create_task(writer.write(data));
        EXPECT_EQ(co_await reader.read(), "pong");
        co_await writing;
        co_await writer.wait_closed();  // though nobody has closed it here
        EXPECT_EQ(server.line(), "all of " + std::to_string(data.size()) + "\n");
    }());
}

TEST(RealTlsPeers, we_talk_to_pythons_asyncio) {
    run_net([]() -> Coro<> {
        const Certificates& all = Certificates::get();
        TheirServer server(
            python(python_server, all.server.certificate_file + " " + all.server.private_key_file + " " + ca()));
        const std::uint16_t port = server.port("port");
        EXPECT_NE(port, 0);
        TlsClientOptions alice;
        alice.certificate_file = all.client.certificate_file;
        alice.private_key_file = all.client.private_key_file;
        ConnectionOptions options;
        options.tls = tls_client(alice);
        auto [reader, writer] = co_await open_connection("127.0.0.1", port, options);
        const std::string data(300'000, 'x');
        co_await writer.write(data + "\n");
        EXPECT_EQ(server.line(), "client Alice\n");
        EXPECT_EQ(co_await reader.readexactly(data.size() + 1), std::string(data.size(), 'X') + "\n");
        writer.close();
        co_await writer.wait_closed();
    }());
}

}  // namespace
}  // namespace hocket
