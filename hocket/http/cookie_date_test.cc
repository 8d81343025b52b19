// SPDX-License-Identifier: MIT
// All that servers have written into Expires.
#include <gtest/gtest.h>
#include <hocket/http/cookie_date_internal.h>
#include <hocket/http/http_date.h>

#include <string>

namespace hocket::http {
namespace {

std::string written(std::int64_t seconds) {
    std::string text;
    append_http_date(text, seconds);
    return text;
}

TEST(OnceCookieDate, what_is_written_is_read_back) {
    for (std::int64_t day = 0; day < 200'000; day += 1) {
        const std::int64_t time = day * 86'400 + day * 7'919 % 86'400;
        ASSERT_EQ(parse_cookie_date(written(time)), time) << written(time);
    }
}

TEST(OnceCookieDate, a_cookies_date_is_read_however_it_is_written) {
    constexpr std::int64_t time = 784'111'777;
    for (const char* text :
         {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
          "08:49:37 6 nov 94", "1994 November 8:49:37 06", "6/NOVEMBER/1994/8:49:37+0200", "06th Nov 1994AD 08:49:37.5",
          "x 8:49:37x 6x novx 94x", "6 Nov 1994 08:49:37 7 Dec 1995 9:50:38", "\tSun,06;Nov@1994`08:49:37{GMT}"}) {
        EXPECT_EQ(parse_cookie_date(text), time) << text;
    }
}

TEST(OnceCookieDate, years_of_two_digits_are_of_this_century_up_to_69) {
    EXPECT_EQ(parse_cookie_date("1 Jan 70 00:00:00"), 0);
    EXPECT_EQ(parse_cookie_date("1 Jan 99 00:00:00"), parse_cookie_date("1 Jan 1999 00:00:00"));
    EXPECT_EQ(parse_cookie_date("1 Jan 69 00:00:00"), parse_cookie_date("1 Jan 2069 00:00:00"));
    EXPECT_EQ(parse_cookie_date("1 Jan 00 00:00:00"), parse_cookie_date("1 Jan 2000 00:00:00"));
}

TEST(OnceCookieDate, what_names_no_second_is_no_date) {
    for (const char* text : {"",
                             "GMT",
                             "Nov 1994 08:49:37",
                             "06 1994 08:49:37",
                             "06 Nov 08:49:37",
                             "06 Nov 1994",
                             "06 Nov 1994 08:49",
                             "06 Nov 1994 24:49:37",
                             "06 Nov 1994 08:60:37",
                             "06 Nov 1994 08:49:60",
                             "06 Nov 1994 108:49:37",
                             "06 Nov 1994 08:49:370",
                             "0 Nov 1994 08:49:37",
                             "31 Nov 1994 08:49:37",
                             "29 Feb 1900 08:49:37",
                             "29 Feb 2001 08:49:37",
                             "32 Dec 1994 08:49:37",
                             "006 Nov 1994 08:49:37",
                             "06 Nov 1600 08:49:37",
                             "06 Nov 101 08:49:37",
                             "06 Nov 19940 08:49:37",
                             "06 Nov -1994 8:49",
                             "06 No 1994 08:49:37"}) {
        EXPECT_EQ(parse_cookie_date(text), std::nullopt) << text;
    }
    EXPECT_EQ(parse_cookie_date("29 Feb 2000 00:00:00"), 951'782'400);
    EXPECT_EQ(parse_cookie_date("1 Jan 1601 00:00:00"), -11'644'473'600);
    EXPECT_EQ(parse_cookie_date("31 Dec 1969 23:59:59"), -1);
}

}  // namespace
}  // namespace hocket::http
