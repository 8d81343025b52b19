// SPDX-License-Identifier: MIT
// Proxies as options and environment name them, who needs none, and SOCKS byte by byte.
#include <gtest/gtest.h>
#include <hocket/http/proxy_internal.h>
#include <hocket/http/socks5_internal.h>

#include <map>
#include <string>

namespace hocket::http {
namespace {

using namespace std::string_literals;

// ---- One proxy

TEST(OnceProxy, a_proxy_is_a_url_or_a_host_and_a_port) {
    const Proxy plain = Proxy::parse("127.0.0.1:3128");
    EXPECT_EQ(plain.kind, Proxy::Kind::http);
    EXPECT_EQ(plain.name(), "http://127.0.0.1:3128");
    EXPECT_EQ(plain.authorization(), "");
    EXPECT_EQ(Proxy::parse("http://proxy.example").name(), "http://proxy.example:80");
    EXPECT_EQ(Proxy::parse("HTTPS://proxy.example").name(), "https://proxy.example:443");
    EXPECT_EQ(Proxy::parse("socks5://proxy.example").name(), "socks5://proxy.example:1080");
    EXPECT_EQ(Proxy::parse("socks5h://proxy.example:80").name(), "socks5://proxy.example:80");
    EXPECT_EQ(Proxy::parse("socks5://u:80pass@proxy").name(), "socks5://proxy:1080");
    EXPECT_EQ(Proxy::parse("socks5://[2001:db8:80::1]").name(), "socks5://[2001:db8:80::1]:1080");
    EXPECT_EQ(Proxy::parse("socks5://[2001:db8:80::1]:443").name(), "socks5://[2001:db8:80::1]:443");
    EXPECT_EQ(Proxy::parse("socks://127.0.0.1:1081/").name(), "socks5://127.0.0.1:1081");  // as GNOME writes it
    EXPECT_EQ(Proxy::parse("http://[::1]:8080/").name(), "http://[::1]:8080");
    EXPECT_EQ(Proxy::parse("http://2130706433:1").name(), "http://127.0.0.1:1");
}

TEST(OnceProxy, credentials_are_decoded_and_in_no_message) {
    const Proxy proxy = Proxy::parse("http://us%40er:p%3Aw@127.0.0.1:3128");
    EXPECT_EQ(proxy.user, "us@er");
    EXPECT_EQ(proxy.password, "p:w");
    EXPECT_EQ(proxy.authorization(), "Basic dXNAZXI6cDp3");
    EXPECT_EQ(proxy.name(), "http://127.0.0.1:3128");
}

TEST(OnceProxy, what_is_no_proxy_is_refused_without_its_password) {
    for (const auto& [text, why] : std::map<std::string, std::string>{
             {"ftp://u:secret@h", "the scheme \"ftp\" of the proxy is not http, https or socks5"},
             {"http://u:secret@h:99999", "the proxy's URL, of the scheme http, is malformed"},
             {"socks5://", "the proxy's URL, of the scheme socks5, is malformed"}}) {
        try {
            Proxy::parse(text);
            ADD_FAILURE() << text;
        } catch (const InvalidUrl& e) {
            EXPECT_EQ(e.what(), why);
        }
    }
}

// ---- Who needs none

TEST(OnceNoProxy, a_name_stands_for_what_is_below_it) {
    const NoProxy none("example.org, .Local  intern.:8080,*.wild.example");
    EXPECT_TRUE(none.covers("example.org", 80));
    EXPECT_TRUE(none.covers("www.example.org", 80));
    EXPECT_TRUE(none.covers("WWW.example.org.", 80));
    EXPECT_FALSE(none.covers("badexample.org", 80));
    EXPECT_FALSE(none.covers("example.org.evil", 80));
    EXPECT_TRUE(none.covers("printer.local", 80));
    EXPECT_TRUE(none.covers("a.wild.example", 80));
    EXPECT_TRUE(none.covers("intern", 8080));
}

TEST(OnceNoProxy, a_port_narrows_a_rule) {
    const NoProxy none("intern:8080,10.0.0.1:81,[::1]:82");
    EXPECT_TRUE(none.covers("intern", 8080));
    EXPECT_FALSE(none.covers("intern", 80));
    EXPECT_TRUE(none.covers("10.0.0.1", 81));
    EXPECT_FALSE(none.covers("10.0.0.1", 80));
    EXPECT_TRUE(none.covers("::1", 82));
    EXPECT_FALSE(none.covers("::1", 80));
}

TEST(OnceNoProxy, a_star_is_all) {
    EXPECT_TRUE(NoProxy("x, *").covers("anything", 1));
    EXPECT_FALSE(NoProxy("").covers("anything", 1));
    EXPECT_FALSE(NoProxy(" , ,").covers("anything", 1));
}

// Http-security, 36.
TEST(OnceNoProxy, addresses_are_compared_as_numbers_in_both_families) {
    const NoProxy none("10.1.0.0/16,192.168.0.1,fd00::/8,::ffff:172.16.0.0/108,127.0.0.1/33");
    EXPECT_TRUE(none.covers("10.1.255.255", 80));
    EXPECT_FALSE(none.covers("10.2.0.0", 80));
    EXPECT_TRUE(none.covers("::ffff:10.1.2.3", 80));
    EXPECT_TRUE(none.covers("::ffff:a01:203", 80));
    EXPECT_TRUE(none.covers("192.168.0.1", 80));
    EXPECT_TRUE(none.covers("::ffff:192.168.0.1", 80));
    EXPECT_FALSE(none.covers("192.168.0.10", 80));
    EXPECT_TRUE(none.covers("fd12:3456::1", 80));
    EXPECT_FALSE(none.covers("fe80::1", 80));
    EXPECT_TRUE(none.covers("172.31.0.1", 80));
    EXPECT_FALSE(none.covers("172.32.0.1", 80));
    EXPECT_FALSE(none.covers("127.0.0.1", 80));  // 33 bits are none
    EXPECT_FALSE(none.covers("10.1.example", 80));
    EXPECT_TRUE(NoProxy("0.0.0.0/0").covers("8.8.8.8", 80));
    EXPECT_FALSE(NoProxy("0.0.0.0/0").covers("::1", 80));
    EXPECT_TRUE(NoProxy("::/0").covers("8.8.8.8", 80));
}

// ---- The environment

std::map<std::string, std::string> variables;

const char* variable(const char* name) {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
}

std::string proxy_for(const std::string& url) {
    const ProxySettings settings = ProxySettings::read(variable);
    const Proxy& proxy = settings.of(Url::parse(url));
    return proxy ? proxy.name() : "none";
}

TEST(OnceProxyEnvironment, each_scheme_has_its_variable_and_all_proxy_stands_for_the_rest) {
    variables = {{"http_proxy", "a:1"}, {"ALL_PROXY", "socks5://b:2"}, {"no_proxy", "intern"}};
    EXPECT_EQ(proxy_for("http://x/"), "http://a:1");
    EXPECT_EQ(proxy_for("https://x/"), "socks5://b:2");
    EXPECT_EQ(proxy_for("https://intern/"), "none");
    variables = {};
    EXPECT_EQ(proxy_for("http://x/"), "none");
}

// Http-security, 36 and 37.
TEST(OnceProxyEnvironment, a_host_in_disguise_is_known_by_its_address) {
    variables = {{"all_proxy", "a:1"}, {"no_proxy", "127.0.0.0/8"}};
    for (const char* url :
         {"http://2130706433/", "http://0x7f.1/", "http://127.1:80/", "https://[::ffff:127.0.0.1]/"}) {
        EXPECT_EQ(proxy_for(url), "none") << url;
    }
    EXPECT_EQ(proxy_for("http://128.0.0.1/"), "http://a:1");
}

TEST(OnceProxyEnvironment, small_letters_go_before_capitals_even_if_they_are_empty) {
    variables = {{"HTTP_PROXY", "a:1"}, {"http_proxy", "b:2"}};
    EXPECT_EQ(proxy_for("http://x/"), "http://b:2");
    variables["http_proxy"] = "";
    EXPECT_EQ(proxy_for("http://x/"), "none");
    variables = {{"HTTPS_PROXY", "a:1"}, {"NO_PROXY", "y"}};
    EXPECT_EQ(proxy_for("https://x/"), "http://a:1");
    EXPECT_EQ(proxy_for("https://y/"), "none");
}

TEST(OnceProxyEnvironment, a_cgi_programs_clients_do_not_choose_its_proxy) {
    variables = {{"REQUEST_METHOD", "GET"}, {"HTTP_PROXY", "evil:1"}};
    EXPECT_EQ(proxy_for("http://x/"), "none");
    variables["http_proxy"] = "mine:1";
    EXPECT_EQ(proxy_for("http://x/"), "http://mine:1");
}

TEST(OnceProxyEnvironment, what_is_malformed_concerns_only_those_who_need_it) {
    variables = {{"ALL_PROXY", "gopher://h"}, {"http_proxy", "a:1"}, {"no_proxy", "x"}};
    EXPECT_EQ(proxy_for("http://y/"), "http://a:1");
    EXPECT_EQ(proxy_for("https://x/"), "none");
    EXPECT_THROW(proxy_for("https://y/"), InvalidUrl);
}

TEST(OnceProxyEnvironment, what_is_malformed_is_named) {
    variables = {{"HTTPS_PROXY", "gopher://u:secret@h"}};
    try {
        proxy_for("https://x/");
        ADD_FAILURE();
    } catch (const InvalidUrl& e) {
        EXPECT_STREQ(e.what(),
                     "the variable HTTPS_PROXY: the scheme \"gopher\" of the proxy is not http, https or socks5");
    }
}

// ---- SOCKS

/// What is sent to a proxy that sends `bytes`, in pieces of `size`; what is left of them.
struct Talk {
    std::string sent = {}, left = {};
    bool is_done = false;
};

Talk talk(Socks5 socks, std::string_view bytes, std::size_t size) {
    Talk result{.sent = socks.greeting()};
    std::string there;
    for (; !bytes.empty(); bytes.remove_prefix(std::min(size, bytes.size()))) {
        there += bytes.substr(0, size);
        for (;;) {
            std::string_view input = there;
            result.sent += socks.next(input);
            const bool has_moved = input.size() < there.size();
            there = std::string(input);
            if (!has_moved) break;
        }
    }
    result.left = there;
    result.is_done = socks.is_done();
    return result;
}

std::string refusal(const Socks5& socks, std::string_view bytes) {
    try {
        talk(socks, bytes, 1);
    } catch (const ProtocolError& e) {
        return e.what();
    }
    return "nothing";
}

TEST(OnceSocks5, a_name_is_sent_as_it_is_and_the_bytes_behind_the_answer_are_the_servers) {
    for (const std::size_t size : {1U, 2U, 100U}) {
        const Talk result = talk(Socks5("example.org", 443, {}), "\5\0\5\0\0\1\1\2\3\4\0\x50SERVER"s, size);
        EXPECT_EQ(result.sent,
                  "\5\1\0\5\1\0\3\x0b"
                  "example.org\1\xbb"s);
        EXPECT_TRUE(result.is_done);
        EXPECT_EQ(result.left, "SERVER");
    }
}

TEST(OnceSocks5, addresses_are_sent_as_such) {
    EXPECT_EQ(talk(Socks5("127.0.0.1", 80, {}), "\5\0"s, 2).sent, "\5\1\0\5\1\0\1\x7f\0\0\1\0\x50"s);
    EXPECT_EQ(talk(Socks5("::1", 80, {}), "\5\0"s, 2).sent, "\5\1\0\5\1\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\x50"s);
}

TEST(OnceSocks5, user_and_password_are_sent_where_the_proxy_asks) {
    const Socks5::Credentials ada{.user = "ada", .password = "pw"};
    EXPECT_EQ(talk(Socks5("h", 1, ada), "\5\2\1\0"s, 1).sent, "\5\2\0\2\1\3ada\2pw\5\1\0\3\1h\0\1"s);
    EXPECT_EQ(talk(Socks5("h", 1, ada), "\5\0"s, 1).sent, "\5\2\0\2\5\1\0\3\1h\0\1"s);
    EXPECT_EQ(refusal(Socks5("h", 1, ada), "\5\2\1\1"s), "it does not take this user and password");
}

TEST(OnceSocks5, every_type_of_bound_address_is_read_over) {
    for (const std::string& address : {"\1\1\1\1\1"s, "\4"s + std::string(16, 'x'), "\3\2ab"s, "\3\0"s}) {
        const Talk result = talk(Socks5("h", 1, {}), "\5\0\5\0\0"s + address + "\0\1rest"s, 1);
        EXPECT_TRUE(result.is_done);
        EXPECT_EQ(result.left, "rest");
    }
}

TEST(OnceSocks5, hostile_proxies_are_refused) {
    const Socks5 socks("h", 1, {});
    EXPECT_EQ(refusal(socks, "\5\xff"), "it wants to know who asks, and there is no user");
    EXPECT_EQ(refusal(socks, "\5\2"), "it chose an authentication that was not offered");
    EXPECT_EQ(refusal(socks, "HTTP/1.1 200 OK"), "what it answers is not SOCKS 5");
    EXPECT_EQ(refusal(socks, "\5\0\4\0"s), "what it answers is not SOCKS 5");
    EXPECT_EQ(refusal(socks, "\5\0\5\5"s), "it did not connect to the server: connection refused");
    EXPECT_EQ(refusal(socks, "\5\0\5\x63"s), "it did not connect to the server: the error 99");
    EXPECT_EQ(refusal(socks, "\5\0\5\0\0\2\0"s), "its answer has an unknown type of address");
    EXPECT_THROW(Socks5(std::string(256, 'h'), 1, {}), ValueError);
    EXPECT_THROW(Socks5("h", 1, {.user = std::string(256, 'u')}), ValueError);
}

}  // namespace
}  // namespace hocket::http
