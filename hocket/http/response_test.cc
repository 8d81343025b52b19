// SPDX-License-Identifier: MIT
// Answers as values.
#include <gtest/gtest.h>
#include <hocket/base/errors.h>
#include <hocket/http/json.h>
#include <hocket/http/response.h>

namespace hocket::http {

TEST(OnceResponse, each_kind_has_its_type) {
    EXPECT_EQ(text_response("x").content_type(), "text/plain; charset=utf-8");
    EXPECT_EQ(html_response("x").content_type(), "text/html; charset=utf-8");
    EXPECT_EQ(bytes_response("x").content_type(), "application/octet-stream");
    EXPECT_EQ(json_response(Json{{"a", 1}}).content_type(), "application/json");
    EXPECT_EQ(Response(204).content_type(), "");
    EXPECT_EQ(text_response("x", {.content_type = "text/csv"}).content_type(), "text/csv");
    EXPECT_EQ(text_response("x", {.headers = {{"content-type", "text/csv"}}}).content_type(), "text/csv");
}

TEST(OnceResponse, options_are_taken_over) {
    const Response response = json_response(Json::array(), {.status = 201, .headers = {{"X", "y"}}, .reason = "Made"});
    EXPECT_EQ(response.status(), 201);
    EXPECT_EQ(response.headers().get("X"), "y");
    EXPECT_EQ(response.reason(), "Made");
    EXPECT_EQ(response.body(), "[]");
    EXPECT_FALSE(response.is_streamed());
}

TEST(OnceResponse, a_status_is_final) {
    EXPECT_THROW(Response(100), ValueError);
    EXPECT_THROW(Response(1000), ValueError);
    EXPECT_THROW(Response().set_status(101), ValueError);
    EXPECT_THROW(text_response("", {.status = 0}), ValueError);
}

TEST(OnceResponse, a_redirect_does_not_leave_by_two_slashes) {
    EXPECT_EQ(redirect_response("/x").status(), 302);
    EXPECT_EQ(redirect_response("/x", {.status = 308}).headers().get("Location"), "/x");
    EXPECT_EQ(redirect_response("https://example.com/").headers().get("Location"), "https://example.com/");
    EXPECT_THROW(redirect_response("//example.com/"), ValueError);
    EXPECT_THROW(redirect_response(" //example.com/"), ValueError);
    for (const char* location : {"/\\example.com/", "\\\\example.com/", "\\/example.com/", "/\t/example.com/",
                                 "\t//example.com/", "/\t\\\texample.com/", "///example.com/"}) {
        EXPECT_THROW(redirect_response(location), ValueError) << location;
    }
    for (const char* location : {"/", "/a//b", "a//b", "\\", "?x=//y", "https://example.com//"}) {
        EXPECT_EQ(redirect_response(location).headers().get("Location"), location);
    }
    EXPECT_THROW(redirect_response("/x\r\nSet-Cookie: a=b"), ValueError);
}

TEST(OnceResponse, fields_cannot_break_the_head) {
    Response response;
    EXPECT_THROW(response.headers().set("X", "a\r\nY: b"), ValueError);
    EXPECT_THROW(response.headers().set("X: y", "a"), ValueError);
    EXPECT_THROW(Response("", "text/plain\r\nX: y"), ValueError);
}

TEST(OnceJsonText, what_another_library_has_written_is_taken_as_it_is) {
    EXPECT_EQ(json_response(JsonText::written("[1, 2]")).body(), "[1, 2]");
}

TEST(OnceJsonText, strings_are_escaped) {
    const auto written = [](std::string_view text) {
        std::string to;
        append_json_string(to, text);
        return to;
    };
    EXPECT_EQ(written("a\"b\\c\n\t\x01\x7f"), "\"a\\\"b\\\\c\\n\\u0009\\u0001\x7f\"");
    EXPECT_EQ(written("gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80"), "\"gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80\"");
    // Overlong forms, surrogates, what is beyond Unicode, and what is cut off.
    for (const char* text : {"\xff", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\x80"}) {
        EXPECT_TRUE(Json::accept(written(text))) << written(text);
    }
    EXPECT_EQ(written("a\xff"
                      "b"),
              "\"a\xef\xbf\xbd"
              "b\"");
}

}  // namespace hocket::http
