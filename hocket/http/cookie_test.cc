// SPDX-License-Identifier: MIT
// Cookies in header fields: what is read from those that are sent, and what is refused of those that are written.
#include <gtest/gtest.h>
#include <hocket/http/cookie.h>
#include <tests/support/trace.h>

#include <chrono>
#include <string>
#include <string_view>

namespace hocket::http {
namespace {

using namespace std::chrono_literals;
using hocket::testing::thrown_by;

// `sid=1 max_age=5 expires=6 domain path secure http_only lax`, without what is not there.
std::string shown(const std::optional<Cookie>& cookie) {
    if (!cookie) return "nothing";
    std::string text = "[" + cookie->name + "=" + cookie->value + "]";
    if (cookie->max_age) text += " age " + std::to_string(cookie->max_age->count() / 1'000'000'000);
    if (cookie->expires) text += " until " + std::to_string(cookie->expires->count() / 1'000'000'000);
    if (!cookie->domain.empty()) text += " of " + cookie->domain;
    if (!cookie->path.empty()) text += " at " + cookie->path;
    if (cookie->secure) text += " secure";
    if (cookie->http_only) text += " http_only";
    constexpr const char* same_site[] = {"", " none", " lax", " strict"};
    return text + same_site[static_cast<int>(cookie->same_site)];
}

std::string read(std::string_view field) { return shown(parse_set_cookie(field)); }

std::string refusal(const Cookie& cookie) {
    return thrown_by([&] { static_cast<void>(write_set_cookie(cookie)); });
}

TEST(OnceCookie, a_pair_ends_at_the_first_semicolon_and_its_name_at_the_first_equals_sign) {
    EXPECT_EQ(read("a=b"), "[a=b]");
    EXPECT_EQ(read("  a\t=\t b c  ;"), "[a=b c]");
    EXPECT_EQ(read("a=b=c"), "[a=b=c]");
    EXPECT_EQ(read("a="), "[a=]");
    EXPECT_EQ(read("a=\"b; c\""), "[a=\"b]");
    EXPECT_EQ(read("a=\"b\""), "[a=\"b\"]");
    EXPECT_EQ(read("a=\xc3\xa9"), "[a=\xc3\xa9]");
    EXPECT_EQ(read("a=b\tc"), "[a=b\tc]");
}

TEST(OnceCookie, a_pair_without_a_name_is_a_value) {
    EXPECT_EQ(read("b"), "[=b]");
    EXPECT_EQ(read("=b"), "[=b]");
    EXPECT_EQ(read("  b ; Path=/"), "[=b] at /");
    for (const char* field : {"", "=", " = ", ";", "; Path=/", "  ;a=b"}) EXPECT_EQ(read(field), "nothing") << field;
}

TEST(OnceCookie, control_characters_and_excess_leave_nothing_of_it) {
    for (const std::string_view bad : {std::string_view("\0", 1), std::string_view("\r"), std::string_view("\n"),
                                       std::string_view("\x1f"), std::string_view("\x7f")}) {
        EXPECT_EQ(read("a=b" + std::string(bad) + "c"), "nothing");
        EXPECT_EQ(read("a=b; Path=/" + std::string(bad)), "nothing");
    }
    EXPECT_EQ(read("ab=" + std::string(4'094, 'x')), "[ab=" + std::string(4'094, 'x') + "]");
    EXPECT_EQ(read("ab=" + std::string(4'095, 'x')), "nothing");
    EXPECT_EQ(read(std::string(4'097, 'x')), "nothing");
}

TEST(OnceCookie, attributes_are_known_by_any_case_and_in_any_order) {
    EXPECT_EQ(read("a=b; SECURE;httponly ; path=/x; DOMAIN=.Example.COM; max-age=60; sameSITE=lAx"),
              "[a=b] age 60 of example.com at /x secure http_only lax");
    EXPECT_EQ(read("a=b; Secure=no; HttpOnly=0"), "[a=b] secure http_only");
    EXPECT_EQ(read("a=b; Expires=Sun, 06 Nov 1994 08:49:37 GMT; Priority=High; ;;=x"), "[a=b] until 784111777");
}

TEST(OnceCookie, the_last_attribute_of_a_name_counts) {
    EXPECT_EQ(read("a=b; Path=/x; Path=/y; Domain=x.test; Domain=y.test; SameSite=Lax; SameSite=Strict"),
              "[a=b] of y.test at /y strict");
    EXPECT_EQ(read("a=b; Path=/x; Path=y; Domain=x.test; Domain=; SameSite=Lax; SameSite=x"), "[a=b]");
    EXPECT_EQ(read("a=b; Max-Age=5; Max-Age=7; Max-Age=x"), "[a=b] age 7");
}

TEST(OnceCookie, attributes_that_mean_nothing_are_left_out) {
    EXPECT_EQ(
        read("a=b; Expires=tomorrow; Max-Age=; Max-Age=+5; Max-Age=5s; Max-Age=-; Max-Age=1.5; Path=x; SameSite=y"),
        "[a=b]");
    EXPECT_EQ(read("a=b; Max-Age=-1"), "[a=b] age -1");
    EXPECT_EQ(read("a=b; Max-Age=" + std::string(1'000, '9')), "[a=b] age 9223372036");
    EXPECT_EQ(read("a=b; Max-Age=" + std::string(1'025, '9')), "[a=b]");
    EXPECT_EQ(read("a=b; Path=/x; Path=/" + std::string(1'024, 'x')), "[a=b] at /x");
    EXPECT_EQ(read("a=b; Path=/" + std::string(1'023, 'x')), "[a=b] at /" + std::string(1'023, 'x'));
}

TEST(OnceCookie, a_million_attributes_are_read_in_one_pass) {
    std::string field = "a=b";
    for (int i = 0; i < 1'000'000; ++i) field += ";=";
    EXPECT_EQ(read(field + "; Secure"), "[a=b] secure");
}

TEST(OnceCookie, it_is_written_as_it_was_said) {
    EXPECT_EQ(write_set_cookie({.name = "a", .value = "b"}), "a=b");
    EXPECT_EQ(write_set_cookie({.name = "a",
                                .value = "\"b!\"",
                                .max_age = 90min,
                                .expires = 784'111'777s,
                                .domain = "example.com",
                                .path = "/x y",
                                .secure = true,
                                .http_only = true,
                                .same_site = SameSite::strict}),
              "a=\"b!\"; Max-Age=5400; Expires=Sun, 06 Nov 1994 08:49:37 GMT; Domain=example.com; Path=/x y; Secure; "
              "HttpOnly; SameSite=Strict");
    EXPECT_EQ(write_set_cookie({.name = "a", .max_age = -5s, .expires = -1s, .same_site = SameSite::lax}),
              "a=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; SameSite=Lax");
    EXPECT_EQ(write_set_cookie({.name = "a", .secure = true, .same_site = SameSite::none}),
              "a=; Secure; SameSite=None");
}

TEST(OnceCookie, what_is_written_is_read_back) {
    const Cookie cookie{.name = "__Host-a", .value = "b=c", .max_age = 5s, .path = "/", .secure = true};
    EXPECT_EQ(read(write_set_cookie(cookie)), shown(cookie));
}

// Rule 26 of what hostile peers try: nothing of a value may become another attribute, cookie or field.
TEST(OnceCookie, what_would_not_be_read_back_is_refused) {
    EXPECT_EQ(refusal({.name = "a", .value = "b\r\nX: y"}),
              R"(hocket::ValueError: write cookie "a": the value has "\r" in it)");
    for (const std::string_view bad : {"b;c", "b c", "b,c", "b\\c", "b\"c", "\"", "\xc3\xa9", "b\tc", "b\x7f"}) {
        EXPECT_TRUE(refusal({.name = "a", .value = std::string(bad)}).starts_with("hocket::ValueError: ")) << bad;
    }
    EXPECT_TRUE(refusal({.name = "a", .value = std::string(1, '\0')}).starts_with("hocket::ValueError: "));
    for (const char* bad : {"", "a b", "a=b", "a;", "a\n", "\xc3\xa9"}) {
        EXPECT_TRUE(refusal({.name = bad, .value = "x"}).ends_with(": the name is no token")) << bad;
    }
    for (const char* bad : {"x", "/x;Secure", "/x\n"}) {
        EXPECT_TRUE(refusal({.name = "a", .path = bad}).ends_with(" is none")) << bad;
    }
    for (const char* bad : {"x;Secure", "x\r", "x y"}) {
        EXPECT_TRUE(refusal({.name = "a", .domain = bad}).ends_with(" is none")) << bad;
    }
    EXPECT_EQ(refusal({.name = "a", .value = std::string(4'096, 'x')}),
              R"(hocket::ValueError: write cookie "a": more than 4096 bytes of name and value)");
    EXPECT_NE(refusal({.name = "a", .path = "/" + std::string(1'024, 'x')}), "nothing");
}

TEST(OnceCookie, what_clients_would_not_take_is_refused) {
    const auto why = [](const Cookie& cookie) {
        const std::string text = refusal(cookie);
        return text.substr(text.rfind(": ") + 2);
    };
    EXPECT_EQ(why({.name = "a", .same_site = SameSite::none}), "it is SameSite=None and not secure");
    EXPECT_EQ(why({.name = "__Secure-a"}), "it is __Secure- and not secure");
    EXPECT_EQ(why({.name = "__secure-a"}), "it is __Secure- and not secure");
    EXPECT_EQ(why({.name = "__Host-a", .path = "/"}), "it is __Host- and not secure");
    EXPECT_EQ(why({.name = "__Host-a", .domain = "x.test", .path = "/", .secure = true}),
              "it is __Host- and has a domain");
    EXPECT_EQ(why({.name = "__HOST-a", .path = "/x", .secure = true}), "it is __Host- and has not the path /");
    EXPECT_EQ(refusal({.name = "__Secure-a", .path = "/x", .secure = true}), "nothing");
}

TEST(OnceCookie, a_field_of_cookies_is_taken_apart) {
    EXPECT_EQ(parse_cookies("a=1; b=2;c = 3 ;a=4"), (Params{{"a", "1"}, {"b", "2"}, {"c", "3"}, {"a", "4"}}));
    EXPECT_EQ(parse_cookies("a=\"x=y\"; b; =c; ; d="), (Params{{"a", "\"x=y\""}, {"", "b"}, {"", "c"}, {"d", ""}}));
    EXPECT_EQ(parse_cookies(""), Params());
    EXPECT_EQ(parse_cookies(";; ;"), Params());
    EXPECT_EQ(parse_cookies(std::string(100'000, ';') + "a=1"), (Params{{"a", "1"}}));
}

TEST(OnceCookie, a_field_of_cookies_is_put_together) {
    EXPECT_EQ(write_cookies({{"a", "1"}, {"", "x"}, {"b", "c d\"\xc3\xa9"}, {"e", ""}}), "a=1; x; b=c d\"\xc3\xa9; e=");
    EXPECT_EQ(write_cookies({}), "");
    for (const auto& [name, value] : Params{{"a", "1; b=2"},
                                            {"a", "1\r\nX: y"},
                                            {"a=b", "1"},
                                            {"a", " 1"},
                                            {"a;", ""},
                                            {"", ""},
                                            {"a", std::string(1, '\0')}}) {
        EXPECT_TRUE(
            thrown_by([&] { static_cast<void>(write_cookies({{name, value}})); }).starts_with("hocket::ValueError: "))
            << name << '=' << value;
    }
}

}  // namespace
}  // namespace hocket::http
