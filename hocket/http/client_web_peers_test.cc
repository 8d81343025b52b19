// SPDX-License-Identifier: MIT
// Our client with nginx and Apache, plain and over TLS.
#include <hocket/http/client_test.h>
#include <hocket/http/daemons_test.h>
#include <hocket/net/tls_test.h>

#include <algorithm>
#include <ostream>
#include <string>
#include <vector>

using namespace std::chrono_literals;

namespace hocket::http {
namespace {

using namespace testing;
using hocket::testing::Certificates, hocket::testing::pattern, hocket::testing::tls_client;

struct Kind {
    const char* name;
    bool is_apache;
    bool is_secure;
};
void PrintTo(const Kind& kind, std::ostream* out) { *out << kind.name; }

constexpr std::size_t much = 8 << 20;

/// What both serve.
std::string page() {
    std::string text = "<!DOCTYPE html>\n<title>A page</title>\n";
    for (int i = 0; i < 10'000; ++i) text += "<p>This is line " + std::to_string(i * 7919 % 10'007) + " of it.</p>\n";
    return text;
}

/// ada, whose password is `secret`: `openssl passwd -apr1`, and the MD5 of `ada:files:secret`.
constexpr const char* password_file = "ada:$apr1$hocket00$1c398w2azsBkbiI43DG7j/\n";
constexpr const char* digest_file = "ada:files:5031f4d3571cb838cf604ba83231842c\n";

/// One of the two, on a port of its own, with its files in a folder of its own.
class WebServer {
public:
    explicit WebServer(Kind kind, std::string keepalive = "") : kind_(kind) {
        folder_.write("www/page.html", page());
        folder_.write("www/small.txt", "a small file\n");
        folder_.write("www/big.bin", pattern(much));
        folder_.write("www/private/secret.txt", "the secret\n");
        folder_.write("www/digest/secret.txt", "the other secret\n");
        folder_.write("passwords", password_file);
        folder_.write("digests", digest_file);
        folder_.open_folder("www/dav");
        folder_.open_folder("temporary");
        const std::string text = kind.is_apache ? apaches(keepalive) : nginxs(keepalive);
        configuration_ = folder_.write("configuration", text);
    }

    static const char* program(Kind kind) { return kind.is_apache ? "/usr/sbin/apache2" : "/usr/sbin/nginx"; }

    Coro<> start() {
        daemon_.reset();
        if (kind_.is_apache) {
            daemon_.emplace(folder_, std::vector<std::string>{program(kind_), "-f", configuration_, "-DFOREGROUND"});
        } else {
            const std::string errors = folder_ / "errors";
            daemon_.emplace(folder_, std::vector<std::string>{program(kind_), "-p", folder_.path(), "-e", errors, "-c",
                                                              configuration_});
        }
        co_await daemon_->listens(port_);
    }

    std::string url(std::string_view path) const {
        return (kind_.is_secure ? "https://" : "http://") + port_.address() + std::string(path);
    }
    const Folder& folder() const { return folder_; }

private:
    // One process, which stays the user that starts it.
    std::string nginxs(const std::string& keepalive) const {
        std::string text =
            "daemon off; master_process off; pid pid; worker_rlimit_nofile 512;\n"
            "events { worker_connections 200; }\n"
            "http {\naccess_log off; default_type application/octet-stream;\n"
            "types { text/html html; text/plain txt; }\n"
            "gzip on; gzip_types text/plain; client_max_body_size 64m;\n" +
            keepalive + "\n";
        for (const char* what : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"})
            text.append(what).append("_temp_path temporary;\n");
        text += "server { listen " + port_.address();
        if (kind_.is_secure) {
            text += " ssl; ssl_certificate " + Certificates::get().server.certificate_file;
            text += "; ssl_certificate_key " + Certificates::get().server.private_key_file;
        }
        return text +
               "; root www;\n"
               "location = /nothing { return 204; }\n"
               "location = /old { return 302 /small.txt; }\n"
               "location = /moved { return 307 /dav/moved; }\n"
               "location = /round { return 302 /round; }\n"
               "location /private/ { auth_basic files; auth_basic_user_file passwords; }\n"
               "location /dav/ { dav_methods PUT DELETE; client_body_in_file_only off; }\n"
               "} }\n";
    }

    std::string apaches(const std::string& keepalive) const {
        std::string text = "ServerRoot /usr/lib/apache2\nServerName localhost\nListen " + port_.address() + "\n";
        text += "PidFile " + folder_ / "pid" + "\nDefaultRuntimeDir " + folder_ / "temporary" + "\n";
        text += "ErrorLog " + folder_ / "errors" + "\nDocumentRoot " + folder_ / "www" + "\n";
        if (geteuid() == 0) text += "User www-data\nGroup www-data\n";
        for (const char* module :
             {"mpm_event", "authn_core", "authn_file", "authz_core", "authz_user", "auth_basic", "auth_digest", "dir",
              "mime", "alias", "deflate", "filter", "dav", "dav_fs", "headers", "ssl"}) {
            text += "LoadModule " + std::string(module) + "_module modules/mod_" + module + ".so\n";
        }
        text += "StartServers 1\nServerLimit 2\nThreadsPerChild 16\nMaxRequestWorkers 32\n" + keepalive + "\n";
        text +=
            "TypesConfig /dev/null\nAddType text/html .html\nAddType text/plain .txt\nAddOutputFilterByType DEFLATE "
            "text/html\n";
        text += "DavLockDB " + folder_ / "temporary/locks" + "\n";
        if (kind_.is_secure) {
            text += "SSLEngine on\nSSLCertificateFile " + Certificates::get().server.certificate_file;
            text += "\nSSLCertificateKeyFile " + Certificates::get().server.private_key_file + "\n";
        }
        text +=
            "Redirect 204 /nothing\nRedirect 302 /old /small.txt\nRedirect 307 /moved /dav/moved\nRedirect 302 /round "
            "/round\n";
        text += "<Location /private/>\nAuthType Basic\nAuthName files\nAuthUserFile " + folder_ / "passwords" +
                "\nRequire valid-user\n</Location>\n";
        text += "<Location /digest/>\nAuthType Digest\nAuthName files\nAuthUserFile " + folder_ / "digests" +
                "\nRequire valid-user\n</Location>\n";
        return text + "<Location /dav/>\nDav On\n</Location>\n";
    }

    Kind kind_;
    Folder folder_;
    HeldPort port_;
    std::string configuration_;
    std::optional<Daemon> daemon_;  // ends first
};

/// A session that trusts the tests' authority, and counts its connections.
struct Counting {
    int connections = 0;
    ClientSession session{{.timeout = 40s, .tls = tls_client(), .trace = [this](const TraceEvent& e) {
                               connections += e.event == Trace::connect_start;
                           }}};
    Counting() = default;
    Counting(const Counting&) = delete;
    Counting& operator=(const Counting&) = delete;
};

class RealWebPeers : public ::testing::TestWithParam<Kind> {
protected:
    void SetUp() override {
        const char* const program = WebServer::program(GetParam());
        if (lacks(program)) GTEST_SKIP() << program << " is not installed";
    }
};

constexpr Kind nginx{"nginx", false, false}, nginx_tls{"nginx_tls", false, true}, apache{"apache", true, false},
    apache_tls{"apache_tls", true, true};
INSTANTIATE_TEST_SUITE_P(Peers, RealWebPeers, ::testing::Values(nginx, nginx_tls, apache, apache_tls),
                         [](const ::testing::TestParamInfo<Kind>& test) { return test.param.name; });

TEST_P(RealWebPeers, requests_in_sequence_share_a_connection) {
    run_http([](Kind kind) -> Coro<> {
        WebServer server(kind);
        co_await server.start();
        Counting with;
        for (int i = 0; i < 20; ++i) {
            EXPECT_EQ(co_await text_of(with.session.get(server.url("/small.txt"))), "a small file\n");
            const ClientResponse head = co_await with.session.head(server.url("/small.txt"));
            EXPECT_EQ(head.headers().get("Content-Length"), "13");
            EXPECT_EQ(co_await head.read(), "");
            const ClientResponse missing = co_await with.session.get(server.url("/missing"));
            EXPECT_EQ(missing.status(), 404);
            co_await missing.read();
            const ClientResponse nothing = co_await with.session.get(server.url("/nothing"));
            EXPECT_EQ(nothing.status(), 204);
            EXPECT_EQ(co_await nothing.read(), "");
        }
        EXPECT_EQ(with.connections, 1);
    }(GetParam()));
}

TEST_P(RealWebPeers, requests_at_once_have_connections_of_their_own) {
    run_http([](Kind kind) -> Coro<> {
        WebServer server(kind);
        co_await server.start();
        Counting with;
        for (int round = 0; round < 3; ++round) {
            std::vector<Coro<std::string>> requests;
            for (int i = 0; i < 12; ++i) requests.push_back(text_of(with.session.get(server.url("/page.html"))));
            for (const std::string& text : co_await gather(std::move(requests))) EXPECT_EQ(text, page());
        }
        EXPECT_LE(with.connections, 12);
    }(GetParam()));
}

TEST_P(RealWebPeers, a_big_body_comes_whole) {
    run_http([](Kind kind) -> Coro<> {
        WebServer server(kind);
        co_await server.start();
        const Counting with;
        EXPECT_TRUE(co_await text_of(with.session.get(server.url("/big.bin"))) == pattern(much));
        // In pieces, slower than it could come.
        const ClientResponse response = co_await with.session.get(server.url("/big.bin"));
        std::string all;
        for (;;) {
            const std::optional<std::string> piece = co_await response.next();
            if (!piece) break;
            all += *piece;
            co_await hocket::sleep(0s);
        }
        EXPECT_TRUE(all == pattern(much));
    }(GetParam()));
}

Coro<> numbers(const Counting& with, std::string url, std::string file) {
    const auto pieces = []() -> AsyncGenerator<std::string> {
        for (int i = 0; i < 1000; ++i) co_yield std::to_string(i) + "\n";
    };
    std::string expected;
    for (int i = 0; i < 1000; ++i) expected += std::to_string(i) + "\n";
    const ClientResponse response = co_await with.session.put(url, {.stream = BodyStream(pieces())});
    EXPECT_LT(response.status(), 300);
    EXPECT_EQ(contents(file), expected);
}

TEST_P(RealWebPeers, bodies_are_sent_with_their_length_chunked_and_after_100_continue) {
    run_http([](Kind kind) -> Coro<> {
        WebServer server(kind);
        co_await server.start();
        const Counting with;
        const std::string big = pattern(much);
        const ClientResponse made = co_await with.session.put(server.url("/dav/big"), {.data = big});
        EXPECT_EQ(made.status(), 201);
        co_await made.read();
        EXPECT_TRUE(contents(server.folder() / "www/dav/big") == big);
        const ClientResponse again = co_await with.session.put(
            server.url("/dav/big"), {.headers = {{"Expect", "100-continue"}}, .data = big.substr(1)});
        EXPECT_EQ(again.status(), 204);
        EXPECT_EQ(co_await again.read(), "");
        EXPECT_TRUE(contents(server.folder() / "www/dav/big") == big.substr(1));
        co_await numbers(with, server.url("/dav/numbers"), server.folder() / "www/dav/numbers");
        EXPECT_EQ((co_await with.session.delete_(server.url("/dav/numbers"))).status(), 204);
        EXPECT_EQ(with.connections, 1);
    }(GetParam()));
}

TEST_P(RealWebPeers, text_comes_compressed) {
    run_http([](Kind kind) -> Coro<> {
        WebServer server(kind);
        co_await server.start();
        const Counting with;
        const ClientResponse response = co_await with.session.get(server.url("/page.html"));
        EXPECT_EQ(response.headers().get("Content-Encoding"), "gzip");
        // Apache has compressed all of it before it sends the first piece.
        EXPECT_EQ(response.headers().contains("Transfer-Encoding"), !kind.is_apache);
        EXPECT_EQ(co_await response.text(), page());
        const ClientResponse plain =
            co_await with.session.get(server.url("/page.html"), {.headers = {{"Accept-Encoding", "identity"}}});
        EXPECT_FALSE(plain.headers().get("Content-Encoding"));
        EXPECT_EQ(co_await plain.text(), page());
        const ClientResponse packed = co_await with.session.get(server.url("/page.html"), {.auto_decompress = false});
        EXPECT_TRUE((co_await packed.read()).starts_with("\x1f\x8b"));
        EXPECT_EQ(with.connections, 1);
    }(GetParam()));
}

TEST_P(RealWebPeers, parts_of_a_file_can_be_asked_for) {
    run_http([](Kind kind) -> Coro<> {
        WebServer server(kind);
        co_await server.start();
        const Counting with;
        const std::string url = server.url("/big.bin");
        const ClientResponse part = co_await with.session.get(url, {.headers = {{"Range", "bytes=1000-1999"}}});
        EXPECT_EQ(part.status(), 206);
        EXPECT_EQ(part.headers().get("Content-Range"), "bytes 1000-1999/" + std::to_string(much));
        EXPECT_TRUE(co_await part.read() == pattern(much).substr(1000, 1000));
        const ClientResponse end = co_await with.session.get(url, {.headers = {{"Range", "bytes=-10"}}});
        EXPECT_TRUE(co_await end.read() == pattern(much).substr(much - 10));
        const ClientResponse several = co_await with.session.get(url, {.headers = {{"Range", "bytes=0-9,20-29"}}});
        EXPECT_EQ(several.content_type(), "multipart/byteranges");
        EXPECT_TRUE((co_await several.read()).find(pattern(30).substr(20)) != std::string::npos);
        const ClientResponse none = co_await with.session.get(url, {.headers = {{"Range", "bytes=99999999-"}}});
        EXPECT_EQ(none.status(), 416);
        co_await none.read();
        EXPECT_EQ(with.connections, 1);
    }(GetParam()));
}

TEST_P(RealWebPeers, what_has_not_changed_is_not_sent) {
    run_http([](Kind kind) -> Coro<> {
        WebServer server(kind);
        co_await server.start();
        Counting with;
        const std::string url = server.url("/small.txt");
        const ClientResponse first = co_await with.session.get(url);
        const std::string tag(first.headers().get("ETag").value_or("none"));
        const std::string date(first.headers().get("Last-Modified").value_or("none"));
        co_await first.read();
        const std::vector<Headers> conditions{{{"If-None-Match", tag}}, {{"If-Modified-Since", date}}};
        for (const Headers& condition : conditions) {
            const ClientResponse same = co_await with.session.get(url, {.headers = condition});
            EXPECT_EQ(same.status(), 304);
            EXPECT_EQ(co_await same.read(), "");
        }
        const ClientResponse other = co_await with.session.get(url, {.headers = {{"If-Match", "\"other\""}}});
        EXPECT_EQ(other.status(), 412);
        co_await other.read();
        EXPECT_EQ(with.connections, 1);
    }(GetParam()));
}

TEST_P(RealWebPeers, redirects_are_followed) {
    run_http([](Kind kind) -> Coro<> {
        WebServer server(kind);
        co_await server.start();
        const Counting with;
        const ClientResponse response = co_await with.session.get(server.url("/old"));
        EXPECT_EQ(response.url().str(), server.url("/small.txt"));
        EXPECT_EQ(response.history().size(), 1U);
        EXPECT_EQ(co_await response.text(), "a small file\n");
        const ClientResponse put = co_await with.session.put(server.url("/moved"), {.data = "sent twice"});
        EXPECT_EQ(put.status(), 201);
        EXPECT_EQ(contents(server.folder() / "www/dav/moved"), "sent twice");
        const std::string end = co_await ending_of(with.session.get(server.url("/round")));
        EXPECT_TRUE(end.starts_with("hocket::http::TooManyRedirects: ")) << end;
    }(GetParam()));
}

TEST_P(RealWebPeers, passwords_are_asked_for_and_given) {
    run_http([](Kind kind) -> Coro<> {
        WebServer server(kind);
        co_await server.start();
        const Counting with;
        const std::string url = server.url("/private/secret.txt");
        EXPECT_EQ((co_await with.session.get(url)).status(), 401);
        EXPECT_EQ((co_await with.session.get(url, {.auth = BasicAuth{"ada", "wrong"}})).status(), 401);
        EXPECT_EQ(co_await text_of(with.session.get(url, {.auth = BasicAuth{"ada", "secret"}})), "the secret\n");
        if (kind.is_apache) {
            const std::string digest = server.url("/digest/secret.txt");
            EXPECT_EQ((co_await with.session.get(digest, {.auth = DigestAuth{"ada", "wrong"}})).status(), 401);
            for (int i = 0; i < 3; ++i) {
                EXPECT_EQ(co_await text_of(with.session.get(digest, {.auth = DigestAuth{"ada", "secret"}})),
                          "the other secret\n");
            }
        }
    }(GetParam()));
}

TEST_P(RealWebPeers, a_server_that_ends_connections_after_a_few_requests_is_asked_on_new_ones) {
    run_http([](Kind kind) -> Coro<> {
        WebServer server(kind, kind.is_apache ? "MaxKeepAliveRequests 5" : "keepalive_requests 5;");
        co_await server.start();
        const Counting with;
        for (int i = 0; i < 20; ++i)
            EXPECT_EQ(co_await text_of(with.session.get(server.url("/small.txt"))), "a small file\n");
        EXPECT_EQ(with.connections, 4);
    }(GetParam()));
}

TEST_P(RealWebPeers, a_connection_that_the_server_has_closed_is_not_used) {
    run_http([](Kind kind) -> Coro<> {
        WebServer server(kind, kind.is_apache ? "KeepAliveTimeout 100ms" : "keepalive_timeout 100ms;");
        co_await server.start();
        const Counting with;
        // However long the server takes to close it: there is an answer, and not from the first connection for ever.
        for (auto idle = 50ms; with.connections < 3 && idle < 10s; idle += idle / 2) {
            EXPECT_EQ(co_await text_of(with.session.get(server.url("/small.txt"))), "a small file\n");
            co_await hocket::sleep(idle);
        }
        EXPECT_EQ(with.connections, 3);
    }(GetParam()));
}

TEST_P(RealWebPeers, a_server_that_was_started_again_is_asked_again) {
    run_http([](Kind kind) -> Coro<> {
        WebServer server(kind);
        co_await server.start();
        const Counting with;
        for (int i = 0; i < 3; ++i) {
            EXPECT_EQ(co_await text_of(with.session.get(server.url("/small.txt"))), "a small file\n");
            EXPECT_EQ(with.connections, i + 1);
            co_await server.start();  // blocks the loop while the old one ends
        }
        const ClientResponse put = co_await with.session.put(server.url("/dav/after"), {.data = "x"});
        EXPECT_EQ(put.status(), 201);
    }(GetParam()));
}

}  // namespace
}  // namespace hocket::http
