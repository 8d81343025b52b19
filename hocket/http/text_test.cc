// SPDX-License-Identifier: MIT
// Characters and their classes, and how bytes are shown.
#include <hocket/http/text.h>

#include <gtest/gtest.h>

namespace hocket::http {
namespace {

TEST(OnceText, names_are_compared_without_the_case_of_ascii_letters) {
    EXPECT_TRUE(equal_without_case("Content-Type", "cONTENT-tYPE"));
    EXPECT_TRUE(equal_without_case("", ""));
    EXPECT_FALSE(equal_without_case("a", "ab"));
    EXPECT_FALSE(equal_without_case("@[", "`{"));
}

TEST(OnceText, bytes_are_shown_escaped_and_cut) {
    EXPECT_EQ(in_quotes("a\r\n\t\"\\\x01\xff"), R"("a\r\n\t\"\\\x01\xff")");
    EXPECT_EQ(escaped("abc", 2), "ab...");
    EXPECT_EQ(in_quotes(std::string(100, 'x')).size(), 64 + 2 + 3U);
}

TEST(OnceText, white_space_is_spaces_and_tabs) {
    EXPECT_EQ(trim(" \t a b\t "), "a b");
    EXPECT_EQ(trim(" \t"), "");
    EXPECT_EQ(trim("\n"), "\n");
}

TEST(OnceText, a_control_character_is_found_wherever_it_stands) {
    for (std::size_t size = 1; size < 20; ++size) {
        for (std::size_t at = 0; at < size; ++at) {
            for (int byte = 0; byte < 256; ++byte) {
                std::string text(size, byte % 2 == 0 ? ' ' : '\t');
                text[at] = static_cast<char>(byte);
                const bool is_control = (byte < ' ' && byte != '\t') || byte == 0x7f;
                ASSERT_EQ(is_field_value(text), !is_control) << size << ' ' << at << ' ' << byte;
            }
        }
    }
    EXPECT_TRUE(is_field_value(""));
}

}  // namespace
}  // namespace hocket::http
