// SPDX-License-Identifier: MIT
// Parameters of fields: one reader for Content-Type, Content-Disposition and Forwarded.
#include <hocket/http/field_parameters_internal.h>

#include <gtest/gtest.h>
#include <hocket/http/content_type_internal.h>

#include <string>
#include <string_view>

namespace hocket::http {
namespace {

// `value|a=1|b=2`, or `none`.
std::string read(std::string_view field) {
    const auto found = parse_field_parameters(field);
    if (!found) return "none";
    std::string text = found->value;
    for (const auto& [name, value] : found->parameters) text.append("|").append(name).append("=").append(value);
    return text;
}

TEST(OnceFieldParameters, are_tokens_or_texts_in_quotes) {
    EXPECT_EQ(read("Text/HTML"), "text/html");
    EXPECT_EQ(read("a; B=C;\td = \"e;f=g\" ;;h="), "a|b=C|d=e;f=g|h=");
    EXPECT_EQ(read(R"(a; b="\"c\\\d")"), R"(a|b="c\d)");
    for (const char* bad :
         {"a;b", "a;b=1;B=2", "a;=1", "a;=", "a;b c=1", "a;b=\"c", "a;b=\"c\"d", "a;b=\"c\\", "a;\"b\"=c"}) {
        EXPECT_EQ(read(bad), "none") << bad;
    }
}

TEST(OnceFieldParameters, the_first_that_is_well_formed_is_found_among_others) {
    const auto charset = [](std::string_view type) { return charset_of({{"Content-Type", type}}); };
    EXPECT_EQ(charset("text/html; Charset=\"UTF-8\""), "utf-8");
    EXPECT_EQ(charset("text/html; odd; charset=a; charset=b"), "a");
    EXPECT_EQ(charset("text/html; x=\"; charset=a\"; charset=b"), "b");
    EXPECT_EQ(charset("text/html; x=\"; charset=a"), "");
    EXPECT_EQ(charset("text/html; x=\"y\"z; charset=a"), "a");
    EXPECT_EQ(charset("text/html; charset"), "");
    EXPECT_EQ(charset(""), "");
}

TEST(OnceFieldParameters, hostile_ones_are_refused) {
    std::string many = "a";
    for (int i = 0; i < 33; ++i) many.append(";b").append(std::to_string(i)).append("=1");
    EXPECT_EQ(read(many), "none");
    EXPECT_EQ(read("a;b=\"" + std::string(100'000, '\\')), "none");
    EXPECT_EQ(find_field_parameter(std::string(100'000, ';') + "a=1", "a"), "1");
}

}  // namespace
}  // namespace hocket::http
