// SPDX-License-Identifier: MIT
// Our client with servers in Python: one of aiohttp, plain and over TLS, and httpbin.
#include <hocket/http/client_test.h>
#include <hocket/http/daemons_test.h>
#include <hocket/http/json.h>
#include <hocket/net/tls_test.h>

#include <string>
#include <vector>

using namespace std::chrono_literals;

namespace hocket::http {
namespace {

using namespace testing;
using hocket::testing::Certificates, hocket::testing::pattern, hocket::testing::tls_client;

/// A server in Python, where it listens, and a session for it.
class PythonPeer {
public:
    PythonPeer(std::string_view program, const std::vector<std::string>& arguments)
        : daemon_(folder_, python_daemon(folder_, program, arguments)) {}
    Coro<> start(std::string_view scheme) {
        const std::string port = co_await daemon_.says("port ");
        session =
            ClientSession({.base_url = std::string(scheme) + "://127.0.0.1:" + port,
                           .timeout = 40s,
                           .tls = tls_client(),
                           .trace = [this](const TraceEvent& e) { connections += e.event == Trace::connect_start; }});
    }
    ClientSession session;
    int connections = 0;

private:
    Folder folder_;
    Daemon daemon_;
};

Coro<Json> json_of(Coro<ClientResponse> request) {
    const ClientResponse response = co_await std::move(request);
    EXPECT_EQ(response.status(), 200);
    Json json = co_await response.json();
    co_return json;
}

// ---- aiohttp's server

constexpr std::string_view aiohttp_server = R"(
import asyncio, ssl, sys
from aiohttp import web

async def echo(request):
    body = await request.read()
    return web.Response(body=body, headers={"X-Length": str(request.content_length), "X-Expect": request.headers.get("Expect", "")})

async def stream(request):
    response = web.StreamResponse()
    if "compress" in request.query:
        response.enable_compression()
    await response.prepare(request)
    async for piece in request.content.iter_any():
        await response.write(piece)
    await response.write_eof()
    return response

async def form(request):
    data = await request.post()
    fields = [(k, v if isinstance(v, str) else [v.filename, v.content_type, v.file.read().decode()]) for k, v in data.items()]
    return web.json_response(fields)

async def cookies(request):
    response = web.json_response(dict(request.cookies))
    response.set_cookie("voice", "alto", path="/", httponly=True)
    response.set_cookie("once", "1", max_age=0)
    return response

async def refuse(request):  # without looking at the body
    raise web.HTTPRequestEntityTooLarge(max_size=10, actual_size=100)

async def only_if_asked_well(request):
    if request.version != (1, 1) or request.headers.get("X-Allowed") != "yes":
        raise web.HTTPExpectationFailed()
    request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

async def leave(request):
    if request.app["left"]:
        return web.Response(text="still here")
    request.app["left"] = True
    request.transport.close()
    await asyncio.sleep(60)

async def early(request):
    request.transport.write(b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n")
    return web.Response(text="late")

async def main(cert=None, key=None):
    app = web.Application(client_max_size=1 << 30)
    app["left"] = False
    app.router.add_route("*", "/echo", echo)
    app.router.add_post("/stream", stream)
    app.router.add_post("/form", form)
    app.router.add_get("/cookies", cookies)
    app.router.add_post("/refuse", refuse)
    app.router.add_post("/expect", echo, expect_handler=only_if_asked_well)
    app.router.add_get("/leave", leave)
    app.router.add_get("/early", early)
    app.router.add_get("/nothing", lambda request: web.Response(status=204))
    runner = web.AppRunner(app)
    await runner.setup()
    context = None
    if cert:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(cert, key)
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    print("port", runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()
asyncio.run(main(*sys.argv[1:]))
)";

class RealAiohttpServer : public ::testing::TestWithParam<bool> {
protected:
    void SetUp() override {
        if (lacks_module("aiohttp")) GTEST_SKIP() << "aiohttp is not installed";
    }
    /// Runs a test with a server.
    template <class Body>
    void with_server(Body body) {
        run_http([](bool is_secure, Body test) -> Coro<> {
            const auto& identity = Certificates::get().server;
            std::vector<std::string> arguments;
            if (is_secure) arguments = {identity.certificate_file, identity.private_key_file};
            PythonPeer peer(aiohttp_server, arguments);
            co_await peer.start(is_secure ? "https" : "http");
            co_await test(peer);
        }(GetParam(), body));
    }
};
INSTANTIATE_TEST_SUITE_P(Peers, RealAiohttpServer, ::testing::Bool(),
                         [](const ::testing::TestParamInfo<bool>& test) { return test.param ? "tls" : "plain"; });

TEST_P(RealAiohttpServer, gets_and_gives_big_bodies) {
    with_server([](PythonPeer& peer) -> Coro<> {
        const std::string big = pattern(4 << 20);
        const ClientResponse sent = co_await peer.session.post("/echo", {.data = big});
        EXPECT_EQ(sent.headers().get("X-Length"), std::to_string(big.size()));
        EXPECT_TRUE(co_await sent.read() == big);
        for (const std::string target : {"/stream", "/stream?compress"}) {
            const auto pieces = [](std::string text) -> AsyncGenerator<std::string> {
                for (std::size_t at = 0; at < text.size(); at += 100'000) co_yield text.substr(at, 100'000);
            };
            const ClientResponse back = co_await peer.session.post(target, {.stream = BodyStream(pieces(big))});
            EXPECT_EQ(back.headers().get("Transfer-Encoding"), "chunked");
            EXPECT_EQ(back.headers().contains("Content-Encoding"), target != "/stream");
            EXPECT_TRUE(co_await back.read() == big);
        }
        EXPECT_EQ(peer.connections, 1);
    });
}

TEST_P(RealAiohttpServer, understands_each_way_to_compress) {
    with_server([](PythonPeer& peer) -> Coro<> {
        const std::string text(300'000, 'x');
        for (const std::string encoding : {"gzip", "deflate", "br"}) {
            EXPECT_EQ(co_await text_of(peer.session.post("/echo", {.data = text, .compress = encoding})), text)
                << encoding;
        }
        EXPECT_EQ(peer.connections, 1);
    });
}

TEST_P(RealAiohttpServer, reads_forms_and_files) {
    with_server([](PythonPeer& peer) -> Coro<> {
        const Params form{{"name", "Ada & co"}, {"x", "\xc3\xa4"}, {"name", "again"}};
        Json fields = co_await json_of(peer.session.post("/form", {.form = form}));
        EXPECT_EQ(fields.dump(), R"([["name","Ada & co"],["x","ä"],["name","again"]])");
        const FormData parts{
            {.name = "title", .value = "Tea"},
            {.name = "file", .value = "leaves", .filename = "t e\xc3\xa4.txt", .content_type = "text/plain"}};
        fields = co_await json_of(peer.session.post("/form", {.multipart = parts}));
        EXPECT_EQ(fields.dump(), R"([["title","Tea"],["file",["t eä.txt","text/plain","leaves"]]])");
    });
}

TEST_P(RealAiohttpServer, sets_cookies_that_come_back) {
    with_server([](PythonPeer& peer) -> Coro<> {
        Json seen = co_await json_of(peer.session.get("/cookies"));
        EXPECT_EQ(seen.dump(), "{}");
        seen = co_await json_of(peer.session.get("/cookies", {.cookies = {{"mine", "2"}}}));
        EXPECT_EQ(seen.at("voice"), "alto");
        EXPECT_EQ(seen.at("mine"), "2");
        EXPECT_EQ(seen.size(), 2U);
    });
}

TEST_P(RealAiohttpServer, may_answer_before_it_has_the_body) {
    with_server([](PythonPeer& peer) -> Coro<> {
        for (int i = 0; i < 3; ++i) {
            const ClientResponse refused = co_await peer.session.post("/refuse", {.data = pattern(4 << 20)});
            EXPECT_EQ(refused.status(), 413);
            co_await refused.read();
            EXPECT_EQ(co_await text_of(peer.session.post("/echo", {.data = "next"})), "next");
        }
    });
}

TEST_P(RealAiohttpServer, says_100_continue_or_417) {
    with_server([](PythonPeer& peer) -> Coro<> {
        const Headers asked{{"Expect", "100-continue"}, {"X-Allowed", "yes"}};
        const ClientResponse taken = co_await peer.session.post("/expect", {.headers = asked, .data = "a body"});
        EXPECT_EQ(taken.headers().get("X-Expect"), "100-continue");
        EXPECT_EQ(co_await taken.text(), "a body");
        const ClientResponse refused =
            co_await peer.session.post("/expect", {.headers = {{"Expect", "100-continue"}}, .data = "a body"});
        EXPECT_EQ(refused.status(), 417);
        co_await refused.read();
        EXPECT_EQ(co_await text_of(peer.session.post("/echo", {.data = "next"})), "next");
        EXPECT_EQ(co_await text_of(peer.session.get("/early")), "late");
        EXPECT_EQ((co_await peer.session.get("/nothing")).status(), 204);
        EXPECT_EQ(co_await text_of(peer.session.head("/echo")), "");
    });
}

TEST_P(RealAiohttpServer, that_closes_before_it_answers_is_asked_once_more) {
    with_server([](PythonPeer& peer) -> Coro<> {
        EXPECT_EQ(co_await text_of(peer.session.post("/echo", {.data = "x"})), "x");
        EXPECT_EQ(co_await text_of(peer.session.get("/leave")), "still here");
        EXPECT_EQ(peer.connections, 2);
    });
}

// ---- httpbin

constexpr std::string_view httpbin_server = R"(
import httpbin
from werkzeug.serving import make_server, WSGIRequestHandler
WSGIRequestHandler.protocol_version = "HTTP/1.1"
server = make_server("127.0.0.1", 0, httpbin.app, threaded=True)
print("port", server.port, flush=True)
server.serve_forever()
)";

class RealHttpbin : public ::testing::Test {
protected:
    void SetUp() override {
        if (lacks_module("httpbin")) GTEST_SKIP() << "python3-httpbin is not installed";
    }
    template <class Body>
    static void with_server(Body body) {
        run_http([](Body test) -> Coro<> {
            PythonPeer peer(httpbin_server, {});
            co_await peer.start("http");
            co_await test(peer.session);
        }(body));
    }
};

TEST_F(RealHttpbin, sees_requests_as_they_were_meant) {
    with_server([](const ClientSession& session) -> Coro<> {
        Json seen = co_await json_of(
            session.get("/get", {.headers = {{"X-Voice", "alto"}}, .params = {{"q", "a b&c"}, {"q", "\xc3\xa4"}}}));
        EXPECT_EQ(seen["args"].dump(), R"({"q":["a b&c","ä"]})");
        EXPECT_EQ(seen["headers"]["X-Voice"], "alto");
        seen = co_await json_of(session.post("/post", {.json = Json{{"a", {1, nullptr, "\xc3\xbc"}}}}));
        EXPECT_EQ(seen["json"].dump(), R"({"a":[1,null,"ü"]})");
        seen = co_await json_of(session.put("/put", {.form = {{"a", "1"}, {"b", "x y"}}}));
        EXPECT_EQ(seen["form"].dump(), R"({"a":"1","b":"x y"})");
        const FormData parts{{.name = "title", .value = "Tea"},
                             {.name = "file", .value = "leaves", .filename = "tea.txt", .content_type = "text/plain"}};
        seen = co_await json_of(session.post("/post", {.multipart = parts}));
        EXPECT_EQ(seen["form"].dump() + seen["files"].dump(), R"({"title":"Tea"}{"file":"leaves"})");
        seen = co_await json_of(session.patch("/patch", {.data = "some bytes"}));
        EXPECT_EQ(seen["data"], "some bytes");
        seen = co_await json_of(session.delete_("/delete"));
        EXPECT_EQ(seen["data"], "");
    });
}

TEST_F(RealHttpbin, sends_bodies_in_all_ways) {
    with_server([](const ClientSession& session) -> Coro<> {
        for (const std::string name : {"gzip", "deflate", "brotli"}) {
            const std::string flag = name == "gzip" ? "gzipped" : name == "deflate" ? "deflated" : "brotli";
            const Json seen = co_await json_of(session.get("/" + name));
            EXPECT_EQ(seen[flag], true);
        }
        EXPECT_EQ((co_await text_of(session.get("/bytes/50000?seed=1"))).size(), 50'000U);
        EXPECT_EQ((co_await text_of(session.get("/stream-bytes/50000?chunk_size=100"))).size(), 50'000U);
        std::string lines = co_await text_of(session.get("/stream/20"));
        EXPECT_EQ(std::ranges::count(lines, '\n'), 20);
        EXPECT_EQ(co_await text_of(session.get("/drip?duration=0&numbytes=20")), std::string(20, '*'));
        const ClientResponse utf8 = co_await session.get("/encoding/utf8");
        EXPECT_EQ(utf8.charset(), "utf-8");
        EXPECT_FALSE((co_await utf8.text()).empty());
        EXPECT_EQ((co_await session.head("/image/png")).content_type(), "image/png");
    });
}

TEST_F(RealHttpbin, redirects) {
    with_server([](const ClientSession& session) -> Coro<> {
        for (const char* path : {"/redirect/6", "/relative-redirect/6", "/absolute-redirect/6"}) {
            const ClientResponse response = co_await session.get(path);
            EXPECT_EQ(response.history().size(), 6U);
            EXPECT_EQ(response.url().path(), "/get");
        }
        const std::string end = co_await ending_of(session.get("/redirect/11"));
        EXPECT_TRUE(end.starts_with("hocket::http::TooManyRedirects: ")) << end;
        for (const int status : {301, 302, 303, 307, 308}) {
            const std::string code = std::to_string(status);
            const std::string to = status < 304 ? "/get" : "/post";
            const Json seen = co_await json_of(
                session.request("POST", "/redirect-to?url=" + to + "&status_code=" + code, {.form = {{"a", "b"}}}));
            EXPECT_EQ(seen.contains("form"), status > 303) << status;
        }
    });
}

TEST_F(RealHttpbin, sets_cookies_on_the_way) {
    with_server([](const ClientSession& session) -> Coro<> {
        Json seen = co_await json_of(session.get("/cookies/set?voice=alto&part=2"));
        EXPECT_EQ(seen["cookies"].dump(), R"({"part":"2","voice":"alto"})");
        seen = co_await json_of(session.get("/cookies/delete?part"));
        EXPECT_EQ(seen["cookies"].dump(), R"({"voice":"alto"})");
    });
}

TEST_F(RealHttpbin, asks_for_passwords_in_all_ways) {
    with_server([](const ClientSession& session) -> Coro<> {
        const std::string user = "ada", password = "se cret";
        for (const char* path : {"/basic-auth/ada/se%20cret", "/hidden-basic-auth/ada/se%20cret"}) {
            EXPECT_GE((co_await session.get(path)).status(), 401);
            const Json seen = co_await json_of(session.get(path, {.auth = BasicAuth{user, password}}));
            EXPECT_EQ(seen["authenticated"], true);
        }
        const Json token = co_await json_of(session.get("/bearer", {.auth = BearerAuth{"t.o-k"}}));
        EXPECT_EQ(token["token"], "t.o-k");
        for (const char* algorithm : {"MD5", "SHA-256"}) {
            const std::string path = std::string("/digest-auth/auth/ada/secret/") + algorithm;
            for (int i = 0; i < 2; ++i) {
                const Json seen = co_await json_of(session.get(path, {.auth = DigestAuth{"ada", "secret"}}));
                EXPECT_EQ(seen["authenticated"], true) << algorithm;
            }
            EXPECT_EQ((co_await session.get(path, {.auth = DigestAuth{"ada", "wrong"}})).status(), 401);
        }
    });
}

TEST_F(RealHttpbin, knows_statuses_conditions_and_ranges) {
    with_server([](const ClientSession& session) -> Coro<> {
        for (const int status : {200, 204, 304, 404, 418, 500, 503}) {
            const ClientResponse response = co_await session.get("/status/" + std::to_string(status));
            EXPECT_EQ(response.status(), status);
            co_await response.read();
        }
        const ClientResponse cached = co_await session.get("/cache");
        const std::string date(cached.headers().get("Last-Modified").value_or("none"));
        EXPECT_EQ((co_await session.get("/cache", {.headers = {{"If-Modified-Since", date}}})).status(), 304);
        EXPECT_EQ((co_await session.get("/etag/x", {.headers = {{"If-None-Match", "\"y\", x"}}})).status(), 304);
        EXPECT_EQ((co_await session.get("/etag/x", {.headers = {{"If-Match", "\"y\""}}})).status(), 412);
        const ClientResponse part = co_await session.get("/range/26", {.headers = {{"Range", "bytes=3-6"}}});
        EXPECT_EQ(part.status(), 206);
        EXPECT_EQ(co_await part.text(), "defg");
        const std::string end = co_await ending_of(session.get("/delay/5", {.timeout = 50ms}));
        EXPECT_TRUE(end.starts_with("hocket::TimeoutError")) << end;
    });
}

}  // namespace
}  // namespace hocket::http
