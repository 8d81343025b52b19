// SPDX-License-Identifier: MIT
// A thousand clients of slowhttptest that send and read as slowly as they can: others are served, in little memory.
#include <hocket/http/client_session.h>
#include <hocket/http/server_peers_test.h>
#include <tests/support/descriptors.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

namespace hocket::http {
namespace {

using namespace testing;
using namespace std::chrono_literals;

constexpr std::size_t slow_clients = 1000;
/// What they may cost together: what the system does not keep of an answer, and a request's head and buffers, for each.
constexpr std::size_t bound = 64 << 20;

/// Bytes that this process has in memory.
std::size_t resident() {
    std::ifstream file("/proc/self/statm");
    std::size_t all = 0, there = 0;
    file >> all >> there;
    return there * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

struct Slowness {
    const char* name;
    const char* options;
    const char* path;
};
void PrintTo(const Slowness& how, std::ostream* out) { *out << how.name; }

class RealSlowPeers : public ::testing::TestWithParam<Slowness> {
protected:
    void SetUp() override {
        if (lacks("/usr/bin/slowhttptest")) GTEST_SKIP() << "slowhttptest is not installed";
    }
};
INSTANTIATE_TEST_SUITE_P(Peers, RealSlowPeers,
                         ::testing::Values(Slowness{"headers", "-H -x 10", "/"},
                                           Slowness{"bodies", "-B -s 8192 -x 10", "/echo"},
                                           Slowness{"reads", "-X -w 10 -y 20 -n 5 -z 8", "/files/big.bin"}),
                         [](const ::testing::TestParamInfo<Slowness>& test) { return test.param.name; });

Coro<> serve_beside_slow_clients(Slowness how) {
    const Folder folder;
    const HttpServer server = co_await serve_peers(many_sided(folder), false);
    {
        const ClientSession session({.base_url = server.url(), .timeout = 40s});
        const ClientResponse first = co_await session.get("/");
        co_await first.read();
        const std::size_t before = resident();
        const std::string url = server.url() + how.path;
        const std::string tool = "exec /usr/bin/slowhttptest -c 1000 -r 1000 -i 1 -l 60 -p 60 ";
        Daemon slow(folder, {"/bin/sh", "-c", tool + how.options + " -u " + url});
        std::size_t most = 0, memory = 0;
        co_await hocket::testing::until([&] {
            most = std::max(most, server.connections());
            return most > slow_clients || !slow.runs();
        });
        EXPECT_GT(most, slow_clients) << slow.said();
        for (int i = 0; i < 500; ++i) {
            const ClientResponse response = co_await session.get("/seen?" + std::to_string(i));
            EXPECT_EQ(co_await response.text(), "GET /seen?" + std::to_string(i) + " http\n");
            memory = std::max(memory, resident());
        }
        if (!HOCKET_SANITIZED) {
            EXPECT_LT(memory, before + bound);
        }
    }
    server.abort();
    co_await server.wait_closed();
}

TEST_P(RealSlowPeers, leave_others_be) {
    const hocket::testing::ManyDescriptors many(3 * slow_clients);
    if (!many.allowed()) GTEST_SKIP() << "no process may have " << 3 * slow_clients << " descriptors";
    hocket::testing::run_net(serve_beside_slow_clients(GetParam()));
}

}  // namespace
}  // namespace hocket::http
