// SPDX-License-Identifier: MIT
// Middlewares, applications within applications, storage, and the paths of named routes.
#include <hocket/http/errors.h>
#include <hocket/http/server_test.h>
#include <hocket/http/test_client.h>
#include <tests/support/allocations.h>

#include <new>
#include <string>

namespace hocket::http {

namespace {

/// Status and body of what the application answers.
Coro<std::string> said(Application app, std::string method, std::string target) {
    const TestClient client(app);
    const TestResponse response = co_await client.request(std::move(method), std::move(target));
    co_return std::to_string(response.status) + " " + response.body;
}

/// Writes its name before and after what it stands around.
void add_traced(Application& app, std::string name, std::string& trace) {
    app.middleware([name = std::move(name), &trace](Request& request, Next next) -> Coro<Response> {
        trace += name + "(";
        Response response = co_await next(request);
        trace += ")" + name;
        co_return response;
    });
}

// As with a server: a body that is not sent is not made.
Coro<> bodies_of_the_test_client() {
    int begun = 0;
    const auto pieces = [](int& count) -> AsyncGenerator<std::string> {
        ++count;
        co_yield "piece";
    };
    Application app;
    app.get("/{status}", [&](int status) {
        Response response = stream_response(pieces(begun));
        response.set_status(status);
        return response;
    });
    const TestClient client(app);
    EXPECT_EQ((co_await client.get("/204")).body, "");
    EXPECT_EQ((co_await client.get("/304")).body, "");
    EXPECT_EQ((co_await client.request("HEAD", "/200")).body, "");
    EXPECT_EQ(begun, 0);
    const TestResponse response = co_await client.get("/200");
    EXPECT_EQ(response.body, "piece");
    EXPECT_EQ(response.headers.get("Content-Type").value_or(""), response.content_type);
}

Coro<> order() {
    std::string trace;
    Application app;
    add_traced(app, "a", trace);
    add_traced(app, "b", trace);
    app.get("/", [&trace] {
        trace += "handler";
        return std::string("hello");
    });
    EXPECT_EQ(co_await said(app, "GET", "/"), "200 hello");
    EXPECT_EQ(trace, "a(b(handler)b)a");
    trace.clear();
    EXPECT_EQ((co_await said(app, "GET", "/nowhere")).substr(0, 3), "404");
    EXPECT_EQ((co_await said(app, "POST", "/")).substr(0, 3), "405");
    EXPECT_EQ(trace, "a(b()b)aa(b()b)a");
}

Coro<> answers_itself() {
    Application app;
    bool was_called = false;
    app.middleware([](Request& request, Next next) -> Coro<Response> {
        if (!request.headers().contains("Authorization")) co_return error_response(401, "who are you?");
        Response response = co_await next(request);
        response.headers().set("X-Seen", "yes");
        response.set_status(202);
        co_return response;
    });
    app.get("/", [&was_called](Request&) -> Coro<std::string> {
        was_called = true;
        co_return "hello";
    });
    EXPECT_EQ(co_await said(app, "GET", "/"), R"(401 {"detail":"who are you?"})");
    EXPECT_FALSE(was_called);
    const TestClient client(app);
    TestRequestOptions options;
    options.headers.add("Authorization", "x");
    const TestResponse response = co_await client.get("/", std::move(options));
    EXPECT_EQ(response.status, 202);
    EXPECT_EQ(response.headers.get("X-Seen"), "yes");
}

Coro<> errors_pass() {
    Told told;
    Application app;
    app.middleware([](Request& request, Next next) -> Coro<Response> {
        std::string seen;
        try {
            co_return co_await next(request);
        } catch (const HttpError& e) {
            seen = "refused: " + std::string(e.what());
        } catch (const ValueError& e) {
            seen = "failed: " + std::string(e.what());
        }
        co_return text_response(seen);
    });
    app.get("/refuses", []() -> std::string { throw HttpError(404, "no item 7"); });
    app.get("/fails", [](Request&) -> Coro<std::string> {
        throw ValueError("of the handler");
        co_return "";
    });
    app.get("/others", []() -> std::string { throw std::runtime_error("of another kind"); });
    EXPECT_EQ(co_await said(app, "GET", "/refuses"), "200 refused: no item 7");
    EXPECT_EQ(co_await said(app, "GET", "/fails"), "200 failed: of the handler");
    EXPECT_EQ(told.text, "");
    EXPECT_EQ((co_await said(app, "GET", "/others")).substr(0, 3), "500");
    EXPECT_EQ(told.text, "Unhandled exception in the handler of GET /others: std::runtime_error: of another kind\n");
}

Coro<> twice() {
    Application app;
    int calls = 0;
    app.middleware([](Request& request, Next next) -> Coro<Response> {
        const Response first = co_await next(request);
        if (first.status() == 200) co_return text_response("at once");
        co_return co_await next(request);
    });
    app.get("/", [&calls](Request&) -> Coro<Response> {
        co_return text_response("call", {.status = ++calls == 1 ? 503 : 201});
    });
    EXPECT_EQ(co_await said(app, "GET", "/"), "201 call");
    EXPECT_EQ(calls, 2);
}

Coro<> prepares() {
    Told told;
    Application app;
    std::string trace;
    app.on_response_prepare([&trace](Request& request, Response& response) -> Coro<> {
        trace += std::string(request.path()) + " " + std::to_string(response.status()) + "\n";
        co_await hocket::sleep(0);
        response.headers().set("X-Prepared", "yes");
        if (request.path() == "/broken") throw ValueError("of the hook");
    });
    app.get("/", [] { return std::string("hello"); });
    app.get("/fails", []() -> std::string { throw std::runtime_error("no"); });
    app.get("/broken", [] { return std::string("hello"); });
    const TestClient client(app);
    const TestResponse response = co_await client.get("/");
    EXPECT_EQ(response.headers.get("X-Prepared"), "yes");
    EXPECT_EQ((co_await client.get("/nowhere")).status, 404);
    EXPECT_EQ((co_await client.get("/fails")).status, 500);
    EXPECT_EQ(trace, "/ 200\n/nowhere 404\n/fails 500\n");
    told.text.clear();
    EXPECT_EQ((co_await client.get("/broken")).status, 500);
    EXPECT_NE(told.text.find("of the hook"), std::string::npos) << told.text;
}

Coro<> parts() {
    std::string trace;
    Application app;
    Application admin;
    Application users;
    add_traced(app, "app", trace);
    add_traced(admin, "admin", trace);
    users.get("/{id}", [](Request& request, int id) { return request.route()->path + " " + std::to_string(id); });
    admin.get("/", [] { return std::string("admin's"); });
    app.get("/admin/{page}", [](std::string page) { return "not reached: " + page; });
    app.get("/{page}", [](std::string page) { return "page " + page; });
    admin.add_subapp("/users", users);
    app.add_subapp("/admin", admin);
    EXPECT_EQ(co_await said(app, "GET", "/admin/users/7"), "200 /admin/users/{id} 7");
    EXPECT_EQ(trace, "app(admin()admin)app");
    trace.clear();
    EXPECT_EQ(co_await said(app, "GET", "/admin/"), "200 admin's");
    EXPECT_EQ(co_await said(app, "GET", "/%61dmin/"), "200 admin's");  // the same path: nobody gets around the layers
    EXPECT_EQ(trace, "app(admin()admin)appapp(admin()admin)app");
    trace.clear();
    EXPECT_EQ((co_await said(app, "GET", "/admin/nowhere")).substr(0, 3), "404");
    EXPECT_EQ((co_await said(app, "GET", "/admin")).substr(0, 3), "404");
    EXPECT_EQ(trace, "app(admin()admin)appapp(admin()admin)app");
    trace.clear();
    EXPECT_EQ(co_await said(app, "GET", "/administrators"), "200 page administrators");
    EXPECT_EQ(trace, "app()app");
    const TestResponse refused = co_await TestClient(app).post("/admin/users/7");
    EXPECT_EQ(refused.status, 405);
    EXPECT_EQ(refused.headers.get("Allow"), "GET, HEAD");
    EXPECT_EQ(co_await said(users, "GET", "/7"), "200 /admin/users/{id} 7");  // by itself, without the others' layers
}

Coro<> the_longest_prefix() {
    Application app;
    Application outer;
    Application inner;
    outer.any("/{page}", [] { return std::string("outer"); });
    inner.any("/{page}", [] { return std::string("inner"); });
    app.add_subapp("/a", outer);
    app.add_subapp("/a/b", inner);
    EXPECT_EQ(co_await said(app, "GET", "/a/x"), "200 outer");
    EXPECT_EQ(co_await said(app, "GET", "/a/b/x"), "200 inner");
}

Coro<> any_method() {
    Application app;
    app.any("/x", [](Request& request) -> Coro<std::string> { co_return "any " + request.method(); });
    app.post("/x", [] { return std::string("post"); });
    EXPECT_EQ(co_await said(app, "GET", "/x"), "200 any GET");
    EXPECT_EQ(co_await said(app, "BREW", "/x"), "200 any BREW");
    EXPECT_EQ(co_await said(app, "POST", "/x"), "200 post");
    EXPECT_EQ(app.openapi().find("\"*\""), std::string::npos);
}

const Key<std::string> greeting("greeting");
const Key<std::string> other("greeting");
const Key<int> user("user");

Coro<> storage() {
    Application app;
    Application part;
    app.set(greeting, std::string("hello"));
    app.middleware([](Request& request, Next next) -> Coro<Response> {
        EXPECT_EQ(request.find(user), nullptr);
        request.set(user, 7);
        co_return co_await next(request);
    });
    part.get("/", [](Request& request) { return request.app()[greeting] + " " + std::to_string(request[user]); });
    app.add_subapp("/part", part);
    EXPECT_EQ(co_await said(app, "GET", "/part/"), "200 hello 7");
    part.set(greeting, std::string("good day"));
    EXPECT_EQ(co_await said(app, "GET", "/part/"), "200 good day 7");
    EXPECT_EQ(app[greeting], "hello");
    EXPECT_EQ(app.find(other), nullptr);  // of the same name
    const Request request(asking("GET", "/"));
    EXPECT_THROW(request[user], ValueError);
    EXPECT_THROW(request.app(), RuntimeError);
    std::string error;
    try {
        app[other];
    } catch (const ValueError& e) {
        error = e.what();
    }
    EXPECT_EQ(error, "app[greeting]: nothing has that key");
}

// Each layer sees its own application, before and after what it stands around.
Coro<> current_applications() {
    Application app;
    Application part;
    app.set(greeting, std::string("outer"));
    part.set(greeting, std::string("inner"));
    std::string trace;
    const auto say = [&trace](Request& request) { trace += request.app()[greeting] + " "; };
    const auto layer = [&say](Request& request, Next next) -> Coro<Response> {
        say(request);
        Response response = co_await next(request);
        say(request);
        co_return response;
    };
    const auto prepare = [&say](Request& request, Response&) -> Coro<> {
        say(request);
        co_return;
    };
    for (Application* const one : {&app, &part}) {
        one->middleware(layer);
        one->on_response_prepare(prepare);
    }
    part.get("/", [](Request& request) { return request.app()[greeting]; });
    app.add_subapp("/part", part);
    EXPECT_EQ(co_await said(app, "GET", "/part/"), "200 inner");
    EXPECT_EQ(trace, "outer inner inner outer outer inner ");
    trace.clear();
    EXPECT_EQ(co_await said(part, "GET", "/"), "200 inner");
    EXPECT_EQ(trace, "inner inner inner ");
}

Coro<std::size_t> allocations_of_a_request(Application app) {
    for (int i = 0;; ++i) {
        Request request(asking("GET", "/part/"));
        const std::size_t before = hocket::testing::calls_of_new;
        const Response response = co_await app.handle(request);
        const std::size_t count = hocket::testing::calls_of_new - before;
        EXPECT_EQ(response.status(), 204);
        if (i == 3) co_return count;  // frames come from free lists by now
    }
}

// What stands around a handler is known before the request.
Coro<> allocations() {
    Application plain;
    Application layered;
    for (Application* const app : {&plain, &layered}) {
        Application part;
        part.get("/", [] { return Response(204); });
        for (Application* const one : {app, &part}) {
            for (int i = 0; i < 3 && app == &layered; ++i) {
                one->middleware([](Request& request, Next next) { return next(request); });
            }
        }
        app->add_subapp("/part", part);
    }
    EXPECT_EQ(co_await allocations_of_a_request(layered), co_await allocations_of_a_request(plain));
}

std::string refusal_of(const Application& app, std::string_view prefix, const Application& part) {
    Application whole = app;
    try {
        whole.add_subapp(prefix, part);
    } catch (const ValueError& e) {
        return e.what();
    }
    return "nothing";
}

}  // namespace

TEST(VirtualHttpTestClient, makes_no_body_that_is_not_sent) { run(bodies_of_the_test_client()); }
TEST(VirtualHttpMiddleware, stands_around_handlers_and_around_what_is_not_found) { run(order()); }
TEST(VirtualHttpMiddleware, answers_by_itself_or_changes_the_answer) { run(answers_itself()); }
TEST(VirtualHttpMiddleware, sees_what_handlers_throw) { run(errors_pass()); }
TEST(VirtualHttpMiddleware, may_ask_again) { run(twice()); }
TEST(VirtualHttpMiddleware, every_answer_is_prepared) { run(prepares()); }
TEST(VirtualHttpSubapp, each_layer_sees_its_own_application) { run(current_applications()); }
TEST(VirtualHttpMiddleware, takes_no_memory_for_each_request) { run(allocations()); }
TEST(VirtualHttpSubapp, answers_for_all_under_its_prefix) { run(parts()); }
TEST(VirtualHttpSubapp, the_longest_prefix_decides) { run(the_longest_prefix()); }
TEST(VirtualHttpSubapp, a_route_of_any_method_leaves_those_that_have_their_own) { run(any_method()); }
TEST(VirtualHttpStorage, keys_are_told_by_identity_and_looked_for_outwards) { run(storage()); }

// Where one key was, another is.
TEST(OnceHttpStorage, what_is_under_a_key_that_is_gone_is_no_other_ones) {
    alignas(Key<int>) alignas(Key<std::string>) unsigned char place[sizeof(Key<int>)];
    Storage storage;
    storage.set(*new (place) Key<int>("number"), 7);
    const auto& text = *new (place) Key<std::string>("text");
    EXPECT_EQ(storage.find(text), nullptr);
}

TEST(OnceHttpSubapp, refuses_what_makes_no_sense) {
    const Application app;
    const Application part;
    EXPECT_EQ(refusal_of(app, "part", part), R"(add_subapp "part": a prefix begins with / and does not end so)");
    EXPECT_EQ(refusal_of(app, "/", part), R"(add_subapp "/": a prefix begins with / and does not end so)");
    EXPECT_EQ(refusal_of(app, "/{x}", part), R"(add_subapp "/{x}": a prefix has neither parameters nor a query)");
    EXPECT_EQ(refusal_of(app, "/x", app), R"(add_subapp "/x": an application cannot be a part of itself)");
    EXPECT_EQ(refusal_of(app, "/part", part), "nothing");
    EXPECT_EQ(refusal_of(app, "/more", part), R"(add_subapp "/more": the application is a part of one already)");
    EXPECT_EQ(refusal_of(app, "/p%61rt", Application()), R"(add_subapp "/p%61rt": there is an application already)");
    EXPECT_EQ(refusal_of(part, "/x", app), R"(add_subapp "/x": an application cannot be a part of itself)");
}

TEST(OnceHttpSubapp, the_description_has_the_routes_that_are_to_be_known) {
    Application app;
    Application part;
    part.get("/items/{id}", [](int id) { return std::to_string(id); });
    Application hidden;
    hidden.get("/secret", [] { return std::string(); });
    app.add_subapp("/hidden", hidden);
    app.add_subapp("/part", part, {.is_listed = true});
    EXPECT_EQ(app.openapi().find("secret"), std::string::npos) << app.openapi();
    EXPECT_NE(app.openapi().find(R"("/part/items/{id}")"), std::string::npos) << app.openapi();
}

TEST(OnceHttpUrlFor, encodes_parameters_and_query) {
    Application app;
    Application part;
    part.get("/items/{id}/{part}", [](std::string, std::string) { return std::string(); }, {.name = "item"});
    EXPECT_EQ(part.url_for("item", {{"id", "7"}, {"part", "a b/c?%"}}), "/items/7/a%20b%2Fc%3F%25");
    app.add_subapp("/shop", part);
    EXPECT_EQ(part.url_for("item", {{"part", "x"}, {"id", "7"}}, {{"q", "a b"}}), "/shop/items/7/x?q=a+b");
    part.get("/late", [] { return std::string(); }, {.name = "late"});
    EXPECT_EQ(part.url_for("late"), "/shop/late");
}

TEST(OnceHttpUrlFor, refuses_what_would_be_another_path) {
    Application app;
    app.get("/items/{id}", [](std::string) { return std::string(); }, {.name = "item"});
    const auto refusal = [&app](std::string_view name, const Params& parameters) -> std::string {
        try {
            return app.url_for(name, parameters);
        } catch (const ValueError& e) {
            return e.what();
        }
    };
    EXPECT_EQ(refusal("nothing", {}), R"(url_for "nothing": no route has that name)");
    EXPECT_EQ(refusal("", {}), R"(url_for "": no route has that name)");
    EXPECT_EQ(refusal("item", {}), R"(url_for "item": the parameter {id} is missing)");
    EXPECT_EQ(refusal("item", {{"id", ".."}}), R"(url_for "item": ".." cannot stand for {id})");
    EXPECT_EQ(refusal("item", {{"id", ""}}), R"(url_for "item": "" cannot stand for {id})");
    EXPECT_EQ(refusal("item", {{"id", "7"}, {"x", "8"}}),
              R"(url_for "item": the route takes 1 parameters, and 2 were given)");
    EXPECT_THROW(app.get("/others", [] { return std::string(); }, {.name = "item"}), ValueError);
    EXPECT_NO_THROW(app.post("/items/{id}", [](std::string) { return std::string(); }, {.name = "item"}));
}

}  // namespace hocket::http
