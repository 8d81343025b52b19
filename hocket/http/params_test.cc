// SPDX-License-Identifier: MIT
// Forms there and back.
#include <hocket/http/params.h>

#include <gtest/gtest.h>

namespace hocket::http {
namespace {

TEST(OnceParams, names_and_values_are_encoded_as_a_form) {
    EXPECT_EQ(encode_form({}), "");
    EXPECT_EQ(encode_form({{"a", "b"}, {"c", ""}, {"", "d"}}), "a=b&c=&=d");
    EXPECT_EQ(encode_form({{"a b", "1+1=2&3%20"}}), "a+b=1%2B1%3D2%263%2520");
    EXPECT_EQ(encode_form({{"k", "*-._~!'()"}}), "k=*-._%7E%21%27%28%29");
    EXPECT_EQ(encode_form({{"k", "\xc3\xa4\r\n"}}), "k=%C3%A4%0D%0A");
}

TEST(OnceParams, a_form_is_read_as_it_was_written) {
    Params params{{"q", "a b"}, {"q", "c&d=e"}, {"", ""}, {"\xc3\xa4%", "+"}};
    std::string bytes;
    for (int byte = 0; byte < 256; ++byte) bytes += static_cast<char>(byte);
    params.emplace_back("all", bytes);
    EXPECT_EQ(parse_form(encode_form(params)), params);
}

TEST(OnceParams, a_form_is_read_whatever_it_holds) {
    EXPECT_EQ(parse_form("a&b=&=c&&d=e=f&"), (Params{{"a", ""}, {"b", ""}, {"", "c"}, {"d", "e=f"}}));
    EXPECT_EQ(parse_form("%zz=%4&%"), (Params{{"%zz", "%4"}, {"%", ""}}));
    EXPECT_EQ(parse_form(""), Params());
}

TEST(OnceParams, percent_encoding_is_undone_once) {
    EXPECT_EQ(percent_decode("a%20b%2525+%e4%E4"), "a b%25+\xe4\xe4");
    EXPECT_EQ(percent_decode("%%41%4"), "%A%4");
    EXPECT_EQ(percent_decode("%00"), std::string(1, '\0'));
}

}  // namespace
}  // namespace hocket::http
