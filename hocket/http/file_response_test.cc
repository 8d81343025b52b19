// SPDX-License-Identifier: MIT
// A file as an answer: whole, in parts, not again, and in the form that the client understands.
#include <hocket/http/static_files_test.h>

#include <hocket/http/file_lookup_internal.h>
#include <hocket/http/file_response.h>
#include <hocket/http/file_type_internal.h>
#include <hocket/http/test_client.h>

#include <unistd.h>

namespace hocket::http {
namespace {

class FileResponse : public hocket::testing::InFolder {};

Application showing(const std::string& path, const FileResponseOptions& options = {}) {
    Application app;
    app.get("/file", [path, options](Request& request) { return file_response(request, path, options); });
    app.post("/file", [path, options](Request& request) { return file_response(request, path, options); });
    return app;
}

Coro<> whole() {
    put_old("a.txt", "0123456789");
    const Response response = co_await answer_of(showing("a.txt"), "/file");
    EXPECT_EQ(told(response), "200 0123456789");
    EXPECT_EQ(response.content_type(), "text/plain; charset=utf-8");
    EXPECT_EQ(field(response, "Last-Modified"), date_of_the_rfc);
    EXPECT_EQ(field(response, "ETag"), "\"ae1b981bc490a00-a\"");
    EXPECT_EQ(field(response, "Accept-Ranges"), "bytes");
    EXPECT_EQ(field(response, "Vary"), "Accept-Encoding");
    EXPECT_EQ(field(response, "Content-Encoding"), "-");
    EXPECT_EQ(told(co_await answer_of(showing("a.txt"), "/file", {{"Range", "bytes=1-2"}}, "POST")), "200 0123456789");
}
TEST_F(FileResponse, is_the_file_with_what_is_known_of_it) { run(whole()); }

Coro<> options_count() {
    put_old("a.txt", "text");
    const FileResponseOptions options{.headers = {{"Cache-Control", "no-cache"}, {"Vary", "Cookie"}},
                                      .content_type = "text/x-odd",
                                      .precompressed = false};
    const Response response = co_await answer_of(showing("a.txt", options), "/file");
    EXPECT_EQ(response.content_type(), "text/x-odd");
    EXPECT_EQ(field(response, "Cache-Control"), "no-cache");
    EXPECT_EQ(field(response, "Vary"), "Cookie");
    const FileResponseOptions also{.headers = {{"Vary", "Cookie"}}};
    const Response both = co_await answer_of(showing("a.txt", also), "/file");
    EXPECT_EQ(both.headers().combined("Vary"), "Cookie, Accept-Encoding");
}
TEST_F(FileResponse, has_the_fields_that_it_was_given) { run(options_count()); }

Coro<> missing() {
    std::filesystem::create_directory("folder");
    EXPECT_EQ(mkfifo("fifo", 0600), 0);
    for (const char* path : {"nothing", "folder", "fifo", "folder/", "", "/dev/null"}) {
        const Response response = co_await answer_of(showing(path), "/file");
        EXPECT_EQ(told(response), R"(404 {"detail":"Not Found"})") << path;
    }
    put_old("mine", "secret");
    EXPECT_EQ(::chmod("mine", 0), 0);
    if (::geteuid() != 0) {
        EXPECT_EQ(told(co_await answer_of(showing("mine"), "/file")), R"(403 {"detail":"Forbidden"})");
    }
    const Told report;
    const Response response = co_await answer_of(showing(std::string("a\0b", 3)), "/file");
    EXPECT_EQ(response.status(), 500);
    EXPECT_NE(report.text.find("a null character in the name"), std::string::npos) << report.text;
}
TEST_F(FileResponse, of_what_is_no_file_is_404) { run(missing()); }

Coro<> known() {
    put_old("a.txt", "0123456789");
    const Application app = showing("a.txt");
    const std::string tag = field(co_await answer_of(app, "/file"), "ETag");
    const Response same = co_await answer_of(app, "/file", {{"If-None-Match", tag}});
    EXPECT_EQ(told(same), "304 ");
    EXPECT_EQ(field(same, "ETag"), tag);
    EXPECT_EQ(field(same, "Vary"), "Accept-Encoding");
    EXPECT_EQ(field(same, "Content-Length"), "-");
    EXPECT_EQ(told(co_await answer_of(app, "/file", {{"If-None-Match", "\"old\""}})), "200 0123456789");
    EXPECT_EQ(told(co_await answer_of(app, "/file", {{"If-Modified-Since", date_of_the_rfc}})), "304 ");
    EXPECT_EQ(told(co_await answer_of(app, "/file", {{"If-Modified-Since", "Sun, 06 Nov 1994 08:49:36 GMT"}})),
              "200 0123456789");
    EXPECT_EQ((co_await answer_of(app, "/file", {{"If-Match", "\"old\""}})).status(), 412);
    EXPECT_EQ((co_await answer_of(app, "/file", {{"If-Unmodified-Since", "Sun, 06 Nov 1994 08:49:36 GMT"}})).status(),
              412);
    put_old("a.txt", "0123456789", of_the_rfc + 1);
    EXPECT_EQ(told(co_await answer_of(app, "/file", {{"If-None-Match", tag}})), "200 0123456789");
}
TEST_F(FileResponse, is_not_sent_to_who_has_it) { run(known()); }

Coro<> parts() {
    put_old("a.txt", "0123456789");
    const Application app = showing("a.txt");
    const std::string tag = field(co_await answer_of(app, "/file"), "ETag");
    const Response part = co_await answer_of(app, "/file", {{"Range", "bytes=2-4"}});
    EXPECT_EQ(told(part), "206 234");
    EXPECT_EQ(field(part, "Content-Range"), "bytes 2-4/10");
    EXPECT_EQ(field(part, "ETag"), tag);
    EXPECT_EQ(told(co_await answer_of(app, "/file", {{"Range", "bytes=-3"}})), "206 789");
    EXPECT_EQ(told(co_await answer_of(app, "/file", {{"Range", "bytes=0-1,2-3"}})), "206 0123");
    EXPECT_EQ(told(co_await answer_of(app, "/file", {{"Range", "bytes=0-1,5-6"}})), "200 0123456789");
    const Response none = co_await answer_of(app, "/file", {{"Range", "bytes=10-"}});
    EXPECT_EQ(none.status(), 416);
    EXPECT_EQ(field(none, "Content-Range"), "bytes */10");
    EXPECT_EQ(told(co_await answer_of(app, "/file", {{"Range", "bytes=2-4"}, {"If-Range", tag}})), "206 234");
    EXPECT_EQ(told(co_await answer_of(app, "/file", {{"Range", "bytes=2-4"}, {"If-Range", "\"old\""}})),
              "200 0123456789");
    EXPECT_EQ(told(co_await answer_of(app, "/file", {{"Range", "bytes=2-4"}, {"If-Range", date_of_the_rfc}})),
              "206 234");
    EXPECT_EQ(told(co_await answer_of(app, "/file", {{"Range", "bytes=20-"}, {"If-None-Match", tag}})), "304 ");
}
TEST_F(FileResponse, may_be_a_part_of_the_file) { run(parts()); }

Coro<> only_a_head() {
    put_old("a.txt", "0123456789");
    put_old("long", std::string(100'000, 'x'));
    HandFed connection(showing("a.txt"));
    connection.wire.feed_data("HEAD /file HTTP/1.1\r\nHost: x\r\nRange: bytes=0-1\r\n\r\n");
    co_await hocket::testing::until([&] { return connection.wire.sent.ends_with("\r\n\r\n"); });
    EXPECT_EQ(without_date(connection.take()),
              "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\n"
              "ETag: \"ae1b981bc490a00-a\"\r\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\nAccept-Ranges: bytes\r\n"
              "Vary: Accept-Encoding\r\nContent-Length: 10\r\n\r\n");
    connection.wire.feed_data(
        "GET /file HTTP/1.1\r\nHost: x\r\nIf-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n");
    co_await hocket::testing::until([&] { return connection.wire.sent.ends_with("\r\n\r\n"); });
    EXPECT_EQ(without_date(connection.take()),
              "HTTP/1.1 304 Not Modified\r\nETag: \"ae1b981bc490a00-a\"\r\n"
              "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\nAccept-Ranges: bytes\r\nVary: Accept-Encoding\r\n\r\n");
    const Response large = co_await answer_of(showing("long"), "/file", {}, "HEAD");
    EXPECT_EQ(told(large), "200 ");
    EXPECT_EQ(field(large, "Content-Length"), "100000");
    EXPECT_EQ((co_await http::TestClient(showing("long")).request("HEAD", "/file")).body, "");
}

// Compression, which depends on what the file holds, included.
Coro<> the_head_of_get() {
    put_old("short.txt", std::string(5000, 'a'));
    put_old("odd.txt", hocket::testing::pattern(1500));
    put_old("long.txt", std::string(100'000, 'x'));
    put_old("tiny.txt", "x");
    for (const std::string path : {"short.txt", "odd.txt", "long.txt", "tiny.txt"}) {
        Application app({.compress = true});
        app.get("/file", [path](Request& request) { return file_response(request, path); });
        std::string heads[2];
        for (const bool is_head : {false, true}) {
            HandFed connection(app);
            connection.wire.feed_data((is_head ? "HEAD" : "GET") +
                                      std::string(" /file HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n"));
            co_await hocket::testing::until([&] { return connection.wire.sent.find("\r\n\r\n") != std::string::npos; });
            const std::string answer = without_date(co_await connection.exchange(""));
            heads[is_head] = answer.substr(0, answer.find("\r\n\r\n") + 4);
            if (is_head) {
                EXPECT_EQ(answer, heads[1]);
            }
        }
        EXPECT_EQ(heads[1], heads[0]) << path;
        EXPECT_EQ(heads[1].find("Content-Encoding: gzip") != std::string::npos,
                  path == "short.txt" || path == "long.txt")
            << heads[1];
    }
}
TEST_F(FileResponse, to_head_has_the_fields_of_get) { run(the_head_of_get()); }
TEST_F(FileResponse, to_head_has_the_length_and_no_body) { run(only_a_head()); }

Coro<> of_nothing() {
    put_old("empty", "");
    const Application app = showing("empty");
    EXPECT_EQ(told(co_await answer_of(app, "/file")), "200 ");
    EXPECT_EQ(told(co_await answer_of(app, "/file", {{"Range", "bytes=0-"}})), "200 ");
}
TEST_F(FileResponse, may_be_empty) { run(of_nothing()); }

Coro<> of_tomorrow() {
    put_old("a", "x", 4'000'000'000);
    const Response response = co_await answer_of(showing("a"), "/file");
    EXPECT_NE(field(response, "Last-Modified"), "Mon, 02 Oct 2096 07:06:40 GMT");
    put_old("a", "x", -86'400);
    EXPECT_EQ(field(co_await answer_of(showing("a"), "/file"), "Last-Modified"), "Wed, 31 Dec 1969 00:00:00 GMT");
}
TEST_F(FileResponse, was_not_changed_in_the_future) { run(of_tomorrow()); }

// ---- Files that are compressed already

std::string codings(std::string_view accept) {
    std::string names;
    for (const FileCoding& coding : file_codings({{"Accept-Encoding", accept}})) {
        names.append(names.empty() ? "" : " ").append(coding.name);
    }
    return names;
}

TEST(OnceFileResponse, accept_encoding_says_what_is_preferred) {
    EXPECT_EQ(codings("gzip, deflate, br, zstd"), "br zstd gzip");
    EXPECT_EQ(codings("gzip;q=1.0, br;q=0.5"), "gzip br");
    EXPECT_EQ(codings("gzip;q=0"), "");
    EXPECT_EQ(codings("x-gzip"), "gzip");
    EXPECT_EQ(codings("*"), "br zstd gzip");
    EXPECT_EQ(codings("*;q=0.1, GZIP; Q=0.2, br;q=0"), "gzip zstd");
    EXPECT_EQ(codings("identity, gzip;q=0.5"), "");
    EXPECT_EQ(codings("identity;q=0.5, gzip"), "gzip");
    EXPECT_EQ(codings("gzip;q=0.001, br;q=0.000"), "gzip");
    EXPECT_TRUE(file_codings({}).empty());
    for (const std::string_view text : {"", ",", "gzip;q=", "gzip;q=2", "gzip;q=0.0001", "gzip;q=-1", "gzip;q=a",
                                        "gzip;x", "gzip;;", "gzipp", "identity"}) {
        EXPECT_EQ(codings(text), "") << text;
    }
}

TEST(OnceFileResponse, an_ending_says_what_a_file_is) {
    EXPECT_EQ(file_type("a/b.HTML"), "text/html; charset=utf-8");
    EXPECT_EQ(file_type("b.tar.gz"), "application/gzip");
    EXPECT_EQ(file_type("b.js"), "text/javascript; charset=utf-8");
    EXPECT_EQ(file_type(".svg"), "image/svg+xml");
    for (const std::string_view name : {"", "a", "a.", "html", "a.html/b", "a.unknown", "."}) {
        EXPECT_EQ(file_type(name), "application/octet-stream") << name;
    }
}

Coro<> siblings() {
    put_old("a.css", "plain css");
    put_old("a.css.br", "br");
    put_old("a.css.gz", "gz", of_the_rfc + 5);
    const Application app = showing("a.css");
    const Response br = co_await answer_of(app, "/file", {{"Accept-Encoding", "gzip, br, zstd"}});
    EXPECT_EQ(told(br), "200 br");
    EXPECT_EQ(br.content_type(), "text/css; charset=utf-8");
    EXPECT_EQ(field(br, "Content-Encoding"), "br");
    EXPECT_EQ(field(br, "Vary"), "Accept-Encoding");
    EXPECT_EQ(field(br, "ETag"), "\"ae1b981bc490a00-2-br\"");
    const Response gz = co_await answer_of(app, "/file", {{"Accept-Encoding", "gzip, zstd"}});
    EXPECT_EQ(told(gz), "200 gz");
    EXPECT_EQ(field(gz, "Content-Encoding"), "gzip");
    const Response plain = co_await answer_of(app, "/file", {{"Accept-Encoding", "zstd"}});
    EXPECT_EQ(told(plain), "200 plain css");
    EXPECT_EQ(field(plain, "Vary"), "Accept-Encoding");
    // A range is one of the bytes that are sent.
    const Response part = co_await answer_of(app, "/file", {{"Accept-Encoding", "br"}, {"Range", "bytes=1-"}});
    EXPECT_EQ(told(part), "206 r");
    EXPECT_EQ(field(part, "Content-Range"), "bytes 1-1/2");
    const FileResponseOptions off{.precompressed = false};
    EXPECT_EQ(told(co_await answer_of(showing("a.css", off), "/file", {{"Accept-Encoding", "br"}})), "200 plain css");
    EXPECT_EQ((co_await answer_of(showing("a.css.gz"), "/file")).content_type(), "application/gzip");
}
TEST_F(FileResponse, may_be_a_compressed_sibling) { run(siblings()); }

Coro<> old_siblings() {
    put_old("a.css", "plain");
    put_old("a.css.br", "of an older version", of_the_rfc - 1);
    std::filesystem::create_directory("a.css.gz");
    const Application app = showing("a.css");
    EXPECT_EQ(told(co_await answer_of(app, "/file", {{"Accept-Encoding", "br, gzip"}})), "200 plain");
}
TEST_F(FileResponse, is_no_sibling_that_is_older_or_no_file) { run(old_siblings()); }

// ---- Long files

std::string long_content() {
    std::string content;
    for (int i = 0; content.size() < 1'000'000; ++i) content += std::to_string(i) + ' ';
    return content;
}

Coro<> in_pieces() {
    const std::string content = long_content();
    put_old("long", content);
    const Application app = showing("long");
    const Response response = co_await answer_of(app, "/file");
    EXPECT_TRUE(response.is_streamed());
    EXPECT_EQ(field(response, "Content-Length"), std::to_string(content.size()));
    HandFed connection(app);
    connection.wire.feed_data("GET /file HTTP/1.1\r\nHost: x\r\nRange: bytes=100000-\r\n\r\n");
    co_await hocket::testing::until([&] { return connection.wire.sent.ends_with(content.substr(999'000)); });
    const std::string sent = connection.take();
    EXPECT_EQ(status_of(sent), "206");
    EXPECT_EQ(body_of(sent), content.substr(100'000));
    EXPECT_FALSE(connection.wire.closed);
}
TEST_F(FileResponse, of_a_long_file_comes_in_pieces) { run(in_pieces()); }

Coro<> bounded() {
    put_old("long", std::string(4 << 20, 'x'));
    HandFed connection(showing("long"));
    connection.wire.stalls = true;
    connection.wire.feed_data("GET /file HTTP/1.1\r\nHost: x\r\n\r\n");
    co_await hocket::testing::until([&] { return connection.wire.sent.size() > 1000; });
    co_await hocket::testing::a_while();
    EXPECT_LT(connection.wire.sent.size(), 200U << 10);
    connection.wire.stalls = false;
    connection.wire.go_on.set();
    co_await hocket::testing::until([&] { return connection.wire.sent.size() > 4 << 20; });
}
TEST_F(FileResponse, is_read_no_faster_than_it_is_taken) { run(bounded()); }

Coro<> shorter() {
    const Told report;
    put_old("long", std::string(4 << 20, 'x'));
    HandFed connection(showing("long"));
    connection.wire.stalls = true;
    connection.wire.feed_data("GET /file HTTP/1.1\r\nHost: x\r\n\r\n");
    co_await hocket::testing::until([&] { return connection.wire.sent.size() > 1000; });
    std::filesystem::resize_file("long", 1 << 20);
    connection.wire.stalls = false;
    connection.wire.go_on.set();
    co_await hocket::testing::until([&] { return connection.wire.aborted; });
    EXPECT_LE(body_of(connection.wire.sent).size(), 1U << 20);
    co_await hocket::testing::until([&] { return !report.text.empty(); });
    EXPECT_EQ(report.text,
              "The body of an answer failed: GET /file: hocket::RuntimeError: send long: the file has become shorter "
              "meanwhile\n");
}
TEST_F(FileResponse, of_a_file_that_becomes_shorter_is_aborted) { run(shorter()); }

}  // namespace
}  // namespace hocket::http
