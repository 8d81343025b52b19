// SPDX-License-Identifier: MIT
// Where a server listens: ports, families, interfaces, names, paths.
#include <hocket/net/server.h>

#include <gtest/gtest.h>
#include <hocket/net/names_test.h>
#include <hocket/net/net_test.h>
#include <hocket/net/sockets_test.h>

#include <fcntl.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <sys/stat.h>
#include <cstring>
#include <filesystem>
#include <string>

namespace hocket {
namespace {

using testing::echo, testing::ask, testing::run_net, testing::ending_of, testing::has_ipv6;

Coro<std::string> ask_at(Address address, std::string question) {
    auto [reader, writer] = co_await open_connection(std::move(address));
    co_await writer.write(question);
    co_return co_await reader.readexactly(question.size());
}

TEST(RealServer, a_port_in_use_is_an_error_that_names_it) {
    run_net([]() -> Coro<> {
        const Server server = co_await start_server(echo, "127.0.0.1", 0);
        const Address address = server.sockets().at(0);
        EXPECT_EQ(co_await ending_of(start_server(echo, address)),
                  "hocket::OSError: bind to " + address.str() + ": Address already in use");
        EXPECT_EQ(co_await ending_of(start_server(echo, Address::parse("203.0.113.1:0"))),
                  "hocket::OSError: bind to 203.0.113.1:0: Cannot assign requested address");
    }());
}

TEST(RealServer, sockets_that_say_so_share_a_port) {
    run_net([]() -> Coro<> {
        const Server first = co_await start_server(echo, "127.0.0.1", 0, {.reuse_port = true});
        const Server second = co_await start_server(echo, "127.0.0.1", first.port(), {.reuse_port = true});
        EXPECT_EQ(co_await ask(first.port(), "one of them"), "one of them");
    }());
}

TEST(RealServer, a_port_that_cannot_be_shared_is_an_error) {
    run_net([]() -> Coro<> {
        const int on = 1, probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const bool refused = setsockopt(probe, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) < 0;  // since Linux 6.13
        ::close(probe);
        const std::string path = "/tmp/hocket-test-" + std::to_string(getpid()) + "-shared.sock";
        EXPECT_EQ(
            co_await ending_of(start_server(echo, Address::local(path), {.reuse_port = true})),
            refused ? "hocket::OSError: share the port of unix:" + path + ": Operation not supported" : "nothing");
    }());
}

TEST(RealServer, without_a_host_it_listens_on_all_interfaces) {
    run_net([]() -> Coro<> {
        const Server server = co_await start_server(echo, "", 0);
        EXPECT_EQ(server.sockets().at(0).host(), "0.0.0.0");
        EXPECT_EQ(co_await ask(server.port(), "hello"), "hello");
    }());
}

TEST(RealServer, it_can_listen_on_a_path) {
    run_net([]() -> Coro<> {
        const std::string path = "/tmp/hocket-test-" + std::to_string(getpid()) + ".sock";
        const Server server = co_await start_server(echo, Address::local(path));
        auto [reader, writer] = co_await open_connection(Address::local(path));
        co_await writer.write("hello");
        EXPECT_EQ(co_await reader.read(10), "hello");
        EXPECT_EQ(writer.peername().str(), "unix:" + path);
        server.close();
        EXPECT_EQ(co_await ending_of(open_connection(Address::local(path))),
                  "hocket::OSError: connect to unix:" + path + ": No such file or directory");
    }());
}

std::string socket_path(const char* name) {
    return "/tmp/hocket-test-" + std::to_string(getpid()) + "-" + name + ".sock";
}

TEST(RealServer, a_path_can_be_listened_on_again_after_a_close) {
    run_net([]() -> Coro<> {
        const std::string path = socket_path("again");
        for (int i = 0; i < 2; ++i) {
            const Server server = co_await start_server(echo, Address::local(path));
            EXPECT_EQ(access(path.c_str(), F_OK), 0);
            server.close();
            EXPECT_NE(access(path.c_str(), F_OK), 0);
        }
    }());
}

TEST(RealServer, a_socket_that_another_process_left_behind_is_replaced) {
    run_net([]() -> Coro<> {
        const std::string path = socket_path("stale");
        {
            const RawAddress raw = Address::local(path).raw();
            const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
            EXPECT_EQ(bind(fd, raw.get(), raw.size), 0);
            ::close(fd);
        }
        const Server old = co_await start_server(echo, Address::local(path));
        const Server server = co_await start_server(echo, Address::local(path));
        old.close();  // the path is no longer its own
        auto [reader, writer] = co_await open_connection(Address::local(path));
        co_await writer.write("hello");
        EXPECT_EQ(co_await reader.read(10), "hello");
        server.close();
    }());
}

TEST(RealServer, a_file_that_is_no_socket_is_left_alone) {
    run_net([]() -> Coro<> {
        const std::string path = socket_path("file");
        ::close(open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
        EXPECT_EQ(co_await ending_of(start_server(echo, Address::local(path))),
                  "hocket::OSError: bind to unix:" + path + ": Address already in use");
        EXPECT_EQ(unlink(path.c_str()), 0);
    }());
}

TEST(RealServer, it_can_listen_on_ipv6) {
    if (!has_ipv6()) GTEST_SKIP() << "no IPv6";
    run_net([]() -> Coro<> {
        const Server server = co_await start_server(echo, "::1", 0);
        EXPECT_EQ(server.sockets().size(), 1U);
        EXPECT_EQ(server.sockets().at(0).host(), "::1");
        EXPECT_EQ(co_await ask_at(server.sockets().at(0), "hello"), "hello");
        server.close();
        co_await server.wait_closed();
    }());
}

TEST(RealServer, an_ipv6_address_may_say_of_which_interface_it_is) {
    if (!has_ipv6()) GTEST_SKIP() << "no IPv6";
    run_net([]() -> Coro<> {
        const Server server = co_await start_server(echo, "::1%lo", 0);
        auto [reader, writer] = co_await open_connection("::1%1", server.port());
        co_await writer.write("hello");
        EXPECT_EQ(co_await reader.readexactly(5), "hello");
        EXPECT_EQ(writer.peername().str(), "[::1%lo]:" + std::to_string(server.port()));
    }());
}

/// One that means something on its own interface only, if there is any.
Address link_local() {
    ifaddrs* list = nullptr;
    EXPECT_EQ(getifaddrs(&list), 0);
    Address found;
    for (const ifaddrs* i = list; i; i = i->ifa_next) {
        if (!i->ifa_addr || i->ifa_addr->sa_family != AF_INET6) continue;
        sockaddr_in6 in{};
        std::memcpy(&in, i->ifa_addr, sizeof in);
        RawAddress raw{};
        std::memcpy(raw.bytes, &in, sizeof in);
        raw.size = sizeof in;
        if (IN6_IS_ADDR_LINKLOCAL(&in.sin6_addr)) found = Address::from_raw(raw);
    }
    freeifaddrs(list);
    return found;
}

TEST(RealServer, a_link_local_address_needs_its_interface) {
    const Address address = link_local();
    if (!address) GTEST_SKIP() << "no IPv6 of an interface";
    run_net([](Address local) -> Coro<> {
        const Server server = co_await start_server(echo, local.host(), 0);
        EXPECT_EQ(server.sockets().at(0).host(), local.host());
        EXPECT_EQ(co_await ask_at(local.with_port(server.port()), "hello"), "hello");
        const std::string bare = local.host().substr(0, local.host().find('%'));
        EXPECT_NE(co_await ending_of(open_connection(bare, server.port())), "nothing");
    }(address));
}

TEST(RealServer, several_hosts_make_one_server_on_each_of_their_addresses) {
    run_net([]() -> Coro<> {
        const Server server = co_await start_server(echo, {"127.0.0.1", "127.0.0.2", "127.0.0.1"}, 0);
        const std::vector<Address> addresses = server.sockets();
        EXPECT_EQ(addresses.size(), 2U);
        EXPECT_EQ(addresses.at(0).host(), "127.0.0.1");
        EXPECT_EQ(addresses.at(1).host(), "127.0.0.2");
        for (const Address& a : addresses) EXPECT_EQ(co_await ask_at(a, a.str()), a.str());
    }());
}

TEST(RealServer, several_hosts_may_be_of_both_families) {
    if (!has_ipv6()) GTEST_SKIP() << "no IPv6";
    run_net([]() -> Coro<> {
        const std::vector<std::string> hosts{"::1", "127.0.0.1", "::1"};
        const Server server = co_await start_server(echo, hosts, 0);
        const std::vector<Address> addresses = server.sockets();
        EXPECT_EQ(addresses.size(), 2U);
        EXPECT_EQ(addresses.at(0).host(), "::1");
        EXPECT_EQ(addresses.at(1).host(), "127.0.0.1");
        for (const Address& a : addresses) EXPECT_EQ(co_await ask_at(a, a.str()), a.str());
    }());
}

TEST(RealServer, of_several_hosts_none_serves_if_one_fails) {
    run_net([]() -> Coro<> {
        const std::string end = co_await ending_of(start_server(echo, {"127.0.0.1", "no such host"}, 0));
        EXPECT_TRUE(end.starts_with("hocket::GaiError: resolve no such host: ")) << end;
        const Server other = co_await start_server(echo, "127.0.0.1", 0);
        EXPECT_EQ(co_await ending_of(start_server(echo, {"127.0.0.2", "127.0.0.1"}, other.port())),
                  "hocket::OSError: bind to " + other.sockets().at(0).str() + ": Address already in use");
        EXPECT_EQ(co_await ending_of(start_server(echo, std::vector<std::string>(), 0)),
                  "hocket::ValueError: there is no address to connect to or to listen on");
    }());
}

TEST(RealServer, its_port_may_be_the_name_of_a_service) {
    run_net([]() -> Coro<> {
        const auto names = testing::TestNames::install();
        std::uint16_t port = 0;
        {
            const Server any = co_await start_server(echo, "127.0.0.1", 0);
            port = any.port();
            any.close();
            co_await any.wait_closed();
        }
        names->add_service("tune", port);
        const Server server = co_await start_server(echo, "127.0.0.1", "tune");
        EXPECT_EQ(server.port(), port);
        auto [reader, writer] = co_await open_connection("127.0.0.1", "tune");
        co_await writer.write("hello");
        EXPECT_EQ(co_await reader.readexactly(5), "hello");
        EXPECT_EQ(writer.peername(), server.sockets().at(0));
    }());
}

TEST(RealServer, without_a_host_it_serves_both_families) {
    if (!has_ipv6()) GTEST_SKIP() << "no IPv6";
    run_net([]() -> Coro<> {
        const Server server = co_await start_server(echo, "", 0);
        EXPECT_EQ(server.sockets().size(), 2U);
        for (const Address& any : server.sockets()) {
            const Address here = Address::loopback(any.family(), any.port());
            EXPECT_EQ(co_await ask_at(here, here.str()), here.str());
        }
    }());
}

TEST(RealServer, a_name_that_does_not_exist_is_an_error) {
    run_net([]() -> Coro<> {
        const std::string end = co_await ending_of(start_server(echo, "no such host", 0));
        EXPECT_TRUE(end.starts_with("hocket::GaiError: resolve no such host: ")) << end;
    }());
}

TEST(RealServer, it_needs_an_address) {
    run_net([]() -> Coro<> {
        EXPECT_EQ(co_await ending_of(start_server(echo, Address())),
                  "hocket::ValueError: there is no address to connect to or to listen on");
    }());
}

TEST(RealServer, a_path_may_be_one_of_the_filesystem_library) {
    run_net([]() -> Coro<> {
        const std::filesystem::path path = socket_path("filesystem");
        const Server server = co_await start_server(echo, Address::local(path));
        EXPECT_EQ(co_await ask_at(Address::local(path), "hello"), "hello");
        server.close();
        EXPECT_EQ(co_await ending_of(open_connection(Address::local(path))),
                  "hocket::OSError: connect to unix:" + path.string() + ": No such file or directory");
    }());
}

TEST(RealServer, a_path_that_others_have_removed_is_no_error_of_the_close) {
    run_net([]() -> Coro<> {
        const std::string path = socket_path("gone");
        const Server server = co_await start_server(echo, Address::local(path));
        EXPECT_EQ(unlink(path.c_str()), 0);
        server.close();
        co_await server.wait_closed();
    }());
}

TEST(RealServer, its_path_stays_when_it_is_told_so) {
    run_net([]() -> Coro<> {
        const std::string path = socket_path("stays");
        const Server server = co_await start_server(echo, Address::local(path), {.cleanup_socket = false});
        server.close();
        co_await server.wait_closed();
        EXPECT_EQ(access(path.c_str(), F_OK), 0);
        EXPECT_EQ(unlink(path.c_str()), 0);
    }());
}

TEST(RealServer, on_a_path_too_it_serves_until_serve_forever_is_cancelled) {
    run_net([]() -> Coro<> {
        const std::string path = socket_path("forever");
        const Server server = co_await start_server(echo, Address::local(path), {.start_serving = false});
        EXPECT_FALSE(server.is_serving());
        server.start_serving();
        EXPECT_TRUE(server.is_serving());
        const Task<> serving = create_task(server.serve_forever());
        EXPECT_EQ(co_await ask_at(Address::local(path), "hello"), "hello");
        serving.cancel();
        EXPECT_EQ(co_await ending_of(serving), "hocket::CancelledError");
        EXPECT_TRUE(server.sockets().empty());
        EXPECT_FALSE(server.is_serving());
        EXPECT_EQ(co_await ending_of(server.serve_forever()), "hocket::RuntimeError: server is closed");
    }());
}

}  // namespace
}  // namespace hocket
