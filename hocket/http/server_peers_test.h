// SPDX-License-Identifier: MIT
// The application that other people's clients are let loose on.
#pragma once

#include <hocket/http/application.h>
#include <hocket/http/auth.h>
#include <hocket/http/daemons_test.h>
#include <hocket/http/errors.h>
#include <hocket/http/form.h>
#include <hocket/http/http_server.h>
#include <hocket/http/server_sent_events.h>
#include <hocket/net/peers_test.h>
#include <hocket/net/tls_test.h>

#include <string>
#include <string_view>
#include <utility>

namespace hocket::http::testing {

using hocket::testing::Certificates, hocket::testing::command, hocket::testing::Outcome;

/// Its files.
inline std::string a_page() {
    std::string text = "<!DOCTYPE html>\n<title>A page</title>\n<a href=\"more/second.html\">more</a>\n";
    for (int i = 0; i < 2000; ++i) text += "<p>This is line " + std::to_string(i) + " of it.</p>\n";
    return text;
}
inline constexpr std::size_t big_size = 4 << 20;

inline std::string thousand_numbers() {
    std::string text;
    for (int i = 0; i < 1000; ++i) text += std::to_string(i) + "\n";
    return text;
}

inline Response::Pieces numbers() {
    for (int i = 0; i < 1000; ++i) co_yield std::to_string(i) + "\n";
}
inline Response::Pieces for_ever() {
    for (;;) {
        co_yield "more\n";
        co_await hocket::sleep(std::chrono::milliseconds(5));
    }
}
inline AsyncGenerator<ServerSentEvent> three_events() {
    for (int i = 1; i <= 3; ++i) {
        ServerSentEvent event{.data = "event " + std::to_string(i), .id = std::to_string(i)};
        co_yield std::move(event);
    }
}
/// What comes is sent back at once.
inline Response::Pieces back(Request& request) {
    for (;;) {
        std::optional<std::string> piece = co_await request.next();
        if (!piece) co_return;
        co_yield std::move(*piece);
    }
}

inline Coro<Response> show_form(Request& request) {
    Form form = co_await request.form();
    std::string text;
    for (const auto& [name, value] : form.fields) text.append(name).append("=").append(value).append("\n");
    for (UploadedFile& file : form.files) {
        text += file.name + ": " + file.filename + " " + file.content_type + " " + std::to_string(file.size) + "\n";
    }
    co_return text_response(std::move(text));
}

inline Application many_sided(const Folder& folder) {
    folder.write("files/page.html", a_page());
    folder.write("files/more/second.html",
                 "<!DOCTYPE html>\n<title>The second</title>\n<a href=\"../page.html\">back</a>\n");
    folder.write("files/big.bin", hocket::testing::pattern(big_size));
    Application app({.compress = true});
    app.static_files("/files", folder / "files");
    app.get("/", [] { return std::string("hello\n"); });
    app.get("/seen", [](Request& request) {
        return request.method() + " " + request.target() + " " + std::string(request.scheme()) + "\n";
    });
    app.post("/echo", [](Request& request) -> Coro<Response> { co_return bytes_response(co_await request.body()); });
    app.route("PUT", "/echo",
              [](Request& request) -> Coro<Response> { co_return bytes_response(co_await request.body()); });
    app.post("/back", [](Request& request) { return stream_response(back(request)); });
    app.post("/form", show_form);
    app.get("/numbers", [] { return stream_response(numbers(), {.content_type = "text/plain"}); });
    app.get("/endless", [] { return stream_response(for_ever()); });
    app.get("/events", [] { return event_stream(three_events()); });
    app.get("/json", [] { return json_response(JsonText::written(R"({"voices": 2})")); });
    app.get("/cookies", [](Request& request) {
        Response response = text_response(std::string(request.cookies("voice").value_or("none")) + "\n");
        response.set_cookie("voice", "alto");
        return response;
    });
    app.get("/old", [] { return redirect_response("/numbers"); });
    app.post("/moved", [] { return redirect_response("/echo", {.status = 307}); });
    app.get("/nothing", [] { return Response(204); });
    app.get("/private", [](Request& request) {
        const auto who = basic_auth_of(request.headers());
        if (who && who->user == "ada" && who->password == "secret") return text_response("the secret\n");
        return text_response("who?\n", {.status = 401, .headers = {{"WWW-Authenticate", basic_challenge("files")}}});
    });
    return app;
}

/// That application as a server.
inline Coro<HttpServer> serve_peers(const Application& app, bool is_secure) {
    ServeOptions options;
    options.limits.body = 16 << 20;
    if (is_secure) options.tls = hocket::testing::tls_server();
    HttpServer server = co_await serve(app, "127.0.0.1", 0, options);
    co_return server;
}

/// Tests that run plain and over TLS: `test(folder, server)` has its own of both.
class WithServer : public ::testing::TestWithParam<bool> {
protected:
    template <class Test>
    void with_server(Test test) {
        hocket::testing::run_net([](bool is_secure, Test body) -> Coro<> {
            const Folder folder;
            const HttpServer server = co_await serve_peers(many_sided(folder), is_secure);
            co_await body(folder, server);
            server.close();
            co_await server.wait_closed();
        }(GetParam(), test));
    }
};
inline std::string plain_or_tls(const ::testing::TestParamInfo<bool>& info) { return info.param ? "tls" : "plain"; }

/// What a command prints; it has to succeed. Errors are in it, too.
inline Coro<std::string> printed(std::string text) {
    const Outcome outcome = co_await command("set -e; " + text);
    EXPECT_EQ(outcome.status, 0) << text << "\n" << outcome.output;
    co_return outcome.output;
}

}  // namespace hocket::http::testing
