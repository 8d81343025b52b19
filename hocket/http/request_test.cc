// SPDX-License-Identifier: MIT
// What a handler can ask a request for.
#include <hocket/base/errors.h>
#include <hocket/http/errors.h>
#include <hocket/http/form.h>
#include <hocket/http/json.h>
#include <hocket/http/server_test.h>

namespace hocket::http {

namespace {

/// What `ask(request)` gives, or the status and the words of its HttpError.
template <class F>
std::string asked(F ask, std::string body, Headers headers = {{"Host", "test"}}) {
    return run([](F f, std::string text, Headers fields) -> Coro<std::string> {
        Request request(asking("POST", "/", std::move(fields)), std::move(text));
        try {
            co_return co_await f(request);
        } catch (const HttpError& e) {
            co_return std::to_string(e.status()) + " " + e.what();
        }
    }(std::move(ask), std::move(body), std::move(headers)));
}

Coro<std::string> json_of(Request& request) {
    const Json value = co_await request.json();
    co_return value.dump();
}
Coro<std::string> text_of(Request& request) { co_return co_await request.text(); }
Coro<std::string> form_of(Request& request) {
    const Form form = co_await request.form();
    co_return encode_form(form.fields);
}

Coro<> only_once() {
    Request request(asking("POST", "/"), "body");
    EXPECT_EQ(co_await request.body(), "body");
    std::string error;
    try {
        co_await request.body();
    } catch (const RuntimeError& e) {
        error = e.what();
    }
    EXPECT_EQ(error, "the body of this request has been read already: keep what body() gives");
}

Coro<> in_pieces() {
    Request request(asking("POST", "/"), "body");
    EXPECT_EQ(co_await request.next(), "body");
    EXPECT_EQ(co_await request.next(), std::nullopt);
    EXPECT_EQ(co_await request.body(), "");
}

}  // namespace

TEST(OnceRequest, has_a_target_with_path_and_query) {
    const Request request(asking("GET", "/a%20b?x=1&y=a+b&x=2", {{"Host", "test:8080"}, {"X-Id", "7"}}));
    EXPECT_EQ(request.target(), "/a%20b?x=1&y=a+b&x=2");
    EXPECT_EQ(request.path(), "/a%20b");
    EXPECT_EQ(request.query_string(), "x=1&y=a+b&x=2");
    EXPECT_EQ(request.query(), (Params{{"x", "1"}, {"y", "a b"}, {"x", "2"}}));
    EXPECT_EQ(request.query("x"), "1");
    EXPECT_EQ(request.query("z"), std::nullopt);
    EXPECT_EQ(request.url(), "http://test:8080/a%20b?x=1&y=a+b&x=2");
    EXPECT_EQ(request.headers().get("x-id"), "7");
    EXPECT_FALSE(request.peername());
}

TEST(OnceRequest, has_no_path_parameters_before_it_is_routed) {
    const Request request(asking("GET", "/x"));
    EXPECT_THROW(static_cast<void>(request.path_param("id")), ValueError);
}

TEST(OnceRequest, says_what_its_body_is) {
    const Request plain({.method = "GET", .target = "/"});
    EXPECT_EQ(plain.content_type(), "application/octet-stream");
    EXPECT_EQ(plain.charset(), "");
    const Headers headers{{"Content-Type", "Text/HTML; charset=\"UTF-8\""}};
    const Request page({.method = "POST", .target = "/", .headers = headers});
    EXPECT_EQ(page.content_type(), "text/html");
    EXPECT_EQ(page.charset(), "utf-8");
}

TEST(Request, gives_path_parameters_by_name) {
    Application app;
    app.get("/{a}/{b}", [](Request& request) {
        try {
            static_cast<void>(request.path_param("c"));
        } catch (const ValueError& e) {
            return request.path_param("b") + request.path_param("a") + " " + e.what();
        }
        return std::string();
    });
    EXPECT_EQ(run(answer_to(app, asking("GET", "/x/%79"))).body(),
              "yx path_param: the route /{a}/{b} has no parameter {c}");
}

TEST(Request, the_body_is_read_once) { run(only_once()); }
TEST(Request, the_body_is_read_in_pieces) { run(in_pieces()); }

TEST(Request, json_is_parsed_or_400) {
    EXPECT_EQ(asked(json_of, R"({"a": [1, 2]})"), R"({"a":[1,2]})");
    EXPECT_EQ(asked(json_of, "{\"a\": nope}").substr(0, 54), "400 parse JSON of the request's body: line 1, column 8");
    EXPECT_EQ(asked(json_of, "").substr(0, 36), "400 parse JSON of the request's body");
    EXPECT_EQ(asked(json_of, "\xff").substr(0, 36), "400 parse JSON of the request's body");
}

TEST(Request, json_of_many_levels_is_refused) {
    const auto nested = [](std::size_t n) { return std::string(n, '[') + std::string(n, ']'); };
    EXPECT_EQ(asked(json_of, nested(200)), nested(200));
    EXPECT_EQ(asked(json_of, nested(201)), "400 the request's body is JSON of more than 200 levels");
    EXPECT_EQ(asked(json_of, nested(500'000)), "400 the request's body is JSON of more than 200 levels");
    const std::string brackets = R"([")" + std::string(300, '[') + R"(\"["])";
    EXPECT_EQ(asked(json_of, brackets), brackets);
}

TEST(Request, text_is_utf_8) {
    EXPECT_EQ(asked(text_of, "gr\xc3\xbc\xc3\x9f"), "gr\xc3\xbc\xc3\x9f");
    EXPECT_EQ(asked(text_of, "x", {{"Content-Type", "text/plain; charset=UTF-8"}}), "x");
    EXPECT_EQ(asked(text_of, "x", {{"Content-Type", "text/plain; a=b; Charset=\"utf-8\""}}), "x");
    EXPECT_EQ(asked(text_of, "x", {{"Content-Type", "text/plain; charset=latin1"}}),
              "415 the body is in latin1, not in UTF-8");
}

TEST(Request, a_form_is_told_by_its_type) {
    const Headers form{{"Content-Type", "application/x-www-form-urlencoded"}};
    EXPECT_EQ(asked(form_of, "a=1&b=%20", form), "a=1&b=+");
    EXPECT_EQ(asked(form_of, "a=1"),
              "415 the body is \"\", not application/x-www-form-urlencoded or multipart/form-data");
}

}  // namespace hocket::http
