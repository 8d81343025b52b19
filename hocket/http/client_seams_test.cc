// SPDX-License-Identifier: MIT
// UNIX sockets, names and connections of the program's own, middlewares, and requests without a session.
#include <hocket/http/application.h>
#include <hocket/http/client_test.h>
#include <hocket/http/http_server.h>
#include <hocket/http/json.h>
#include <hocket/http/sync.h>
#include <hocket/http/test_client.h>

#include <unistd.h>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

using namespace std::chrono_literals;

namespace hocket::http {
namespace {

using namespace testing;

Application items() {
    Application app;
    app.get("/items/{id}", [](int id) -> std::string { return "item " + std::to_string(id); });
    app.post("/echo",
             [](Request& request) -> Coro<Response> { co_return Response(co_await request.text(), "text/plain"); });
    app.get("/large", []() -> std::string { return std::string(1 << 20, 'x'); });
    return app;
}

// ---- In memory, on every backend

TEST(ClientInMemory, an_application_answers_without_a_socket) {
    run([]() -> Coro<> {
        const ClientSession session({.base_url = "http://test", .connector = connect_to(items())});
        EXPECT_EQ(co_await text_of(session.get("/items/7")), "item 7");
        EXPECT_EQ((co_await session.get("/items/x")).status(), 422);
        EXPECT_EQ((co_await session.get("https://anywhere.example/nothing")).status(), 404);
    }());
}

TEST(ClientInMemory, large_bodies_pass_both_ways) {
    run([]() -> Coro<> {
        const ClientSession session({.connector = connect_to(items())});
        EXPECT_EQ((co_await text_of(session.get("http://test/large"))).size(), 1U << 20U);
        const std::string much(512 << 10, 'y');
        EXPECT_EQ(co_await text_of(session.post("http://test/echo", {.data = much})), much);
    }());
}

TEST(ClientInMemory, hooks_are_run_by_hand) {
    run([]() -> Coro<> {
        std::string life;
        Application app;
        app.cleanup_ctx([&life](Application&) -> Lifespan {
            life += "begun, ";
            co_yield {};
            life += "ended";
        });
        app.get("/", [&life] { return life; });
        const ClientSession session({.connector = connect_to(app)});
        co_await app.startup();
        EXPECT_EQ(co_await text_of(session.get("http://x/")), "begun, ");
        co_await app.shutdown();
        co_await app.cleanup();
        EXPECT_EQ(life, "begun, ended");
    }());
}

TEST(ClientInMemory, a_response_that_is_dropped_ends_its_servers_task) {
    run([]() -> Coro<> {
        const ClientSession session({.connector = connect_to(items())});
        EXPECT_EQ((co_await session.get("http://test/large")).status(), 200);
        for (int i = 0; i < 100 && all_tasks().size() > 1; ++i) co_await hocket::sleep(1ms);
        EXPECT_EQ(all_tasks().size(), 1U);
    }());
}

TEST(ClientInMemory, the_scheme_is_the_urls) {
    run([]() -> Coro<> {
        Application app;
        app.get("/", [](Request& request) { return request.url() + (request.secure() ? " secure" : " open"); });
        const ClientSession session({.connector = connect_to(app)});
        EXPECT_EQ(co_await text_of(session.get("https://shop.example/")), "https://shop.example/ secure");
        EXPECT_EQ(co_await text_of(session.get("http://shop.example/")), "http://shop.example/ open");
        const TestClient client(app);
        EXPECT_EQ((co_await client.get("https://shop.example/")).body, "https://shop.example/ secure");
        EXPECT_EQ((co_await client.get("HTTPS://shop.example/")).body, "https://shop.example/ secure");
        EXPECT_EQ((co_await client.get("http://shop.example/")).body, "http://shop.example/ open");
        EXPECT_EQ((co_await client.get("/")).body, "http://testserver/ open");
    }());
}

// ---- Middlewares

TEST(ClientMiddleware, each_is_around_those_that_follow) {
    run([]() -> Coro<> {
        std::string order;
        const auto named = [&order](char name) {
            return [&order, name](OutgoingRequest request, NextRequest next) -> Coro<ClientResponse> {
                order += name;
                request.options.headers.add("X-By", std::string(1, name));
                ClientResponse response = co_await next(std::move(request));
                order += name;
                co_return response;
            };
        };
        Application app;
        app.get("/", [](Request& request) -> std::string { return request.headers().combined("X-By"); });
        std::vector<ClientMiddleware> both{named('a'), named('b')};
        const ClientSession session({.connector = connect_to(app), .middlewares = both});
        EXPECT_EQ(co_await text_of(session.get("http://test/")), "a, b");
        EXPECT_EQ(order, "abba");
    }());
}

TEST(ClientMiddleware, it_may_send_a_request_twice_or_not_at_all) {
    run([]() -> Coro<> {
        int asked = 0;
        Application app;
        app.get("/", [&asked]() -> Response { return Response(++asked == 1 ? 401 : 200); });
        const auto twice = [](OutgoingRequest request, NextRequest next) -> Coro<ClientResponse> {
            if (request.url == "http://test/no") throw ValueError("not this one");
            OutgoingRequest again{.method = request.method, .url = request.url};
            ClientResponse response = co_await next(std::move(request));
            if (response.status() != 401) co_return response;
            co_return co_await next(std::move(again));
        };
        const ClientSession session({.connector = connect_to(app), .middlewares = {twice}});
        EXPECT_EQ((co_await session.get("http://test/")).status(), 200);
        EXPECT_EQ(asked, 2);
        EXPECT_EQ(co_await ending_of(session.get("http://test/no")), "hocket::ValueError: not this one");
    }());
}

TEST(ClientMiddleware, it_sees_the_statuses_that_its_caller_gets_as_errors) {
    run([]() -> Coro<> {
        int seen = 0;
        const auto look = [&seen](OutgoingRequest request, NextRequest next) -> Coro<ClientResponse> {
            ClientResponse response = co_await next(std::move(request));
            seen = response.status();
            co_return response;
        };
        const ClientSession session(
            {.raise_for_status = true, .connector = connect_to(items()), .middlewares = {look}});
        EXPECT_EQ(co_await ending_of(session.get("http://x/nothing")),
                  "hocket::http::ClientResponseError: GET http://x/nothing: 404 Not Found");
        EXPECT_EQ(seen, 404);
        EXPECT_EQ((co_await session.get("http://x/nothing", {.raise_for_status = false})).status(), 404);
    }());
}

// ---- What cannot hold at once

TEST(ClientSeams, options_of_which_one_would_be_ignored_are_refused) {
    run([]() -> Coro<> {
        const auto refused = [](SessionOptions options) -> std::string {
            try {
                const ClientSession session(std::move(options));
            } catch (const ValueError& e) {
                return e.what();
            }
            return "nothing";
        };
        const auto of = [](const std::string& one, const std::string& other) {
            return "of " + one + " and " + other + ", one: the other would be ignored";
        };
        const auto memory = [] { return connect_to(items()); };
        EXPECT_EQ(refused({.unix_socket = "/x", .connector = memory()}), of("unix_socket", "connector"));
        EXPECT_EQ(refused({.unix_socket = "/x", .local_address = Address::parse("127.0.0.1:0")}),
                  of("unix_socket", "local_address"));
        EXPECT_EQ(refused({.unix_socket = "/x", .proxy = "a:1"}), of("proxy", "unix_socket"));
        EXPECT_EQ(refused({.connector = memory(), .proxy = "a:1"}), of("proxy", "connector"));
        EXPECT_EQ(refused({.fingerprint = std::string(64, 'a'), .connector = memory()}),
                  of("connector", "fingerprint"));
        EXPECT_EQ(refused({.dangerously_accept_any_certificate = true, .connector = memory()}),
                  of("connector", "dangerously_accept_any_certificate"));
        const ClientSession session({.connector = memory()}), local({.unix_socket = "/x"});
        EXPECT_EQ(co_await ending_of(session.get("http://x/", {.proxy = "a:1"})),
                  "hocket::ValueError: " + of("a request's proxy", "the session's connector"));
        EXPECT_EQ(co_await ending_of(local.get("http://x/", {.proxy = "a:1"})),
                  "hocket::ValueError: " + of("a request's proxy", "the session's unix_socket"));
        EXPECT_EQ(co_await ending_of(session.get("http://x/", {.fingerprint = std::string(64, 'a')})),
                  "hocket::ValueError: " + of("a request's fingerprint", "the session's connector"));
    }());
}

// What a task that sends meets is the request's error, whatever it is.
TEST(ClientSeams, a_body_that_meets_an_odd_error_leaves_nobody_waiting) {
    run([]() -> Coro<> {
        class Odd : public Transport {
        public:
            void write_nowait(std::string_view) override {}
            Coro<> write(std::string_view) override {
                throw std::logic_error("odd");
                co_return;
            }
            void abort() noexcept override { end_reading(); }

        private:
            bool fed_by_hand() const noexcept override { return false; }
        };
        const ClientSession session({.connector = [](const Url&) -> Coro<Streams> {
            const TransportHandle odd(new Odd);
            co_return Streams(StreamReader(odd), StreamWriter(odd));
        }});
        EXPECT_EQ(co_await ending_of(session.post("http://x/", {.data = std::string(1 << 20, 'x')})),
                  "std::logic_error: odd");
        RequestOptions stream{.stream = []() -> AsyncGenerator<std::string> { co_yield "x"; }};
        EXPECT_EQ(co_await ending_of(session.post("http://x/", std::move(stream))), "std::logic_error: odd");
    }());
}

// ---- Sockets

TEST(RealClientSeams, a_unix_socket_stands_for_every_host) {
    run_http([]() -> Coro<> {
        const std::string path = "/tmp/hocket-client-" + std::to_string(::getpid());
        const HttpServer server = co_await serve(items(), Address::local(path));
        {
            const ClientSession session({.base_url = "http://docker", .unix_socket = path});
            EXPECT_EQ(co_await text_of(session.get("/items/1")), "item 1");
        }
        server.close();
        co_await server.wait_closed();
        ::unlink(path.c_str());
        const ClientSession session({.unix_socket = path});
        EXPECT_EQ(co_await ending_of(session.get("http://docker/")),
                  "hocket::http::ClientConnectionError: GET http://docker/: connect to unix:" + path +
                      ": No such file or directory");
    }());
}

TEST(RealClientSeams, connections_come_from_the_local_address) {
    run_http([]() -> Coro<> {
        std::string from;
        const TestServer server = co_await TestServer::start([&from](Peer& peer, int) -> Coro<> {
            from = peer.writer.peername().host();
            co_await peer.request();
            co_await peer.send(ok("x"));
        });
        const ClientSession session({.local_address = Address::parse("127.0.0.7:0")});
        EXPECT_EQ(co_await text_of(session.get(server.url())), "x");
        EXPECT_EQ(from, "127.0.0.7");
    }());
}

TEST(RealClientSeams, a_resolver_says_where_hosts_are) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::answering(ok("x"));
        std::string asked;
        const ClientSession session(
            {.resolver = [&](std::string host, std::uint16_t port) -> Coro<std::vector<Address>> {
                asked = host + ' ' + std::to_string(port);
                if (host == "nowhere.example") co_return std::vector<Address>();
                co_return std::vector<Address>{Address::parse("127.0.0.1:1"),
                                               Address::parse("127.0.0.1:" + std::to_string(server.server.port()))};
            }});
        EXPECT_EQ(co_await text_of(session.get("http://far.example:8080/")), "x");
        EXPECT_EQ(asked, "far.example 8080");
        EXPECT_EQ(field_of(server.requests().at(0), "Host"), "far.example:8080");
        EXPECT_EQ(co_await ending_of(session.get("http://nowhere.example/")),
                  "hocket::http::ClientConnectionError: GET http://nowhere.example/: resolve nowhere.example: the "
                  "session's resolver gave no address: No such file or directory");
    }());
}

TEST(RealClientSeams, a_request_needs_no_session) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::answering(ok("x"));
        EXPECT_EQ(co_await text_of(http::get(server.url())), "x");
        EXPECT_EQ(co_await text_of(http::put(server.url(), {.data = "y"})), "x");
        EXPECT_EQ(co_await text_of(http::options(server.url())), "x");
        EXPECT_EQ(co_await text_of(http::head(server.url())), "");
        EXPECT_TRUE(server.requests().at(1).starts_with("PUT / HTTP/1.1\r\n"));
        EXPECT_TRUE(server.requests().at(2).starts_with("OPTIONS / HTTP/1.1\r\n"));
        EXPECT_TRUE(server.requests().at(3).starts_with("HEAD / HTTP/1.1\r\n"));
        co_await until([&] { return server.clients() == 0; });
    }());
}

}  // namespace
}  // namespace hocket::http
