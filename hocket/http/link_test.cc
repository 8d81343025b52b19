// SPDX-License-Identifier: MIT
// The field Link: what servers write, and what nobody should.
#include <hocket/http/headers.h>
#include <hocket/http/link.h>

#include <gtest/gtest.h>

#include <string>

namespace hocket::http {
namespace {

/// `url rel name=value ...`, a line each.
std::string read(const std::vector<Link>& links) {
    std::string all;
    for (const Link& link : links) {
        all += link.url.str() + ' ' + link.rel;
        for (const auto& [name, value] : link.parameters) all.append(" ").append(name).append("=").append(value);
        all += '\n';
    }
    return all;
}

std::string links(std::string_view field) {
    Headers headers;
    headers.add("Link", field);
    return read(links_of(headers, Url::parse("http://a/b/c?d")));
}

TEST(OnceLink, targets_are_resolved_and_parameters_kept) {
    EXPECT_EQ(
        links("<?page=2>; rel=\"next\", </b/c?page=9>;rel=last;title=\"a, b; c\", <//x/>; REL=up ; Anchor=\"#y\""),
        "http://a/b/c?page=2 next\nhttp://a/b/c?page=9 last title=a, b; c\nhttp://x/ up anchor=#y\n");
    EXPECT_EQ(links("<http://x/a,b;c>; rel=\"a\\\"b\"; crossorigin; rel=second"), "http://x/a,b;c a\"b crossorigin=\n");
    EXPECT_EQ(links("<>"), "http://a/b/c?d \n");
    EXPECT_EQ(links(" , ,< x > ; rel = next ;, ,<y>;;rel=last"), "http://a/b/x next\nhttp://a/b/y last\n");
}

TEST(OnceLink, those_of_all_fields_are_read) {
    const Headers headers{{"Link", "<x>; rel=a"}, {"X", "<n>; rel=n"}, {"link", "<y>; rel=b"}};
    EXPECT_EQ(read(links_of(headers, Url::parse("http://a/"))), "http://a/x a\nhttp://a/y b\n");
    EXPECT_EQ(read(links_of({}, Url::parse("http://a/"))), "");
}

TEST(OnceLink, what_is_malformed_ends_its_field) {
    for (const char* field :
         {"x", "<x", "x>", "<x>y", "<x> rel=next", "<x>; =y", "<x>; rel=\"next", "<x>; a b", "\"<x>\""}) {
        EXPECT_EQ(links(field), "") << field;
        EXPECT_EQ(links("<z>; rel=a, " + std::string(field) + ", <y>"), "http://a/b/z a\n") << field;
    }
}

TEST(OnceLink, a_target_that_is_no_url_is_left_out) {
    EXPECT_EQ(links("<http://[>; rel=a, <y>; rel=b"), "http://a/b/y b\n");
}

TEST(OnceLink, a_link_may_be_of_several_relations) {
    const Link link{.url = Url::parse("http://a/"), .rel = "start  Index https://example.org/rel"};
    for (const char* relation : {"start", "INDEX", "https://example.org/rel"}) EXPECT_TRUE(link.is(relation));
    for (const char* relation : {"", "star", "start index", "next"}) EXPECT_FALSE(link.is(relation));
    EXPECT_FALSE(Link{}.is(""));
}

TEST(OnceLink, hostile_fields_are_read_in_one_pass) {
    std::string many, semicolons = "<x>", quotes = "<x>; a=\"";
    for (int i = 0; i < 200'000; ++i) many += "<x>,";
    semicolons.append(1'000'000, ';');
    for (int i = 0; i < 500'000; ++i) quotes += "\\\"";
    EXPECT_EQ(links_of(Headers{{"Link", many}}, Url::parse("http://a/")).size(), 200U);
    EXPECT_EQ(links(semicolons), "http://a/b/x \n");
    EXPECT_EQ(links(quotes), "");
    EXPECT_EQ(links(std::string(1'000'000, '<')), "");
}

}  // namespace
}  // namespace hocket::http
