// SPDX-License-Identifier: MIT
// Multipart bodies from bytes to parts: what is found, whole and byte by byte, and what is refused.
#include <hocket/http/multipart.h>

#include <gtest/gtest.h>
#include <hocket/base/errors.h>
#include <hocket/http/errors.h>
#include <tests/support/trace.h>

#include <random>
#include <string>
#include <string_view>

namespace hocket::http {
namespace {

using namespace std::string_literals;
using hocket::testing::thrown_by;

// What a parser finds in pieces of `size` bytes: `a=hello;` for a field, `a(b.txt)=...;` for a file, `end`; or an error behind it.
std::string found(std::string_view body, std::size_t size, const MultipartLimits& limits) {
    std::string text;
    try {
        MultipartParser parser("XX", limits);
        while (!body.empty()) {
            std::string_view piece = body.substr(0, size);
            body.remove_prefix(piece.size());
            for (;;) {
                const PartEvent event = parser.next(piece);
                if (std::holds_alternative<std::monostate>(event)) break;
                if (const auto* head = std::get_if<PartHead>(&event)) {
                    text += head->name + (head->filename ? "(" + *head->filename + ")" : "") + "=";
                } else if (const auto* data = std::get_if<PartData>(&event)) {
                    EXPECT_FALSE(data->bytes.empty());
                    text += data->bytes;
                } else {
                    text += std::holds_alternative<PartEnd>(event) ? ";" : "end";
                }
            }
            EXPECT_TRUE(piece.empty());
        }
        parser.finish();
    } catch (const ProtocolError& e) {
        return text + "|" + std::to_string(e.status()) + " " + std::string(e.what()).substr(16);
    }
    return text;
}

std::string parts(std::string_view body, const MultipartLimits& limits = {}) {
    const std::string whole = found(body, body.size(), limits);
    for (std::size_t size = 1; size < 8; ++size) {
        EXPECT_EQ(found(body, size, limits), whole) << "in pieces of " << size;
    }
    return whole;
}

// A part of a form, from its boundary to the end of its data.
std::string part(std::string_view disposition, std::string_view data, std::string_view more = "") {
    return "--XX\r\nContent-Disposition: form-data; " + std::string(disposition) + "\r\n" + std::string(more) + "\r\n" +
           std::string(data) + "\r\n";
}

const std::string end = "--XX--\r\n";

PartHead head_of(std::string_view fields) {
    const std::string body = "--XX\r\n" + std::string(fields) + "\r\n\r\n";
    std::string_view input = body;
    MultipartParser parser("XX");
    PartEvent event = parser.next(input);
    return std::get<PartHead>(std::move(event));
}

PartHead disposed(std::string_view disposition) { return head_of("Content-Disposition: " + std::string(disposition)); }

TEST(OnceMultipart, fields_and_files_are_found) {
    EXPECT_EQ(parts(part("name=\"a\"", "hello") +
                    part("name=\"f\"; filename=\"b.txt\"", "1\r\n2\n", "Content-Type: text/x\r\n") + end),
              "a=hello;f(b.txt)=1\r\n2\n;end");
    EXPECT_EQ(parts(end), "end");
    EXPECT_EQ(parts(part("name=a", "") + end), "a=;end");
}

TEST(OnceMultipart, data_may_look_like_a_boundary_for_a_while) {
    for (const std::string data : {"\r", "\n", "\r\n", "\r\n-", "\r\n--", "\r\n--X", "\r\r\n--X", "\r\n\r\n", "-", "--",
                                   "--X\r\n--X", "\r\n-\r\n--\r\n--X", "x\r\n--Y\r\n--X-", "x--XX"}) {
        EXPECT_EQ(parts(part("name=a", data) + end), "a=" + data + ";end") << data;
    }
}

TEST(OnceMultipart, data_of_many_line_ends_is_whole) {
    std::mt19937 random(5);  // NOLINT(cert-msc32-c, cert-msc51-cpp): the same in each run
    constexpr std::string_view letters = "\r\n-X";
    for (int round = 0; round < 300; ++round) {
        std::string data;
        for (int i = 0; i < 30; ++i) data += letters[random() % letters.size()];
        if (("\r\n" + data).find("\r\n--XX") != std::string::npos) continue;
        EXPECT_EQ(parts(part("name=a", data) + end), "a=" + data + ";end");
    }
}

TEST(OnceMultipart, what_stands_before_and_behind_means_nothing) {
    EXPECT_EQ(parts("hello\r\n--X\r\n" + part("name=a", "1") + end + "good bye\r\n--XX\r\n"), "a=1;end");
    EXPECT_EQ(parts("x--XX\r\n" + part("name=a", "1") + end), "a=1;end");  // not at the beginning of a line
    EXPECT_EQ(parts("\r\n" + part("name=a", "1") + "--XX--"), "a=1;end");
}

TEST(OnceMultipart, white_space_may_follow_a_boundary) {
    EXPECT_EQ(parts("--XX \t\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--XX--"), "a=1;end");
}

TEST(OnceMultipart, a_part_may_have_neither_header_nor_data) {
    EXPECT_EQ(parts("--XX\r\n\r\nx\r\n--XX\r\n\r\n\r\n--XX\r\n\r\n--XX--"), "=x;=;=;end");
}

TEST(OnceMultipart, names_are_read_as_browsers_write_them) {
    const PartHead head = disposed("form-data; name=\"a%22b%0D%0Ac%0d%41\"; filename=\"x%22y.txt\"");
    EXPECT_EQ(head.name, "a\"b\r\nc\r%41");
    EXPECT_EQ(head.filename, "x\"y.txt");
    EXPECT_EQ(disposed("form-data; name=\"caf\xc3\xa9\"").name, "caf\xc3\xa9");
    EXPECT_EQ(disposed("FORM-DATA ;NAME = a ; FileName=b.txt").filename, "b.txt");
    EXPECT_EQ(disposed("form-data; name=a; filename=\"\"").filename, "");
    EXPECT_EQ(disposed("form-data; name=a").filename, std::nullopt);
}

TEST(OnceMultipart, names_are_read_as_other_programs_write_them) {
    EXPECT_EQ(disposed(R"(form-data; name="a"; filename="x\"y\\z;.txt")").filename, R"(x"y\z;.txt)");
    EXPECT_EQ(disposed(R"(form-data; name="a"; filename="C:\dir\x.txt")").filename, R"(C:\dir\x.txt)");
    EXPECT_EQ(disposed("form-data; name=a; filename=\"x.txt\"; filename*=UTF-8''na%C3%AFve%20%22.txt").filename,
              "na\xc3\xafve \".txt");
    EXPECT_EQ(disposed("form-data; name=a; filename*=iso-8859-1'en'%e9; filename=x").filename, "\xc3\xa9");
    for (const char* bad : {"UTF-8''%ff", "UTF-16''x", "x", "UTF-8'x"}) {
        EXPECT_EQ(disposed("form-data; name=a; filename=x; filename*=" + std::string(bad)).filename, "x") << bad;
    }
}

TEST(OnceMultipart, a_part_has_its_fields) {
    const PartHead head = head_of("content-disposition: form-data; name=a\r\nContent-Type: Image/PNG; x=y\r\nX-Id:7");
    EXPECT_EQ(head.headers.get("X-Id"), "7");
    EXPECT_EQ(head.content_type(), "image/png");
    EXPECT_EQ(disposed("form-data; name=a").content_type(), "text/plain");
    EXPECT_EQ(head_of("X: y").name, "");
}

TEST(OnceMultipart, malformed_headers_are_refused) {
    const auto refused = [](const std::string& fields) { return parts("--XX\r\n" + fields + "\r\n\r\nx\r\n--XX--"); };
    EXPECT_EQ(refused("X: y\nZ: z"), "|400 a line of a part's header ends in LF without CR");
    EXPECT_EQ(refused("X: y\r\n folded"), "|400 a folded line in a part's header");
    EXPECT_EQ(refused("no colon"), "|400 a line without a colon in a part's header: \"no colon\"");
    for (const char* fields : {"X : y", ": y", "X: a\rb", "X: a\x01", "X\x80: a"}) {
        EXPECT_TRUE(refused(fields).starts_with("|400 ")) << fields;
    }
    EXPECT_TRUE(refused("X: a\0b"s).starts_with("|400 "));
    for (const char* disposition : {"form-data; name=\"a", "form-data; name", "form-data; name=\"a\"b",
                                    "form-data; name=a; name=b", "form-data; name=a; NAME=a", "form-data; (=x"}) {
        const std::string result = refused("Content-Disposition: " + std::string(disposition));
        EXPECT_TRUE(result.starts_with("|400 the Content-Disposition \"") && result.ends_with("\" is malformed"))
            << result;
    }
    EXPECT_EQ(refused("Content-Disposition: form-data; name=a\r\nContent-Disposition: form-data; name=b"),
              "|400 a part has two fields Content-Disposition");
    EXPECT_EQ(refused("Content-Transfer-Encoding: 8bit\r\ncontent-transfer-encoding: base64"),
              "|400 a part has two fields Content-Transfer-Encoding");
    EXPECT_EQ(refused("Content-Type: text/plain\r\nContent-Type: multipart/mixed"),
              "|400 a part has two fields Content-Type");
}

TEST(OnceMultipart, text_behind_a_boundary_is_refused) {
    for (const char* text : {"x\r\n", "X\r\n", "-\r\n", "-x", " -", " x", "\rx", "\n", "\r\r\n"}) {
        EXPECT_EQ(parts("--XX" + std::string(text)), "|400 text behind a boundary") << text;
    }
    EXPECT_EQ(parts("--XX" + std::string(1000, ' ')), "|400 text behind a boundary");
}

TEST(OnceMultipart, what_ends_early_is_refused) {
    const std::string whole = part("name=a", "hello") + "--XX--";
    for (std::size_t size = 1; size < whole.size(); ++size) {
        const std::string result = parts(whole.substr(0, size));
        EXPECT_TRUE(result.ends_with("|400 the body ends before its last boundary")) << result;
    }
    EXPECT_EQ(found("", 1, {}), "|400 the body ends before its last boundary");
}

// 47
TEST(OnceMultipart, there_are_limits) {
    std::string many;
    for (int i = 0; i < 4; ++i) many += part("name=a", "");
    EXPECT_EQ(parts(many + end, {.parts = 4}), "a=;a=;a=;a=;end");
    EXPECT_EQ(parts(many + end, {.parts = 3}), "a=;a=;a=;|413 more than 3 parts");
    EXPECT_EQ(parts(part("name=a", "", "A: 1\r\nB: 2\r\n") + end, {.fields = 2}),
              "|413 more than 2 header fields of a part");
    EXPECT_EQ(parts("--XX\r\nA: " + std::string(200, 'a'), {.head = 100}),
              "|413 more than 100 bytes of header of a part");
    std::string lines = "--XX\r\n";
    for (int i = 0; i < 15; ++i) lines += "A: 12345\r\n";
    EXPECT_EQ(parts(lines, {.head = 100}), "|413 more than 100 bytes of header of a part");
    EXPECT_EQ(parts(std::string(101, 'x'), {.head = 100}), "|413 more than 100 bytes before the first boundary");
    EXPECT_EQ(parts(std::string(100, 'x') + "\r\n" + part("name=a", "") + end, {.head = 100}), "a=;end");
}

TEST(OnceMultipart, an_error_stays) {
    MultipartParser parser("XX");
    for (int i = 0; i < 2; ++i) {
        std::string_view input = "--XXbad";
        EXPECT_EQ(thrown_by([&] { parser.next(input); }),
                  "hocket::http::ProtocolError: read multipart: text behind a boundary");
        EXPECT_EQ(thrown_by([&] { parser.finish(); }),
                  "hocket::http::ProtocolError: read multipart: text behind a boundary");
    }
}

// 47: each byte is looked at a few times at most, whatever it is.
}  // namespace

struct MultipartWork {
    static std::uint64_t of(const MultipartParser& parser) { return parser.work(); }
};

namespace {

TEST(OnceMultipart, hostile_data_takes_linear_time) {
    std::string body = part("name=a", "").substr(0, part("name=a", "").size() - 2);
    const std::string nearly = "\r\n--X";
    while (body.size() < (8 << 20)) body += nearly;
    MultipartParser parser("XX");
    std::string_view input = body;
    std::size_t size = 0;
    for (;;) {
        const PartEvent event = parser.next(input);
        if (std::holds_alternative<std::monostate>(event)) break;
        if (const auto* data = std::get_if<PartData>(&event)) size += data->bytes.size();
    }
    EXPECT_GT(size, (8U << 20) - 200);
    const std::uint64_t work = MultipartWork::of(parser);
    EXPECT_GE(work, body.size());
    EXPECT_LE(work, 3 * body.size());
}

TEST(OnceMultipart, hostile_data_in_small_pieces_takes_linear_time) {
    std::string body = part("name=a", "").substr(0, part("name=a", "").size() - 2);
    while (body.size() < 100'000) body += "\r\n--X";
    for (std::size_t size = 1; size < 9; ++size) {
        MultipartParser parser("XX");
        for (std::size_t at = 0; at < body.size(); at += size) {
            std::string_view input = std::string_view(body).substr(at, size);
            while (!std::holds_alternative<std::monostate>(parser.next(input))) continue;
        }
        EXPECT_LE(MultipartWork::of(parser), 3 * body.size()) << size;
    }
}

// What is written for any name, and what browsers write, is read as that name.
TEST(OnceMultipart, a_backslash_in_a_name_stands_for_itself) {
    for (const std::string name :
         {R"(a\)", R"(a\\)", R"(\\server\a.txt)", R"(\)", R"("\")", R"(a\";b)", R"(C:\a b\)", R"(a\ )"}) {
        const PartHead head = disposed(form_disposition(name, name));
        EXPECT_EQ(head.name, name);
        EXPECT_EQ(head.filename, name);
    }
    const PartHead head = disposed(R"(form-data; filename="C:\dir\" ; name="b\"; x="y")");
    EXPECT_EQ(head.filename, R"(C:\dir\)");
    EXPECT_EQ(head.name, R"(b\)");
    EXPECT_EQ(disposed(R"(form-data; name="a\"b\\")").name, R"(a"b\)");  // curl of 2021 and before
}

TEST(OnceMultipart, a_quote_that_could_end_a_name_here_or_there_makes_no_second_parameter_of_a_name) {
    for (const char* bad : {R"(name="a"; filename="x\"; filename="y")", R"(name="a"; filename="x\";b.txt")",
                            R"(name="a\"; name="b")", R"(name="a\)", R"(name="a"b)"}) {
        const std::string found_there = parts(part(bad, "x"));
        EXPECT_NE(found_there.find("|400"), std::string::npos) << bad << ": " << found_there;
    }
}

TEST(OnceMultipart, a_content_type_names_the_boundary) {
    const auto boundary = [](std::string_view type) { return multipart_boundary({{"Content-Type", type}}); };
    EXPECT_EQ(boundary("multipart/form-data; boundary=abc"), "abc");
    EXPECT_EQ(boundary("Multipart/Mixed; charset=x; Boundary=\"a b:c\""), "a b:c");
    const auto refused = [&](std::string_view type) { return thrown_by([&] { boundary(type); }); };
    EXPECT_EQ(refused("text/plain; boundary=x"),
              "hocket::http::ProtocolError: read multipart: the Content-Type is \"text/plain; boundary=x\"");
    for (const std::string& type :
         {"multipart/form-data"s, "multipart/form-data; boundary="s, "multipart/form-data; boundary=\"a "s,
          "multipart/form-data; boundary=\"a \""s, "multipart/form-data; boundary=a\"b"s,
          "multipart/form-data; boundary=a; boundary=b"s, "multipart/form-data; boundary=" + std::string(71, 'x')}) {
        EXPECT_TRUE(refused(type).ends_with(" names no boundary")) << type;
    }
    EXPECT_EQ(thrown_by([] { const MultipartParser parser("a\r\n"); }),
              "hocket::http::ProtocolError: read multipart: the boundary \"a\\r\\n\" is none");
}

TEST(OnceMultipart, what_is_written_is_read) {
    std::string body;
    write_part_head(body, "XX", {{"Content-Disposition", form_disposition("a\"\r\n", "b\"c.txt")}, {"X", "y"}});
    EXPECT_EQ(body,
              "--XX\r\nContent-Disposition: form-data; name=\"a%22%0D%0A\"; filename=\"b%22c.txt\"\r\nX: y\r\n\r\n");
    body += "data\r\n";
    write_multipart_end(body, "XX");
    EXPECT_EQ(parts(body), "a\"\r\n(b\"c.txt)=data;end");
    EXPECT_EQ(form_disposition("caf\xc3\xa9\\"), "form-data; name=\"caf\xc3\xa9\\\"");
}

// 27
TEST(OnceMultipart, what_would_break_a_header_is_not_written) {
    EXPECT_TRUE(thrown_by([] {
                    Headers({{"Content-Disposition", form_disposition("a\0b"s)}});
                }).starts_with("hocket::ValueError: "));
    std::string body;
    EXPECT_EQ(thrown_by([&] { write_part_head(body, "a\r\nX: y", {}); }),
              "hocket::ValueError: write multipart: the boundary \"a\\r\\nX: y\" is none");
    EXPECT_EQ(body, "");
}

}  // namespace
}  // namespace hocket::http
