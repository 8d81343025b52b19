// SPDX-License-Identifier: MIT
// Jars as programs use them: handles, the loop's clock, and cookies as text.
#include <gtest/gtest.h>
#include <hocket/http/cookie_jar.h>
#include <hocket/io/runner.h>
#include <tests/support/trace.h>

#include <chrono>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>

namespace hocket::http {
namespace {

using namespace std::chrono_literals;
using hocket::testing::thrown_by;

const Url& site() {
    static const Url url = Url::parse("https://www.example.com/in/");
    return url;
}

std::string sent(CookieJar jar, const std::string& url) { return write_cookies(jar.filter_cookies(Url::parse(url))); }

TEST(CookieJar, its_copies_are_one_jar) {
    run([]() -> Coro<> {
        CookieJar jar;
        CookieJar copy = jar;
        jar.update_cookies({{"a", "1"}, {"b", "2"}}, site());
        EXPECT_EQ(copy.size(), 2U);
        copy.clear_domain("example.com");
        EXPECT_TRUE(jar.empty());
        co_return;
    }());
}

TEST(CookieJar, each_set_cookie_of_a_response_is_taken) {
    run([]() -> Coro<> {
        CookieJar jar;
        jar.update_from_response({{"Set-Cookie", "a=1"},
                                  {"X", "y=1"},
                                  {"set-cookie", "b=2; Path=/"},
                                  {"Set-Cookie", "c=3; Domain=other.com"},
                                  {"Set-Cookie2", "d=4"}},
                                 site());
        EXPECT_EQ(sent(jar, "https://www.example.com/in/"), "a=1; b=2");
        co_return;
    }());
}

TEST(VirtualCookieJar, cookies_end_by_the_loops_clock) {
    run([]() -> Coro<> {
        CookieJar jar;
        jar.set_cookie({.name = "a", .value = "1", .max_age = 10s}, site());
        jar.set_cookie({.name = "b", .value = "2", .expires = 946'684'820s}, site());
        co_await hocket::sleep(9s);
        EXPECT_EQ(sent(jar, site().str()), "a=1; b=2");
        co_await hocket::sleep(1s);
        EXPECT_EQ(sent(jar, site().str()), "b=2");
        co_await hocket::sleep(10s);
        EXPECT_EQ(sent(jar, site().str()), "");
    }());
}

TEST(OnceCookieJar, without_a_loop_there_is_no_time) {
    CookieJar jar;
    EXPECT_EQ(thrown_by([&] { jar.set_cookie({.name = "a", .value = "1"}, site()); }).find("hocket::RuntimeError: "),
              0U);
}

TEST(CookieJar, all_that_it_knows_survives_as_text) {
    run([]() -> Coro<> {
        CookieJar jar;
        jar.update_from_response({{"Set-Cookie", "host=1; Path=/; HttpOnly; SameSite=Strict"},
                                  {"Set-Cookie", "domain=\"a=b\tc\"; Domain=example.com; Max-Age=1000; SameSite=Lax"},
                                  {"Set-Cookie", "__Host-x=1; Path=/; Secure; SameSite=None"},
                                  {"Set-Cookie", "nameless"}},
                                 site());
        jar.set_cookie({.name = "six", .value = "6"}, Url::parse("http://[::1]/"));
        const std::string text = jar.save();
        CookieJar other;
        other.set_cookie({.name = "old", .value = "1"}, site());
        other.load(text);
        EXPECT_EQ(other.save(), text);
        EXPECT_EQ(other.size(), 5U);
        const StoredCookie cookie = other.cookies().at(1);
        EXPECT_EQ(cookie.value, "\"a=b\tc\"");
        EXPECT_EQ(cookie.same_site, SameSite::lax);
        EXPECT_TRUE(cookie.expires);
        EXPECT_TRUE(other.cookies().at(0).http_only);
        EXPECT_EQ(sent(other, "https://www.example.com/in/"), "domain=\"a=b\tc\"; nameless; host=1; __Host-x=1");
        // Rule 33: what was the host's only does not become the domain's.
        EXPECT_EQ(sent(other, "https://a.www.example.com/in/"), "domain=\"a=b\tc\"");
        EXPECT_EQ(sent(other, "http://[::1]:80/"), "six=6");
        co_return;
    }());
}

TEST(VirtualCookieJar, whatever_servers_send_survives_as_text) {
    run([]() -> Coro<> {
        constexpr std::string_view pieces[] = {"a",       "=",          ";",         " ",         "\t",
                                               "\"",      "Path=/",     "/x",        "Domain=",   ".co.uk",
                                               "b.co.uk", "Secure",     "HttpOnly",  "SameSite=", "None",
                                               "Lax",     "__Host-",    "__Secure-", "Max-Age=",  "100",
                                               "0",       "\xc3\xa9",   "\x01",      "\\",        ",",
                                               "#",       "\tdomain\t", "Expires="};
        const Url urls[] = {Url::parse("https://a.b.co.uk/x/y"), Url::parse("http://[::1]/"),
                            Url::parse("http://localhost/x")};
        CookieJar jar;
        for (int i = 0; i < 20'000; ++i) {
            std::string field;
            std::uint64_t dice = get_running_loop().backend().entropy();
            for (std::uint64_t n = dice % 12; n > 0; --n) {
                dice = dice * 6'364'136'223'846'793'005U + 1'442'695'040'888'963'407U;
                field += pieces[(dice >> 33) % std::size(pieces)];
            }
            const auto cookie = parse_set_cookie(field);
            if (cookie) jar.set_cookie(*cookie, urls[i % 3]);
            if (i % 100 != 0) continue;
            CookieJar copy;
            copy.load(jar.save());
            EXPECT_EQ(copy.save(), jar.save()) << field;
            for (const Url& url : urls) EXPECT_EQ(sent(copy, url.str()), sent(jar, url.str())) << jar.save();
        }
        EXPECT_GT(jar.size(), 50U);
        co_return;
    }());
}

TEST(OnceCookieJar, what_rules_refuse_is_not_loaded_either) {
    CookieJar jar;
    jar.load(
        "# hocket: cookies, version 1\n"
        "co.uk\tdomain\t/\t-\t\ta=1\n"
        "127.0.0.1\tdomain\t/\t-\t\ta=1\n"
        "a.test\thost\t/\t-\t\t__Host-a=1\n"
        "a.test\tdomain\t/\t-\tsecure\t__Host-a=1\n"
        "a.test\thost\t/x\t-\tsecure\t__Host-a=1\n"
        "a.test\thost\t/\t-\tnone\ta=1\n"
        "a.test\thost\t/\t-\t\ta=1; b=2\n"
        "a.test\thost\t/\t-\t\t=\n"
        "a.test\thost\t/\t-\t\ta=" +
        std::string(5'000, 'x') + "\n");
    EXPECT_TRUE(jar.empty());
    CookieJar small({.max_per_domain = 1});
    small.load("# hocket: cookies, version 1\na.test\thost\t/\t-\t\ta=1\na.test\thost\t/\t5\thttp_only\tb=2");
    EXPECT_EQ(small.save(), "# hocket: cookies, version 1\na.test\thost\t/\t5\thttp_only\tb=2\n");
}

TEST(OnceCookieJar, what_is_no_saved_text_is_refused_whole) {
    CookieJar jar;
    const std::string good = "# hocket: cookies, version 1\na.test\thost\t/\t-\t\ta=1\n";
    jar.load(good);
    const auto refusal = [&](const std::string& text) { return thrown_by([&] { jar.load(text); }); };
    EXPECT_EQ(refusal(""), "hocket::ValueError: load cookies: line 1: this is no text of a CookieJar");
    EXPECT_EQ(refusal(good + "\n"), "hocket::ValueError: load cookies: line 3: it ends before its domain");
    EXPECT_EQ(refusal(good + "a.test\tx\t/\t-\t\ta=1"),
              "hocket::ValueError: load cookies: line 3: neither host nor domain: \"x\"");
    for (const char* line : {"a.test", "a.test\thost\t/\t-\t", "a.test\thost\tx\t-\t\ta=1", "a.test\thost\t/\tx\t\ta=1",
                             "a.test\thost\t/\t1x\t\ta=1", "a.test\thost\t/\t-\tevil\ta=1", "a.test\thost\t/\t-\t\ta",
                             "a.test\thost\t/\t-\t\ta=1\r", "a.test\thost\t/\t99999999999999999999\t\ta=1"}) {
        EXPECT_TRUE(refusal(good + line).starts_with("hocket::ValueError: load cookies: line 3: ")) << line;
    }
    EXPECT_EQ(jar.save(), good);
}

}  // namespace
}  // namespace hocket::http
