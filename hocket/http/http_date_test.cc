// SPDX-License-Identifier: MIT
// Dates in three forms.
#include <hocket/http/http_date.h>

#include <gtest/gtest.h>

namespace hocket::http {
namespace {

constexpr std::int64_t of_the_rfc = 784'111'777;  // 1994-11-06 08:49:37
constexpr std::int64_t in_2026 = 1'795'978'246;   // 2026-11-29 19:30:46
constexpr std::int64_t new_year_2000 = 946'684'800;

std::optional<std::int64_t> read(std::string_view text) { return parse_http_date(text, in_2026); }

TEST(OnceHttpDate, one_form_is_written) {
    EXPECT_EQ(http_date(of_the_rfc), "Sun, 06 Nov 1994 08:49:37 GMT");
    EXPECT_EQ(http_date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
    EXPECT_EQ(http_date(new_year_2000 - 1), "Fri, 31 Dec 1999 23:59:59 GMT");
    EXPECT_EQ(http_date(951'782'400), "Tue, 29 Feb 2000 00:00:00 GMT");
    EXPECT_EQ(http_date(4'107'542'400), "Mon, 01 Mar 2100 00:00:00 GMT");
    std::string text = "Date: ";
    append_http_date(text, of_the_rfc);
    EXPECT_EQ(text, "Date: Sun, 06 Nov 1994 08:49:37 GMT");
}

TEST(OnceHttpDate, a_file_may_be_older_than_1970_and_stranger) {
    EXPECT_EQ(http_date(-1), "Wed, 31 Dec 1969 23:59:59 GMT");
    EXPECT_EQ(http_date(-86'400), "Wed, 31 Dec 1969 00:00:00 GMT");
    EXPECT_EQ(http_date(INT64_MIN), "Sat, 01 Jan 0000 00:00:00 GMT");
    EXPECT_EQ(http_date(INT64_MAX), "Fri, 31 Dec 9999 23:59:59 GMT");
}

TEST(OnceHttpDate, three_forms_are_read) {
    EXPECT_EQ(read("Sun, 06 Nov 1994 08:49:37 GMT"), of_the_rfc);
    EXPECT_EQ(read("Sunday, 06-Nov-94 08:49:37 GMT"), of_the_rfc);
    EXPECT_EQ(read("Sun Nov  6 08:49:37 1994"), of_the_rfc);
    EXPECT_EQ(read("Thu Nov 16 08:49:37 1995"), 816'511'777);
}

TEST(OnceHttpDate, what_is_written_is_read_as_the_same) {
    for (std::int64_t seconds = -100'000'000'000; seconds < 250'000'000'000; seconds += 123'456'789) {
        if (seconds > -62'167'219'200) {
            EXPECT_EQ(read(http_date(seconds)), seconds) << seconds;
        }
    }
}

TEST(OnceHttpDate, two_digits_of_a_year_are_no_more_than_50_years_ahead) {
    const auto year = [](std::string_view text) { return http_date(read(text).value_or(0)).substr(12, 4); };
    EXPECT_EQ(year("Sunday, 06-Nov-26 08:49:37 GMT"), "2026");
    EXPECT_EQ(year("Sunday, 06-Nov-75 08:49:37 GMT"), "2075");
    EXPECT_EQ(year("Sunday, 29-Nov-76 00:00:00 GMT"), "2076");
    EXPECT_EQ(year("Sunday, 30-Nov-76 00:00:00 GMT"), "1976");
    EXPECT_EQ(year("Sunday, 06-Nov-77 08:49:37 GMT"), "1977");
    EXPECT_EQ(year("Sunday, 06-Nov-00 08:49:37 GMT"), "2000");
    EXPECT_EQ(http_date(*parse_http_date("Sunday, 06-Nov-10 08:49:37 GMT", 0)).substr(12, 4), "2010");
    EXPECT_EQ(http_date(*parse_http_date("Sunday, 06-Nov-40 08:49:37 GMT", 0)).substr(12, 4), "1940");
    // Whatever the clock says.
    EXPECT_TRUE(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT", INT64_MIN));
    EXPECT_TRUE(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT", INT64_MAX));
}

TEST(OnceHttpDate, the_calendar_is_kept) {
    EXPECT_EQ(read("Tue, 29 Feb 2000 00:00:00 GMT"), 951'782'400);
    EXPECT_EQ(read("Sat, 31 Dec 2016 23:59:60 GMT"), 1'483'228'800);  // a leap second
    for (const std::string_view text :
         {"Thu, 29 Feb 2001 00:00:00 GMT", "Thu, 31 Apr 2001 00:00:00 GMT", "Thu, 00 Apr 2001 00:00:00 GMT",
          "Thu, 32 Jan 2001 00:00:00 GMT", "Thu, 29 Feb 1900 00:00:00 GMT", "Thu, 01 Jan 2001 24:00:00 GMT",
          "Thu, 01 Jan 2001 00:60:00 GMT", "Thu, 01 Jan 2001 00:00:61 GMT"}) {
        EXPECT_FALSE(read(text)) << text;
    }
}

TEST(OnceHttpDate, what_is_no_date_is_none) {
    for (const std::string_view text : {"",
                                        "0",
                                        "-1",
                                        "Sun",
                                        "Sun,",
                                        "Sunday",
                                        "today",
                                        "Sun, 06 Nov 1994 08:49:37",
                                        "Sun, 06 Nov 1994 08:49:37 UTC",
                                        "Sun, 06 Nov 1994 08:49:37 GMT ",
                                        " Sun, 06 Nov 1994 08:49:37 GMT",
                                        "Sun, 6 Nov 1994 08:49:37 GMT",
                                        "Sun, 06 Nov 94 08:49:37 GMT",
                                        "Sun, 06 nov 1994 08:49:37 GMT",
                                        "sun, 06 Nov 1994 08:49:37 GMT",
                                        "Sun, 06 Nov 1994 8:49:37 GMT",
                                        "Sun, 06 Nov 1994 08:49 GMT",
                                        "Sun,06 Nov 1994 08:49:37 GMT",
                                        "Sun, +6 Nov 1994 08:49:37 GMT",
                                        "Sun, 06 Nov -994 08:49:37 GMT",
                                        "Sun, 06 Nov 19940 08:49:37 GMT",
                                        "Sunday, 06-Nov-1994 08:49:37 GMT",
                                        "Sunday, 06 Nov 1994 08:49:37 GMT",
                                        "Sun, 06-Nov-94 08:49:37 GMT",
                                        "Sun Nov 6 08:49:37 1994",
                                        "Sun Nov 06  08:49:37 1994",
                                        "Sun Nov  6 08:49:37 94",
                                        "Sun Nov  6 08:49:37 1994 GMT",
                                        "Sun, 06 Nov 1994 08:49:37 GMT\r\n"}) {
        EXPECT_FALSE(read(text)) << text;
    }
    EXPECT_FALSE(read(std::string_view("Sun, 06 Nov 1994 08:49:37 GMT\0", 30)));
}

TEST(OnceHttpDate, half_a_date_is_none) {
    for (const std::string_view whole :
         {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"}) {
        for (std::size_t n = 0; n < whole.size(); ++n) EXPECT_FALSE(read(whole.substr(0, n))) << n;
    }
}

}  // namespace
}  // namespace hocket::http
