// SPDX-License-Identifier: MIT
// Cookies of a client: what its jar takes from responses, what goes out, and what a redirect leaves behind.
#include <hocket/http/client_session.h>
#include <hocket/http/client_test.h>
#include <hocket/http/sync.h>
#include <hocket/os/executor.h>

#include <string>
#include <vector>

namespace hocket::http {
namespace {

using namespace testing;

/// What each request so far said in its field Cookie.
std::vector<std::string> cookies_at(const TestServer& server) {
    std::vector<std::string> fields;
    for (const std::string& request : server.requests()) fields.push_back(field_of(request, "Cookie"));
    return fields;
}

using Fields = std::vector<std::string>;

TEST(RealClientCookie, what_a_response_sets_goes_with_the_next_request) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::answering(
            ok("", "Set-Cookie: a=1\r\nSet-Cookie: b=2; Path=/deep\r\nSet-Cookie: bad=\x01\r\n"));
        const TestServer plain =
            co_await TestServer::answering(ok("", "Set-Cookie: a=1\r\nset-cookie: b=2; Path=/deep\r\n"));
        const ClientSession session;
        co_await session.get(plain.url("/x"));
        co_await session.get(plain.url("/x"));
        const ClientResponse response = co_await session.get(plain.url("/deep/er"));
        EXPECT_EQ(cookies_at(plain), (Fields{"none", "a=1", "b=2; a=1"}));
        EXPECT_EQ(response.cookies().size(), 2U);
        EXPECT_EQ(response.cookies().at(1).path, "/deep");
        EXPECT_EQ(session.cookie_jar().size(), 3U);  // `a` of / and of /deep
        // A field with a control character makes the whole answer none (rule 12).
        EXPECT_TRUE((co_await ending_of(session.get(server.url()))).starts_with("hocket::http::ClientResponseError: "));
        EXPECT_EQ(session.cookie_jar().size(), 3U);  // `a` of / and of /deep
    }());
}

TEST(RealClientCookie, redirects_set_cookies_and_carry_them) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::answering([](const std::string& request) {
            if (!request.starts_with("GET /from")) return ok("");
            return std::string("HTTP/1.1 302 Found\r\nLocation: /to\r\nSet-Cookie: sid=1\r\nContent-Length: 0\r\n\r\n");
        });
        const ClientSession session;
        const ClientResponse response = co_await session.get(server.url("/from"));
        EXPECT_EQ(cookies_at(server), (Fields{"none", "sid=1"}));
        EXPECT_TRUE(response.cookies().empty());
        EXPECT_EQ(session.cookie_jar().cookies().at(0).name, "sid");
    }());
}

TEST(RealClientCookie, those_of_a_request_go_before_the_jars_and_the_jars_before_the_sessions) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::answering(ok("", "Set-Cookie: a=jar\r\nSet-Cookie: b=jar\r\n"));
        const ClientSession session({.cookies = {{"a", "session"}, {"c", "session"}}});
        co_await session.get(server.url());
        co_await session.get(server.url());
        const Params given = {{"b", "request"}, {"d", "request"}};
        co_await session.get(server.url(), {.cookies = given});
        co_await session.get(server.url());
        EXPECT_EQ(cookies_at(server), (Fields{"a=session; c=session", "a=jar; b=jar; c=session",
                                              "b=request; d=request; a=jar; c=session", "a=jar; b=jar; c=session"}));
    }());
}

TEST(RealClientCookie, there_is_one_field_even_where_headers_name_cookies) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::answering(ok("", "Set-Cookie: a=jar\r\nSet-Cookie: b=jar\r\n"));
        const ClientSession session;
        co_await session.get(server.url());
        const Headers headers = {{"Cookie", "a=mine; x=\"y\""}, {"cookie", "z=1"}};
        const Params given = {{"x", "more"}};
        co_await session.get(server.url(), {.headers = headers, .cookies = given});
        EXPECT_EQ(cookies_at(server).at(1), "a=mine; z=1; x=more; b=jar");
        EXPECT_EQ(server.requests().at(1).find("cookie: "), std::string::npos);
    }());
}

// Rules 30 and 32.
TEST(RealClientCookie, a_redirect_to_another_origin_leaves_given_cookies_behind) {
    run_http([]() -> Coro<> {
        const TestServer other = co_await TestServer::answering([](const std::string&) {
            return std::string("HTTP/1.1 302 Found\r\nLocation: /on\r\nContent-Length: 0\r\n\r\n");
        });
        const TestServer server = co_await TestServer::answering([&](const std::string& request) {
            const std::string to = request.starts_with("GET /here") ? "/then" : other.url("/there");
            return "HTTP/1.1 307 Moved\r\nLocation: " + to + "\r\nContent-Length: 0\r\n\r\n";
        });
        const ClientSession session({.cookies = {{"s", "1"}}});
        const Headers headers = {{"Cookie", "h=1"}};
        const Params given = {{"r", "1"}};
        co_await ending_of(
            session.get(server.url("/here"), {.headers = headers, .cookies = given, .max_redirects = 3}));
        EXPECT_EQ(cookies_at(server), (Fields{"h=1; r=1; s=1", "h=1; r=1; s=1"}));
        EXPECT_EQ(cookies_at(other), (Fields{"none", "none"}));
    }());
}

TEST(RealClientCookie, cookies_know_hosts_and_no_ports) {
    run_http([]() -> Coro<> {
        const TestServer one = co_await TestServer::answering(ok("", "Set-Cookie: a=1\r\n"));
        const TestServer two = co_await TestServer::answering(ok(""));
        const ClientSession session;
        co_await session.get(one.url());
        co_await session.get(two.url());
        EXPECT_EQ(cookies_at(two), Fields{"a=1"});
        co_await session.get("http://localhost:" + std::to_string(two.server.port()) + "/");
        EXPECT_EQ(cookies_at(two).at(1), "none");
    }());
}

TEST(RealClientCookie, a_sessions_cookies_are_for_its_base_url) {
    run_http([]() -> Coro<> {
        const TestServer own = co_await TestServer::answering(ok(""));
        const TestServer other = co_await TestServer::answering(ok(""));
        const ClientSession session({.base_url = own.origin(), .cookies = {{"s", "1"}}});
        co_await session.get("/x");
        co_await session.get(other.url());
        EXPECT_EQ(cookies_at(own), Fields{"s=1"});
        EXPECT_EQ(cookies_at(other), Fields{"none"});
    }());
}

// Also fields that could be such: with a `base_url`, they go to its origin; without, wherever a request goes, as aiohttp's.
TEST(RealClientCookie, a_sessions_fields_of_credentials_are_for_its_base_url) {
    run_http([]() -> Coro<> {
        const TestServer own = co_await TestServer::answering(ok(""));
        const TestServer other = co_await TestServer::answering(ok(""));
        const Headers headers = {
            {"authorization", "Bearer t"}, {"Cookie", "c=1"}, {"Host", "own.example"}, {"X-Public", "p"}};
        const auto seen = [](const TestServer& server) {
            std::string text;
            for (const char* name : {"authorization", "Cookie", "Host", "X-Public"}) {
                text += field_of(server.requests().back(), name) + ' ';
            }
            return text;
        };
        const std::string all = "Bearer t c=1 own.example p ";
        const ClientSession session({.base_url = own.origin(), .headers = headers});
        co_await session.get("/x");
        EXPECT_EQ(seen(own), all);
        co_await session.get(other.url());
        EXPECT_EQ(seen(other), "none none " + other.origin().substr(7) + " p ");
        co_await session.get(other.url(), {.headers = headers});  // what a request says itself is for whom it asks
        EXPECT_EQ(seen(other), all);
        const ClientSession without({.headers = headers});
        co_await without.get(other.url());
        EXPECT_EQ(seen(other), all);
    }());
}

TEST(RealClientCookie, sessions_share_a_jar_or_keep_nothing) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::answering(ok("", "Set-Cookie: a=1\r\n"));
        CookieJar jar;
        {
            const ClientSession first({.cookie_jar = jar});
            co_await first.get(server.url());
        }
        const ClientSession second({.cookie_jar = jar});
        co_await second.get(server.url());
        const ClientSession third({.cookie_jar = CookieJar({.accept = false})});
        co_await third.get(server.url());
        const ClientResponse response = co_await third.get(server.url());
        EXPECT_EQ(cookies_at(server), (Fields{"none", "a=1", "none", "none"}));
        EXPECT_EQ(response.cookies().size(), 1U);
    }());
}

TEST(RealClientCookie, the_server_makes_the_jar_forget) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::answering([](const std::string& request) {
            return ok("", request.starts_with("GET /in") ? "Set-Cookie: a=1\r\n" : "Set-Cookie: a=; Max-Age=0\r\n");
        });
        const ClientSession session;
        for (const char* path : {"/in", "/out", "/in", "/out"}) co_await session.get(server.url(path));
        EXPECT_EQ(cookies_at(server), (Fields{"none", "a=1", "none", "a=1"}));
        EXPECT_TRUE(session.cookie_jar().empty());
    }());
}

TEST(RealClientCookie, what_cannot_be_sent_is_refused_before_it_is) {
    run_http([]() -> Coro<> {
        const ClientSession session;
        const Params breaks = {{"a", "1\r\nX: y"}};
        const Params adds = {{"a", "1; b=2"}};
        EXPECT_EQ(co_await ending_of(session.get("http://127.0.0.1:1/", {.cookies = breaks})),
                  "hocket::ValueError: GET http://127.0.0.1:1/: write cookie \"a\": name or value has a character that "
                  "cannot be sent there");
        EXPECT_EQ(co_await ending_of(session.get("http://127.0.0.1:1/", {.cookies = adds})),
                  "hocket::ValueError: GET http://127.0.0.1:1/: write cookie \"a\": name or value has a character that "
                  "cannot be sent there");
        EXPECT_THROW(ClientSession({.cookies = {{"a;b", "1"}}}), ValueError);
    }());
}

TEST(RealClientCookie, ordinary_code_sees_them_too) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::answering(ok("", "Set-Cookie: a=1; Path=/x\r\n"));
        const auto path_of = [](const std::string& url) { return sync::get(url).cookies().at(0).path; };
        EXPECT_EQ(co_await to_thread(path_of, server.url()), "/x");
    }());
}

}  // namespace
}  // namespace hocket::http
