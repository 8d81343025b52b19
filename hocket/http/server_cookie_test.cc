// SPDX-License-Identifier: MIT
// Cookies of a server: reading those of a request, setting and deleting them in an answer.
#include <gtest/gtest.h>
#include <hocket/http/cookie_jar.h>
#include <hocket/http/server_test.h>
#include <tests/support/trace.h>

#include <chrono>
#include <string>
#include <vector>

namespace hocket::http {
namespace {

using namespace std::chrono_literals;
using hocket::testing::thrown_by;
using Fields = std::vector<std::string_view>;

TEST(OnceServerCookie, those_of_all_fields_are_read) {
    const Request request(asking("GET", "/", {{"Cookie", "a=1; b=\"2\""}, {"X", "y=1"}, {"cookie", "a=3; lone"}}));
    EXPECT_EQ(request.cookies(), (Params{{"a", "1"}, {"b", "\"2\""}, {"a", "3"}, {"", "lone"}}));
    EXPECT_EQ(request.cookies("a"), "1");
    EXPECT_EQ(request.cookies("A"), std::nullopt);
    EXPECT_TRUE(Request(asking("GET", "/")).cookies().empty());
}

TEST(OnceServerCookie, an_answer_sets_them_with_what_is_said) {
    Response response = text_response("x");
    response.set_cookie("a", "1");
    response.set_cookie("sid", "31d4",
                        {.max_age = 24h,
                         .path = "/in",
                         .domain = "example.com",
                         .secure = true,
                         .http_only = true,
                         .same_site = SameSite::lax});
    EXPECT_EQ(response.headers().get_all("Set-Cookie"),
              (Fields{"a=1; Path=/",
                      "sid=31d4; Max-Age=86400; Domain=example.com; Path=/in; Secure; HttpOnly; SameSite=Lax"}));
}

TEST(OnceServerCookie, the_last_word_on_a_cookie_counts) {
    Response response = text_response("x", {.headers = {{"Set-Cookie", "raw"}, {"X", "y"}}});
    response.set_cookie("a", "1");
    response.set_cookie("b", "1");
    response.set_cookie("a", "2", {.path = "/x"});
    response.set_cookie("a", "3");
    response.set_cookie("c", "1", {.domain = ".Example.com"});
    response.set_cookie("c", "2", {.domain = "example.com"});
    response.del_cookie("b");
    EXPECT_EQ(response.headers().get_all("Set-Cookie"),
              (Fields{"raw", "a=2; Path=/x", "a=3; Path=/", "c=2; Domain=example.com; Path=/",
                      "b=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/"}));
    EXPECT_EQ(response.headers().get("X"), "y");
    response.del_cookie("__Host-a", {.secure = true});
    EXPECT_TRUE(response.headers().get_all("Set-Cookie").back().ends_with("; Path=/; Secure"));
}

// Rule 26.
TEST(OnceServerCookie, what_cannot_be_written_is_refused_and_changes_nothing) {
    Response response;
    EXPECT_EQ(thrown_by([&] { response.set_cookie("a", "x\r\nSet-Cookie: evil=1"); }),
              R"(hocket::ValueError: write cookie "a": the value has "\r" in it)");
    EXPECT_THROW(response.set_cookie("a\r\n", "x"), ValueError);
    EXPECT_THROW(response.set_cookie("a", "x; Domain=com"), ValueError);
    EXPECT_THROW(response.set_cookie("a", "x", {.path = "/\r\nX: y"}), ValueError);
    EXPECT_THROW(response.set_cookie("a", "x", {.domain = "x; Secure"}), ValueError);
    EXPECT_THROW(response.set_cookie("__Host-a", "x"), ValueError);
    EXPECT_THROW(response.set_cookie("a", "x", {.same_site = SameSite::none}), ValueError);
    EXPECT_TRUE(response.headers().empty());
}

TEST(ServerCookie, what_a_server_deletes_a_client_forgets) {
    run([]() -> Coro<> {
        const Url url = Url::parse("https://a.example.com/x/y");
        CookieJar jar;
        Response response;
        response.set_cookie("a", "1", {.max_age = 1h, .domain = "example.com"});
        response.set_cookie("__Host-b", "2", {.secure = true});
        jar.update_from_response(response.headers(), url);
        EXPECT_EQ(jar.size(), 2U);
        Response second;
        second.del_cookie("a", {.domain = "example.com"});
        second.del_cookie("__Host-b", {.secure = true});
        jar.update_from_response(second.headers(), url);
        EXPECT_EQ(jar.size(), 0U);
        co_return;
    }());
}

TEST(ServerCookie, more_than_200_are_refused_over_several_fields_too) {
    run([]() -> Coro<> {
        Application app;
        app.get("/", [](Request& request) { return std::to_string(request.cookies().size()); });
        const auto cookies = [](int count) {
            std::string text = "c0=0";
            for (int i = 1; i < count; ++i)
                text += (i == 100 ? "\r\nCookie: c" : "; c") + std::to_string(i) + "=" + std::to_string(i);
            return text;
        };
        HandFed connection(std::move(app));
        const auto answer = [&](int count) -> Coro<std::string> {
            const std::string asked = "GET / HTTP/1.1\r\nHost: x\r\nCookie: " + cookies(count) + "\r\n\r\n";
            co_return co_await connection.exchange(asked);
        };
        EXPECT_EQ(body_of(co_await answer(200)), "200");
        const std::string refused = co_await answer(201);
        EXPECT_EQ(status_of(refused), "400");
        EXPECT_EQ(body_of(refused), R"({"detail":"the request has more than 200 cookies"})");
        connection.wire.feed_eof();
        co_await connection.task;
    }());
}

TEST(ServerCookie, a_handler_reads_and_sets_them) {
    run([]() -> Coro<> {
        Application app;
        app.get("/", [](Request& request) {
            Response response = text_response(std::string(request.cookies("name").value_or("nobody")));
            response.set_cookie("seen", "yes", {.http_only = true});
            return response;
        });
        HandFed connection(std::move(app));
        const std::string answer =
            co_await connection.exchange("GET / HTTP/1.1\r\nHost: x\r\nCookie: name=ada\r\n\r\n");
        EXPECT_NE(answer.find("\r\nSet-Cookie: seen=yes; Path=/; HttpOnly\r\n"), std::string::npos) << answer;
        EXPECT_EQ(body_of(answer), "ada");
        connection.wire.feed_eof();
        co_await connection.task;
    }());
}

}  // namespace
}  // namespace hocket::http
