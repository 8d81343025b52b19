// SPDX-License-Identifier: MIT
// Tags, dates, and which of a request's conditions counts.
#include <hocket/http/preconditions.h>

#include <hocket/base/errors.h>
#include <hocket/http/http_date.h>

#include <gtest/gtest.h>

namespace hocket::http {
namespace {

constexpr std::int64_t changed = 784'111'777;
constexpr std::int64_t now = changed + 1'000'000;

const Validators current{.etag = ETag{"v7"}, .last_modified = changed};
const Validators weak{.etag = ETag{"v7", true}, .last_modified = changed};
const Validators unknown{};
const Validators missing{.exists = false};

Precondition of(const Headers& request, const Validators& version = current, std::string_view method = "GET") {
    return check_preconditions(method, request, version, now);
}

TEST(OnceETag, is_written_and_read) {
    EXPECT_EQ((ETag{"v7"}).str(), "\"v7\"");
    EXPECT_EQ((ETag{"v7", true}).str(), "W/\"v7\"");
    EXPECT_EQ(ETag::parse("\"v7\""), (ETag{"v7"}));
    EXPECT_EQ(ETag::parse("W/\"v7\""), (ETag{"v7", true}));
    EXPECT_EQ(ETag::parse("\"\""), (ETag{""}));
    EXPECT_EQ(ETag::parse("\"a,b\\c\xc3\xa4\""), (ETag{"a,b\\c\xc3\xa4"}));
}

TEST(OnceETag, what_is_none_is_refused) {
    for (const std::string_view text : {"", "v7", "\"", "\"v7", "v7\"", "w/\"v7\"", "W/v7", "W/ \"v7\"", "\"a b\"",
                                        "\"a\tb\"", "\"a\x7f\"", "\"v7\" ", "\"v7\",", "\"a\"b\"", "*"}) {
        EXPECT_FALSE(ETag::parse(text)) << text;
    }
    EXPECT_THROW(static_cast<void>((ETag{"a\"b"}).str()), ValueError);
    EXPECT_THROW(static_cast<void>((ETag{"a b"}).str()), ValueError);
    EXPECT_THROW(static_cast<void>((ETag{"a\r\n"}).str()), ValueError);
}

TEST(OncePreconditions, without_any_all_holds) {
    EXPECT_EQ(of({}), Precondition::holds);
    EXPECT_EQ(of({}, missing, "PUT"), Precondition::holds);
}

TEST(OncePreconditions, if_none_match_knows_the_current_version) {
    EXPECT_EQ(of({{"If-None-Match", "\"v7\""}}), Precondition::not_modified);
    EXPECT_EQ(of({{"If-None-Match", "\"v6\""}}), Precondition::holds);
    EXPECT_EQ(of({{"If-None-Match", "\"v5\", W/\"v6\",\"v7\""}}), Precondition::not_modified);
    EXPECT_EQ(of({{"If-None-Match", ", ,\"v5\" ,, \"v7\","}}), Precondition::not_modified);
    EXPECT_EQ(of({{"If-None-Match", "\"v5\""}, {"if-none-match", "\"v7\""}}), Precondition::not_modified);
    EXPECT_EQ(of({{"If-None-Match", "\"a,b\", \"v7\""}}), Precondition::not_modified);
    EXPECT_EQ(of({{"If-None-Match", "*"}}), Precondition::not_modified);
    EXPECT_EQ(of({{"If-None-Match", "\"v7\""}}, unknown), Precondition::holds);
}

TEST(OncePreconditions, if_none_match_compares_weakly) {
    EXPECT_EQ(of({{"If-None-Match", "W/\"v7\""}}), Precondition::not_modified);
    EXPECT_EQ(of({{"If-None-Match", "\"v7\""}}, weak), Precondition::not_modified);
    EXPECT_EQ(of({{"If-None-Match", "W/\"v7\""}}, weak), Precondition::not_modified);
}

TEST(OncePreconditions, if_none_match_fails_where_something_would_be_changed) {
    EXPECT_EQ(of({{"If-None-Match", "\"v7\""}}, current, "HEAD"), Precondition::not_modified);
    EXPECT_EQ(of({{"If-None-Match", "\"v7\""}}, current, "PUT"), Precondition::failed);
    EXPECT_EQ(of({{"If-None-Match", "*"}}, current, "PUT"), Precondition::failed);
    EXPECT_EQ(of({{"If-None-Match", "*"}}, missing, "PUT"), Precondition::holds);
    EXPECT_EQ(of({{"If-None-Match", "\"v6\""}}, current, "PUT"), Precondition::holds);
}

TEST(OncePreconditions, if_match_compares_strongly) {
    EXPECT_EQ(of({{"If-Match", "\"v7\""}}, current, "PUT"), Precondition::holds);
    EXPECT_EQ(of({{"If-Match", "\"v6\", \"v7\""}}, current, "PUT"), Precondition::holds);
    EXPECT_EQ(of({{"If-Match", "\"v6\""}}, current, "PUT"), Precondition::failed);
    EXPECT_EQ(of({{"If-Match", "W/\"v7\""}}, current, "PUT"), Precondition::failed);
    EXPECT_EQ(of({{"If-Match", "\"v7\""}}, weak, "PUT"), Precondition::failed);
    EXPECT_EQ(of({{"If-Match", "W/\"v7\""}}, weak), Precondition::failed);
    EXPECT_EQ(of({{"If-Match", "\"v7\""}}, unknown), Precondition::failed);
    EXPECT_EQ(of({{"If-Match", "*"}}, unknown), Precondition::holds);
    EXPECT_EQ(of({{"If-Match", "*"}}, missing, "PUT"), Precondition::failed);
}

TEST(OncePreconditions, malformed_tags_match_nothing) {
    for (const std::string_view text :
         {"", "v7", "\"v7", "w/\"v7\"", "\"v6\" \"v7\"", "\"v6\"; \"v7\"", "**", "*, \"v7\""}) {
        EXPECT_EQ(of({{"If-None-Match", text}}), Precondition::holds) << text;
        EXPECT_EQ(of({{"If-Match", text}}), Precondition::failed) << text;
    }
}

TEST(OncePreconditions, dates_are_compared_to_the_second) {
    const auto since = [](std::string_view name, std::int64_t date, std::string_view method = "GET") {
        return of({{name, http_date(date)}}, current, method);
    };
    EXPECT_EQ(since("If-Modified-Since", changed), Precondition::not_modified);
    EXPECT_EQ(since("If-Modified-Since", changed + 1), Precondition::not_modified);
    EXPECT_EQ(since("If-Modified-Since", changed - 1), Precondition::holds);
    EXPECT_EQ(since("If-Modified-Since", changed, "HEAD"), Precondition::not_modified);
    EXPECT_EQ(since("If-Modified-Since", changed, "PUT"), Precondition::holds);
    EXPECT_EQ(since("If-Unmodified-Since", changed), Precondition::holds);
    EXPECT_EQ(since("If-Unmodified-Since", changed - 1), Precondition::failed);
    EXPECT_EQ(since("If-Unmodified-Since", changed - 1, "PUT"), Precondition::failed);
    EXPECT_EQ(of({{"If-Modified-Since", "Sunday, 06-Nov-94 08:49:37 GMT"}}), Precondition::not_modified);
}

TEST(OncePreconditions, dates_that_mean_nothing_are_ignored) {
    EXPECT_EQ(of({{"If-Modified-Since", "today"}}), Precondition::holds);
    EXPECT_EQ(of({{"If-Unmodified-Since", "today"}}), Precondition::holds);
    EXPECT_EQ(of({{"If-Modified-Since", http_date(changed)}}, unknown), Precondition::holds);
    EXPECT_EQ(of({{"If-Unmodified-Since", http_date(0)}}, unknown), Precondition::holds);
}

TEST(OncePreconditions, tags_go_before_dates) {
    const std::string before = http_date(changed - 1);
    const std::string after = http_date(changed + 1);
    EXPECT_EQ(of({{"If-Match", "\"v7\""}, {"If-Unmodified-Since", before}}), Precondition::holds);
    EXPECT_EQ(of({{"If-None-Match", "\"v6\""}, {"If-Modified-Since", after}}), Precondition::holds);
    EXPECT_EQ(of({{"If-None-Match", "\"v7\""}, {"If-Modified-Since", before}}), Precondition::not_modified);
    EXPECT_EQ(of({{"If-None-Match", "malformed"}, {"If-Modified-Since", after}}), Precondition::holds);
}

TEST(OncePreconditions, what_must_not_have_changed_goes_before_what_is_known) {
    EXPECT_EQ(of({{"If-None-Match", "\"v7\""}, {"If-Match", "\"v6\""}}), Precondition::failed);
    EXPECT_EQ(of({{"If-None-Match", "\"v7\""}, {"If-Match", "\"v7\""}}), Precondition::not_modified);
    EXPECT_EQ(of({{"If-Modified-Since", http_date(changed)}, {"If-Unmodified-Since", http_date(changed - 1)}}),
              Precondition::failed);
}

TEST(OncePreconditions, a_range_applies_to_the_version_that_it_was_begun_with) {
    const auto applies = [](std::string_view condition, const Validators& version = current, std::int64_t time = now) {
        return range_applies({{"If-Range", condition}}, version, time);
    };
    EXPECT_TRUE(range_applies({}, current, now));
    EXPECT_TRUE(applies("\"v7\""));
    EXPECT_FALSE(applies("\"v6\""));
    EXPECT_FALSE(applies("W/\"v7\""));
    EXPECT_FALSE(applies("\"v7\"", weak));
    EXPECT_FALSE(applies("\"v7\"", unknown));
    EXPECT_FALSE(applies("\"v6\", \"v7\""));
    EXPECT_TRUE(applies(http_date(changed)));
    EXPECT_FALSE(applies(http_date(changed + 1)));
    EXPECT_FALSE(applies(http_date(changed - 1)));
    EXPECT_FALSE(applies(http_date(changed), unknown));
    EXPECT_FALSE(applies(http_date(changed), current, changed));  // it may change again within the second
    EXPECT_FALSE(applies("*"));
    EXPECT_FALSE(applies(""));
}

}  // namespace
}  // namespace hocket::http
