// SPDX-License-Identifier: MIT
// Lines and characters in bytes that come piece by piece, under each rule for newlines.
#include <hocket/os/text_internal.h>

#include <gtest/gtest.h>

#include <vector>

namespace hocket::fs {
namespace {

using Pieces = std::vector<std::string>;

constexpr Form translated{.text = true, .newline = Newline::translate}, kept{.text = true, .newline = Newline::keep},
    lf{.text = true, .newline = Newline::lf}, crlf{.text = true, .newline = Newline::crlf},
    cr{.text = true, .newline = Newline::cr}, binary{};

/// What reads of `wanted` give, one after the other, of bytes that come `step` at a time.
Pieces read_all(std::string_view bytes, const Form& form, const Wanted& wanted, std::size_t step) {
    Pieces pieces;
    for (std::size_t begin = 0; begin < bytes.size();) {
        Wanted next = wanted;
        std::size_t seen = begin;
        bool last = false;
        while (!find_end(next, bytes.substr(begin, seen - begin), form, last)) {
            if (last) {
                next.at = bytes.size() - begin;
                break;
            }
            seen = std::min(seen + step, bytes.size());
            while (seen < bytes.size() && (static_cast<unsigned char>(bytes[seen]) & 0xc0U) == 0x80) ++seen;
            last = seen == bytes.size();
        }
        pieces.push_back(as_read(std::string(bytes.substr(begin, next.at)), form));
        begin += next.at;
    }
    return pieces;
}

/// The same, however the bytes come.
Pieces read_all(std::string_view bytes, const Form& form, const Wanted& wanted = {.line = true}) {
    const Pieces whole = read_all(bytes, form, wanted, bytes.size());
    for (std::size_t step = 1; step < 4; ++step) EXPECT_EQ(read_all(bytes, form, wanted, step), whole);
    return whole;
}

constexpr std::string_view mixed = "a\nb\r\nc\rd\r\r\n\n\re";

TEST(OnceText, every_newline_ends_a_line_and_is_read_as_one) {
    EXPECT_EQ(read_all(mixed, translated), (Pieces{"a\n", "b\n", "c\n", "d\n", "\n", "\n", "\n", "e"}));
    EXPECT_EQ(read_all("x\r", translated), (Pieces{"x\n"}));
}

TEST(OnceText, newlines_that_are_kept_end_lines_as_well) {
    EXPECT_EQ(read_all(mixed, kept), (Pieces{"a\n", "b\r\n", "c\r", "d\r", "\r\n", "\n", "\r", "e"}));
}

TEST(OnceText, one_newline_alone_may_end_lines) {
    EXPECT_EQ(read_all(mixed, lf), (Pieces{"a\n", "b\r\n", "c\rd\r\r\n", "\n", "\re"}));
    EXPECT_EQ(read_all(mixed, binary), read_all(mixed, lf));
    EXPECT_EQ(read_all(mixed, crlf), (Pieces{"a\nb\r\n", "c\rd\r\r\n", "\n\re"}));
    EXPECT_EQ(read_all(mixed, cr), (Pieces{"a\nb\r", "\nc\r", "d\r", "\r", "\n\n\r", "e"}));
}

TEST(OnceText, characters_are_counted_after_translation) {
    EXPECT_EQ(read_all("a\r\n\xc3\xa9\r\xe2\x82\xac", translated, {.left = 2}),
              (Pieces{"a\n", "\xc3\xa9\n", "\xe2\x82\xac"}));
    EXPECT_EQ(read_all("a\r\n\xc3\xa9", kept, {.left = 2}), (Pieces{"a\r", "\n\xc3\xa9"}));
    EXPECT_EQ(read_all("a\r\nbc", binary, {.left = 2}), (Pieces{"a\r", "\nb", "c"}));
}

TEST(OnceText, characters_are_counted_alike_wherever_the_long_ones_stand) {
    for (std::size_t before = 0; before < 20; ++before) {
        const std::string text = std::string(before, 'a') + "\r\n\xe2\x82\xac" + std::string(20, 'b') + "\r";
        std::string all;
        std::size_t pieces = 0;
        for (const std::string& piece : read_all(text, translated, {.left = 9})) {
            all += piece;
            ++pieces;
        }
        EXPECT_EQ(all, std::string(before, 'a') + "\n\xe2\x82\xac" + std::string(20, 'b') + "\n");
        EXPECT_EQ(pieces, (before + 23 + 8) / 9);
    }
}

TEST(OnceText, a_line_may_have_a_limit) {
    EXPECT_EQ(read_all("abc\nd\r\nef", translated, {.line = true, .left = 2}), (Pieces{"ab", "c\n", "d\n", "ef"}));
    EXPECT_EQ(read_all("abc\r\nd", crlf, {.line = true, .left = 3}), (Pieces{"abc", "\r\n", "d"}));
    EXPECT_EQ(read_all("\xc3\xa9\xc3\xa9\xc3\xa9\n", kept, {.line = true, .left = 2}),
              (Pieces{"\xc3\xa9\xc3\xa9", "\xc3\xa9\n"}));
}

TEST(OnceText, everything_is_one_piece_translated) {
    EXPECT_EQ(read_all(mixed, translated, {}), (Pieces{"a\nb\nc\nd\n\n\n\ne"}));
    EXPECT_EQ(read_all(mixed, kept, {}), (Pieces{std::string(mixed)}));
}

TEST(OnceText, newlines_are_written_as_the_file_has_them) {
    EXPECT_EQ(as_written("a\nb\r\n", translated), "a\nb\r\n");
    EXPECT_EQ(as_written("a\nb\r\n", kept), "a\nb\r\n");
    EXPECT_EQ(as_written("a\nb\r\n", lf), "a\nb\r\n");
    EXPECT_EQ(as_written("a\nb\r\n", crlf), "a\r\nb\r\r\n");
    EXPECT_EQ(as_written("a\nb", cr), "a\rb");
}

}  // namespace
}  // namespace hocket::fs
