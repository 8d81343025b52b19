// SPDX-License-Identifier: MIT
// Forms with files as the client sends them, and as the server takes them.
#include <hocket/http/application.h>
#include <hocket/http/client_session.h>
#include <hocket/http/client_test.h>
#include <hocket/http/form.h>
#include <hocket/http/http_server.h>
#include <hocket/http/multipart.h>
#include <hocket/os/files_test.h>

#include <string>
#include <utility>

namespace hocket::http {
namespace {

using namespace testing;
using hocket::testing::InNewFolder, hocket::testing::put_file;

TEST(RealClientForm, a_form_has_a_known_length_and_a_random_boundary) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::answering(ok(""));
        const ClientSession session;
        const FormData form = {
            {"title", "Tea"},
            {.name = "photo", .value = "\x89PNG", .filename = "a\"b.png", .content_type = "image/png"}};
        for (int i = 0; i < 2; ++i) {
            const RequestOptions options{.multipart = form};
            co_await text_of(session.post(server.url(), options));
        }
        const std::string& request = server.requests().at(0);
        const std::string type = field_of(request, "Content-Type");
        EXPECT_TRUE(type.starts_with("multipart/form-data; boundary=----hocket")) << type;
        EXPECT_NE(type, field_of(server.requests().at(1), "Content-Type"));
        const std::string boundary = "--" + type.substr(type.find('=') + 1);
        EXPECT_EQ(boundary.size(), 44U);
        const std::string body = boundary + "\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nTea\r\n" +
                                 boundary +
                                 "\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"a%22b.png\"\r\n"
                                 "Content-Type: image/png\r\n\r\n\x89PNG\r\n" +
                                 boundary + "--\r\n";
        EXPECT_EQ(request.substr(request.find("\r\n\r\n") + 4), body);
        EXPECT_EQ(field_of(request, "Content-Length"), std::to_string(body.size()));
    }());
}

Application receiving() {
    Application app;
    app.post("/form", [](Request& request) -> Coro<std::string> {
        Form form = co_await request.form();
        std::string text = encode_form(form.fields);
        for (UploadedFile& file : form.files) {
            const std::string content = co_await file.file.read();
            text += " " + file.filename + " " + file.content_type + " " + std::to_string(content.size()) +
                    content.substr(0, 3);
        }
        co_return text;
    });
    app.post("/moved", [] { return redirect_response("/form", {.status = 307}); });
    return app;
}

TEST(RealClientForm, files_are_read_while_they_are_sent) {
    run_http([]() -> Coro<> {
        const HttpServer server = co_await serve(receiving(), "127.0.0.1", 0);
        const ClientSession session({.base_url = server.url()});
        const InNewFolder folder;
        put_file("tea.bin", "tea" + std::string(300'000, 'x'));
        const FormData form = {{"a", "1"},
                               {.name = "f", .path = "./tea.bin"},
                               {.name = "g", .filename = "", .path = "tea.bin"},
                               {"b", ""}};
        // The second is sent again after a redirect.
        for (const char* url : {"/form", "/moved"}) {
            const RequestOptions options{.multipart = form};
            EXPECT_EQ(co_await text_of(session.post(url, options)),
                      "a=1&b= tea.bin application/octet-stream 300003tea  application/octet-stream 300003tea");
        }
        const RequestOptions compressed{.multipart = form, .compress = "gzip"};
        EXPECT_EQ(co_await text_of(session.post("/form", compressed)),
                  "a=1&b= tea.bin application/octet-stream 300003tea  application/octet-stream 300003tea");
        server.close();
        co_await session.close();
        co_await server.wait_closed();
    }());
}

TEST(RealClientForm, a_form_that_cannot_be_sent_is_an_error) {
    run_http([]() -> Coro<> {
        const ClientSession session;
        const auto ending = [&](FormPart part, Headers headers = {}) -> Coro<std::string> {
            RequestOptions options{.headers = std::move(headers)};
            options.multipart.push_back(std::move(part));
            co_return co_await ending_of(session.post("http://127.0.0.1:1/", std::move(options)));
        };
        const std::string missing = co_await ending({.name = "f", .path = "/missing/file"});
        EXPECT_EQ(missing, "hocket::OSError: stat /missing/file: No such file or directory");
        EXPECT_EQ(co_await ending({.name = "f", .path = "/"}),
                  "hocket::ValueError: the part \"f\" of a form: / is no file");
        EXPECT_EQ(co_await ending({.name = "f", .value = "x", .path = "/"}),
                  "hocket::ValueError: the part \"f\" of a form has a value and a path");
        const std::string odd = co_await ending({.name = std::string("a\0b", 3)});
        EXPECT_TRUE(odd.starts_with("hocket::ValueError: the part \"a\\x00b\" of a form: ")) << odd;
        EXPECT_EQ(
            co_await ending({.name = "f"}, {{"Content-Type", "multipart/form-data"}}),
            "hocket::ValueError: POST http://127.0.0.1:1/: multipart says its Content-Type itself, with its boundary");
    }());
}

TEST(RealClientForm, the_parts_of_a_response_are_read_as_they_arrive) {
    run_http([]() -> Coro<> {
        const std::string body =
            "--XX\r\nContent-Type: text/plain\r\n\r\none\r\n--XX\r\nX-Id: 2\r\n\r\ntwo\r\n--XX--\r\n";
        const TestServer server =
            co_await TestServer::answering(ok(body, "Content-Type: multipart/mixed; boundary=\"XX\"\r\n"));
        const ClientSession session;
        const ClientResponse response = co_await session.get(server.url());
        MultipartReader reader(response.headers(), [&response] { return response.next(); });
        std::string text;
        while (const auto part = co_await reader.next()) {
            const std::string data = co_await part->read();
            text += part->content_type() + " " + std::string(part->headers().get("X-Id").value_or("none")) + " " +
                    data + ";";
        }
        EXPECT_EQ(text, "text/plain none one;text/plain 2 two;");
    }());
}

}  // namespace
}  // namespace hocket::http
