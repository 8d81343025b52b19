// SPDX-License-Identifier: MIT
// The programs of http-files.md.
#include <hocket/hocket.h>
#include <hocket/http.h>

#include <cstdio>
#include <filesystem>
#include <string>
using namespace hocket;

// [static]
http::Application site() {
    http::Application app;
    app.static_files("/assets", "public", {.headers = {{"Cache-Control", "max-age=3600"}}});
    app.get("/report", [](http::Request& request) {
        return http::file_response(request, "report.txt",
                                   {.headers = {{"Content-Disposition", "attachment; filename=\"report.txt\""}}});
    });
    return app;
}
// [/static]

// [conditional]
std::string document = "first";
int version = 1;

Coro<http::Response> put_document(http::Request& request) {
    const http::Validators current{.etag = http::ETag{std::to_string(version)}};
    const std::int64_t now = 0;  // is of no account where no dates are
    if (check_preconditions("PUT", request.headers(), current, now) != http::Precondition::holds)
        co_return http::Response(412);
    document = co_await request.body();
    const http::ETag tag{std::to_string(++version)};
    co_return http::text_response("kept\n", {.headers = {{"ETag", tag.str()}}});
}
// [/conditional]

// [rest]
void add_tree(http::Application& app) {
    app.get("/tree/{path:path}", [](std::string path) { return "you asked for " + path + "\n"; });
}
// [/rest]

Coro<> show(http::Application app, std::string method, std::string target, http::Headers headers = {}) {
    http::Request request({.method = method, .target = target, .headers = std::move(headers)}, "second");
    const http::Response response = co_await app.handle(request);
    const std::string& body = response.body();
    std::printf("%s %s: %d %s%s", method.c_str(), target.c_str(), response.status(), body.c_str(),
                body.ends_with('\n') ? "" : "\n");
}

Coro<> amain() {
    auto folder = co_await fs::temporary_directory();
    std::filesystem::current_path(folder.name());
    co_await fs::makedirs("public/css");
    co_await fs::write_text("public/css/a.css", "body { margin: 0 }");
    co_await fs::write_text("public/css/a.css.gz", "(the same, compressed)");
    co_await fs::write_text("report.txt", "All is well.");
    http::Application app = site();
    app.put("/document", put_document);
    add_tree(app);

    co_await show(app, "GET", "/assets/css/a.css");
    co_await show(app, "GET", "/assets/css/a.css", {{"Accept-Encoding", "gzip, br"}});
    co_await show(app, "GET", "/report", {{"Range", "bytes=0-2"}});
    co_await show(app, "GET", "/report", {{"If-None-Match", "*"}});
    co_await show(app, "GET", "/assets/../report.txt");
    co_await show(app, "PUT", "/document", {{"If-Match", "\"1\""}});
    co_await show(app, "PUT", "/document", {{"If-Match", "\"1\""}});
    co_await show(app, "GET", "/tree/a/b%20c");
    std::filesystem::current_path("/");
    co_await folder.cleanup();
}

int main() { hocket::run(amain()); }
