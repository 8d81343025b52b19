// SPDX-License-Identifier: MIT
// What is taken for UTF-8: RFC 3629, its limits, and texts that end too early.
#include <hocket/base/utf_8_internal.h>

#include <gtest/gtest.h>

#include <string>

using namespace std::string_view_literals;

namespace hocket {
namespace {

TEST(Utf8, sequences_of_every_size_are_whole) {
    EXPECT_EQ(utf_8_sequence("a\xff"), 1U);
    EXPECT_EQ(utf_8_sequence("\0"sv), 1U);
    EXPECT_EQ(utf_8_sequence("\xc3\xa9x"), 2U);
    EXPECT_EQ(utf_8_sequence("\xe2\x82\xacx"), 3U);
    EXPECT_EQ(utf_8_sequence("\xf0\x9f\x8e\xb5x"), 4U);
    EXPECT_EQ(utf_8_sequence("\xf4\x8f\xbf\xbf"), 4U);  // U+10FFFF
    EXPECT_EQ(utf_8_sequence(""), 0U);
}

TEST(Utf8, what_is_no_sequence_has_no_size) {
    for (const char* text : {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf",
                             "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "\xc3z", "\xe2\x82z", "\xf0\x9f\x8ez"}) {
        EXPECT_EQ(utf_8_sequence(text), 0U);
        EXPECT_FALSE(utf_8_cut_off(text));
        EXPECT_EQ(utf_8_prefix("abc" + std::string(text)), 3U);
    }
}

TEST(Utf8, a_sequence_that_is_cut_off_may_become_one) {
    for (const std::string text :
         {"\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x8e\xb5", "\xed\x9f\xbf", "\xf4\x8f\xbf\xbf"}) {
        for (std::size_t size = 1; size < text.size(); ++size) {
            EXPECT_TRUE(utf_8_cut_off(std::string_view(text).substr(0, size)));
            EXPECT_EQ(utf_8_prefix(std::string_view(text).substr(0, size)), 0U);
        }
        EXPECT_FALSE(utf_8_cut_off(text));
    }
    EXPECT_FALSE(utf_8_cut_off("\xe0\x80"));
    EXPECT_FALSE(utf_8_cut_off("\xed\xa0"));
    EXPECT_FALSE(utf_8_cut_off(""));
}

TEST(Utf8, what_could_have_become_a_sequence_is_one_mistake) {
    EXPECT_EQ(utf_8_mistake("\xff"), 1U);
    EXPECT_EQ(utf_8_mistake("\x80\x80"), 1U);
    EXPECT_EQ(utf_8_mistake("\xc3z"), 1U);
    EXPECT_EQ(utf_8_mistake("\xe2\x82z"), 2U);
    EXPECT_EQ(utf_8_mistake("\xf0\x9f\x8e"), 3U);
    EXPECT_EQ(utf_8_mistake("\xf0\x9f\x8ez"), 3U);
    EXPECT_EQ(utf_8_mistake("\xe0\x80\x80"), 1U);
    EXPECT_EQ(utf_8_mistake("\xed\xa0\x80"), 1U);
}

TEST(Utf8, a_text_is_sound_up_to_its_first_bad_byte_wherever_that_is) {
    for (std::size_t before = 0; before < 40; ++before) {
        const std::string sound = std::string(before, 'a') + "\xc3\xa9";
        EXPECT_EQ(utf_8_prefix(sound + "\xff" + "aaaaaaaaaaaaaaaaaaaa"), before + 2);
        EXPECT_EQ(utf_8_prefix(sound + "bcdefghijklmnopq"), before + 18);
    }
}

TEST(Utf8, characters_are_counted_not_bytes) {
    EXPECT_EQ(utf_8_characters("na\xc3\xafve \xe2\x82\xac\xf0\x9f\x8e\xb5"), 8U);
    EXPECT_EQ(utf_8_characters(""), 0U);
}

}  // namespace
}  // namespace hocket
