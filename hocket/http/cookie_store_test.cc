// SPDX-License-Identifier: MIT
// Which cookies a store takes from whom, and whom it gives them to.
#include <gtest/gtest.h>
#include <hocket/http/cookie_store_internal.h>
#include <hocket/http/public_suffix_internal.h>

#include <string>
#include <string_view>

namespace hocket::http {
namespace {

constexpr std::int64_t second = 1'000'000'000;
constexpr std::int64_t day = 86'400 * second;
constexpr std::int64_t start = 946'684'800 * second;  // 2000-01-01

/// A store with a clock that the test sets.
struct Jar {
    explicit Jar(CookieJarOptions options = {}) : store(std::move(options)) {}

    bool set(std::string_view url, std::string_view field) {
        const auto cookie = parse_set_cookie(field);
        return cookie && store.set(*cookie, Url::parse(url), now);
    }
    /// What a request carries: `a=1; b=2`.
    std::string sent(std::string_view url) { return write_cookies(store.matching(Url::parse(url), now)); }

    CookieStore store;
    std::int64_t now = start;
};

TEST(OnceCookieStore, a_cookie_without_a_domain_is_its_hosts_only) {
    Jar jar;
    EXPECT_TRUE(jar.set("http://a.test/", "x=1"));
    EXPECT_EQ(jar.sent("http://a.test/"), "x=1");
    EXPECT_EQ(jar.sent("https://A.TEST:8080/y?z"), "x=1");
    for (const char* other :
         {"http://b.a.test/", "http://test/", "http://xa.test/", "http://a.test.b/", "http://a.test./"}) {
        EXPECT_EQ(jar.sent(other), "") << other;
    }
}

TEST(OnceCookieStore, a_cookie_with_a_domain_is_for_all_below_it) {
    Jar jar;
    EXPECT_TRUE(jar.set("http://a.b.example.com/", "x=1; Domain=.B.example.com"));
    for (const char* url : {"http://b.example.com/", "http://a.b.example.com/", "http://c.d.b.example.com/"}) {
        EXPECT_EQ(jar.sent(url), "x=1") << url;
    }
    for (const char* url : {"http://example.com/", "http://ab.example.com/", "http://c.example.com/"}) {
        EXPECT_EQ(jar.sent(url), "") << url;
    }
    EXPECT_TRUE(jar.set("http://example.com/", "y=2; Domain=example.com"));
    EXPECT_EQ(jar.sent("http://www.example.com/"), "y=2");
    for (const char* none : {"Domain", "Domain=", "Domain=."}) {
        EXPECT_TRUE(jar.set("http://example.com/", std::string("z=3; ") + none));
        EXPECT_EQ(jar.sent("http://www.example.com/"), "y=2") << none;
    }
}

TEST(OnceCookieStore, nobody_sets_cookies_of_others) {
    Jar jar;
    for (const char* domain : {"b.example.com", "other.com", "xexample.com", "a.example.com.", "example.com.", "com",
                               "..example.com", "example.co", "ample.com", "a.example.com/", "\xc3\xa9.example.com"}) {
        EXPECT_FALSE(jar.set("http://a.example.com/", "x=1; Domain=" + std::string(domain))) << domain;
    }
    EXPECT_EQ(jar.store.size(), 0U);
}

// Rule 33.
TEST(OnceCookieStore, public_suffixes_are_refused) {
    Jar jar;
    EXPECT_FALSE(jar.set("http://a.co.uk/", "x=1; Domain=co.uk"));
    EXPECT_FALSE(jar.set("http://a.b.co.uk/", "x=1; Domain=.CO.UK"));
    EXPECT_FALSE(jar.set("http://me.github.io/", "x=1; Domain=github.io"));
    EXPECT_FALSE(jar.set("http://a.unheard-of/", "x=1; Domain=unheard-of"));
    EXPECT_FALSE(jar.set("http://a.co.uk./", "x=1; Domain=co.uk."));
    EXPECT_FALSE(jar.set("http://a.xn--55qx5d.cn/", "x=1; Domain=xn--55qx5d.cn"));
    EXPECT_FALSE(jar.set("http://a.xn--55qx5d.cn/", "x=1; Domain=\xe5\x85\xac\xe5\x8f\xb8.cn"));
    EXPECT_TRUE(jar.set("http://a.b.co.uk/", "x=1; Domain=b.co.uk"));
    EXPECT_TRUE(is_public_suffix("uk"));
    EXPECT_FALSE(is_public_suffix("b.co.uk"));
    EXPECT_TRUE(is_public_suffix("any.ck"));   // a rule `*.ck`
    EXPECT_FALSE(is_public_suffix("www.ck"));  // its exception
}

TEST(OnceCookieStore, a_public_suffix_that_is_a_host_has_cookies_of_its_own) {
    Jar jar;
    EXPECT_TRUE(jar.set("http://github.io/", "x=1; Domain=github.io"));
    EXPECT_EQ(jar.sent("http://github.io/"), "x=1");
    EXPECT_EQ(jar.sent("http://me.github.io/"), "");
    EXPECT_TRUE(jar.set("http://localhost/", "y=1; Domain=localhost"));
    EXPECT_EQ(jar.sent("http://localhost:8080/"), "y=1");
    EXPECT_FALSE(jar.set("http://a.localhost/", "y=1; Domain=localhost"));
    EXPECT_EQ(jar.sent("http://a.localhost/"), "");
}

TEST(OnceCookieStore, an_address_has_cookies_of_its_own) {
    Jar jar;
    EXPECT_TRUE(jar.set("http://127.0.0.1/", "x=1"));
    EXPECT_TRUE(jar.set("http://127.0.0.1/", "y=2; Domain=127.0.0.1"));
    EXPECT_FALSE(jar.set("http://127.0.0.1/", "z=3; Domain=0.0.1"));
    EXPECT_FALSE(jar.set("http://127.0.0.1/", "z=3; Domain=.1"));
    EXPECT_EQ(jar.sent("http://0x7f.1:81/"), "x=1; y=2");  // rule 37: one address however it is written
    EXPECT_EQ(jar.sent("http://127.0.0.2/"), "");
    EXPECT_TRUE(jar.set("http://[::1]/", "v=6"));
    EXPECT_TRUE(jar.set("http://[::1]/", "w=6; Domain=[::1]"));
    EXPECT_EQ(jar.sent("http://[0:0::1]:8080/"), "v=6; w=6");
}

TEST(OnceCookieStore, paths_match_by_whole_segments) {
    Jar jar;
    EXPECT_TRUE(jar.set("http://a.test/x/y", "p=1"));
    EXPECT_EQ(jar.sent("http://a.test/x"), "p=1");
    EXPECT_EQ(jar.sent("http://a.test/x/"), "p=1");
    EXPECT_EQ(jar.sent("http://a.test/x/z?q"), "p=1");
    EXPECT_EQ(jar.sent("http://a.test/xy"), "");
    EXPECT_EQ(jar.sent("http://a.test/"), "");
    EXPECT_TRUE(jar.set("http://a.test/", "q=1; Path=/d/"));
    EXPECT_EQ(jar.sent("http://a.test/d/e"), "q=1");
    EXPECT_EQ(jar.sent("http://a.test/d"), "");
    EXPECT_TRUE(jar.set("http://a.test/else", "r=1; Path=/where"));
    EXPECT_EQ(jar.sent("http://a.test/where"), "r=1");
}

TEST(OnceCookieStore, a_path_that_is_not_named_is_the_folder) {
    EXPECT_EQ(default_path("/a/b"), "/a");
    EXPECT_EQ(default_path("/a/b/"), "/a/b");
    EXPECT_EQ(default_path("/a"), "/");
    EXPECT_EQ(default_path("/"), "/");
    EXPECT_EQ(default_path(""), "/");
    EXPECT_EQ(default_path("a/b"), "/");
}

TEST(OnceCookieStore, secure_cookies_come_and_go_by_https) {
    Jar jar;
    EXPECT_FALSE(jar.set("http://a.test/", "x=1; Secure"));
    EXPECT_TRUE(jar.set("https://a.test/", "x=1; Secure"));
    EXPECT_TRUE(jar.set("wss://a.test/", "y=2; Secure"));
    EXPECT_EQ(jar.sent("http://a.test/"), "");
    EXPECT_EQ(jar.sent("ws://a.test/"), "");
    EXPECT_EQ(jar.sent("https://a.test/"), "x=1; y=2");
    EXPECT_TRUE(jar.set("http://localhost/", "z=3; Secure"));
    EXPECT_EQ(jar.sent("http://localhost/"), "z=3");
    EXPECT_FALSE(jar.set("http://a.localhost/", "z=3; Secure"));
    EXPECT_FALSE(jar.set("http://127.0.0.1/", "z=3; Secure"));
}

TEST(OnceCookieStore, an_origin_may_be_trusted_without_https) {
    Jar jar({.treat_as_secure_origin = {"http://a.test:8080"}});
    EXPECT_FALSE(jar.set("http://a.test/", "x=1; Secure"));
    EXPECT_TRUE(jar.set("http://a.test:8080/", "x=1; Secure"));
    EXPECT_EQ(jar.sent("http://a.test:8080/"), "x=1");
    EXPECT_EQ(jar.sent("http://a.test/"), "");
}

TEST(OnceCookieStore, http_hides_no_cookie_of_https) {
    Jar jar;
    EXPECT_TRUE(jar.set("https://www.example.com/in/", "sid=real; Secure"));
    EXPECT_FALSE(jar.set("http://www.example.com/in/", "sid=fake"));
    EXPECT_FALSE(jar.set("http://www.example.com/in/", "sid=fake; Domain=example.com; Path=/in/deep"));
    EXPECT_FALSE(jar.set("http://a.www.example.com/in/", "sid=fake; Domain=www.example.com"));
    EXPECT_FALSE(jar.set("http://www.example.com/in/", "sid=; Max-Age=0"));
    EXPECT_TRUE(jar.set("http://www.example.com/", "sid=elsewhere; Path=/"));  // goes out behind it
    EXPECT_TRUE(jar.set("http://other.example.com/in/", "sid=mine"));
    EXPECT_TRUE(jar.set("http://www.example.com/in/", "id=other"));
    EXPECT_EQ(jar.sent("https://www.example.com/in/"), "sid=real; id=other; sid=elsewhere");
    EXPECT_TRUE(jar.set("https://www.example.com/in/", "sid=new"));
}

TEST(OnceCookieStore, names_keep_what_they_promise) {
    Jar jar;
    const std::string https = "https://a.example.com/x/";
    EXPECT_FALSE(jar.set(https, "__Secure-a=1"));
    EXPECT_FALSE(jar.set("http://a.example.com/", "__Secure-a=1; Secure"));
    EXPECT_TRUE(jar.set(https, "__Secure-a=1; Secure; Domain=example.com"));
    EXPECT_TRUE(jar.set(https, "__Host-a=1; Secure; Path=/"));
    for (const char* field :
         {"__Host-b=1; Path=/", "__Host-b=1; Secure", "__Host-b=1; Secure; Path=/x",
          "__Host-b=1; Secure; Path=/; Domain=a.example.com", "__host-b=1; Path=/", "__HOST-b=1; Secure",
          "__sEcUrE-b=1", "=__Host-b=1; Secure; Path=/", "__Secure-", "=__secure-b=1"}) {
        EXPECT_FALSE(jar.set(https, field)) << field;
    }
    EXPECT_FALSE(jar.set(https, "c=1; SameSite=None"));
    EXPECT_TRUE(jar.set(https, "c=1; SameSite=None; Secure"));
    EXPECT_EQ(jar.store.all().back().same_site, SameSite::none);
}

TEST(OnceCookieStore, the_longest_path_goes_first_then_the_oldest) {
    Jar jar;
    EXPECT_TRUE(jar.set("http://a.example.com/", "one=1; Path=/"));
    EXPECT_TRUE(jar.set("http://a.example.com/", "two=2; Path=/x/y"));
    EXPECT_TRUE(jar.set("http://a.example.com/", "three=3; Path=/x; Domain=example.com"));
    EXPECT_TRUE(jar.set("http://a.example.com/", "four=4; Path=/x"));
    EXPECT_TRUE(jar.set("http://a.example.com/", "one=5; Path=/"));  // keeps its age
    EXPECT_TRUE(jar.set("http://a.example.com/", "six=6; Path=/; Domain=example.com"));
    EXPECT_EQ(jar.sent("http://a.example.com/x/y"), "two=2; three=3; four=4; one=5; six=6");
}

TEST(OnceCookieStore, name_domain_path_and_reach_make_a_cookie) {
    Jar jar;
    EXPECT_TRUE(jar.set("http://example.com/", "x=1"));
    EXPECT_TRUE(jar.set("http://example.com/", "x=2; Domain=example.com"));
    EXPECT_TRUE(jar.set("http://example.com/", "x=3; Path=/y"));
    EXPECT_TRUE(jar.set("http://example.com/", "X=4"));
    EXPECT_EQ(jar.store.size(), 4U);
    EXPECT_TRUE(jar.set("http://example.com/z", "x=5"));
    EXPECT_EQ(jar.sent("http://example.com/y"), "x=3; x=5; x=2; X=4");
}

TEST(OnceCookieStore, a_cookie_goes_when_its_time_is_over) {
    Jar jar;
    EXPECT_TRUE(jar.set("http://a.test/", "age=1; Max-Age=10; Expires=Thu, 01 Jan 1970 00:00:00 GMT"));
    EXPECT_TRUE(jar.set("http://a.test/", "date=1; Expires=Sat, 01 Jan 2000 00:00:20 GMT"));
    EXPECT_TRUE(jar.set("http://a.test/", "stays=1"));
    EXPECT_EQ(jar.sent("http://a.test/"), "age=1; date=1; stays=1");
    jar.now = start + 10 * second - 1;
    EXPECT_EQ(jar.sent("http://a.test/"), "age=1; date=1; stays=1");
    jar.now = start + 10 * second;
    EXPECT_EQ(jar.sent("http://a.test/"), "date=1; stays=1");
    jar.now = start + 20 * second;
    EXPECT_EQ(jar.sent("http://other.test/"), "");
    EXPECT_EQ(jar.store.size(), 1U);  // whichever host was asked
}

TEST(OnceCookieStore, a_cookie_that_has_ended_takes_the_one_before_with_it) {
    Jar jar;
    for (const char* end : {"Max-Age=0", "Max-Age=-1", "Expires=Thu, 01 Jan 1970 00:00:00 GMT"}) {
        EXPECT_TRUE(jar.set("http://a.test/", "x=1"));
        EXPECT_FALSE(jar.set("http://a.test/", "x=1; Path=/other; " + std::string(end)));
        EXPECT_EQ(jar.sent("http://a.test/"), "x=1");
        EXPECT_FALSE(jar.set("http://a.test/", "x=gone; " + std::string(end)));
        EXPECT_EQ(jar.store.size(), 0U) << end;
    }
}

TEST(OnceCookieStore, nothing_is_kept_longer_than_400_days) {
    Jar jar;
    EXPECT_TRUE(jar.set("http://a.test/", "age=1; Max-Age=" + std::string(50, '9')));
    EXPECT_TRUE(jar.set("http://a.test/", "date=1; Expires=Fri, 31 Dec 9999 23:59:59 GMT"));
    jar.now = start + 400 * day - 1;
    EXPECT_EQ(jar.sent("http://a.test/"), "age=1; date=1");
    jar.now = start + 400 * day;
    EXPECT_EQ(jar.sent("http://a.test/"), "");
}

TEST(OnceCookieStore, of_a_domain_with_too_many_the_least_recently_sent_goes) {
    Jar jar({.max_per_domain = 3});
    for (const char* field : {"a=1; Path=/a", "b=1; Path=/b", "c=1; Path=/c"})
        EXPECT_TRUE(jar.set("http://a.test/", field));
    EXPECT_EQ(jar.sent("http://a.test/a"), "a=1");
    EXPECT_TRUE(jar.set("http://b.test/", "other=1"));
    EXPECT_TRUE(jar.set("http://a.test/", "d=1; Path=/d"));
    EXPECT_EQ(jar.sent("http://a.test/b"), "");
    EXPECT_EQ(jar.sent("http://a.test/a") + jar.sent("http://a.test/c") + jar.sent("http://a.test/d"), "a=1c=1d=1");
    EXPECT_EQ(jar.sent("http://b.test/"), "other=1");
}

TEST(OnceCookieStore, cookies_that_are_not_secure_go_before_secure_ones) {
    Jar jar({.max_per_domain = 2});
    EXPECT_TRUE(jar.set("https://a.test/", "old=1; Secure"));
    EXPECT_TRUE(jar.set("https://a.test/", "plain=1"));
    EXPECT_TRUE(jar.set("https://a.test/", "new=1; Secure"));
    EXPECT_EQ(jar.sent("https://a.test/"), "old=1; new=1");
    EXPECT_FALSE(jar.set("https://a.test/", "plain=2"));  // there is none that it could push out
    EXPECT_EQ(jar.sent("https://a.test/"), "old=1; new=1");
}

TEST(OnceCookieStore, of_all_too_many_the_least_recently_sent_goes) {
    Jar jar({.max_cookies = 3, .max_per_domain = 2});
    EXPECT_TRUE(jar.set("https://a.test/", "a=1; Secure"));
    EXPECT_TRUE(jar.set("http://b.test/", "b=1"));
    EXPECT_TRUE(jar.set("http://c.test/", "c=1"));
    EXPECT_TRUE(jar.set("http://d.test/", "d=1"));
    EXPECT_EQ(jar.sent("https://a.test/"), "");
    EXPECT_EQ(jar.sent("http://b.test/"), "b=1");
    EXPECT_TRUE(jar.set("http://e.test/", "e=1"));
    EXPECT_EQ(jar.sent("http://c.test/"), "");
    EXPECT_EQ(jar.store.size(), 3U);
}

TEST(OnceCookieStore, expired_cookies_make_room_first) {
    Jar jar({.max_per_domain = 2});
    EXPECT_TRUE(jar.set("http://a.test/", "old=1"));
    EXPECT_TRUE(jar.set("http://a.test/", "short=1; Max-Age=1"));
    jar.now += 2 * second;
    EXPECT_TRUE(jar.set("http://a.test/", "new=1"));
    EXPECT_EQ(jar.sent("http://a.test/"), "old=1; new=1");
}

TEST(OnceCookieStore, a_flood_of_cookies_is_bounded) {
    Jar jar;
    for (int i = 0; i < 4'000; ++i) {
        const std::string number = std::to_string(i);
        jar.set("http://h" + std::to_string(i % 1'000) + ".example.com/", "c" + number + "=1; Max-Age=" + number);
        jar.set("http://one.example.com/", "c" + number + "=1");
    }
    EXPECT_EQ(jar.store.size(), 3'000U);
    EXPECT_LE(jar.store.matching(Url::parse("http://one.example.com/"), jar.now).size(), 50U);
}

TEST(OnceCookieStore, long_hosts_have_no_cookies) {
    Jar jar;
    std::string host = "a.test";
    while (host.size() < 256) host.insert(0, "a.");
    EXPECT_FALSE(jar.set("http://" + host + "/", "x=1"));
    EXPECT_FALSE(jar.set("http://" + host + "/", "x=1; Domain=a.test"));
    EXPECT_TRUE(jar.set("http://a.test/", "x=1; Domain=a.test"));
    EXPECT_EQ(jar.sent("http://" + host + "/"), "");
}

TEST(OnceCookieStore, a_jar_may_take_nothing) {
    Jar jar({.accept = false});
    EXPECT_FALSE(jar.set("http://a.test/", "x=1"));
    EXPECT_EQ(jar.sent("http://a.test/"), "");
}

TEST(OnceCookieStore, what_a_program_sets_is_checked_as_what_a_server_sets) {
    CookieStore store({});
    const Url url = Url::parse("http://a.test/");
    EXPECT_TRUE(store.set({.name = "a", .value = "b"}, url, start));
    for (const Cookie& cookie : {Cookie{.name = "a", .value = "b; c=d"},
                                 {.name = "a", .value = "b\r\nX: y"},
                                 {.name = "a=b"},
                                 {.name = "a;b"},
                                 {.name = " a"},
                                 {.name = "a", .value = "b "},
                                 {.name = "a", .path = "/\n"},
                                 {},
                                 {.name = "a", .value = std::string(4'096, 'x')},
                                 {.name = "a", .domain = "b.test"}}) {
        EXPECT_FALSE(store.set(cookie, url, start)) << cookie.name << '=' << cookie.value;
    }
    EXPECT_FALSE(store.set({.name = "a", .value = "b"}, Url(), start));
}

TEST(OnceCookieStore, a_domain_is_forgotten_with_all_below_it) {
    Jar jar;
    EXPECT_TRUE(jar.set("http://example.com/", "a=1"));
    EXPECT_TRUE(jar.set("http://www.example.com/", "b=1"));
    EXPECT_TRUE(jar.set("http://notexample.com/", "c=1"));
    jar.store.clear_domain("example.com");
    EXPECT_EQ(jar.store.size(), 1U);
    EXPECT_EQ(jar.sent("http://notexample.com/"), "c=1");
    jar.store.clear();
    EXPECT_EQ(jar.store.size(), 0U);
}

}  // namespace
}  // namespace hocket::http
