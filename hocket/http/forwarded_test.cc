// SPDX-License-Identifier: MIT
// Who the client is, behind proxies and behind those who pose as such.
#include <hocket/http/forwarded_internal.h>
#include <hocket/http/server_test.h>
#include <hocket/net/net_test.h>

#include <string>
#include <vector>

namespace hocket::http {

namespace {

using hocket::testing::run_net;

const Forwarding direct{"10.0.0.1", "http", "inner:8080"};

/// `remote scheme host`
std::string seen(const TrustedProxies& proxies, const Headers& headers, const std::string& peer = "10.0.0.1:5000") {
    const Forwarding found = proxies.resolve(headers, Address::parse(peer), direct);
    return found.remote + " " + found.scheme + " " + found.host;
}

const TrustedProxies by_x({"10.0.0.0/8", "::1", "fd00::/9"}, ForwardedFields::x_forwarded);
const TrustedProxies by_forwarded({"10.0.0.0/8", "::1"}, ForwardedFields::forwarded);
const std::string nothing = "10.0.0.1 http inner:8080";

std::string refusal_of(const std::string& proxy) {
    try {
        const TrustedProxies proxies({proxy}, ForwardedFields::x_forwarded);
    } catch (const ValueError& e) {
        return e.what();
    }
    return "nothing";
}

Coro<> served(std::vector<std::string> trusted, std::string expected) {
    Application app;
    app.get("/", [](Request& request) {
        return std::string(request.remote()) + " " + std::string(request.scheme()) + " " + std::string(request.host()) +
               (request.secure() ? " secure " : " open ") + request.url();
    });
    HttpServer server = co_await serve(app, "127.0.0.1", 0, {.trusted_proxies = std::move(trusted)});
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
    co_await writer.write(
        "GET /?x=1 HTTP/1.1\r\nHost: inner\r\nX-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https\r\n"
        "X-Forwarded-Host: shop.example\r\nForwarded: for=203.0.113.9\r\nConnection: close\r\n\r\n");
    EXPECT_EQ(body_of(co_await reader.read()),
              expected.append(expected.find("secure") == std::string::npos ? "http://inner/?x=1"
                                                                           : "https://shop.example/?x=1"));
    server.close();
    co_await server.wait_closed();
}

}  // namespace

TEST(OnceHttpForwarded, who_is_not_trusted_is_not_believed) {
    const Headers headers{{"X-Forwarded-For", "192.0.2.7"},
                          {"X-Forwarded-Proto", "https"},
                          {"X-Forwarded-Host", "evil.example"},
                          {"Forwarded", "for=192.0.2.7;proto=https;host=evil.example"}};
    EXPECT_EQ(seen(TrustedProxies(), headers), nothing);
    EXPECT_EQ(seen(by_x, headers, "192.0.2.1:80"), nothing);
    EXPECT_EQ(seen(by_x, headers, "[fd80::1]:80"), nothing);
    EXPECT_EQ(seen(by_x, headers, "unix:/run/x"), nothing);
    EXPECT_EQ(seen(by_x, headers), "192.0.2.7 https evil.example");
    EXPECT_EQ(seen(by_x, headers, "[fd70::1]:80"), "192.0.2.7 https evil.example");
    EXPECT_EQ(seen(by_x, headers, "[::ffff:10.1.2.3]:80"), "192.0.2.7 https evil.example");
    EXPECT_EQ(seen(TrustedProxies({"unix"}, ForwardedFields::x_forwarded), headers, "unix:/run/x"),
              "192.0.2.7 https evil.example");
}

TEST(OnceHttpForwarded, only_the_fields_that_proxies_write_are_looked_at) {
    EXPECT_EQ(seen(by_forwarded, {{"X-Forwarded-For", "192.0.2.7"}, {"X-Forwarded-Proto", "https"}}), nothing);
    EXPECT_EQ(seen(by_x, {{"Forwarded", "for=192.0.2.7;proto=https"}}), nothing);
}

TEST(OnceHttpForwarded, what_the_client_itself_has_written_is_behind_the_word_of_the_proxy) {
    EXPECT_EQ(seen(by_x, {{"X-Forwarded-For", "1.1.1.1, 192.0.2.7"}}), "192.0.2.7 http inner:8080");
    EXPECT_EQ(seen(by_x, {{"X-Forwarded-For", "1.1.1.1"}, {"X-Forwarded-For", "192.0.2.7"}}),
              "192.0.2.7 http inner:8080");
    EXPECT_EQ(seen(by_x, {{"X-Forwarded-For", "1.1.1.1, 192.0.2.7, 10.9.9.9"}}), "192.0.2.7 http inner:8080");
    EXPECT_EQ(seen(by_x, {{"X-Forwarded-For", "1.1.1.1, 192.0.2.7"},
                          {"X-Forwarded-Proto", "https, http"},
                          {"X-Forwarded-Host", "evil.example, shop.example"}}),
              "192.0.2.7 http shop.example");
    EXPECT_EQ(seen(by_x, {{"X-Forwarded-For", "1.1.1.1, 192.0.2.7"}, {"X-Forwarded-Proto", "http"}}),
              "192.0.2.7 http inner:8080");
    EXPECT_EQ(seen(by_forwarded, {{"Forwarded", "for=1.1.1.1;proto=https;host=evil.example, for=192.0.2.7"}}),
              "192.0.2.7 http inner:8080");
    EXPECT_EQ(seen(by_forwarded, {{"Forwarded", "for=192.0.2.7;proto=https;host=shop.example, for=10.9.9.9"}}),
              "192.0.2.7 https shop.example");
}

// 10.9.9.9 appends to X-Forwarded-For and sets neither scheme nor host; 10.0.0.1 appends to all three.
TEST(OnceHttpForwarded, of_scheme_and_host_only_the_last_word_counts) {
    EXPECT_EQ(seen(by_x, {{"X-Forwarded-For", "192.0.2.7, 10.9.9.9"},
                          {"X-Forwarded-Proto", "https, http"},
                          {"X-Forwarded-Host", "evil.example, shop.example"}}),
              "192.0.2.7 http shop.example");
    EXPECT_EQ(seen(by_x, {{"X-Forwarded-For", "192.0.2.7, 10.9.9.9"},
                          {"X-Forwarded-Proto", "http"},
                          {"X-Forwarded-Proto", "https"},
                          {"X-Forwarded-Host", "evil.example"},
                          {"X-Forwarded-Host", "shop.example"}}),
              "192.0.2.7 https shop.example");
}

TEST(OnceHttpForwarded, an_open_quote_of_a_client_hides_nothing_behind_it) {
    for (const char* clients : {"\"", "\"evil", "\\\"", "for=1.1.1.1;x=\"", "for=\"1.1.1.1\\"}) {
        const std::string own(clients);
        EXPECT_EQ(seen(by_x, {{"X-Forwarded-For", own + ", 192.0.2.7"}}), "192.0.2.7 http inner:8080") << own;
        EXPECT_EQ(seen(by_forwarded, {{"Forwarded", own + ", for=192.0.2.7"}}), "192.0.2.7 http inner:8080") << own;
        EXPECT_EQ(seen(by_forwarded, {{"Forwarded", own + ", for=\"[2001:db8::7]:80\";proto=https"}}),
                  "2001:db8::7 https inner:8080")
            << own;
    }
    EXPECT_EQ(seen(by_forwarded, {{"Forwarded", R"(for=1.1.1.1, host="a\",b";for=192.0.2.7)"}}),
              "192.0.2.7 http inner:8080");
}

TEST(OnceHttpForwarded, nodes_have_ports_brackets_and_quotes) {
    EXPECT_EQ(seen(by_x, {{"X-Forwarded-For", "192.0.2.7:4711"}}), "192.0.2.7 http inner:8080");
    EXPECT_EQ(seen(by_x, {{"X-Forwarded-For", "2001:db8::7"}}), "2001:db8::7 http inner:8080");
    EXPECT_EQ(seen(by_forwarded, {{"Forwarded", R"(For="[2001:db8:cafe::17]:4711" ; Proto=HTTPS; by=203.0.113.43)"}}),
              "2001:db8:cafe::17 https inner:8080");
    EXPECT_EQ(seen(by_forwarded, {{"Forwarded", R"(host="a,b;for=6.6.6.6";for=192.0.2.7)"}}),
              "192.0.2.7 http inner:8080");
}

TEST(OnceHttpForwarded, what_is_no_address_scheme_or_host_says_nothing) {
    for (const char* client : {"unknown", "_hidden", "", ",", "1.2.3", "192.0.2.7 OR 1=1", "[::1", "[::1]x", "evil\"",
                               "2130706433", "0x7f000001"}) {
        EXPECT_EQ(seen(by_x, {{"X-Forwarded-For", client}}), nothing) << client;
    }
    for (const char* scheme : {"ftp", "javascript", "https://", "http s", ""}) {
        EXPECT_EQ(seen(by_x, {{"X-Forwarded-For", "192.0.2.7"}, {"X-Forwarded-Proto", scheme}}),
                  "192.0.2.7 http inner:8080")
            << scheme;
    }
    for (const char* host : {"a/b", "a@b", "a b", "a\\b", "<script>", "", "a?b", "a#b"}) {
        EXPECT_EQ(seen(by_x, {{"X-Forwarded-For", "192.0.2.7"}, {"X-Forwarded-Host", host}}),
                  "192.0.2.7 http inner:8080")
            << host;
    }
    EXPECT_EQ(seen(by_forwarded, {{"Forwarded", R"(for="192.0.2.7)"}}), nothing);
    EXPECT_EQ(seen(by_forwarded, {{"Forwarded", ";;;=;for"}}), nothing);
}

TEST(OnceHttpForwarded, a_long_chain_is_looked_at_only_so_far) {
    std::string chain = "192.0.2.7";
    for (int i = 0; i < 1000; ++i) chain += ",10.0.0.2";
    EXPECT_EQ(seen(by_x, {{"X-Forwarded-For", chain}}), "10.0.0.2 http inner:8080");
}

TEST(OnceHttpForwarded, refuses_what_is_no_network) {
    for (const char* proxy :
         {"", "proxy.example", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/8x", "10.0.0.0/-1", "::/129"}) {
        EXPECT_NE(refusal_of(proxy).find("is no address, no network such as 10.0.0.0/8, and not unix"),
                  std::string::npos)
            << proxy;
    }
    EXPECT_EQ(refusal_of("10.0.0.1/8"),
              R"(trusted_proxies: "10.0.0.1/8" has bits of a host behind those of its network)");
    EXPECT_EQ(refusal_of("0.0.0.0/0"), "nothing");
}

TEST(RealHttpForwarded, a_server_believes_whom_it_is_told_to) {
    run_net(served({}, "127.0.0.1 http inner open "));
    run_net(served({"127.0.0.1"}, "192.0.2.7 https shop.example secure "));
}

}  // namespace hocket::http
