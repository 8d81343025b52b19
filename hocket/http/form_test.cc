// SPDX-License-Identifier: MIT
// Forms as a server reads them: whole, with files in memory or on the disk, and part by part as they arrive.
#include <hocket/http/form.h>

#include <hocket/base/errors.h>
#include <hocket/flow/wait.h>
#include <hocket/http/content_encoding.h>
#include <hocket/http/errors.h>
#include <hocket/http/server_test.h>
#include <tests/support/trace.h>

#include <string>
#include <utility>

namespace hocket::http {

namespace {

using hocket::testing::ending_of;

const Headers multipart_fields{{"Host", "x"}, {"Content-Type", "multipart/form-data; boundary=XX"}};

std::string part(std::string_view disposition, std::string_view data, std::string_view more = "") {
    return "--XX\r\nContent-Disposition: form-data; " + std::string(disposition) + "\r\n" + std::string(more) + "\r\n" +
           std::string(data) + "\r\n";
}

const std::string end = "--XX--\r\n";
const std::string two_fields = part("name=a", "1") + part("name=\"b\"", "2") + part("name=a", "3");
const std::string one_file =
    part("name=f; filename=\"x.png\"", "\x89PNG\r\n", "Content-Type: image/png\r\nX-Id: 7\r\n");

// How reading the form ends.
Coro<std::string> form_error(std::string body, FormOptions options = {}, Headers fields = multipart_fields) {
    Request request(asking("POST", "/", std::move(fields)), std::move(body));
    co_return co_await ending_of(request.form(std::move(options)));
}

Coro<> fields_and_files() {
    Request request(asking("POST", "/", multipart_fields), two_fields + one_file + end);
    Form form = co_await request.form();
    EXPECT_EQ(encode_form(form.fields), "a=1&b=2&a=3");
    EXPECT_EQ(form.get("a"), "1");
    EXPECT_EQ(form.get("c"), std::nullopt);
    EXPECT_EQ(form.files.size(), 1U);
    UploadedFile* const file = form.file("f");
    EXPECT_TRUE(file);
    EXPECT_FALSE(form.file("a"));
    if (!file) co_return;
    EXPECT_EQ(file->filename, "x.png");
    EXPECT_EQ(file->content_type, "image/png");
    EXPECT_EQ(file->headers.get("X-Id"), "7");
    EXPECT_EQ(file->size, 6U);
    EXPECT_EQ(co_await file->file.read(), "\x89PNG\r\n");
}

bool is_on_disk(const fs::File& file) {
    try {
        return file.fileno() >= 0;
    } catch (const std::exception&) {
        return false;
    }
}

// What was gathered when a read of a part is cancelled, the next one gives, or `next`.
Coro<> cancelled_reads_of_parts() {
    for (const bool by_next : {false, true}) {
        std::string body = part("name=a", "one two") + part("name=b", "three") + end;
        hocket::Event go;
        std::size_t sent = 0;
        MultipartReader reader(multipart_fields, [&]() -> Coro<std::optional<std::string>> {
            if (sent == body.find("two")) co_await go.wait();
            if (sent == body.size()) co_return std::nullopt;
            co_return body.substr(sent++, 1);
        });
        const auto first = co_await reader.next();
        EXPECT_TRUE(first);
        const Task<std::string> read = create_task(first->read());
        for (int i = 0; i < 5; ++i) co_await hocket::sleep(0);
        co_await CancelAndWait(read);
        EXPECT_TRUE(read.cancelled());
        go.set();
        if (by_next) {
            EXPECT_EQ(co_await first->next(), "one ");
            EXPECT_EQ(co_await first->read(), "two");
        } else {
            EXPECT_EQ(co_await first->read(), "one two");
        }
        EXPECT_EQ(co_await first->read(), "");
        const auto second = co_await reader.next();
        EXPECT_EQ(co_await second->read(), "three");
    }
}

Coro<> spooled() {
    const std::string large(70'000, 'x');
    Request request(asking("POST", "/", multipart_fields),
                    part("name=a; filename=1", "small") + part("name=b; filename=2", large) +
                        part("name=c; filename=3", "12345") + part("name=d; filename=4", "6") + end);
    Form form = co_await request.form({.memory = 10});
    EXPECT_EQ(form.files.size(), 4U);
    for (UploadedFile& file : form.files) {
        const std::string content = co_await file.file.read();
        EXPECT_EQ(content.size(), file.size) << file.name;
    }
    // The first and the third fill the memory.
    EXPECT_TRUE(is_on_disk(form.files.at(1).file));
    EXPECT_TRUE(is_on_disk(form.files.at(3).file));
}

Coro<> of_browsers_without_files() {
    Request request(asking("POST", "/", {{"Content-Type", "Application/X-WWW-Form-Urlencoded; charset=utf-8"}}),
                    "a=1&b=%20");
    const Form form = co_await request.form();
    EXPECT_EQ(encode_form(form.fields), "a=1&b=+");
    EXPECT_TRUE(form.files.empty());
}

Coro<> refused() {
    const std::string prefix = "hocket::http::ProtocolError: ";
    EXPECT_EQ(co_await form_error(two_fields), prefix + "read multipart: the body ends before its last boundary");
    EXPECT_EQ(co_await form_error("--XX\r\nX: y\r\n\r\n1\r\n" + end), prefix + "read form: a part without a name");
    const std::string nested = part("name=n", "", "Content-Type: multipart/mixed; boundary=Y\r\n") + end;
    EXPECT_EQ(co_await form_error(nested), prefix + "read form: the part \"n\" is multipart itself");
    const std::string coded = part("name=n", "eA==", "Content-Transfer-Encoding: base64\r\n") + end;
    EXPECT_EQ(co_await form_error(coded), prefix + "read form: the part \"n\" has a Content-Transfer-Encoding");
    const std::string plain = part("name=n", "x", "Content-Transfer-Encoding: 8Bit\r\n") + end;
    EXPECT_EQ(co_await form_error(plain), "nothing");
    const Headers no_boundary{{"Content-Type", "multipart/form-data"}};
    EXPECT_EQ(co_await form_error(end, {}, no_boundary),
              prefix + "read multipart: the Content-Type \"multipart/form-data\" names no boundary");
    const Headers mixed{{"Content-Type", "multipart/mixed; boundary=XX"}};
    EXPECT_EQ(co_await form_error(end, {}, mixed),
              "hocket::http::HttpError: the body is \"multipart/mixed; boundary=XX\", not "
              "application/x-www-form-urlencoded or "
              "multipart/form-data");
}

Coro<> limits() {
    const std::string prefix = "hocket::http::ProtocolError: ";
    EXPECT_EQ(co_await form_error(two_fields + end, {.multipart = {.parts = 2}}),
              prefix + "read multipart: more than 2 parts");
    EXPECT_EQ(co_await form_error(two_fields + end, {.fields = 2}), prefix + "read form: more than 2 bytes of fields");
    EXPECT_EQ(co_await form_error(one_file + end, {.files = 0}), prefix + "read form: more than 0 files");
    const Headers urlencoded{{"Content-Type", "application/x-www-form-urlencoded"}};
    EXPECT_EQ(co_await form_error("a&b&c", {.multipart = {.parts = 2}}, urlencoded),
              prefix + "read form: more than 2 fields");
    EXPECT_EQ(co_await form_error("a=1234", {.fields = 5}, urlencoded),
              prefix + "read form: more than 5 bytes of fields");
}

Coro<> parts_by_hand() {
    Request request(asking("POST", "/", multipart_fields), two_fields + one_file + end);
    MultipartReader reader = request.multipart();
    const auto first = co_await reader.next();
    EXPECT_EQ(first->name(), "a");
    EXPECT_EQ(co_await first->next(), "1");
    EXPECT_EQ(co_await first->next(), std::nullopt);
    EXPECT_EQ(co_await first->next(), std::nullopt);
    const auto second = co_await reader.next();
    EXPECT_EQ(second->name(), "b");  // is not read
    const auto third = co_await reader.next();
    EXPECT_EQ(co_await third->read(), "3");
    EXPECT_EQ(co_await third->read(), "");
    EXPECT_EQ(co_await ending_of(second->next()),
              "hocket::RuntimeError: the part \"b\" is over: the reader has gone on");
    const auto file = co_await reader.next();
    EXPECT_EQ(file->filename(), "x.png");
    EXPECT_EQ(co_await ending_of(file->read(3)),
              "hocket::http::ProtocolError: read multipart: the part \"f\" has more than 3 bytes");
    const auto none = co_await reader.next();
    EXPECT_FALSE(none);
    const auto still_none = co_await reader.next();
    EXPECT_FALSE(still_none);
}

// ---- On a connection

Application uploading(std::string& log) {
    Application app;
    app.post("/parts", [&log](Request& request) -> Coro<std::string> {
        MultipartReader reader = request.multipart();
        while (const auto one = co_await reader.next()) {
            log += one->name() + ":";
            while (const auto piece = co_await one->next()) log += *piece + "|";
        }
        co_return "done";
    });
    app.post("/form", [](Request& request) -> Coro<std::string> {
        const Form form = co_await request.form();
        co_return encode_form(form.fields) + " " + std::to_string(form.files.size());
    });
    return app;
}

std::string head(std::string_view path, std::size_t length, std::string_view more = "") {
    return "POST " + std::string(path) +
           " HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=XX\r\nContent-Length: " +
           std::to_string(length) + "\r\n" + std::string(more) + "\r\n";
}

Coro<> as_they_arrive() {
    std::string log;
    HandFed connection(uploading(log));
    const std::string body = two_fields + end;
    co_await connection.exchange(head("/parts", body.size()));
    EXPECT_EQ(log, "");
    const std::size_t middle = body.find("\r\n\r\n") + 5;
    co_await connection.exchange(body.substr(0, middle));
    EXPECT_EQ(log, "a:1|");
    const std::string answer = co_await connection.exchange(body.substr(middle));
    EXPECT_EQ(body_of(answer), "done");
    EXPECT_EQ(log, "a:1|b:2|a:3|");
    const std::string again = co_await connection.exchange(head("/form", body.size()) + body);
    EXPECT_EQ(body_of(again), "a=1&b=2&a=3 0");
    EXPECT_FALSE(connection.wire.closed);
}

// 47
Coro<> hostile_uploads() {
    std::string log;
    const auto status = [&](std::string_view body) -> Coro<std::string> {
        HandFed connection(uploading(log));
        const std::string answer = co_await connection.exchange(head("/form", body.size()) + std::string(body));
        co_return status_of(answer);
    };
    std::string many;
    for (int i = 0; i < 1001; ++i) many += "--XX\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n";
    EXPECT_EQ(co_await status(many + end), "413");
    EXPECT_EQ(co_await status("--XX\r\nX: " + std::string(9000, 'x')), "413");
    EXPECT_EQ(co_await status("--XXY\r\n\r\n\r\n--XXY--"), "400");
    EXPECT_EQ(co_await status(""), "400");
    EXPECT_EQ(co_await status("\r\n\r\n\r\n"), "400");
    HandFed connection(uploading(log));
    const std::string large = co_await connection.exchange(head("/form", (1 << 20) + 1));
    EXPECT_EQ(status_of(large), "413");
}

Coro<> a_compressed_upload() {
    std::string log;
    HandFed connection(uploading(log));
    const std::string body = encoded(two_fields + end, ContentCoding::gzip);
    const std::string answer =
        co_await connection.exchange(head("/form", body.size(), "Content-Encoding: gzip\r\n") + body);
    EXPECT_EQ(body_of(answer), "a=1&b=2&a=3 0");
}

}  // namespace

TEST(HttpForm, has_fields_and_files) { run(fields_and_files()); }
TEST(HttpForm, a_read_of_a_part_that_is_cancelled_loses_nothing) { run(cancelled_reads_of_parts()); }
TEST(HttpForm, large_files_are_on_the_disk) { run(spooled()); }
TEST(HttpForm, may_be_urlencoded) { run(of_browsers_without_files()); }
TEST(HttpForm, what_is_no_form_is_refused) { run(refused()); }
// 47
TEST(HttpForm, has_limits) { run(limits()); }
TEST(HttpForm, can_be_read_part_by_part) { run(parts_by_hand()); }
TEST(HttpForm, parts_are_read_as_they_arrive) { run(as_they_arrive()); }
TEST(HttpForm, hostile_uploads_are_refused) { run(hostile_uploads()); }
TEST(HttpForm, may_be_compressed) { run(a_compressed_upload()); }

}  // namespace hocket::http
