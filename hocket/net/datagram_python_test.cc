// SPDX-License-Identifier: MIT
// Datagrams exchanged with CPython's asyncio, a process of its own.
#include <gtest/gtest.h>
#include <hocket/flow/wait_for.h>
#include <hocket/net/datagram_test.h>

#include <unistd.h>
#include <array>
#include <chrono>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

using namespace std::chrono_literals;

namespace hocket {
namespace {

using testing::run_net, testing::bound_endpoint, testing::connected_to, testing::datagram_path;

/// A program in Python, which stands after this.
constexpr const char* beginning = R"(
import asyncio, socket

class Answering(asyncio.DatagramProtocol):
    # with the length and the bytes in reverse, until it is told "bye"
    def connection_made(self, transport):
        self.transport = transport
        self.done = asyncio.get_running_loop().create_future()

    def datagram_received(self, data, addr):
        self.transport.sendto(str(len(data)).encode() + b" " + data[::-1], addr)
        if data == b"bye" and not self.done.done():
            self.done.set_result(None)

class Asking(asyncio.DatagramProtocol):
    def connection_made(self, transport):
        self.answers = asyncio.Queue()

    def datagram_received(self, data, addr):
        self.answers.put_nowait(data)

)";

/// Runs `program` in Python. It ends by itself.
class Python {
public:
    explicit Python(const std::string& program)
        : output_(popen(("exec python3 -c '" + std::string(beginning) + program + "\nasyncio.run(main())'").c_str(),
                        "r")) {}
    Python(const Python&) = delete;
    Python& operator=(const Python&) = delete;
    ~Python() { EXPECT_EQ(pclose(output_), 0); }

    /// The next line that it prints.
    std::string line() {
        std::array<char, 1000> text{};
        std::string all = std::fgets(text.data(), text.size(), output_) ? text.data() : "";
        if (all.ends_with('\n')) all.pop_back();
        return all;
    }

private:
    FILE* output_;
};

std::string reversed(const std::string& text) { return {text.rbegin(), text.rend()}; }

// Each datagram that `endpoint` sends is answered.
Coro<> ask(DatagramEndpoint endpoint, Address to) {
    const std::vector<std::string> questions = {"hello", testing::pattern(1400), "", testing::pattern(40'000), "bye"};
    for (const std::string& data : questions) {
        co_await endpoint.send(data, to);
        const auto [answer, from] = co_await wait_for(endpoint.recvfrom(), 30s);
        EXPECT_TRUE(answer == std::to_string(data.size()) + " " + reversed(data)) << answer.size();
        EXPECT_EQ(from, to);
    }
}

TEST(RealDatagramPython, python_answers_what_a_client_asks) {
    Python python(R"(
async def main():
    transport, protocol = await asyncio.get_running_loop().create_datagram_endpoint(Answering, local_addr=("127.0.0.1", 0))
    print(transport.get_extra_info("sockname")[1], flush=True)
    await asyncio.wait_for(protocol.done, 30)
    transport.close())");
    const auto port = static_cast<std::uint16_t>(std::stoi(python.line()));
    run_net([](std::uint16_t there) -> Coro<> {
        const Address address = Address::loopback(AddressFamily::ipv4, there);
        const DatagramEndpoint endpoint = co_await connected_to(address);
        co_await ask(endpoint, address);
    }(port));
}

TEST(RealDatagramPython, over_unix_sockets_too) {
    const std::string path = datagram_path("python");
    Python python(R"(
async def main():
    transport, protocol = await asyncio.get_running_loop().create_datagram_endpoint(Answering, local_addr=")" +
                  path +
                  R"(", family=socket.AF_UNIX)
    print("ready", flush=True)
    await asyncio.wait_for(protocol.done, 30)
    transport.close())");
    EXPECT_EQ(python.line(), "ready");
    run_net([](std::string there) -> Coro<> {
        const DatagramEndpoint endpoint = co_await testing::bound_to(Address::local(""));
        co_await ask(endpoint, Address::local(there));
    }(path));
    EXPECT_EQ(unlink(path.c_str()), 0);
}

TEST(RealDatagramPython, a_server_answers_what_python_asks) {
    run_net([]() -> Coro<> {
        const DatagramEndpoint endpoint = co_await bound_endpoint();
        Python python(R"(
async def main():
    transport, protocol = await asyncio.get_running_loop().create_datagram_endpoint(
        Asking, remote_addr=("127.0.0.1", )" +
                      std::to_string(endpoint.sockname().port()) + R"())
    for data in [b"hello", b"x" * 60000, b"bye"]:
        transport.sendto(data)
        answer = await asyncio.wait_for(protocol.answers.get(), 30)
        print(answer == data.upper(), flush=True)
    transport.close())");
        for (bool more = true; more;) {
            auto [data, from] = co_await wait_for(endpoint.recvfrom(), 30s);
            more = data != "bye";
            for (char& c : data) c = static_cast<char>(c - 'a' + 'A');
            endpoint.sendto(data, from);
        }
        for (int i = 0; i < 3; ++i) EXPECT_EQ(python.line(), "True");
    }());
}

}  // namespace
}  // namespace hocket
