// SPDX-License-Identifier: MIT
// Redirects: which are followed, what they make of the request, and what they must not carry on.
#include <hocket/http/client_session.h>
#include <hocket/http/client_test.h>

#include <string>
#include <vector>

namespace hocket::http {
namespace {

using namespace testing;

std::string redirect(int status, const std::string& location) {
    return "HTTP/1.1 " + std::to_string(status) + " Moved\r\nLocation: " + location +
           "\r\nContent-Length: 4\r\n\r\nmove";
}

// Sends `/from...` on to `to`, and answers everything else with its request line.
Coro<TestServer> redirecting(int status, std::string to) {
    co_return co_await TestServer::answering([=](const std::string& request) {
        const std::string line = request.substr(0, request.find(" HTTP"));
        return line.find(" /from") != std::string::npos ? redirect(status, to) : ok(line);
    });
}

TEST(RealClientRedirect, a_redirect_is_followed_and_remembered) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await redirecting(302, "to?x=1");
        const ClientSession session;
        const ClientResponse response = co_await session.get(server.url("/from?y"));
        EXPECT_EQ(response.status(), 200);
        EXPECT_EQ(response.url().str(), server.url("/to?x=1"));
        EXPECT_EQ(response.history(), std::vector{Url::parse(server.url("/from?y"))});
        EXPECT_EQ(co_await response.text(), "GET /to?x=1");
        EXPECT_EQ(server.connections(), 1);  // the redirect's body was read on the way
    }());
}

TEST(RealClientRedirect, a_redirect_is_given_as_it_is_where_that_is_asked_for) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await redirecting(302, "/to");
        const ClientSession session;
        const ClientResponse response = co_await session.get(server.url("/from"), {.allow_redirects = false});
        EXPECT_EQ(response.status(), 302);
        EXPECT_EQ(response.headers().get("Location"), "/to");
        EXPECT_EQ(co_await response.text(), "move");
    }());
}

TEST(RealClientRedirect, without_a_location_it_is_the_answer) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::answering("HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n");
        const ClientSession session;
        EXPECT_EQ((co_await session.get(server.url())).status(), 302);
    }());
}

TEST(RealClientRedirect, some_statuses_turn_the_method_into_get_and_others_keep_it) {
    run_http([]() -> Coro<> {
        struct Case {
            int status;
            const char *method, *becomes;
        };
        for (const Case& c : {Case{301, "POST", "GET"},
                              {302, "POST", "GET"},
                              {303, "POST", "GET"},
                              {307, "POST", "POST"},
                              {308, "POST", "POST"},
                              {301, "PUT", "PUT"},
                              {302, "DELETE", "DELETE"},
                              {303, "PUT", "GET"},
                              {303, "HEAD", "HEAD"},
                              {302, "HEAD", "HEAD"}}) {
            const TestServer server = co_await redirecting(c.status, "/to");
            const ClientSession session;
            const ClientResponse response = co_await session.request(c.method, server.url("/from"));
            EXPECT_EQ(response.method(), c.becomes) << c.status << ' ' << c.method;
            EXPECT_TRUE(server.requests().at(1).starts_with(std::string(c.becomes) + " /to "))
                << server.requests().at(1);
        }
    }());
}

TEST(RealClientRedirect, a_body_goes_on_with_its_method_and_stays_behind_without_it) {
    run_http([]() -> Coro<> {
        const TestServer kept = co_await redirecting(307, "/to");
        const TestServer dropped = co_await redirecting(303, "/to");
        const ClientSession session;
        co_await session.post(kept.url("/from"), {.data = "body"});
        EXPECT_TRUE(kept.requests().at(1).ends_with("\r\n\r\nbody"));
        co_await session.post(dropped.url("/from"), {.headers = {{"Content-Encoding", "x"}}, .data = "body"});
        EXPECT_TRUE(dropped.requests().at(1).ends_with("\r\n\r\n"));
        for (const char* field : {"Content-Type", "Content-Length", "Content-Encoding"}) {
            EXPECT_EQ(field_of(dropped.requests().at(1), field), "none");
        }
    }());
}

TEST(RealClientRedirect, credentials_stay_with_their_origin) {
    run_http([]() -> Coro<> {
        const TestServer other = co_await TestServer::answering(ok(""));
        const TestServer server = co_await TestServer::answering([&](const std::string& request) {
            if (request.starts_with("GET /here")) return redirect(302, "/then");
            return redirect(302, other.url("/there"));
        });
        const ClientSession session({.headers = {{"Authorization", "secret"}}});
        co_await session.get(
            server.url("/here"),
            {.headers = {{"Cookie", "a=b"}, {"Proxy-Authorization", "p"}, {"Host", "example"}, {"X-Mine", "stays"}}});
        const std::string& same_origin = server.requests().at(1);
        EXPECT_EQ(field_of(same_origin, "Authorization"), "secret");
        EXPECT_EQ(field_of(same_origin, "Cookie"), "a=b");
        EXPECT_EQ(field_of(same_origin, "Host"), "example");
        const std::string& elsewhere = other.requests().at(0);
        for (const char* field : {"Authorization", "Cookie", "Proxy-Authorization"}) {
            EXPECT_EQ(field_of(elsewhere, field), "none");
        }
        EXPECT_EQ(field_of(elsewhere, "Host"), other.origin().substr(7));
        EXPECT_EQ(field_of(elsewhere, "X-Mine"), "stays");
    }());
}

TEST(RealClientRedirect, credentials_that_were_dropped_do_not_come_back) {
    run_http([]() -> Coro<> {
        std::string home;
        const TestServer other =
            co_await TestServer::answering([&](const std::string&) { return redirect(307, home + "/back"); });
        const TestServer server = co_await TestServer::answering([&](const std::string& request) {
            return request.starts_with("GET /back") ? ok("") : redirect(307, other.url());
        });
        home = server.origin();
        const ClientSession session({.headers = {{"Authorization", "secret"}}});
        co_await session.get(server.url(), {.headers = {{"Cookie", "a=b"}}});
        EXPECT_EQ(field_of(server.requests().at(0), "Authorization"), "secret");
        for (const char* field : {"Authorization", "Cookie"}) {
            EXPECT_EQ(field_of(other.requests().at(0), field), "none");
            EXPECT_EQ(field_of(server.requests().at(1), field), "none");
        }
    }());
}

TEST(RealClientRedirect, several_locations_lead_nowhere) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::answering([](const std::string& request) {
            if (!request.starts_with("GET /from")) return ok("there");
            const std::string second = request.starts_with("GET /from/both") ? "/other" : "/there";
            return "HTTP/1.1 302 Found\r\nLocation: /there\r\nlocation: " + second + "\r\nContent-Length: 0\r\n\r\n";
        });
        const ClientSession session;
        EXPECT_EQ(
            co_await ending_of(session.get(server.url("/from/both"))),
            "hocket::http::ClientResponseError: GET " + server.url("/from/both") + ": redirected to several URLs");
        EXPECT_EQ(co_await text_of(session.get(server.url("/from/one"))), "there");
    }());
}

TEST(RealClientRedirect, so_many_are_followed_and_no_more) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::answering([](const std::string& request) {
            const int left = std::stoi(request.substr(5));
            return left == 0 ? ok("there") : redirect(302, std::to_string(left - 1));
        });
        const ClientSession session;
        EXPECT_EQ(co_await text_of(session.get(server.url("/10"))), "there");
        EXPECT_EQ(co_await ending_of(session.get(server.url("/11"))),
                  "hocket::http::TooManyRedirects: GET " + server.url("/11") +
                      ": more than 10 redirects, the last to " + server.url("/0"));
        EXPECT_EQ(co_await text_of(session.get(server.url("/2"), {.max_redirects = 2})), "there");
        EXPECT_EQ(co_await ending_of(session.get(server.url("/1"), {.max_redirects = 0})),
                  "hocket::http::TooManyRedirects: GET " + server.url("/1") + ": more than 0 redirects, the last to " +
                      server.url("/0"));
    }());
}

TEST(RealClientRedirect, a_session_says_whether_and_how_many_are_followed) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::answering([](const std::string& request) {
            const int left = std::stoi(request.substr(5));
            return left == 0 ? ok("there") : redirect(302, std::to_string(left - 1));
        });
        const ClientSession staying({.allow_redirects = false});
        EXPECT_EQ((co_await staying.get(server.url("/1"))).status(), 302);
        EXPECT_EQ(co_await text_of(staying.get(server.url("/1"), {.allow_redirects = true})), "there");
        const ClientSession following({.max_redirects = 2});
        EXPECT_EQ(co_await text_of(following.get(server.url("/2"))), "there");
        EXPECT_EQ(co_await ending_of(following.get(server.url("/3"))),
                  "hocket::http::TooManyRedirects: GET " + server.url("/3") + ": more than 2 redirects, the last to " +
                      server.url("/0"));
        EXPECT_EQ(co_await text_of(following.get(server.url("/3"), {.max_redirects = 3})), "there");
        EXPECT_EQ((co_await following.get(server.url("/1"), {.allow_redirects = false})).status(), 302);
    }());
}

TEST(RealClientRedirect, one_that_leads_nowhere_is_an_error_of_the_response) {
    run_http([]() -> Coro<> {
        struct Case {
            const char *location, *why;
        };
        for (const Case& c :
             {Case{"gopher://u:p@127.0.0.1/", "redirected to gopher://127.0.0.1/: the scheme \"gopher\" is not http"},
              {"ftp://127.0.0.1/", "redirected to ftp://127.0.0.1/: the scheme \"ftp\" is not http"},
              {"http://[", "redirected to no URL: parse URL http://["}}) {
            const TestServer server = co_await redirecting(302, c.location);
            const ClientSession session;
            const std::string end = co_await ending_of(session.get(server.url("/from")));
            const std::string expected =
                "hocket::http::ClientResponseError: GET " + server.url("/from") + ": " + std::string(c.why);
            EXPECT_TRUE(end.starts_with(expected)) << end;
        }
    }());
}

TEST(RealClientRedirect, errors_name_the_url_that_failed) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await redirecting(302, "http://127.0.0.1:1/gone");
        const ClientSession session;
        EXPECT_EQ(
            co_await ending_of(session.get(server.url("/from"))),
            "hocket::http::ClientConnectionError: GET http://127.0.0.1:1/gone: connect to 127.0.0.1:1: Connection "
            "refused");
    }());
}

}  // namespace
}  // namespace hocket::http
