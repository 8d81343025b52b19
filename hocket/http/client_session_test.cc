// SPDX-License-Identifier: MIT
// The client's requests: what goes out by itself, what is asked for, and what comes back.
#include <hocket/http/client_session.h>

#include <hocket/flow/with.h>
#include <hocket/http/client_test.h>
#include <hocket/http/json.h>

#include <string>
#include <vector>

namespace hocket::http {
namespace {

using namespace testing;

TEST(RealClientSession, a_get_gives_status_headers_and_body) {
    run_http([]() -> Coro<> {
        const TestServer server =
            co_await TestServer::answering(ok("hello", "X-Id: 7\r\nContent-Type: text/plain\r\n"));
        const ClientSession session;
        const ClientResponse response = co_await session.get(server.url("/items"));
        EXPECT_EQ(response.status(), 200);
        EXPECT_EQ(response.reason(), "OK");
        EXPECT_TRUE(response.ok());
        EXPECT_EQ(response.headers().get("x-id"), "7");
        EXPECT_EQ(response.url().str(), server.url("/items"));
        EXPECT_EQ(response.method(), "GET");
        EXPECT_EQ(co_await response.text(), "hello");
    }());
}

TEST(RealClientSession, some_fields_go_out_by_themselves) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::answering(ok(""));
        const ClientSession session;
        co_await session.get(server.url("/a?b=c#d"));
        const std::string& request = server.requests().at(0);
        const std::string agent = field_of(request, "User-Agent");
        EXPECT_TRUE(agent.starts_with("hocket/")) << agent;
        EXPECT_EQ(request, "GET /a?b=c HTTP/1.1\r\nHost: " + server.origin().substr(7) +
                               "\r\nAccept: */*\r\nAccept-Encoding: gzip, deflate, br, zstd\r\nUser-Agent: " + agent +
                               "\r\n\r\n");
    }());
}

TEST(RealClientSession, what_is_said_replaces_what_goes_out_by_itself) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::answering(ok(""));
        const ClientSession session({.headers = {{"User-Agent", "mine"}, {"X-Session", "1"}, {"X-Both", "session"}}});
        co_await session.get(
            server.url(),
            {.headers = {{"accept", "text/html"}, {"host", "example"}, {"x-both", "a"}, {"x-both", "b"}}});
        EXPECT_EQ(server.requests().at(0),
                  "GET / HTTP/1.1\r\nhost: example\r\nUser-Agent: mine\r\nX-Session: 1\r\naccept: "
                  "text/html\r\nx-both: a\r\nx-both: b\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n\r\n");
    }());
}

TEST(RealClientSession, what_goes_out_by_itself_can_be_left_out) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::answering(ok(""));
        const ClientSession session({.skip_auto_headers = {"user-agent", "Host"}});
        const RequestOptions bare{.data = "x", .skip_auto_headers = {"Accept", "Accept-Encoding", "content-type"}};
        co_await session.post(server.url(), bare);
        EXPECT_EQ(server.requests().at(0),
                  "POST / HTTP/1.1\r\nHost: " + server.origin().substr(7) + "\r\nContent-Length: 1\r\n\r\nx");
        co_await session.get(server.url(), {.headers = {{"User-Agent", "mine"}}});
        EXPECT_EQ(field_of(server.requests().at(1), "User-Agent"), "mine");
        EXPECT_EQ(field_of(server.requests().at(1), "Accept"), "*/*");
    }());
}

TEST(RealClientSession, parameters_are_appended_to_the_query) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::answering(ok(""));
        const ClientSession session;
        const ClientResponse response =
            co_await session.get(server.url("/s?x=1"), {.params = {{"q", "a b"}, {"n", "&"}}});
        EXPECT_TRUE(server.requests().at(0).starts_with("GET /s?x=1&q=a+b&n=%26 HTTP/1.1\r\n"))
            << server.requests().at(0);
        EXPECT_EQ(response.url().str(), server.url("/s?x=1&q=a+b&n=%26"));
    }());
}

TEST(RealClientSession, a_sessions_parameters_come_before_the_requests) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::answering([](const std::string& request) {
            return request.starts_with("GET /moved")
                       ? "HTTP/1.1 302 Found\r\nLocation: /to\r\nContent-Length: 0\r\n\r\n"
                       : ok("");
        });
        const ClientSession session({.params = {{"key", "k"}, {"lang", "en"}}});
        co_await session.get(server.url("/s?x=1"), {.params = {{"lang", "fr"}}});
        co_await session.get(server.url("/moved"));
        EXPECT_TRUE(server.requests().at(0).starts_with("GET /s?x=1&key=k&lang=en&lang=fr HTTP/1.1\r\n"));
        EXPECT_TRUE(server.requests().at(1).starts_with("GET /moved?key=k&lang=en HTTP/1.1\r\n"));
        EXPECT_TRUE(server.requests().at(2).starts_with("GET /to HTTP/1.1\r\n"));  // the server says where to

        // A key is nobody else's.
        const TestServer other = co_await TestServer::answering(ok(""));
        const ClientSession based({.base_url = server.origin(), .params = {{"key", "k"}}});
        co_await based.get("/own");
        co_await based.get(other.url("/others"), {.params = {{"q", "1"}}});
        EXPECT_TRUE(server.requests().at(3).starts_with("GET /own?key=k HTTP/1.1\r\n"));
        EXPECT_TRUE(other.requests().at(0).starts_with("GET /others?q=1 HTTP/1.1\r\n"));
    }());
}

TEST(RealClientSession, what_is_sent_says_its_type) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::answering(ok(""));
        const ClientSession session;
        co_await session.post(server.url(), {.data = "bytes"});
        co_await session.post(server.url(), {.json = Json{{"a", 1}}});
        co_await session.put(server.url(), {.form = {{"k", "v w"}}});
        co_await session.patch(server.url(), {.headers = {{"content-type", "text/csv"}}, .data = "1,2"});
        const auto& requests = server.requests();
        EXPECT_EQ(field_of(requests.at(0), "Content-Type"), "application/octet-stream");
        EXPECT_TRUE(requests.at(0).ends_with("\r\nContent-Length: 5\r\n\r\nbytes")) << requests.at(0);
        EXPECT_EQ(field_of(requests.at(1), "Content-Type"), "application/json");
        EXPECT_TRUE(requests.at(1).ends_with("\r\n\r\n{\"a\":1}")) << requests.at(1);
        EXPECT_EQ(field_of(requests.at(2), "Content-Type"), "application/x-www-form-urlencoded");
        EXPECT_TRUE(requests.at(2).ends_with("\r\n\r\nk=v+w")) << requests.at(2);
        EXPECT_EQ(field_of(requests.at(3), "Content-Type"), "none");
        EXPECT_EQ(field_of(requests.at(3), "content-type"), "text/csv");
    }());
}

TEST(RealClientSession, only_one_kind_of_body_is_sent) {
    run_http([]() -> Coro<> {
        const ClientSession session;
        EXPECT_EQ(co_await ending_of(session.post("http://127.0.0.1:1/x", {.data = "x", .form = {{"a", "b"}}})),
                  "hocket::ValueError: POST http://127.0.0.1:1/x: of data, json, form, multipart and stream, only one "
                  "can be sent");
    }());
}

TEST(RealClientSession, a_method_without_a_body_says_so_where_one_is_expected) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::answering(ok(""));
        const ClientSession session;
        co_await session.post(server.url());
        co_await session.delete_(server.url());
        co_await session.options(server.url());
        EXPECT_EQ(field_of(server.requests().at(0), "Content-Length"), "0");
        EXPECT_TRUE(server.requests().at(1).starts_with("DELETE / "));
        EXPECT_EQ(field_of(server.requests().at(1), "Content-Length"), "none");
        EXPECT_TRUE(server.requests().at(2).starts_with("OPTIONS / "));
    }());
}

TEST(RealClientSession, any_method_can_be_asked_for) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::answering(ok(""));
        const ClientSession session;
        co_await session.request("report", server.url());
        EXPECT_TRUE(server.requests().at(0).starts_with("REPORT / "));
        EXPECT_EQ(co_await ending_of(session.request("A B", server.url())),
                  "hocket::ValueError: request " + server.url() + ": the method \"A B\" is no token");
    }());
}

TEST(RealClientSession, each_method_has_its_function) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::answering(ok(""));
        const ClientSession session;
        co_await session.get(server.url());
        co_await session.head(server.url());
        co_await session.options(server.url());
        co_await session.post(server.url());
        co_await session.put(server.url());
        co_await session.patch(server.url());
        co_await session.delete_(server.url());
        std::string methods;
        for (const std::string& request : server.requests()) methods += request.substr(0, request.find(' ') + 1);
        EXPECT_EQ(methods, "GET HEAD OPTIONS POST PUT PATCH DELETE ");
    }());
}

TEST(RealClientSession, urls_are_relative_to_the_sessions) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::answering(ok(""));
        const ClientSession session({.base_url = server.url("/api/")});
        co_await session.get("items");
        co_await session.get("/top");
        co_await session.get(server.url("/absolute"));
        EXPECT_TRUE(server.requests().at(0).starts_with("GET /api/items "));
        EXPECT_TRUE(server.requests().at(1).starts_with("GET /top "));
        EXPECT_TRUE(server.requests().at(2).starts_with("GET /absolute "));
        EXPECT_THROW(ClientSession({.base_url = "no url"}), InvalidUrl);
    }());
}

TEST(RealClientSession, a_large_body_is_sent_whole) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::answering(
            [](const std::string& request) { return ok(std::to_string(request.size())); });
        const ClientSession session;
        for (const std::size_t size : {std::size_t{60'000}, std::size_t{70'000}, std::size_t{5 << 20}}) {
            const std::string body = hocket::testing::pattern(size);
            co_await session.post(server.url(), {.data = body});
            EXPECT_TRUE(server.requests().back().ends_with(body)) << size;
        }
        EXPECT_EQ(server.connections(), 1);
    }());
}

TEST(RealClientSession, a_server_may_answer_before_it_has_a_large_body) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::start([](Peer& peer, int) -> Coro<> {
            hocket::testing::keep_little(peer.writer);
            co_await peer.reader.readuntil("\r\n\r\n");
            co_await peer.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n");
            co_await hocket::testing::forever();
        });
        const ClientSession session;
        const ClientResponse response = co_await session.post(server.url(), {.data = std::string(20 << 20, 'x')});
        EXPECT_EQ(response.status(), 413);
        for (const AnyTask& t : all_tasks()) {
            if (t != current_task()) t.cancel();
        }
    }());
}

TEST(RealClientSession, requests_run_beside_each_other) {
    run_http([]() -> Coro<> {
        const TestServer server =
            co_await TestServer::answering([](const std::string& request) { return ok(request.substr(4, 2)); });
        const ClientSession session;
        auto [a, b, c] = co_await gather(text_of(session.get(server.url("/a"))), text_of(session.get(server.url("/b"))),
                                         text_of(session.get(server.url("/c"))));
        EXPECT_EQ(a + b + c, "/a/b/c");
        EXPECT_EQ(server.connections(), 3);
    }());
}

TEST(RealClientSession, a_request_that_is_not_awaited_sends_nothing) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::answering(ok(""));
        const ClientSession session;
        Coro<ClientResponse> request = session.get(server.url());
        co_await a_while();
        EXPECT_EQ(server.connections(), 0);
        request.close();
    }());
}

TEST(RealClientSession, a_request_outlives_the_sessions_handle) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::answering(ok("still here"));
        Task<std::string> task = create_task(text_of(ClientSession().get(server.url())));
        EXPECT_EQ(co_await task, "still here");
        co_await until([&] { return server.clients() == 0; });
    }());
}

TEST(RealClientSession, with_closes_it) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::answering(ok("x"));
        co_await with(ClientSession(), [&](ClientSession& session) -> Coro<> {
            EXPECT_EQ(co_await text_of(session.get(server.url())), "x");
            EXPECT_EQ(server.clients(), 1U);
        });
        co_await until([&] { return server.clients() == 0; });
    }());
}

TEST(RealClientSession, after_close_it_takes_no_request) {
    run_http([]() -> Coro<> {
        const ClientSession session;
        EXPECT_FALSE(session.closed());
        co_await session.close();
        EXPECT_TRUE(session.closed());
        EXPECT_EQ(co_await ending_of(session.get("http://127.0.0.1:1/")), "hocket::RuntimeError: Session is closed");
    }());
}

TEST(RealClientSession, close_ends_requests_and_reads_that_are_under_way) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::start([](Peer& peer, int number) -> Coro<> {
            co_await peer.request();
            if (number == 1) co_await peer.send("HTTP/1.1 200 OK\r\n\r\nup to the end");
            co_await peer.end();
        });
        const ClientSession session({.limit = 2});
        const ClientResponse response = co_await session.get(server.url("/read"));
        const Task<std::string> reading = create_task(response.read());
        const Task<ClientResponse> waiting = create_task(session.get(server.url("/sent")));
        co_await until([&] { return server.requests().size() == 2; });
        const Task<ClientResponse> queued = create_task(session.get(server.url("/queued")));
        co_await a_while();
        co_await session.close();
        const std::string why = ": the session was closed";
        EXPECT_EQ(co_await ending_of(reading), "hocket::http::ClientConnectionError: GET " + server.url("/read") + why);
        EXPECT_EQ(co_await ending_of(waiting), "hocket::http::ClientConnectionError: GET " + server.url("/sent") + why);
        EXPECT_EQ(co_await ending_of(queued),
                  "hocket::http::ClientConnectionError: GET " + server.url("/queued") + why);
    }());
}

TEST(RealClientSession, close_ends_a_request_that_is_connecting) {
    run_http([]() -> Coro<> {
        const int listening = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        RawAddress address = Address::loopback(AddressFamily::ipv4, 0).raw();
        EXPECT_EQ(::bind(listening, address.get(), address.size), 0);
        EXPECT_EQ(::listen(listening, 0), 0);
        EXPECT_EQ(::getsockname(listening, address.get(), &address.size), 0);
        std::vector<int> in_its_queue;  // which is full, so that nobody else gets in
        for (int i = 0; i < 4; ++i) {
            in_its_queue.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
            static_cast<void>(::connect(in_its_queue.back(), address.get(), address.size));
        }
        const ClientSession session;
        const std::string url = "http://" + Address::from_raw(address).str() + "/";
        const Task<ClientResponse> connecting = create_task(session.get(url));
        co_await a_while();
        EXPECT_FALSE(connecting.done());
        co_await session.close();
        EXPECT_EQ(co_await ending_of(connecting),
                  "hocket::http::ClientConnectionError: GET " + url + ": the session was closed");
        for (const int fd : in_its_queue) ::close(fd);
        ::close(listening);
    }());
}

TEST(RealClientSession, it_can_be_moved_and_assigned) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::answering(ok("x"));
        ClientSession a;
        EXPECT_EQ(co_await text_of(a.get(server.url())), "x");
        ClientSession b = std::move(a);
        EXPECT_EQ(co_await text_of(b.get(server.url())), "x");
        EXPECT_EQ(server.connections(), 1);
        b = ClientSession();  // what it kept is closed
        co_await until([&] { return server.clients() == 0; });
        EXPECT_EQ(co_await text_of(b.get(server.url())), "x");
        EXPECT_THROW(static_cast<void>(a.closed()),
                     RuntimeError);  // NOLINT(bugprone-use-after-move): what a moved one does
    }());
}

TEST(RealClientSession, a_second_loop_is_refused) {
    const ClientSession session;
    run_http([](const ClientSession& s) -> Coro<> {
        const TestServer server = co_await TestServer::answering(ok("x"));
        EXPECT_EQ(co_await text_of(s.get(server.url())), "x");
        server.server.close_clients();
    }(session));
    run_http([](const ClientSession& s) -> Coro<> {
        EXPECT_EQ(co_await ending_of(s.get("http://127.0.0.1:1/")),
                  "hocket::RuntimeError: ClientSession is bound to a different event loop");
    }(session));
}

TEST(RealClientSession, user_and_password_of_a_url_become_a_header_and_are_shown_nowhere) {
    run_http([]() -> Coro<> {
        const TestServer server =
            co_await TestServer::answering("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n");
        const ClientSession session;
        const std::string url = "http://ad%40:p%3Aw@" + server.origin().substr(7) + "/x?y#z";
        const ClientResponse response = co_await session.get(url);
        EXPECT_EQ(field_of(server.requests().at(0), "Authorization"), "Basic YWRAOnA6dw==");
        EXPECT_EQ(response.url().str(), server.url("/x?y"));
        EXPECT_EQ(co_await ending_of(session.get(url, {.raise_for_status = true})),
                  "hocket::http::ClientResponseError: GET " + server.url("/x?y") + ": 401 Unauthorized");
        co_await session.get(url, {.headers = {{"Authorization", "Bearer t"}}});
        EXPECT_EQ(field_of(server.requests().at(2), "Authorization"), "Bearer t");
    }());
}

TEST(RealClientSession, passwords_are_in_no_error) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::answering(
            "HTTP/1.1 302 Found\r\nLocation: http://u:hunter2@127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n");
        const ClientSession session;
        EXPECT_EQ(co_await ending_of(session.get("http://user:s3cret@127.0.0.1:99999/")),
                  "hocket::http::InvalidUrl: parse URL http://...@127.0.0.1:99999/: the port is no number up to 65535");
        EXPECT_EQ(co_await ending_of(session.get("http://user:s3/cret@127.0.0.1/")),
                  "hocket::http::InvalidUrl: parse URL http://...@127.0.0.1/: the port is no number up to 65535");
        EXPECT_EQ(co_await ending_of(session.get("ssh://git:s3cret@127.0.0.1/x")),
                  "hocket::http::InvalidUrl: GET ssh://127.0.0.1/x: the scheme \"ssh\" is not http");
        EXPECT_EQ(co_await ending_of(session.get(server.url("/"), {.max_redirects = 0})),
                  "hocket::http::TooManyRedirects: GET " + server.url("/") +
                      ": more than 0 redirects, the last to http://127.0.0.1:1/");
    }());
}

TEST(RealClientSession, what_must_not_go_out_is_an_error_that_names_the_request) {
    run_http([]() -> Coro<> {
        const ClientSession session;
        EXPECT_EQ(co_await ending_of(session.request("GE T", "http://127.0.0.1:1/")),
                  "hocket::ValueError: request http://127.0.0.1:1/: the method \"GE T\" is no token");
        const std::string said =
            co_await ending_of(session.get("http://127.0.0.1:1/", {.headers = {{"Content-Length", "0"}}}));
        EXPECT_TRUE(said.starts_with("hocket::ValueError: GET http://127.0.0.1:1/: ")) << said;
        const Json no_text = {{"a", "\xff"}};
        EXPECT_TRUE(hocket::testing::thrown_by([&] {
                        static_cast<void>(JsonText(no_text));
                    }).starts_with("hocket::ValueError: write JSON: "));
    }());
}

TEST(RealClientSession, interim_responses_are_passed_over) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::answering(
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + ok("final"));
        const ClientSession session;
        EXPECT_EQ(co_await text_of(session.get(server.url())), "final");
        EXPECT_EQ(co_await text_of(session.get(server.url())), "final");
        EXPECT_EQ(server.connections(), 1);
    }());
}

}  // namespace
}  // namespace hocket::http
