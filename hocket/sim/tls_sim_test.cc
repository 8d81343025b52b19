// SPDX-License-Identifier: MIT
// TLS in simulation goes by the simulation's time, in its bytes, too.
#include <hocket/hocket.h>
#include <hocket/sim/certificates_test.h>
#include <hocket/sim/run.h>
#include <hocket/sim/run_in_world_test.h>

#include <gtest/gtest.h>

#include <unistd.h>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>

namespace hocket::sim {
namespace {

using namespace std::chrono_literals;
using testing::FixedCertificates;
using testing::run_calmly;

Coro<> echo(StreamReader reader, StreamWriter writer) {
    const std::string line = co_await reader.readexactly(5);
    co_await writer.write(line);
}

Coro<> tls_server(TlsVersion version) {
    const TlsContext context = FixedCertificates::server(version);
    const Server server = co_await start_server(echo, "", 443, {.tls = context});
    co_await server.serve_forever();
}

// Sends what comes back, so that the server's tickets have come, too; whether a session was resumed.
Coro<bool> resumes(TlsContext context, std::string host = "server") {
    auto [reader, writer] = co_await open_connection(host, 443, {.tls = context, .server_hostname = "server"});
    co_await writer.write("hello");
    co_await reader.readexactly(5);
    const auto info = writer.tls();
    writer.close();
    co_await writer.wait_closed();
    co_return info->session_reused;
}

TEST(OnceSimTls, a_session_expires_when_its_two_hours_have_passed) {
    Config config = Config::calm();
    config.time_limit = 24h;
    for (const TlsVersion version : {TlsVersion::tls1_2, TlsVersion::tls1_3}) {
        const Outcome outcome = run(config, [version](World& world) -> Coro<> {
            world.host("server", [version] { return tls_server(version); });
            co_await hocket::sleep(1s);
            const TlsContext context = FixedCertificates::client();
            EXPECT_FALSE(co_await resumes(context));
            co_await hocket::sleep(1h);
            EXPECT_TRUE(co_await resumes(context));
            co_await hocket::sleep(3h);
            EXPECT_FALSE(co_await resumes(context));
            EXPECT_TRUE(co_await resumes(context));
        });
        EXPECT_TRUE(outcome.ok) << outcome.error;
    }
}

/// All that two connections to each of two servers send, of which the second resumes the session of the first; between them, the system's clock
/// goes on by as many microseconds.
std::string bytes_on_the_way(unsigned microseconds) {
    std::string all;
    run_calmly([&all, microseconds](World& world) -> Coro<> {
        world.rule([&all](Host, Host, std::string_view data) {
            all += data;
            return Verdict::pass;
        });
        world.host("old", [] { return tls_server(TlsVersion::tls1_2); });
        world.host("new", [] { return tls_server(TlsVersion::tls1_3); });
        co_await hocket::sleep(1s);
        const TlsContext context = FixedCertificates::client();
        EXPECT_FALSE(co_await resumes(context, "old"));
        EXPECT_FALSE(co_await resumes(context, "new"));
        usleep(microseconds);
        co_await hocket::sleep(10min);
        EXPECT_TRUE(co_await resumes(context, "old"));
        EXPECT_TRUE(co_await resumes(context, "new"));
    });
    return all;
}

TEST(OnceSimTls, no_byte_is_another_when_the_system_s_clock_has_gone_on) {
    EXPECT_EQ(bytes_on_the_way(3'100'000), bytes_on_the_way(0));
}

TEST(OnceSimTls, certificates_are_read_from_the_host_s_disk) {
    run_calmly([](World& world) -> Coro<> {
        const Host server = world.host("server", [] { return tls_server(TlsVersion::tls1_3); });
        co_await hocket::sleep(1s);
        EXPECT_TRUE(server.files().exists("/server.crt"));
        const auto context_of = [](std::string ca_file) { return TlsContext::client({.ca_file = std::move(ca_file)}); };
        EXPECT_THROW(context_of("/ca.crt"), OSError);
        world.main().files().write("/ca.crt", FixedCertificates::authority());
        EXPECT_FALSE(co_await resumes(context_of("/ca.crt")));
        EXPECT_THROW(context_of("/proc/self/exe"), OSError);  // which the real system has
    });
}

}  // namespace
}  // namespace hocket::sim
