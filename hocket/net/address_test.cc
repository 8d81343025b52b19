// SPDX-License-Identifier: MIT
// Addresses: reading, writing, and the way through the system's form.
#include <hocket/net/address.h>

#include <gtest/gtest.h>
#include <hocket/base/errors.h>

#include <cstring>
#include <string>

namespace hocket {
namespace {

TEST(OnceAddress, its_text_can_be_parsed_again) {
    for (const std::string text : {"127.0.0.1:80", "0.0.0.0:0", "255.1.2.3:65535", "[::1]:80", "[2001:db8::ff]:8080",
                                   "[fe80::1%lo]:1", "unix:/run/x.sock", "unix:@abstract"}) {
        EXPECT_EQ(Address::parse(text).str(), text);
    }
}

TEST(OnceAddress, what_is_no_address_is_refused) {
    for (const std::string text :
         {"", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:80x", "127.1:80", "localhost:80",
          "::1:80", "[127.0.0.1]:80", "[::1]", "[::1%no-such-interface]:80", "256.0.0.1:80"}) {
        EXPECT_THROW(Address::parse(text), ValueError) << text;
    }
    EXPECT_THROW(Address::parse("unix:" + std::string(200, 'x')), ValueError);
}

TEST(OnceAddress, parts_can_be_asked_for) {
    const Address a = Address::parse("[::1]:80");
    EXPECT_EQ(a.host(), "::1");
    EXPECT_EQ(a.port(), 80);
    EXPECT_EQ(a.family(), AddressFamily::ipv6);
    EXPECT_TRUE(a.is_ip());
    EXPECT_EQ(a.with_port(81).str(), "[::1]:81");
    EXPECT_EQ(Address::local("/tmp/s").path(), "/tmp/s");
    EXPECT_FALSE(Address::local("/tmp/s").is_ip());
}

TEST(OnceAddress, no_address_is_nowhere) {
    EXPECT_FALSE(Address());
    EXPECT_EQ(Address().str(), "nowhere");
    EXPECT_EQ(Address(), Address());
}

TEST(OnceAddress, it_survives_the_systems_form) {
    for (const std::string text : {"10.1.2.3:4567", "[fe80::1%1]:80", "unix:/run/x.sock", "unix:@abstract", "unix:"}) {
        const Address a = Address::parse(text);
        EXPECT_EQ(Address::from_raw(a.raw()), a) << text;
    }
    RawAddress unknown{};
    EXPECT_FALSE(Address::from_raw(unknown));
    unknown.size = 0;
    EXPECT_FALSE(Address::from_raw(unknown));
}

TEST(OnceAddress, addresses_differ_in_every_part) {
    const Address a = Address::parse("127.0.0.1:80");
    EXPECT_NE(a, Address::parse("127.0.0.2:80"));
    EXPECT_NE(a, Address::parse("127.0.0.1:81"));
    EXPECT_NE(Address::any(AddressFamily::ipv4, 0), Address::any(AddressFamily::ipv6, 0));
    EXPECT_NE(Address::local("a"), Address::local("b"));
}

TEST(OnceAddress, only_numeric_hosts_are_numeric) {
    EXPECT_TRUE(Address::numeric("1.2.3.4", 1));
    EXPECT_TRUE(Address::numeric("::", 1));
    EXPECT_FALSE(Address::numeric("localhost", 1));
    EXPECT_FALSE(Address::numeric("", 1));
    EXPECT_FALSE(Address::numeric(std::string_view("1.2.3.4\0x", 9), 1));
}

}  // namespace
}  // namespace hocket
