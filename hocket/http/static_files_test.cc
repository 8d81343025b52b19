// SPDX-License-Identifier: MIT
// A folder's files under a path, and nothing else, whatever the path says.
#include <hocket/http/static_files_test.h>

#include <hocket/http/client_session.h>
#include <hocket/net/open_connection.h>
#include <hocket/net/tls_test.h>
#include <hocket/os/served_internal.h>

#include <sys/syscall.h>
#include <tests/support/refused_calls.h>
#include <unistd.h>

namespace hocket::http {
namespace {

using StaticFiles = InPublic;
using RealStaticFiles = InPublic;

Application showing(const StaticFilesOptions& options = {}, std::string_view prefix = "/assets") {
    Application app;
    app.static_files(prefix, "public", options);
    return app;
}

Coro<> shows() {
    const Application app = showing({.headers = {{"Cache-Control", "max-age=60"}}});
    const Response response = co_await answer_of(app, "/assets/a.txt");
    EXPECT_EQ(told(response), "200 a");
    EXPECT_EQ(response.content_type(), "text/plain; charset=utf-8");
    EXPECT_EQ(field(response, "Cache-Control"), "max-age=60");
    EXPECT_EQ(field(response, "Last-Modified"), date_of_the_rfc);
    EXPECT_EQ(told(co_await answer_of(app, "/assets/css/b.css?v=7")), "200 b");
    EXPECT_EQ(told(co_await answer_of(app, "/%61ssets/css/%62.css")), "200 b");
    EXPECT_EQ(told(co_await answer_of(app, "/assets/css/deep/c%20d%2541%C3%A4")), "200 c");
    EXPECT_EQ(told(co_await answer_of(app, "http://test/assets/a.txt")), "200 a");
    EXPECT_EQ(told(co_await answer_of(app, "/assets/a.txt", {}, "HEAD")), "200 a");  // which a connection leaves out
    EXPECT_EQ(told(co_await answer_of(app, "/assets/a.txt", {{"Range", "bytes=1-"}})).substr(0, 3), "416");
    const Response posted = co_await answer_of(app, "/assets/a.txt", {}, "POST");
    EXPECT_EQ(posted.status(), 405);
    EXPECT_EQ(field(posted, "Allow"), "GET, HEAD");
    EXPECT_EQ(told(co_await answer_of(showing({}, "/"), "/css/b.css")), "200 b");
}
TEST_F(StaticFiles, are_shown_under_a_path) { run(shows()); }

Coro<> nothing_else() {
    const Application app = showing({.index = "index.html", .show_index = true});
    std::string target;
    for (const char* path : {"/../secret",
                             "/..%2fsecret",
                             "/%2e%2e/secret",
                             "/%2e%2e%2fsecret",
                             "/.%2e/secret",
                             "/css/../../secret",
                             "/css/..%5c..%5csecret",
                             "/..\\secret",
                             "/./a.txt",
                             "/css/../a.txt",
                             "//a.txt",
                             "/css//b.css",
                             "//",
                             "/css//",
                             "/a.txt/",
                             "/a.txt/x",
                             "/a.txt%00",
                             "/%00",
                             "/a.txt%00.css",
                             "/css%2fb.css",
                             "/%252e%252e/secret",
                             "/%2e%2e%252fsecret",
                             "/\xc0\xae\xc0\xae/secret",
                             "/css/...",
                             "/%2Fetc/passwd",
                             "//etc/passwd",
                             "/~root",
                             "/",
                             "/nothing",
                             "/a.txt ",
                             "/A.TXT",
                             "/..",
                             "/css/..",
                             "/..;/secret",
                             "-not/secret"}) {
        target = "/assets" + std::string(path);
        const Response response = co_await answer_of(app, target);
        EXPECT_EQ(response.body().find("secret"), std::string::npos) << path;
        if (target != "/assets/") {
            EXPECT_EQ(response.status(), 404) << path;
        }
    }
    target = "/assets/" + std::string(300, 'a');
    EXPECT_EQ((co_await answer_of(app, target)).status(), 404);
    target.clear();
    for (int i = 0; i < 2000; ++i) target += "/a";
    EXPECT_EQ((co_await answer_of(app, "/assets" + target)).status(), 404);
    EXPECT_EQ((co_await answer_of(app, "/assets")).status(), 404);
}
TEST_F(StaticFiles, are_all_that_is_shown) { run(nothing_else()); }

Coro<> links() {
    std::filesystem::create_symlink("../secret", "public/out");
    std::filesystem::create_symlink(std::filesystem::absolute("secret"), "public/absolute");
    std::filesystem::create_symlink("..", "public/up");
    std::filesystem::create_symlink("css/b.css", "public/within");
    std::filesystem::create_symlink("loop", "public/loop");
    std::filesystem::create_symlink("/proc/self/cwd/secret", "public/magic");
    hocket::testing::put_file("public/page", "page");
    std::filesystem::create_symlink("../secret", "public/page.gz");
    const Application app = showing({.show_index = true});
    for (const char* name : {"out", "absolute", "up", "up/secret", "up/", "loop", "magic"}) {
        EXPECT_EQ((co_await answer_of(app, "/assets/" + std::string(name))).status(), 404) << name;
    }
    EXPECT_EQ(told(co_await answer_of(app, "/assets/within")), "200 b");
    EXPECT_EQ(told(co_await answer_of(app, "/assets/page", {{"Accept-Encoding", "gzip"}})), "200 page");
    const std::string list = (co_await answer_of(app, "/assets/")).body();
    EXPECT_EQ(list.find("out"), std::string::npos) << list;
    EXPECT_NE(list.find("within"), std::string::npos) << list;
}
TEST_F(StaticFiles, are_not_behind_links_that_lead_out) { run(links()); }

Coro<> no_files() {
    EXPECT_EQ(mkfifo("public/fifo", 0600), 0);
    const Application app = showing();
    for (const char* name : {"fifo", "css", "css/", ""}) {
        EXPECT_EQ((co_await answer_of(app, "/assets/" + std::string(name))).status(), 404) << name;
    }
}
TEST_F(StaticFiles, are_files_and_not_folders_or_pipes) { run(no_files()); }

Coro<> index() {
    put_old("public/index.html", "start");
    put_old("public/css/index.html.gz", "zipped");
    const Application app = showing({.index = "index.html"});
    EXPECT_EQ(told(co_await answer_of(app, "/assets/")), "200 start");
    EXPECT_EQ((co_await answer_of(app, "/assets/")).content_type(), "text/html; charset=utf-8");
    const Response moved = co_await answer_of(app, "/assets/css");
    EXPECT_EQ(moved.status(), 301);
    EXPECT_EQ(field(moved, "Location"), "./css/");
    EXPECT_EQ((co_await answer_of(app, "/assets/css/")).status(), 404);
    EXPECT_EQ(told(co_await answer_of(showing({.index = "index.html"}, "/"), "/")), "200 start");
}
TEST_F(StaticFiles, may_have_an_index) { run(index()); }

Coro<> list() {
    hocket::testing::put_file("public/<b>&\"':%.txt", "x");
    const Application app = showing({.show_index = true});
    const Response response = co_await answer_of(app, "/assets/");
    EXPECT_EQ(response.status(), 200);
    EXPECT_EQ(response.content_type(), "text/html; charset=utf-8");
    const std::string& page = response.body();
    EXPECT_NE(page.find("<h1>Index of /assets/</h1>"), std::string::npos) << page;
    EXPECT_NE(page.find("<li><a href=\"./css/\">css/</a></li>"), std::string::npos) << page;
    EXPECT_NE(page.find("<li><a href=\"./a.txt\">a.txt</a></li>"), std::string::npos) << page;
    EXPECT_NE(page.find("<li><a href=\"./%3Cb%3E%26%22'%3A%25.txt\">&lt;b&gt;&amp;&quot;&#39;:%.txt</a></li>"),
              std::string::npos)
        << page;
    EXPECT_LT(page.find("css/"), page.find("a.txt"));
    EXPECT_EQ(page.find("../"), std::string::npos) << page;  // nothing above it is shown
    EXPECT_EQ(field(response, "Content-Security-Policy"),
              "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'");
    std::filesystem::create_directory("public/it's <new>");
    const Response inside = co_await answer_of(app, "/assets/it's%20%3Cnew%3E/");
    EXPECT_NE(inside.body().find("Index of /assets/it&#39;s &lt;new&gt;/"), std::string::npos) << inside.body();
    EXPECT_NE(inside.body().find("<li><a href=\"../\">../</a></li>"), std::string::npos) << inside.body();
    EXPECT_EQ(field(co_await answer_of(app, "/assets/css"), "Location"), "./css/");
}
TEST_F(StaticFiles, may_be_listed) { run(list()); }

Coro<> replaced() {
    const Application app = showing();
    EXPECT_EQ(told(co_await answer_of(app, "/assets/a.txt")), "200 a");
    std::filesystem::rename("public", "before");
    EXPECT_EQ((co_await answer_of(app, "/assets/a.txt")).status(), 404);
    std::filesystem::create_directory("public");
    put_old("public/a.txt", "new");
    EXPECT_EQ(told(co_await answer_of(app, "/assets/a.txt")), "200 new");
    std::filesystem::create_directory("elsewhere");
    std::filesystem::current_path("elsewhere");
    EXPECT_EQ(told(co_await answer_of(app, "/assets/a.txt")), "200 new");
}
TEST_F(StaticFiles, are_those_of_the_folder_that_is_there_now) { run(replaced()); }

Coro<> beside_routes() {
    Application app = showing({}, "/");
    app.get("/css/{name}", [](std::string name) { return "route " + name; });
    app.post("/upload", [] { return std::string("taken"); });
    EXPECT_EQ(told(co_await answer_of(app, "/css/b.css")), "200 route b.css");
    EXPECT_EQ(told(co_await answer_of(app, "/css/deep/c%20d%2541%C3%A4")), "200 c");
    EXPECT_EQ(told(co_await answer_of(app, "/upload", {}, "POST")), "200 taken");
    EXPECT_EQ(told(co_await answer_of(app, "/a.txt")), "200 a");
    EXPECT_EQ(app.openapi().find("{path"), std::string::npos);
}
TEST_F(StaticFiles, come_after_the_routes) { run(beside_routes()); }

std::string refusal(std::string_view prefix, const std::string& folder, const StaticFilesOptions& options = {}) {
    Application app;
    try {
        app.static_files(prefix, folder, options);
    } catch (const std::exception& e) {
        return e.what();
    }
    return {};
}

TEST_F(StaticFiles, that_cannot_be_are_refused) {
    const std::string here = std::filesystem::current_path();
    EXPECT_EQ(refusal("/x", "nothing"), "static_files: open " + here + "/nothing: No such file or directory");
    EXPECT_EQ(refusal("/x", "secret"), "static_files: open " + here + "/secret: Not a directory");
    EXPECT_EQ(refusal("x", "public"), "static_files: the prefix \"x\" is no path without parameters");
    EXPECT_EQ(refusal("", "public"), "static_files: the prefix \"\" is no path without parameters");
    EXPECT_EQ(refusal("/{x}", "public"), "static_files: the prefix \"/{x}\" is no path without parameters");
    EXPECT_EQ(refusal("/x", "public", {.index = "../secret"}),
              "static_files: the index \"../secret\" is no name of a file in the folder");
    EXPECT_EQ(refusal("/x", std::string("a\0b", 3)), "static_files: a null character in the name of a file");
    EXPECT_EQ(refusal("/x/", "public"), "");
}

// ---- On sockets

Coro<std::string> ask(std::uint16_t port, std::string target) {
    auto [reader, writer] = co_await open_connection("127.0.0.1", port);
    co_await writer.write("GET " + target + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    co_return co_await reader.read();
}

Coro<> sent_by_the_system() {
    const std::string content = hocket::testing::pattern(3 << 20);
    put_old("public/long", content);
    HttpServer server = co_await serve(showing(), "127.0.0.1", 0);
    for (int i = 0; i < 2; ++i) {
        const std::string answer = co_await ask(server.port(), "/assets/long");
        EXPECT_EQ(status_of(answer), "200");
        EXPECT_TRUE(body_of(answer) == content) << body_of(answer).size();
    }
    EXPECT_EQ(body_of(co_await ask(server.port(), "/assets/a.txt")), "a");
    server.close();
    co_await server.wait_closed();
}
TEST_F(RealStaticFiles, are_sent_by_the_system) { run(sent_by_the_system()); }

Coro<> read_in_pieces() {
    const std::string content = hocket::testing::pattern(1 << 20);
    put_old("public/long", content);
    HttpServer server = co_await serve(showing(), "127.0.0.1", 0);
    const std::string answer = co_await ask(server.port(), "/assets/long");
    EXPECT_EQ(status_of(answer), "200");
    EXPECT_TRUE(body_of(answer) == content) << body_of(answer).size();
    EXPECT_EQ(body_of(co_await ask(server.port(), "/assets/a.txt")), "a");
    EXPECT_EQ(status_of(co_await ask(server.port(), "/assets/nothing")), "404");
    server.close();
    co_await server.wait_closed();
}
TEST_F(RealStaticFiles, that_others_serve_are_read_in_pieces) {
    struct stat status{};
    ASSERT_EQ(::stat("public", &status), 0);
    fs::remember_served(status.st_dev, fs::Served::by_others);
    run(read_in_pieces());
    fs::remember_served(status.st_dev, fs::Served::by_kernel);
}

Coro<> without_openat2(int& right) {
    std::filesystem::create_symlink("../secret", "public/out");
    std::filesystem::create_symlink("css/b.css", "public/within");
    const Application app = showing({.show_index = true});
    right += (co_await answer_of(app, "/assets/css/b.css")).body() == "b" ? 1 : 0;
    right += (co_await answer_of(app, "/assets/")).status() == 200 ? 1 : 0;
    for (const char* name : {"out", "within", "../secret", "%2e%2e/secret", "nothing"}) {
        right += (co_await answer_of(app, "/assets/" + std::string(name))).status() == 404 ? 1 : 0;
    }
}
TEST_F(RealStaticFiles, are_all_that_is_shown_without_openat2) {
    hocket::testing::expect_success_without({{.number = SYS_openat2, .error = ENOSYS}}, [] {
        int right = 0;
        hocket::run(without_openat2(right));
        return right == 7 ? 0 : 1;
    });
}

// The system cannot encrypt: the file is read.
Coro<> over_tls() {
    const std::string content = hocket::testing::pattern(1 << 20);
    put_old("public/long", content);
    HttpServer server = co_await serve(showing(), "127.0.0.1", 0, {.tls = hocket::testing::tls_server()});
    const ClientSession session({.tls = hocket::testing::tls_client()});
    for (int i = 0; i < 2; ++i) {
        const ClientResponse response = co_await session.get(server.url() + "/assets/long");
        const std::string body = co_await response.read();
        EXPECT_TRUE(body == content) << body.size();
    }
    co_await session.close();
    server.close();
    co_await server.wait_closed();
}
TEST_F(RealStaticFiles, are_sent_over_tls) { run(over_tls()); }

Coro<> logged() {
    put_old("public/long", hocket::testing::pattern(1 << 20));
    for (const bool is_secure : {false, true}) {
        std::string lines;
        const AccessLog log([&lines](std::string_view line) { lines.append(line).append("\n"); }, "%s %b");
        ServeOptions options{.access_log = log};
        if (is_secure) options.tls = hocket::testing::tls_server();
        HttpServer server = co_await serve(showing(), "127.0.0.1", 0, std::move(options));
        const ClientSession session({.tls = hocket::testing::tls_client()});
        const ClientResponse all = co_await session.get(server.url() + "/assets/long");
        co_await all.read();
        const ClientResponse part =
            co_await session.get(server.url() + "/assets/long", {.headers = {{"Range", "bytes=0-99999"}}});
        co_await part.read();
        const ClientResponse head = co_await session.head(server.url() + "/assets/long");
        co_await hocket::testing::until([&] { return lines.ends_with("200 0\n"); });
        EXPECT_EQ(lines, "200 1048576\n206 100000\n200 0\n");
        co_await session.close();
        server.close();
        co_await server.wait_closed();
    }
}
TEST_F(RealStaticFiles, are_logged_with_their_size) { run(logged()); }

Coro<> in_a_part() {
    Application part;
    part.static_files("/css", "public/css", {.show_index = true});
    Application app;
    app.add_subapp("/assets", part);
    EXPECT_EQ(told(co_await answer_of(app, "/assets/css/b.css")), "200 b");
    EXPECT_EQ(told(co_await answer_of(app, "/%61ssets/css/%62.css")), "200 b");
    const Response folder = co_await answer_of(app, "/assets/css/deep");
    EXPECT_EQ(folder.status(), 301);
    EXPECT_EQ(field(folder, "Location"), "./deep/");
    const Response page = co_await answer_of(app, "/assets/css/");
    EXPECT_NE(page.body().find("Index of /assets/css/"), std::string::npos) << page.body();
    for (const char* path : {"/assets/css/../a.txt", "/assets/css/%2e%2e/a.txt", "/css/b.css", "/assets/a.txt"}) {
        EXPECT_EQ((co_await answer_of(app, path)).status(), 404) << path;
    }
}
TEST_F(StaticFiles, belong_to_a_part_of_an_application) { run(in_a_part()); }

Coro<> kept_alive() {
    const std::string content = hocket::testing::pattern(200 << 10);
    put_old("public/long", content);
    HttpServer server = co_await serve(showing(), "127.0.0.1", 0);
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
    for (int i = 0; i < 3; ++i) {
        co_await writer.write("GET /assets/long HTTP/1.1\r\nHost: x\r\nRange: bytes=1-\r\n\r\n");
        const std::string head = co_await reader.readuntil("\r\n\r\n");
        EXPECT_NE(head.find("Content-Length: " + std::to_string(content.size() - 1)), std::string::npos) << head;
        const std::string body = co_await reader.readexactly(content.size() - 1);
        EXPECT_TRUE(body == content.substr(1));
    }
    writer.close();
    server.close();
    co_await server.wait_closed();
}
TEST_F(RealStaticFiles, keep_a_connection_usable) { run(kept_alive()); }

Coro<> shrinking() {
    const Told report;
    put_old("public/long", std::string(64 << 20, 'x'));
    HttpServer server = co_await serve(showing(), "127.0.0.1", 0);
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
    co_await writer.write("GET /assets/long HTTP/1.1\r\nHost: x\r\n\r\n");
    co_await reader.readuntil("\r\n\r\n");
    std::filesystem::resize_file("public/long", 1 << 20);
    std::size_t came = 0;
    try {
        while (!reader.at_eof()) came += (co_await reader.read(1 << 20)).size();
    } catch (const OSError&) {
        came += 0;  // reset: what is missing is seen all the same
    }
    EXPECT_LT(came, 64U << 20);
    co_await hocket::testing::until([&] { return !report.text.empty(); });
    EXPECT_NE(report.text.find("the file has become shorter meanwhile"), std::string::npos) << report.text;
    writer.close();
    server.close();
    co_await server.wait_closed();
}
TEST_F(RealStaticFiles, that_become_shorter_end_the_connection) { run(shrinking()); }

Coro<> client_goes() {
    put_old("public/long", std::string(64 << 20, 'x'));
    HttpServer server = co_await serve(showing(), "127.0.0.1", 0);
    {
        auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
        co_await writer.write("GET /assets/long HTTP/1.1\r\nHost: x\r\n\r\n");
        co_await reader.readuntil("\r\n\r\n");
        writer.abort();
    }
    co_await hocket::testing::until([&] { return server.connections() == 0; });
    server.close();
    co_await server.wait_closed();
}
TEST_F(RealStaticFiles, are_let_go_when_the_client_goes) { run(client_goes()); }

}  // namespace
}  // namespace hocket::http
