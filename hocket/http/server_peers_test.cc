// SPDX-License-Identifier: MIT
// Our server with curl, wget and ab, plain and over TLS.
#include <hocket/http/server_peers_test.h>

#include <string>

namespace hocket::http {
namespace {

using namespace testing;

bool has(const std::string& text, std::string_view words) { return text.find(words) != std::string::npos; }

// ---- curl

class RealCurlPeers : public WithServer {
protected:
    void SetUp() override {
        if (lacks("/usr/bin/curl")) GTEST_SKIP() << "curl is not installed";
    }
};
INSTANTIATE_TEST_SUITE_P(Peers, RealCurlPeers, ::testing::Bool(), plain_or_tls);

/// `curl -sS ... ` in the test's folder, `URL` stands for the server's.
Coro<std::string> curl(const Folder& folder, const HttpServer& server, std::string arguments) {
    std::string text = "cd " + folder.path() + "; URL=" + server.url() +
                       "; curl() { timeout 40 /usr/bin/curl -q -sS --noproxy '*' --cacert " +
                       Certificates::get().ca_file + " \"$@\"; }; curl " + std::move(arguments);
    co_return co_await printed(std::move(text));
}

TEST_P(RealCurlPeers, asks_on_one_connection) {
    with_server([](const Folder& folder, const HttpServer& server) -> Coro<> {
        EXPECT_EQ(co_await curl(folder, server, "-w '%{num_connects} ' $URL/ $URL/json $URL/nothing $URL/none"),
                  "hello\n1 {\"voices\": 2}0 0 {\"detail\":\"Not Found\"}0 ");
        EXPECT_EQ(co_await curl(folder, server, "--http1.0 -w '%{http_version}' $URL/"), "hello\n1");
        EXPECT_EQ(co_await curl(folder, server, "--http1.0 -w '%{http_version}' $URL/numbers"),
                  thousand_numbers() + "1");
        EXPECT_EQ(co_await curl(folder, server, "-H 'Connection: close' $URL/seen?a=%20"),
                  "GET /seen?a=%20 " + server.url().substr(0, server.url().find(':')) + "\n");
        const std::string head = co_await curl(folder, server, "-I $URL/files/big.bin");
        EXPECT_TRUE(has(head, "Content-Length: " + std::to_string(big_size) + "\r\n")) << head;
    });
}

TEST_P(RealCurlPeers, asks_a_hundred_times_at_once) {
    with_server([](const Folder& folder, const HttpServer& server) -> Coro<> {
        co_await curl(folder, server,
                      "-Z --parallel-immediate --parallel-max 20 -o 'page#1' $URL/files/page.html?[1-100]");
        for (int i = 1; i <= 100; ++i) EXPECT_EQ(contents(folder / ("page" + std::to_string(i))), a_page());
    });
}

TEST_P(RealCurlPeers, sends_big_bodies_in_each_way) {
    with_server([](const Folder& folder, const HttpServer& server) -> Coro<> {
        const std::string big = hocket::testing::pattern(big_size);
        co_await curl(folder, server, "-D head -o out --data-binary @files/big.bin $URL/echo");
        EXPECT_TRUE(contents(folder / "head").starts_with("HTTP/1.1 100 Continue\r\n"));
        EXPECT_TRUE(contents(folder / "out") == big);
        co_await curl(folder, server, "-D head -o out -T - -X POST $URL/back < files/big.bin");
        EXPECT_TRUE(contents(folder / "out") == big);
        co_await curl(folder, server, "-o out -T files/big.bin $URL/echo");
        EXPECT_TRUE(contents(folder / "out") == big);
        EXPECT_EQ(co_await curl(folder, server, "-L -d 'a=b' $URL/moved"), "a=b");
        EXPECT_EQ(co_await curl(folder, server, "-F title=Tea -F 'file=@files/big.bin;type=image/x' $URL/form"),
                  "title=Tea\nfile: big.bin image/x " + std::to_string(big_size) + "\n");
    });
}

TEST_P(RealCurlPeers, gets_bodies_compressed) {
    with_server([](const Folder& folder, const HttpServer& server) -> Coro<> {
        for (const std::string encoding : {"gzip", "deflate", "br", "zstd"}) {
            for (const std::string path : {"/numbers", "/files/page.html"}) {
                const std::string text = co_await curl(
                    folder, server, "-D head --compressed -H 'Accept-Encoding: " + encoding + "' $URL" + path);
                const std::string head = contents(folder / "head");
                EXPECT_EQ(text, path == "/numbers" ? thousand_numbers() : a_page()) << encoding;
                EXPECT_TRUE(has(head, "Content-Encoding: " + encoding)) << head;
            }
        }
    });
}

TEST_P(RealCurlPeers, gets_parts_of_files_and_what_has_changed) {
    with_server([](const Folder& folder, const HttpServer& server) -> Coro<> {
        const std::string big = hocket::testing::pattern(big_size);
        co_await curl(folder, server, "-r 1000-1999 -o out $URL/files/big.bin");
        EXPECT_TRUE(contents(folder / "out") == big.substr(1000, 1000));
        folder.write("out", big.substr(0, 1'000'000));
        co_await curl(folder, server, "-C - -o out $URL/files/big.bin");
        EXPECT_TRUE(contents(folder / "out") == big);
        const std::string tagged =
            "-o /dev/null -w '%{http_code}' --etag-save tag $URL/files/page.html; curl -o /dev/null -w "
            "'%{http_code}' --etag-compare tag $URL/files/page.html";
        EXPECT_EQ(co_await curl(folder, server, tagged), "200304");
        EXPECT_EQ(
            co_await curl(folder, server, "-o /dev/null -w '%{http_code}' -z files/page.html $URL/files/page.html"),
            "304");
    });
}

TEST_P(RealCurlPeers, keeps_cookies_follows_redirects_and_knows_passwords) {
    with_server([](const Folder& folder, const HttpServer& server) -> Coro<> {
        EXPECT_EQ(co_await curl(folder, server, "-b jar -c jar $URL/cookies $URL/cookies"), "none\nalto\n");
        EXPECT_EQ(co_await curl(folder, server, "-b jar $URL/cookies"), "alto\n");
        EXPECT_EQ(co_await curl(folder, server, "-L $URL/old"), thousand_numbers());
        EXPECT_EQ(
            co_await curl(folder, server,
                          "$URL/private; curl -u ada:secret $URL/private; curl --anyauth -u ada:secret $URL/private"),
            "who?\nthe secret\nthe secret\n");
        EXPECT_EQ(co_await curl(folder, server, "-N $URL/events"),
                  "id: 1\ndata: event 1\n\nid: 2\ndata: event 2\n\nid: 3\ndata: event 3\n\n");
    });
}

// ---- wget

class RealWgetPeers : public WithServer {
protected:
    void SetUp() override {
        if (lacks("/usr/bin/wget")) GTEST_SKIP() << "wget is not installed";
    }
};
INSTANTIATE_TEST_SUITE_P(Peers, RealWgetPeers, ::testing::Bool(), plain_or_tls);

Coro<std::string> wget(const Folder& folder, const HttpServer& server, std::string arguments) {
    std::string text = "cd " + folder.path() + "; URL=" + server.url() +
                       "; wget() { timeout 40 /usr/bin/wget --no-config --no-hsts --no-proxy -t 1 --ca-certificate=" +
                       Certificates::get().ca_file + " \"$@\"; }; wget " + std::move(arguments);
    co_return co_await printed(std::move(text));
}

TEST_P(RealWgetPeers, gets_pages_and_sends_files) {
    with_server([](const Folder& folder, const HttpServer& server) -> Coro<> {
        EXPECT_EQ(co_await wget(folder, server, "-q -O - $URL/ $URL/numbers $URL/old"),
                  "hello\n" + thousand_numbers() + thousand_numbers());
        co_await wget(folder, server, "-q -O out --post-file=files/big.bin $URL/echo");
        EXPECT_TRUE(contents(folder / "out") == hocket::testing::pattern(big_size));
        EXPECT_EQ(co_await wget(folder, server, "-q -O - --user=ada --password=secret $URL/private"), "the secret\n");
        EXPECT_EQ(co_await wget(folder, server, "-q -O - --compression=gzip $URL/files/page.html"), a_page());
    });
}

TEST_P(RealWgetPeers, mirrors_a_folder_on_one_connection) {
    with_server([](const Folder& folder, const HttpServer& server) -> Coro<> {
        const std::string told =
            co_await wget(folder, server, "-r -l 5 -e robots=off -nH -P mirror $URL/files/page.html");
        EXPECT_EQ(contents(folder / "mirror/files/page.html"), a_page());
        EXPECT_EQ(contents(folder / "mirror/files/more/second.html"), contents(folder / "files/more/second.html"));
        EXPECT_TRUE(has(told, "Reusing existing connection")) << told;
        EXPECT_EQ(server.requests(), 2U);
    });
}

TEST_P(RealWgetPeers, goes_on_where_it_was_and_gets_nothing_twice) {
    with_server([](const Folder& folder, const HttpServer& server) -> Coro<> {
        const std::string big = hocket::testing::pattern(big_size);
        folder.write("big.bin", big.substr(0, 1'000'000));
        const std::string told = co_await wget(folder, server, "-c $URL/files/big.bin");
        EXPECT_TRUE(has(told, "206 Partial Content")) << told;
        EXPECT_TRUE(contents(folder / "big.bin") == big);
        co_await wget(folder, server, "-q -N $URL/files/page.html");
        const std::string again = co_await wget(folder, server, "-N $URL/files/page.html");
        EXPECT_TRUE(has(again, "304 Not Modified")) << again;
        EXPECT_EQ(contents(folder / "page.html"), a_page());
    });
}

// ---- ab

class RealAbPeers : public WithServer {
protected:
    void SetUp() override {
        if (lacks("/usr/bin/ab")) GTEST_SKIP() << "apache2-utils is not installed";
    }
    static Coro<std::string> ab(const HttpServer& server, std::string arguments, std::string path) {
        co_return co_await printed("timeout 40 /usr/bin/ab -q " + std::move(arguments) + " " + server.url() + path);
    }
    static void expect_all(const std::string& told, const std::string& count, const std::string& size) {
        EXPECT_TRUE(has(told, "Complete requests:      " + count + "\n")) << told;
        EXPECT_TRUE(has(told, "Failed requests:        0\n")) << told;
        EXPECT_TRUE(has(told, "Document Length:        " + size + " bytes\n")) << told;
        EXPECT_FALSE(has(told, "Non-2xx responses")) << told;
    }
};
INSTANTIATE_TEST_SUITE_P(Peers, RealAbPeers, ::testing::Bool(), plain_or_tls);

TEST_P(RealAbPeers, is_answered_on_connections_that_are_kept) {
    with_server([](const Folder& folder, const HttpServer& server) -> Coro<> {
        const std::string told = co_await ab(server, "-k -n 2000 -c 20", "/");
        expect_all(told, "2000", "6");
        EXPECT_TRUE(has(told, "Keep-Alive requests:    2000\n")) << told;
        const std::string page = co_await ab(server, "-k -n 200 -c 5", "/files/page.html");
        expect_all(page, "200", std::to_string(a_page().size()));
        EXPECT_TRUE(has(page, "Keep-Alive requests:    200\n")) << page;
        const std::string file = folder / "files/page.html";
        expect_all(co_await ab(server, "-k -n 200 -c 5 -p " + file + " -T text/html", "/echo"), "200",
                   std::to_string(a_page().size()));
    });
}

TEST_P(RealAbPeers, is_answered_on_a_connection_for_each_request) {
    with_server([](const Folder&, const HttpServer& server) -> Coro<> {
        const std::string told = co_await ab(server, "-n 300 -c 20", "/");
        expect_all(told, "300", "6");
        EXPECT_FALSE(has(told, "Keep-Alive requests")) << told;
        // HTTP/1.0, whose clients know no chunks: the connection's end is the body's.
        expect_all(co_await ab(server, "-k -n 50 -c 5", "/numbers"), "50", std::to_string(thousand_numbers().size()));
    });
}

}  // namespace
}  // namespace hocket::http
