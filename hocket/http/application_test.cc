// SPDX-License-Identifier: MIT
// Applications without a server: routes, typed parameters, results, errors.
#include <hocket/http/errors.h>
#include <hocket/http/json.h>
#include <hocket/http/server_test.h>

#include <memory>
#include <optional>

namespace hocket::http {

namespace {

/// Status and body.
std::string said(Application app, RequestHead head, std::string body = {}) {
    const Response response = run(answer_to(std::move(app), std::move(head), std::move(body)));
    return std::to_string(response.status()) + " " + response.body();
}

std::string twice(int n) { return std::to_string(2 * n); }

Coro<> handler_errors() {
    Told told;
    Application app;
    app.get("/sync", []() -> std::string { throw std::runtime_error("of the function"); });
    app.get("/coroutine", [](Request&) -> Coro<std::string> {
        co_await hocket::sleep(0);
        throw std::runtime_error("of the coroutine");
    });
    app.get("/known", []() -> std::string { throw HttpError(404, "no item 7"); });
    app.get("/bare", [](Request&) -> Coro<std::string> {
        throw HttpError(403);
        co_return "";
    });
    for (const char* path : {"/sync", "/coroutine"}) {
        const Response response = co_await answer_to(app, asking("GET", path));
        EXPECT_EQ(response.status(), 500);
        EXPECT_EQ(response.body(), R"({"detail":"Internal Server Error"})");
    }
    EXPECT_EQ(told.text,
              "Unhandled exception in the handler of GET /sync: std::runtime_error: of the function\n"
              "Unhandled exception in the handler of GET /coroutine: std::runtime_error: of the coroutine\n");
    told.text.clear();
    const Response known = co_await answer_to(app, asking("GET", "/known"));
    EXPECT_EQ(known.status(), 404);
    EXPECT_EQ(known.body(), R"({"detail":"no item 7"})");
    const Response bare = co_await answer_to(app, asking("GET", "/bare"));
    EXPECT_EQ(bare.body(), R"({"detail":"Forbidden"})");
    EXPECT_EQ(told.text, "");
}

Coro<> another_tasks_cancel() {
    Told told;
    Application app;
    app.get("/", [](Request&) -> Coro<std::string> {
        auto child = create_task([]() -> Coro<> { co_await hocket::sleep(std::chrono::hours(1)); });
        child.cancel();
        co_await child;
        co_return "";
    });
    const Response response = co_await answer_to(app, asking("GET", "/"));
    EXPECT_EQ(response.status(), 500);
    EXPECT_NE(told.text.find("CancelledError"), std::string::npos) << told.text;
}

Coro<> own_cancel() {
    Application app;
    app.get("/", [](Request&) -> Coro<std::string> {
        co_await hocket::sleep(std::chrono::hours(1));
        co_return "";
    });
    auto task = create_task(answer_to(app, asking("GET", "/")));
    co_await hocket::sleep(0);
    task.cancel();
    bool was_cancelled = false;
    try {
        co_await task;
    } catch (const CancelledError&) {
        was_cancelled = true;
    }
    EXPECT_TRUE(was_cancelled);
}

template <class F>
std::string refusal(std::string_view method, std::string_view path, F handler, RouteOptions options = {}) {
    Application app;
    app.get("/items/{id}", [](int id) { return std::to_string(id); });
    try {
        app.route(method, path, handler, options);
    } catch (const ValueError& e) {
        return e.what();
    }
    return "accepted";
}

}  // namespace

TEST(Application, path_parameters_have_the_types_of_the_handler) {
    Application app;
    app.get("/int/{n}", [](int n) { return std::to_string(n + 1); });
    app.get("/long/{n}", [](long n) { return std::to_string(n); });
    app.get("/size/{n}", [](std::size_t n) { return std::to_string(n); });
    app.get("/number/{x}", [](double x) { return std::to_string(x); });
    app.get("/flag/{b}", [](bool b) { return std::string(b ? "yes" : "no"); });
    app.get("/text/{s}", [](std::string s) { return s; });
    app.get("/both/{a}/of/{b}", [](std::string a, int b) { return a + std::to_string(b); });
    app.get("/twice/{n}", twice);
    EXPECT_EQ(said(app, asking("GET", "/int/41")), "200 42");
    EXPECT_EQ(said(app, asking("GET", "/int/-1")), "200 0");
    EXPECT_EQ(said(app, asking("GET", "/long/9223372036854775807")), "200 9223372036854775807");
    EXPECT_EQ(said(app, asking("GET", "/size/18446744073709551615")), "200 18446744073709551615");
    EXPECT_EQ(said(app, asking("GET", "/number/1.5")), "200 1.500000");
    EXPECT_EQ(said(app, asking("GET", "/flag/true")), "200 yes");
    EXPECT_EQ(said(app, asking("GET", "/flag/0")), "200 no");
    EXPECT_EQ(said(app, asking("GET", "/text/a%20b%2Fc%2541")), "200 a b/c%41");
    EXPECT_EQ(said(app, asking("GET", "/both/x/of/3")), "200 x3");
    EXPECT_EQ(said(app, asking("GET", "/twice/3")), "200 6");
}

TEST(Application, a_path_parameter_that_does_not_fit_is_422_with_its_name) {
    Application app;
    app.get("/int/{n}", [](int n) { return std::to_string(n); });
    app.get("/number/{x}", [](double x) { return std::to_string(x); });
    app.get("/flag/{b}", [](bool b) { return std::string(b ? "yes" : "no"); });
    EXPECT_EQ(
        said(app, asking("GET", "/int/abc")),
        R"(422 {"detail":[{"loc":["path","n"],"msg":"the path's n is no integer from -2147483648 to 2147483647","input":"abc"}]})");
    for (const char* path :
         {"/int/2147483648", "/int/1.0", "/int/+1", "/int/%31x", "/int/1%00", "/int/%20%31", "/number/x", "/number/inf",
          "/number/nan", "/number/1e999", "/flag/maybe", "/int/99999999999999999999"}) {
        EXPECT_EQ(said(app, asking("GET", path)).substr(0, 4), "422 ") << path;
    }
    EXPECT_EQ(said(app, asking("GET", "/int/%31")), "200 1");
}

TEST(Application, what_a_client_sent_is_escaped_in_the_answer) {
    Application app;
    app.get("/int/{n}", [](int n) { return std::to_string(n); });
    const std::string answer = said(app, asking("GET", "/int/%22%3Cscript%3E%0A%FF"));
    EXPECT_NE(answer.find(R"("input":"\"<script>\n)"
                          "\xef\xbf\xbd\""),
              std::string::npos)
        << answer;
}

TEST(Application, query_parameters_have_names_and_types) {
    Application app;
    app.get("/search", [](Query<"q", std::string> q, Query<"limit", std::optional<int>> limit) {
        return *q + " " + std::to_string(limit.value.value_or(10));
    });
    EXPECT_EQ(said(app, asking("GET", "/search?q=a+b%26&limit=3")), "200 a b& 3");
    EXPECT_EQ(said(app, asking("GET", "/search?q=x")), "200 x 10");
    EXPECT_EQ(said(app, asking("GET", "/search?q=")), "200  10");
    EXPECT_EQ(
        said(app, asking("GET", "/search?limit=x")),
        R"(422 {"detail":[{"loc":["query","q"],"msg":"the query's q is missing"},)"
        R"({"loc":["query","limit"],"msg":"the query's limit is no integer from -2147483648 to 2147483647","input":"x"}]})");
}

TEST(Application, a_handler_takes_the_request_and_parameters) {
    Application app;
    app.get("/hello/{name}", [](Request& request, std::string name, Query<"n", int> n) -> Coro<Response> {
        co_await hocket::sleep(0);
        co_return text_response(request.method() + " " + name + " " + std::to_string(*n), {.status = 203});
    });
    EXPECT_EQ(said(app, asking("GET", "/hello/ada?n=2")), "203 GET ada 2");
}

TEST(Application, results_become_answers) {
    Application app;
    app.get("/text", [] { return "literal"; });
    app.get("/json", [] { return Json{{"a", 1}}; });
    app.get("/json/later", []() -> Coro<Json> { co_return Json::array({1, 2}); });
    app.get("/response", [] { return html_response("<p>"); });
    const auto type_of = [&](const char* path) {
        return std::string(run(answer_to(app, asking("GET", path))).content_type());
    };
    EXPECT_EQ(said(app, asking("GET", "/text")), "200 literal");
    EXPECT_EQ(type_of("/text"), "text/plain; charset=utf-8");
    EXPECT_EQ(said(app, asking("GET", "/json")), R"(200 {"a":1})");
    EXPECT_EQ(type_of("/json"), "application/json");
    EXPECT_EQ(said(app, asking("GET", "/json/later")), "200 [1,2]");
    EXPECT_EQ(type_of("/response"), "text/html; charset=utf-8");
}

TEST(Application, a_handler_lives_as_long_as_the_application) {
    Application copy = [] {
        Application app;
        app.get("/", [text = std::make_unique<std::string>("captured")](Request&) -> Coro<std::string> {
            co_await hocket::sleep(0);
            co_return *text;
        });
        return app;
    }();
    EXPECT_EQ(said(copy, asking("GET", "/")), "200 captured");
}

TEST(Application, literals_are_preferred_to_parameters) {
    Application app;
    app.get("/items/{id}", [](std::string id) { return "item " + id; });
    app.get("/items/new", [] { return std::string("a new one"); });
    app.get("/items/new/draft", [] { return std::string("the draft"); });
    app.get("/items/{id}/price", [](std::string id) { return "price of " + id; });
    app.post("/items/{id}", [](std::string id) { return "posted " + id; });
    EXPECT_EQ(said(app, asking("GET", "/items/7")), "200 item 7");
    EXPECT_EQ(said(app, asking("GET", "/items/new")), "200 a new one");
    EXPECT_EQ(said(app, asking("GET", "/items/%6eew")), "200 a new one");
    EXPECT_EQ(said(app, asking("GET", "/items/new/draft")), "200 the draft");
    // Where a literal leads nowhere, the parameter has its turn.
    EXPECT_EQ(said(app, asking("GET", "/items/new/price")), "200 price of new");
    EXPECT_EQ(said(app, asking("POST", "/items/new")), "200 posted new");
}

TEST(Application, a_parameter_may_take_the_rest_of_the_path) {
    Application app;
    app.get("/files/{path:path}", [](std::string path) { return "rest " + path; });
    app.get("/files/{id}/size", [](std::string id) { return "size of " + id; });
    app.get("/files/readme", [] { return std::string("the text"); });
    app.get("/{all:path}", [](Request& request) { return "all " + request.path_param("all"); });
    EXPECT_EQ(said(app, asking("GET", "/files/a/b%20c/d%2Fe?q")), "200 rest a/b c/d/e");
    EXPECT_EQ(said(app, asking("GET", "/files/")), "200 rest ");
    EXPECT_EQ(said(app, asking("GET", "/files//a/")), "200 rest /a/");
    EXPECT_EQ(said(app, asking("GET", "/files/a/size")), "200 size of a");
    EXPECT_EQ(said(app, asking("GET", "/files/readme")), "200 the text");
    EXPECT_EQ(said(app, asking("GET", "/files/readme/x")), "200 rest readme/x");
    EXPECT_EQ(said(app, asking("GET", "/files")), "200 all files");
    EXPECT_EQ(said(app, asking("GET", "/")), "200 all ");
    EXPECT_EQ(said(app, asking("HEAD", "/x/y")), "200 all x/y");
    EXPECT_EQ(said(app, asking("POST", "/files/a")).substr(0, 3), "405");
}

TEST(Application, an_unknown_path_is_404) {
    Application app;
    app.get("/items/{id}", [](int id) { return std::to_string(id); });
    for (const char* path :
         {"/", "/items", "/items/", "/items/1/", "/items/1/x", "//items/1", "/Items/1", "*", "items/1"}) {
        EXPECT_EQ(said(app, asking("GET", path)), R"(404 {"detail":"Not Found"})") << path;
    }
}

TEST(Application, a_target_may_be_a_whole_url) {
    Application app;
    app.get("/items/{id}",
            [](Request& request, int id) { return std::to_string(id) + " " + std::string(request.query_string()); });
    app.get("/", [] { return std::string("root"); });
    EXPECT_EQ(said(app, asking("GET", "http://test/items/3?a=b")), "200 3 a=b");
    EXPECT_EQ(said(app, asking("GET", "http://test")), "200 root");
    EXPECT_EQ(said(app, asking("GET", "http://test?q")), "200 root");
    EXPECT_EQ(said(app, asking("GET", "/?u=http://x/items/3")), "200 root");
}

TEST(Application, a_method_that_the_path_does_not_have_is_405) {
    Application app;
    app.get("/items/{id}", [](int id) { return std::to_string(id); });
    app.delete_("/items/{id}", [](int) { return Response(204); });
    app.put("/items/all", [] { return Response(204); });
    const Response response = run(answer_to(app, asking("POST", "/items/all")));
    EXPECT_EQ(response.status(), 405);
    EXPECT_EQ(response.headers().get("Allow"), "DELETE, GET, HEAD, PUT");
    EXPECT_EQ(said(app, asking("get", "/items/1")).substr(0, 3), "405");  // methods have case
}

TEST(Application, each_method_has_its_function) {
    Application app;
    const auto answer = [](Request& request) { return request.method(); };
    app.get("/", answer);
    app.head("/", answer);
    app.options("/", answer);
    app.post("/", answer);
    app.put("/", answer);
    app.patch("/", answer);
    app.delete_("/", answer);
    app.route("REPORT", "/", answer);
    for (const std::string method : {"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "REPORT"}) {
        EXPECT_EQ(said(app, asking(method, "/")), "200 " + method);
    }
}

TEST(Application, head_is_answered_by_gets_route) {
    Application app;
    app.get("/a/{s}", [](std::string s) { return s; });
    app.get("/b", [] { return std::string("of GET"); });
    app.head("/b", [] { return std::string("of HEAD"); });
    EXPECT_EQ(said(app, asking("HEAD", "/a/x")), "200 x");
    EXPECT_EQ(said(app, asking("HEAD", "/b")), "200 of HEAD");
    app.any("/{all:path}", [](std::string all) { return "all " + all; });
    app.get("/c", [] { return std::string("of GET"); });
    EXPECT_EQ(said(app, asking("HEAD", "/c")), "200 of GET") << "what takes everything is worse";
    EXPECT_EQ(said(app, asking("HEAD", "/d")), "200 all d");
    EXPECT_EQ(said(app, asking("PUT", "/c")), "200 all c");
}

TEST(Application, a_route_that_cannot_be_is_refused) {
    const auto none = [] { return std::string(); };
    const auto one = [](int) { return std::string(); };
    EXPECT_EQ(refusal("GET", "items", none), "route GET items: a path begins with / and has no query");
    EXPECT_EQ(refusal("GET", "/items?x", none), "route GET /items?x: a path begins with / and has no query");
    EXPECT_EQ(refusal("GET", "/a{b}", one), "route GET /a{b}: the segment \"a{b}\" is no text and no {name}");
    EXPECT_EQ(refusal("GET", "/{}", one), "route GET /{}: the segment \"{}\" is no text and no {name}");
    EXPECT_EQ(refusal("GET", "/{", one), "route GET /{: the segment \"{\" is no text and no {name}");
    EXPECT_EQ(refusal("GET", "/{a:path}/b", one),
              "route GET /{a:path}/b: what takes the rest of a path stands at its end");
    EXPECT_EQ(refusal("GET", "/{:path}", one), "route GET /{:path}: the segment \"{:path}\" is no text and no {name}");
    EXPECT_EQ(refusal("GET", "/{a:int}", one), "route GET /{a:int}: the segment \"{a:int}\" is no text and no {name}");
    EXPECT_EQ(refusal("GET", "/{a}/{a}", [](int, int) { return std::string(); }),
              "route GET /{a}/{a}: two parameters {a}");
    EXPECT_EQ(refusal("GET", "/items/{other}", one), "route GET /items/{other}: there is such a route already");
    EXPECT_EQ(refusal("GET", "/x/{a}/{b}", one),
              "route GET /x/{a}/{b}: the path has 2 parameters, the handler takes 1");
    EXPECT_EQ(refusal("GET", "/x", one), "route GET /x: the path has 0 parameters, the handler takes 1");
    EXPECT_EQ(refusal("G T", "/x", none), "route G T /x: the method is no token");
    EXPECT_EQ(refusal("GET", "/x", none, {.parameters = {{"y", "what?"}}}),
              "route GET /x: there is no parameter y to describe");
    EXPECT_EQ(refusal("POST", "/items/{id}", one), "accepted");
    // The handler may ask the request for them.
    EXPECT_EQ(refusal("GET", "/x/{a}/{b}", none), "accepted");
}

TEST(Application, an_exception_of_a_handler_is_500_and_reported) { run(handler_errors()); }
TEST(VirtualApplication, the_cancel_of_another_task_is_an_error_of_the_handler) { run(another_tasks_cancel()); }
TEST(VirtualApplication, a_cancel_goes_through_the_handler) { run(own_cancel()); }

TEST(Application, an_http_error_has_an_errors_status) {
    EXPECT_THROW(HttpError(200, "fine"), ValueError);
    EXPECT_THROW(HttpError(600), ValueError);
    EXPECT_STREQ(HttpError(404).what(), "Not Found");
}

}  // namespace hocket::http
