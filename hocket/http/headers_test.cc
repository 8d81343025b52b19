// SPDX-License-Identifier: MIT
// Header fields: names without case, several of a name, what may not be in them.
#include <hocket/http/headers.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <hocket/base/errors.h>

namespace hocket::http {
namespace {

using testing::ElementsAre;

TEST(OnceHeaders, names_are_compared_without_case) {
    const Headers headers{{"Content-Type", "text/plain"}};
    EXPECT_EQ(headers.get("content-type"), "text/plain");
    EXPECT_TRUE(headers.contains("CONTENT-TYPE"));
    EXPECT_FALSE(headers.contains("Content-Typ"));
    EXPECT_EQ(headers.get("Accept"), std::nullopt);
    EXPECT_EQ(headers.begin()->name, "Content-Type");
}

TEST(OnceHeaders, fields_of_one_name_keep_their_order) {
    Headers headers{{"A", "1"}, {"B", "x"}};
    headers.add("a", "2");
    EXPECT_EQ(headers.size(), 3U);
    EXPECT_THAT(headers.get_all("A"), ElementsAre("1", "2"));
    EXPECT_EQ(headers.combined("A"), "1, 2");
    EXPECT_EQ(headers.combined("C"), "");
    EXPECT_EQ(headers.get("A"), "1");
}

TEST(OnceHeaders, set_replaces_all_where_the_first_stood) {
    Headers headers{{"A", "1"}, {"B", "x"}, {"a", "2"}};
    headers.set("a", "3");
    EXPECT_EQ(headers, (Headers{{"a", "3"}, {"B", "x"}}));
    headers.set("C", "new");
    EXPECT_EQ(headers.get("c"), "new");
}

TEST(OnceHeaders, set_and_remove_take_views_of_what_they_change) {
    Headers headers{{"A", "1"}, {"A", "2"}, {"A", "3"}};
    headers.set(headers.begin()->name, *headers.get("A"));
    EXPECT_EQ(headers, (Headers{{"A", "1"}}));
    EXPECT_EQ(headers.remove(headers.begin()->name), 1U);
    EXPECT_TRUE(headers.empty());
}

TEST(OnceHeaders, add_takes_views_of_what_it_moves) {
    const std::string value(50, 'x');
    Headers headers{{"A", value}};
    for (int i = 0; i < 20; ++i) headers.add(headers.begin()->name, *headers.get("A"));
    EXPECT_THAT(headers.get_all("A"), testing::AllOf(testing::SizeIs(21), testing::Each(value)));
    Headers small;  // which has no memory of its own yet
    small.add("A", "1");
    for (int i = 0; i < 5; ++i) small.add(small.begin()->name, *small.get("A"));
    EXPECT_EQ(small.combined("A"), "1, 1, 1, 1, 1, 1");
}

TEST(OnceHeaders, are_extended_by_others_and_by_themselves) {
    Headers headers{{"A", "1"}};
    headers.extend({{"a", "2"}, {"B", "x"}});
    headers.extend(headers);
    headers.extend({});
    EXPECT_EQ(headers, (Headers{{"A", "1"}, {"a", "2"}, {"B", "x"}, {"A", "1"}, {"a", "2"}, {"B", "x"}}));
    EXPECT_THAT(headers.get_all("b"), ElementsAre("x", "x"));
}

TEST(OnceHeaders, are_kept_as_they_are_written) {
    Headers headers{{"A", "1"}, {"B", ""}, {"C", "x y"}};
    EXPECT_EQ(headers.lines(), "A: 1\r\nB: \r\nC: x y\r\n");
    headers.remove("B");
    headers.set("A", "23");
    EXPECT_EQ(headers.lines(), "A: 23\r\nC: x y\r\n");
    std::string seen;
    for (const auto& [name, value] : headers) seen.append(name).append("=").append(value).append(" ");
    EXPECT_EQ(seen, "A=23 C=x y ");
    headers.clear();
    EXPECT_EQ(headers.lines(), "");
}

TEST(OnceHeaders, remove_says_how_many) {
    Headers headers{{"A", "1"}, {"B", "x"}, {"a", "2"}};
    EXPECT_EQ(headers.remove("A"), 2U);
    EXPECT_EQ(headers.remove("A"), 0U);
    EXPECT_EQ(headers.size(), 1U);
    headers.clear();
    EXPECT_TRUE(headers.empty());
}

TEST(OnceHeaders, lists_are_searched_for_tokens) {
    const Headers headers{{"Connection", "keep-alive ,Upgrade"}, {"connection", "x"}};
    EXPECT_TRUE(headers.has_token("Connection", "upgrade"));
    EXPECT_TRUE(headers.has_token("Connection", "Keep-Alive"));
    EXPECT_TRUE(headers.has_token("Connection", "X"));
    EXPECT_FALSE(headers.has_token("Connection", "keep"));
    EXPECT_FALSE(headers.has_token("Upgrade", "x"));
}

TEST(OnceHeaders, white_space_around_values_is_dropped) {
    EXPECT_EQ((Headers{{"A", " \t b c \t"}}).get("A"), "b c");
    EXPECT_EQ((Headers{{"A", "  "}}).get("A"), "");
}

TEST(OnceHeaders, what_could_forge_a_message_is_refused) {
    Headers headers;
    for (const std::string_view name : {"", "a b", "a:", "a\r\nb", "a\n", "\xc3\xa4", "a\t", "(a)"}) {
        EXPECT_THROW(headers.add(name, "x"), ValueError) << name;
        EXPECT_THROW(headers.set(name, "x"), ValueError) << name;
        EXPECT_THROW(Headers({{name, "x"}}), ValueError) << name;
    }
    for (const std::string_view value : {"a\r\nB: c", "a\nb", "a\rb", "\x01", "a\x7f", "\x1b[31m"}) {
        EXPECT_THROW(headers.add("A", value), ValueError) << value;
        EXPECT_THROW(headers.set("A", value), ValueError) << value;
    }
    EXPECT_TRUE(headers.empty());
}

TEST(OnceHeaders, an_error_says_what_was_wrong_with_what) {
    Headers headers;
    try {
        headers.add("X-Name", "a\r\nSet-Cookie: b");
        FAIL();
    } catch (const ValueError& e) {
        EXPECT_STREQ(e.what(), "add header field X-Name: a control character in the value \"a\\r\\nSet-Cookie: b\"");
    }
    for (const std::string name : {"Authorization", "proxy-authorization", "Cookie", "Set-Cookie"}) {
        try {
            headers.add(name, "secret\n");
            ADD_FAILURE();
        } catch (const ValueError& e) {
            EXPECT_EQ(e.what(), "add header field " + name + ": a control character in the value");
        }
    }
}

}  // namespace
}  // namespace hocket::http
