// SPDX-License-Identifier: MIT
// What is done before an application's first request and after its last, and by whom.
#include <hocket/base/exception_group.h>
#include <hocket/flow/with.h>
#include <hocket/http/server_test.h>
#include <hocket/http/test_client.h>
#include <hocket/net/net_test.h>

#include <chrono>

namespace hocket::http {

namespace {

using namespace std::chrono_literals;
using hocket::testing::run_net;

/// An application whose hooks write down that they were called.
Application traced(std::string name, std::string& trace) {
    Application app;
    const auto hook = [name, &trace](std::string what) {
        return [name, what = std::move(what), &trace](Application&) -> Coro<> {
            co_await hocket::sleep(0);
            trace += name + " " + what + "\n";
        };
    };
    app.on_startup(hook("starts"));
    app.on_shutdown(hook("shuts down"));
    app.on_cleanup(hook("cleans up"));
    app.cleanup_ctx([name, &trace](Application&) -> Lifespan {
        trace += name + " enters\n";
        co_yield {};
        trace += name + " leaves\n";
    });
    app.get("/", [] { return std::string("hello"); });
    return app;
}

Coro<> order() {
    std::string trace;
    Application app = traced("app", trace);
    app.add_subapp("/part", traced("part", trace));
    co_await with(TestClient(app), [&trace](TestClient& client) -> Coro<> {
        EXPECT_EQ(trace, "app enters\napp starts\npart enters\npart starts\n");
        trace.clear();
        EXPECT_EQ((co_await client.get("/part/")).body, "hello");
    });
    EXPECT_EQ(trace, "app shuts down\npart shuts down\npart leaves\npart cleans up\napp leaves\napp cleans up\n");
    trace.clear();
    co_await with(TestClient(app), []() -> Coro<> { co_return; });  // again
    EXPECT_EQ(trace.substr(0, 11), "app enters\n");
}

Coro<> a_start_that_fails() {
    std::string trace;
    Application app = traced("app", trace);
    app.on_startup([](Application&) -> Coro<> {
        throw ValueError("no database");
        co_return;
    });
    std::string error;
    try {
        co_await app.startup();
    } catch (const ValueError& e) {
        error = e.what();
    }
    EXPECT_EQ(error, "no database");
    EXPECT_EQ(trace, "app enters\napp starts\napp leaves\n");
}

Coro<> an_end_that_fails() {
    std::string trace;
    Application app = traced("app", trace);
    for (const char* what : {"first", "second"}) {
        app.on_cleanup([what](Application&) -> Coro<> {
            throw ValueError(what);
            co_return;
        });
    }
    co_await app.startup();
    std::size_t errors = 0;
    try {
        co_await app.cleanup();
    } catch (const ExceptionGroup& group) {
        errors = group.exceptions().size();
    }
    EXPECT_EQ(errors, 2U);
    EXPECT_EQ(trace, "app enters\napp starts\napp leaves\napp cleans up\n");
}

Coro<> a_shutdown_that_fails() {
    std::string trace;
    Application app;
    for (const char* what : {"first", "second"}) {
        app.on_shutdown([what, &trace](Application&) -> Coro<> {
            trace += std::string(what) + "\n";
            throw ValueError(what);
            co_return;
        });
    }
    app.add_subapp("/part", traced("part", trace));
    co_await app.startup();
    trace.clear();
    std::size_t errors = 0;
    try {
        co_await app.shutdown();
    } catch (const ExceptionGroup& group) {
        errors = group.exceptions().size();
    }
    EXPECT_EQ(errors, 2U);
    EXPECT_EQ(trace, "first\nsecond\npart shuts down\n");
    co_await app.cleanup();
}

Coro<bool> starts(Application app) {
    try {
        co_await app.startup();
    } catch (const RuntimeError&) {
        co_return false;
    }
    co_return true;
}

Coro<> one_life_at_a_time() {
    std::string trace;
    Application app = traced("app", trace);
    const Application part = traced("part", trace);
    app.add_subapp("/part", part);
    EXPECT_TRUE(co_await starts(app));
    EXPECT_FALSE(co_await starts(part)) << "it has begun with the whole";
    co_await app.cleanup();
    EXPECT_TRUE(co_await starts(part));
    trace.clear();
    EXPECT_FALSE(co_await starts(app)) << "a part of it has begun";
    EXPECT_EQ(trace, "");
    co_await part.cleanup();
    EXPECT_TRUE(co_await starts(app));
    co_await app.cleanup();
}

template <class F>
std::string refusal_of(F change) {
    try {
        change();
    } catch (const RuntimeError& e) {
        return e.what();
    }
    return "nothing";
}

Coro<> nothing_changes_while_it_serves() {
    Application app;
    Application part;
    app.add_subapp("/part", part);
    std::string early;
    app.on_startup([&early](Application& it) -> Coro<> {
        early = refusal_of([&it] { it.on_startup([](Application&) -> Coro<> { co_return; }); });
        it.get("/", [] { return std::string("hello"); });
        it.middleware([](Request& request, Next next) -> Coro<Response> { co_return co_await next(request); });
        co_return;
    });
    co_await with(TestClient(app), [&](TestClient& client) -> Coro<> {
        EXPECT_EQ((co_await client.get("/")).body, "hello");
        const auto hook = [](Application&) -> Coro<> { co_return; };
        const std::string rest = ": the application is in use already";
        for (Application* const one : {&app, &part}) {
            EXPECT_EQ(refusal_of([&] { one->on_startup(hook); }), "on_startup" + rest);
            EXPECT_EQ(refusal_of([&] { one->on_shutdown(hook); }), "on_shutdown" + rest);
            EXPECT_EQ(refusal_of([&] { one->on_cleanup(hook); }), "on_cleanup" + rest);
            EXPECT_EQ(refusal_of([&] { one->cleanup_ctx([](Application&) -> Lifespan { co_yield {}; }); }),
                      "cleanup_ctx" + rest);
            EXPECT_EQ(refusal_of([&] { one->get("/x", [] { return std::string(); }); }), "route GET /x" + rest);
            EXPECT_EQ(refusal_of([&] { one->add_subapp("/x", Application()); }), "add_subapp" + rest);
            EXPECT_EQ(refusal_of([&] { one->on_response_prepare([](Request&, Response&) -> Coro<> { co_return; }); }),
                      "on_response_prepare" + rest);
            EXPECT_EQ(refusal_of([&] {
                          one->middleware(
                              [](Request& request, Next next) -> Coro<Response> { co_return co_await next(request); });
                      }),
                      "middleware" + rest);
        }
    });
    EXPECT_EQ(early, "on_startup: the application is in use already");
}

Coro<std::string> ending_of_life(Application app) {
    std::string error;
    try {
        co_await app.startup();
        co_await app.cleanup();
    } catch (const RuntimeError& e) {
        error = e.what();
    }
    co_return error;
}

Coro<> contexts_that_are_none() {
    Application empty;
    empty.cleanup_ctx([](Application&) -> Lifespan { co_return; });
    EXPECT_EQ(co_await ending_of_life(empty), "cleanup_ctx: a context ended before its co_yield");
    Application twice;
    twice.cleanup_ctx([](Application&) -> Lifespan {
        co_yield {};
        co_yield {};
    });
    EXPECT_EQ(co_await ending_of_life(twice), "cleanup_ctx: a context has more than one co_yield");
}

const Key<int> answer("answer");

Coro<> served() {
    std::string trace;
    Application app = traced("app", trace);
    app.cleanup_ctx([](Application& it) -> Lifespan {
        it.set(answer, 42);
        co_yield {};
    });
    app.get("/answer", [](Request& request) { return std::to_string(request.app()[answer]); });
    HttpServer server = co_await serve(app, "127.0.0.1", 0);
    EXPECT_EQ(trace, "app enters\napp starts\n");
    std::string second;
    try {
        co_await serve(app, "127.0.0.1", 0);
    } catch (const RuntimeError& e) {
        second = e.what();
    }
    EXPECT_EQ(second, "startup: this application is served already, and has hooks: make one for each server");
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
    co_await writer.write("GET /answer HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_TRUE((co_await reader.readuntil("42")).ends_with("42"));
    server.close();
    co_await server.wait_closed();
    EXPECT_EQ(trace, "app enters\napp starts\napp shuts down\napp leaves\napp cleans up\n");
    co_await server.wait_closed();  // once is enough
    EXPECT_EQ(trace, "app enters\napp starts\napp shuts down\napp leaves\napp cleans up\n");
}

// `on_shutdown` is what lets the request end, and the request's end is what the clean-up waits for.
Coro<> ends_streams() {
    hocket::Event over;
    std::string trace;
    Application app;
    app.get("/", [&](Request&) -> Coro<std::string> {
        co_await over.wait();
        trace += "request ends\n";
        co_return "over";
    });
    app.on_shutdown([&](Application&) -> Coro<> {
        trace += "shuts down\n";
        over.set();
        co_return;
    });
    app.on_cleanup([&](Application&) -> Coro<> {
        trace += "cleans up\n";
        co_return;
    });
    HttpServer server = co_await serve(app, "127.0.0.1", 0);
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
    co_await writer.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    co_await hocket::testing::until([&] { return server.requests() == 1; });
    server.close();
    EXPECT_EQ(body_of(co_await reader.read()), "over");
    co_await server.wait_closed();
    EXPECT_EQ(trace, "shuts down\nrequest ends\ncleans up\n");
}

Coro<> an_occupied_port() {
    std::string trace;
    HttpServer first = co_await serve(Application(), "127.0.0.1", 0);
    bool failed = false;
    try {
        co_await serve(traced("app", trace), "127.0.0.1", first.port());
    } catch (const OSError&) {
        failed = true;
    }
    EXPECT_TRUE(failed);
    EXPECT_EQ(trace, "app enters\napp starts\napp leaves\napp cleans up\n");
    first.close();
    co_await first.wait_closed();
}

}  // namespace

TEST(VirtualHttpHooks, run_from_the_outermost_inwards_and_back) { run(order()); }
TEST(VirtualHttpHooks, a_start_that_fails_leaves_what_was_entered) { run(a_start_that_fails()); }
TEST(VirtualHttpHooks, an_end_that_fails_goes_on_to_the_end) { run(an_end_that_fails()); }
TEST(VirtualHttpHooks, a_shutdown_that_fails_goes_on_to_the_end) { run(a_shutdown_that_fails()); }
TEST(VirtualHttpHooks, a_part_begins_once) { run(one_life_at_a_time()); }
TEST(VirtualHttpHooks, nothing_is_added_while_the_application_serves) { run(nothing_changes_while_it_serves()); }
TEST(VirtualHttpHooks, a_context_yields_once) { run(contexts_that_are_none()); }
TEST(RealHttpHooks, are_run_by_a_server) { run_net(served()); }
TEST(RealHttpHooks, a_shutdown_ends_what_requests_wait_for) { run_net(ends_streams()); }
TEST(RealHttpHooks, a_server_that_cannot_listen_takes_down_what_it_has_set_up) { run_net(an_occupied_port()); }

}  // namespace hocket::http
