// SPDX-License-Identifier: MIT
// Names to addresses: what needs no question, and what the system answers.
#include <hocket/net/resolve.h>

#include <gtest/gtest.h>
#include <hocket/net/net_test.h>
#include <hocket/net/resolver_internal.h>

#include <netdb.h>
#include <algorithm>
#include <string>

namespace hocket {
namespace {

TEST(Resolve, a_numeric_host_asks_nobody) {
    run([]() -> Coro<> {
        const testing::TurnWatch turn;
        const auto addresses = co_await getaddrinfo("127.0.0.1", 80);
        EXPECT_EQ(addresses, std::vector{Address::parse("127.0.0.1:80")});
        EXPECT_EQ((co_await getaddrinfo("::1", 81)).at(0).str(), "[::1]:81");
        EXPECT_FALSE(turn.passed());
        EXPECT_EQ(Resolver::of(get_running_loop())->workers(), 0U);
    }());
}

TEST(Resolve, no_host_is_this_machine_or_for_a_server_every_interface) {
    run([]() -> Coro<> {
        const auto here = co_await getaddrinfo("", 80);
        EXPECT_NE(std::ranges::find(here, Address::parse("127.0.0.1:80")), here.end());
        const auto all = co_await getaddrinfo("", 80, {.passive = true});
        EXPECT_NE(std::ranges::find(all, Address::parse("0.0.0.0:80")), all.end());
        EXPECT_EQ((co_await getaddrinfo("", 80, {.family = AddressFamily::ipv6, .passive = true})).at(0).str(),
                  "[::]:80");
    }());
}

TEST(Resolve, a_name_is_resolved_on_a_thread) {
    run([]() -> Coro<> {
        const auto addresses = co_await getaddrinfo("localhost", 80, {.family = AddressFamily::ipv4});
        EXPECT_EQ(addresses, std::vector{Address::parse("127.0.0.1:80")});
        EXPECT_EQ(Resolver::of(get_running_loop())->workers(), 1U);
    }());
}

TEST(Resolve, a_name_that_does_not_exist_is_named) {
    run([]() -> Coro<> {
        std::string text;
        try {
            co_await getaddrinfo("no such host", 80);
        } catch (const GaiError& e) {
            text = e.what();
            EXPECT_NE(e.gai_code(), 0);
        }
        EXPECT_EQ(text.substr(0, 22), "resolve no such host: ");
    }());
}

TEST(Resolve, a_name_ends_nowhere_before_its_last_character) {
    run([]() -> Coro<> {
        for (const std::string& host : {std::string("localhost\0.example", 18), std::string("127.0.0.1\0", 10)}) {
            EXPECT_EQ(co_await testing::ending_of(getaddrinfo(host, 80)),
                      "hocket::ValueError: a null character in the name of a host");
        }
    }());
}

TEST(Resolve, a_port_may_be_its_text) {
    run([]() -> Coro<> {
        const std::vector seven{Address::parse("127.0.0.1:7")}, any{Address::parse("127.0.0.1:0")};
        EXPECT_EQ(co_await getaddrinfo("127.0.0.1", 7), seven);
        EXPECT_EQ(co_await getaddrinfo("127.0.0.1", "7"), seven);
        EXPECT_EQ(co_await getaddrinfo("127.0.0.1", std::string("7")), seven);
        EXPECT_EQ(co_await getaddrinfo("127.0.0.1", std::string_view("7")), seven);
        EXPECT_EQ(co_await getaddrinfo("127.0.0.1", ""), any);
        EXPECT_EQ(Resolver::of(get_running_loop())->workers(), 0U);
    }());
}

TEST(Resolve, a_port_may_be_the_name_of_a_service) {
    if (!getservbyname("http", "tcp")) GTEST_SKIP() << "no /etc/services";
    run([]() -> Coro<> {
        EXPECT_EQ((co_await getaddrinfo("127.0.0.1", "http")).at(0).str(), "127.0.0.1:80");
        EXPECT_EQ((co_await getaddrinfo("", "http", {.family = AddressFamily::ipv4})).at(0).str(), "127.0.0.1:80");
    }());
}

TEST(Resolve, a_service_that_does_not_exist_is_named) {
    run([]() -> Coro<> {
        const std::string end = co_await testing::ending_of(getaddrinfo("127.0.0.1", "nonsense"));
        EXPECT_TRUE(end.starts_with("hocket::GaiError: resolve service nonsense: ")) << end;
    }());
}

TEST(OncePort, a_number_has_16_bits_and_a_name_no_null_character) {
    EXPECT_EQ(Port("65535").number(), 65535);
    EXPECT_EQ(Port("http").service(), "http");
    EXPECT_EQ(Port("http").number(), 0);
    EXPECT_EQ(testing::thrown_by([] { Port("65536"); }), "hocket::ValueError: port must be 0-65535, not 65536");
    EXPECT_EQ(testing::thrown_by([] { Port(std::string("http\0x", 6)); }),
              "hocket::ValueError: a null character in the name of a service");
}

TEST(Resolve, an_address_has_names_or_numbers) {
    run([]() -> Coro<> {
        const int numbers = NI_NUMERICHOST | NI_NUMERICSERV;
        const std::pair<std::string, std::string> four{"127.0.0.1", "80"}, six{"::1", "81"};
        EXPECT_EQ(co_await getnameinfo(Address::parse("127.0.0.1:80"), numbers), four);
        EXPECT_EQ(co_await getnameinfo(Address::parse("[::1]:81"), numbers), six);
        EXPECT_NE((co_await getnameinfo(Address::parse("127.0.0.1:80"))).first, "");
    }());
}

TEST(Resolve, what_is_no_ip_address_has_no_names_and_nobody_is_asked) {
    run([]() -> Coro<> {
        EXPECT_EQ(co_await testing::ending_of(getnameinfo(Address::local("/run/x.sock"))),
                  "hocket::ValueError: getnameinfo: not an IP address: unix:/run/x.sock");
        EXPECT_EQ(co_await testing::ending_of(getnameinfo(Address())),
                  "hocket::ValueError: getnameinfo: not an IP address: nowhere");
        EXPECT_EQ(Resolver::of(get_running_loop())->workers(), 0U);
    }());
}

TEST(Resolve, a_numeric_host_of_another_family_is_an_error) {
    run([]() -> Coro<> {
        bool thrown = false;
        try {
            co_await getaddrinfo("127.0.0.1", 80, {.family = AddressFamily::ipv6});
        } catch (const OSError&) {
            thrown = true;
        }
        EXPECT_TRUE(thrown);
    }());
}

}  // namespace
}  // namespace hocket
