// SPDX-License-Identifier: MIT
// Our client through squid and tinyproxy, to servers of ours.
#include <hocket/http/client_test.h>
#include <hocket/http/daemons_test.h>
#include <hocket/http/http_server.h>
#include <hocket/net/tls_test.h>

#include <optional>
#include <ostream>
#include <string>
#include <vector>

using namespace std::chrono_literals;

namespace hocket::http {
namespace {

using namespace testing;
using hocket::testing::pattern, hocket::testing::tls_client, hocket::testing::tls_server;

struct Kind {
    const char* name;
    bool is_squid;
    bool wants_password;
};
void PrintTo(const Kind& kind, std::ostream* out) { *out << kind.name; }

class Proxy {
public:
    explicit Proxy(Kind kind) : kind_(kind) {}

    static const char* program(Kind kind) { return kind.is_squid ? "/usr/sbin/squid" : "/usr/bin/tinyproxy"; }

    Coro<> start() {
        const std::string file = folder_.write("configuration", kind_.is_squid ? squids() : tinyproxys());
        if (kind_.is_squid) {
            daemon_.emplace(folder_, std::vector<std::string>{program(kind_), "-N", "-d", "1", "-f", file});
        } else {
            daemon_.emplace(folder_, std::vector<std::string>{program(kind_), "-d", "-c", file});
        }
        co_await daemon_->listens(port_);
    }
    std::string url(std::string_view user) const { return "http://" + std::string(user) + port_.address(); }
    std::string url() const { return url(kind_.wants_password ? "ada:secret@" : ""); }

private:
    std::string squids() const {
        folder_.open_folder("cache");
        // `openssl passwd -apr1`: secret
        const std::string passwords = folder_.write("passwords", "ada:$apr1$hocket00$1c398w2azsBkbiI43DG7j/\n");
        std::string text =
            "http_port " + port_.address() +
            "\npid_filename none\naccess_log none\ncache_log /dev/null\ncache_store_log none\n"
            "cache deny all\npinger_enable off\nshutdown_lifetime 0 seconds\nvisible_hostname test\n"
            "netdb_filename none\nforwarded_for on\nmax_filedescriptors 512\nmemory_pools off\ncache_mem 1 MB\n";
        text += "coredump_dir " + folder_ / "cache" + "\n";
        if (kind_.wants_password) {
            text += "auth_param basic program /usr/lib/squid/basic_ncsa_auth " + passwords +
                    "\nauth_param basic children 1 startup=1 idle=1\nauth_param basic realm proxy\n"
                    "acl known proxy_auth REQUIRED\nhttp_access allow known\nhttp_access deny all\n";
        } else {
            text += "http_access allow localhost\nhttp_access deny all\n";
        }
        return text;
    }
    std::string tinyproxys() const {
        std::string text = "Port " + port_.text() +
                           "\nListen 127.0.0.1\nTimeout 60\nAllow 127.0.0.1\nMaxClients 50\nLogLevel Info\n"
                           "ViaProxyName \"tiny\"\n";
        if (kind_.wants_password) text += "BasicAuth ada secret\n";
        return text;
    }

    Kind kind_;
    Folder folder_;
    HeldPort port_;
    std::optional<Daemon> daemon_;
};

/// Says how it was asked, by whom.
Application origin() {
    Application app;
    app.get("/seen", [](Request& request) {
        const Headers& fields = request.headers();
        return std::string(request.target()) + " via " + (fields.contains("Via") ? "a proxy" : "nobody") + ", " +
               (fields.contains("Proxy-Authorization") ? "which tells passwords" : "which tells none");
    });
    app.post("/echo", [](Request& request) -> Coro<Response> { co_return bytes_response(co_await request.body()); });
    app.get("/nothing", [] { return Response(204); });
    return app;
}

ServeOptions options(bool is_secure) {
    ServeOptions how;
    if (is_secure) how.tls = tls_server();
    how.limits.body = 16 << 20;
    return how;
}

class RealProxyPeers : public ::testing::TestWithParam<Kind> {
protected:
    void SetUp() override {
        const char* const program = Proxy::program(GetParam());
        if (lacks(program)) GTEST_SKIP() << program << " is not installed";
    }
};
constexpr Kind squid{"squid", true, false}, squid_password{"squid_password", true, true},
    tinyproxy{"tinyproxy", false, false}, tinyproxy_password{"tinyproxy_password", false, true};
INSTANTIATE_TEST_SUITE_P(Peers, RealProxyPeers, ::testing::Values(squid, squid_password, tinyproxy, tinyproxy_password),
                         [](const ::testing::TestParamInfo<Kind>& test) { return test.param.name; });

Coro<> ask_all(const ClientSession& session, std::string expected) {
    const std::string big = pattern(4 << 20);
    // tinyproxy closes a connection without having said so, and a POST is not sent twice: each has a connection of its own.
    const Headers last{{"Connection", "close"}};
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(co_await text_of(session.get("/seen?a=b")), expected);
        EXPECT_EQ((co_await session.get("/nothing")).status(), 204);
        EXPECT_EQ((co_await session.get("/missing", {.headers = last})).status(), 404);
    }
    EXPECT_TRUE(co_await text_of(session.post("/echo", {.headers = last, .data = big})) == big);
    const auto pieces = [](std::string text) -> AsyncGenerator<std::string> {
        for (std::size_t at = 0; at < text.size(); at += 100'000) co_yield text.substr(at, 100'000);
    };
    const ClientResponse streamed = co_await session.post("/echo", {.stream = BodyStream(pieces(big))});
    EXPECT_EQ(streamed.status(), 200);
    EXPECT_TRUE(co_await streamed.read() == big);
    std::vector<Coro<std::string>> requests;
    for (int i = 0; i < 20; ++i) requests.push_back(text_of(session.get("/seen?a=b")));
    for (const std::string& text : co_await gather(std::move(requests))) EXPECT_EQ(text, expected);
}

TEST_P(RealProxyPeers, http_goes_through_it) {
    run_http([](Kind kind) -> Coro<> {
        HttpServer server = co_await serve(origin(), "127.0.0.1", 0, options(false));
        Proxy proxy(kind);
        co_await proxy.start();
        {
            const ClientSession session({.base_url = server.url(), .timeout = 40s, .limit = 20, .proxy = proxy.url()});
            co_await ask_all(session, "/seen?a=b via a proxy, which tells none");
        }
        server.close();
        co_await server.wait_closed();
    }(GetParam()));
}

TEST_P(RealProxyPeers, https_goes_through_a_tunnel_that_is_kept) {
    run_http([](Kind kind) -> Coro<> {
        HttpServer server = co_await serve(origin(), "127.0.0.1", 0, options(true));
        Proxy proxy(kind);
        co_await proxy.start();
        {
            int tunnels = 0;
            const ClientSession session(
                {.base_url = server.url(),
                 .timeout = 40s,
                 .limit = 20,
                 .tls = tls_client(),
                 .proxy = proxy.url(),
                 .trace = [&tunnels](const TraceEvent& e) { tunnels += e.event == Trace::proxy_end; }});
            EXPECT_EQ(co_await text_of(session.get("/seen")), "/seen via nobody, which tells none");
            EXPECT_EQ(co_await text_of(session.get("/seen")), "/seen via nobody, which tells none");
            EXPECT_EQ(tunnels, 1);
            co_await ask_all(session, "/seen?a=b via nobody, which tells none");
            EXPECT_LE(tunnels,
                      20 + 6);  // 20 at once, and those after the 6 requests that were the last of their connection
        }
        server.close();
        co_await server.wait_closed();
    }(GetParam()));
}

TEST_P(RealProxyPeers, who_is_not_known_is_told_so) {
    if (!GetParam().wants_password) return;
    run_http([](Kind kind) -> Coro<> {
        HttpServer server = co_await serve(origin(), "127.0.0.1", 0, options(true));
        HttpServer open = co_await serve(origin(), "127.0.0.1", 0, options(false));
        Proxy proxy(kind);
        co_await proxy.start();
        for (const char* user : {"", "ada:wrong@"}) {
            const ClientSession session({.timeout = 40s, .tls = tls_client(), .proxy = proxy.url(user)});
            const int refused = (co_await session.get(open.url() + "/seen")).status();
            EXPECT_TRUE(refused == 407 || refused == 401) << refused;
            const std::string end = co_await ending_of(session.get(server.url() + "/seen"));
            EXPECT_TRUE(end.starts_with("hocket::http::ClientHttpProxyError: ")) << end;
        }
        for (const HttpServer& each : {server, open}) {
            each.close();
            co_await each.wait_closed();
        }
        EXPECT_EQ(server.requests() + open.requests(), 0U);
    }(GetParam()));
}

TEST_P(RealProxyPeers, a_server_that_is_not_there_is_the_proxys_error) {
    run_http([](Kind kind) -> Coro<> {
        Proxy proxy(kind);
        co_await proxy.start();
        const HeldPort nobody;
        const ClientSession session({.timeout = 40s, .tls = tls_client(), .proxy = proxy.url()});
        const ClientResponse response = co_await session.get("http://" + nobody.address() + "/");
        EXPECT_GE(response.status(), 500);
        const std::string end = co_await ending_of(session.get("https://" + nobody.address() + "/"));
        EXPECT_TRUE(end.starts_with("hocket::http::ClientHttpProxyError: ")) << end;
    }(GetParam()));
}

}  // namespace
}  // namespace hocket::http
