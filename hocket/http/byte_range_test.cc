// SPDX-License-Identifier: MIT
// Ranges that are asked for, and what is sent for them.
#include <hocket/http/byte_range.h>

#include <gtest/gtest.h>

namespace hocket::http {
namespace {

std::string told(const RequestedRange& range) {
    if (std::holds_alternative<WholeBody>(range)) return "whole";
    const auto* const part = std::get_if<ByteRange>(&range);
    return part ? std::to_string(part->first) + "-" + std::to_string(part->last) : "none";
}
std::string asked(std::string_view field, std::uint64_t size = 1000) {
    return told(requested_range({{"Range", field}}, size));
}

TEST(OnceByteRange, a_range_is_a_part_of_the_body) {
    EXPECT_EQ(asked("bytes=0-0"), "0-0");
    EXPECT_EQ(asked("bytes=0-99"), "0-99");
    EXPECT_EQ(asked("bytes=500-"), "500-999");
    EXPECT_EQ(asked("bytes=-100"), "900-999");
    EXPECT_EQ(asked("bytes=999-999"), "999-999");
    EXPECT_EQ(asked("Bytes=0-99"), "0-99");
    EXPECT_EQ(asked("bytes= 0-99 ,"), "0-99");
    EXPECT_EQ((ByteRange{10, 19}).size(), 10U);
}

TEST(OnceByteRange, what_is_behind_the_end_is_left_out) {
    EXPECT_EQ(asked("bytes=0-1000"), "0-999");
    EXPECT_EQ(asked("bytes=990-18446744073709551615"), "990-999");
    EXPECT_EQ(asked("bytes=990-99999999999999999999999999"), "990-999");
    EXPECT_EQ(asked("bytes=-5000"), "0-999");
    EXPECT_EQ(asked("bytes=-99999999999999999999999999"), "0-999");
}

TEST(OnceByteRange, what_the_body_does_not_have_is_none) {
    EXPECT_EQ(asked("bytes=1000-"), "none");
    EXPECT_EQ(asked("bytes=1000-1001"), "none");
    EXPECT_EQ(asked("bytes=99999999999999999999999999-"), "none");
    EXPECT_EQ(asked("bytes=-0"), "none");
    EXPECT_EQ(asked("bytes=1000-, 2000-"), "none");
    EXPECT_EQ(asked("bytes=0-, 2000-"), "0-999");
}

TEST(OnceByteRange, ranges_that_touch_are_one) {
    EXPECT_EQ(asked("bytes=0-99,100-199"), "0-199");
    EXPECT_EQ(asked("bytes=100-199, 0-120"), "0-199");
    EXPECT_EQ(asked("bytes=0-, -1, 5-6"), "0-999");
    EXPECT_EQ(asked("bytes=0-99,101-199"), "whole");
    EXPECT_EQ(asked("bytes=0-0,-1"), "whole");
    EXPECT_EQ(asked("bytes=0-0,-1", 2), "0-1");
}

TEST(OnceByteRange, sets_are_bounded) {
    std::string many = "bytes=0-0";
    for (int i = 0; i < 15; ++i) many += ",0-0";
    EXPECT_EQ(asked(many), "0-0");
    EXPECT_EQ(asked(many + ",0-0"), "whole");
    EXPECT_EQ(asked("bytes=" + std::string(8000, ',')), "whole");
    EXPECT_EQ(asked("bytes=" + std::string(8000, ',') + "0-0"), "0-0");
}

TEST(OnceByteRange, what_is_malformed_is_ignored) {
    for (const std::string_view text : {"",
                                        "bytes",
                                        "bytes=",
                                        "bytes=,",
                                        "bytes=-",
                                        "bytes=a-b",
                                        "bytes=1-0",
                                        "bytes=0",
                                        "bytes=0--1",
                                        "bytes=--1",
                                        "bytes=+0-1",
                                        "bytes=0-+1",
                                        "bytes=0x0-1",
                                        "bytes=0 - 1",
                                        "bytes 0-1",
                                        "bytes =0-1",
                                        "lines=0-1",
                                        "bytes=0-1;2-3",
                                        "bytes=0-1,x",
                                        "bytes=5-1,0-1",
                                        "0-1",
                                        "bytes=0-1-2",
                                        "bytes=1.0-2",
                                        "bytes=\xef\xbc\x91-2"}) {
        EXPECT_EQ(asked(text), "whole") << text;
    }
    EXPECT_EQ(told(requested_range({}, 1000)), "whole");
    EXPECT_EQ(told(requested_range({{"Range", "bytes=0-1"}, {"Range", "bytes=0-1"}}, 1000)), "whole");
}

TEST(OnceByteRange, of_nothing_all_is_sent) {
    for (const std::string_view text : {"bytes=0-", "bytes=0-0", "bytes=-1", "bytes=5-"})
        EXPECT_EQ(asked(text, 0), "whole");
}

TEST(OnceByteRange, content_range_says_what_is_sent) {
    EXPECT_EQ(content_range(ByteRange{0, 99}, 1000), "bytes 0-99/1000");
    EXPECT_EQ(content_range(std::nullopt, 1000), "bytes */1000");
}

TEST(OnceByteRange, content_range_is_read) {
    EXPECT_EQ(parse_content_range("bytes 0-99/1000"), (ContentRange{ByteRange{0, 99}, 1000}));
    EXPECT_EQ(parse_content_range("bytes 5-5/*"), (ContentRange{ByteRange{5, 5}, {}}));
    EXPECT_EQ(parse_content_range("Bytes */1000"), (ContentRange{{}, 1000}));
    for (const std::string_view text : {"", "bytes", "bytes ", "bytes 0-99", "bytes 0-99/", "bytes */*", "bytes 5-4/10",
                                        "bytes 0-10/10", "bytes -5/10", "bytes 5-/10", "lines 0-1/2", "bytes=0-1/2",
                                        "bytes 0-1/x", "bytes 0-1/2 ", "bytes 0-18446744073709551615/*"}) {
        EXPECT_FALSE(parse_content_range(text)) << text;
    }
}

}  // namespace
}  // namespace hocket::http
