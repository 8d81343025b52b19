// SPDX-License-Identifier: MIT
// Limits of what is read: exact, and the same however the bytes are divided.
#include <hocket/http/http1_test.h>

namespace hocket::http {
namespace {

constexpr std::string_view host = "Host: a\r\n";

std::string get(std::string_view fields, const Limits& limits = {}) {
    return read_requests("GET / HTTP/1.1\r\n" + std::string(host) + std::string(fields) + "\r\n", limits).text;
}

TEST(OnceHttp1Limits, a_request_line_is_at_most_so_long) {
    const auto line = [](std::size_t size) {  // of `GET /xxx HTTP/1.1`
        return read_requests("GET /" + std::string(size - 14, 'x') + " HTTP/1.1\r\nHost: a\r\n\r\n").text.size();
    };
    EXPECT_EQ(line(8190), 8190 - 9 + 5);
    EXPECT_EQ(line(8191), 3U);
    EXPECT_EQ(read_requests("GET /" + std::string(9000, 'x') + " HTTP/1.1\r\n").text, "414");
}

TEST(OnceHttp1Limits, a_line_without_an_end_is_refused_when_it_is_too_long) {
    for (const std::size_t piece : {1U, 7U, 100000U}) {
        Transcript line(Reads::requests);
        EXPECT_EQ(line.read(std::string(8191, 'G'), piece).text, "");
        EXPECT_EQ(line.read("G", 1).text, "414");
        Transcript field(Reads::requests);
        EXPECT_EQ(field.read("GET / HTTP/1.1\r\n" + std::string(8191, 'x'), piece).text, "");
        EXPECT_EQ(field.read("x", 1).text, "431");
        Transcript status(Reads::responses);
        EXPECT_EQ(status.read(std::string(8192, 'H'), piece).text, "400");
        Transcript chunk(Reads::requests);
        EXPECT_EQ(chunk
                      .read("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + std::string(1042, '1'),
                            piece)
                      .text,
                  "POST /|413");
    }
}

TEST(OnceHttp1Limits, a_header_line_is_at_most_so_long) {
    EXPECT_EQ(get("X: " + std::string(8187, 'y') + "\r\n"), "GET /|end\n");
    EXPECT_EQ(get("X: " + std::string(8188, 'y') + "\r\n"), "431");
    EXPECT_EQ(get(std::string(8188, 'x') + ": \r\n"), "GET /|end\n");
    EXPECT_EQ(get("X: " + std::string(8188, ' ') + "\r\n"), "431");
}

TEST(OnceHttp1Limits, there_are_at_most_so_many_fields) {
    std::string fields;
    for (int i = 1; i < 128; ++i) fields += "X: y\r\n";
    EXPECT_EQ(get(fields), "GET /|end\n");
    EXPECT_EQ(get(fields + "X: y\r\n"), "431");
    EXPECT_EQ(get("A: b\r\nC: d\r\n", {.fields = 2}), "431");
}

TEST(OnceHttp1Limits, a_head_has_at_most_so_many_bytes) {
    std::string fields;
    for (int i = 0; i < 8; ++i) fields += "X: " + std::string(8000, 'y') + "\r\n";
    EXPECT_EQ(get(fields), "GET /|end\n");
    EXPECT_EQ(get(fields + "X: " + std::string(2000, 'y') + "\r\n"), "431");
    std::string empty_lines;
    for (int i = 0; i < 40000; ++i) empty_lines += "\r\n";
    EXPECT_EQ(read_requests(empty_lines).text, "431");
}

TEST(OnceHttp1Limits, trailers_have_the_limits_of_headers) {
    const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n";
    EXPECT_EQ(read_requests(head + "X: " + std::string(8188, 'y') + "\r\n\r\n").text, "POST /|431");
    std::string many;
    for (int i = 0; i < 129; ++i) many += "X: y\r\n";
    EXPECT_EQ(read_requests(head + many + "\r\n").text, "POST /|431");
    std::string large;
    for (int i = 0; i < 9; ++i) large += "X: " + std::string(8000, 'y') + "\r\n";
    EXPECT_EQ(read_requests(head + large + "\r\n").text, "POST /|431");
}

TEST(OnceHttp1Limits, chunk_extensions_are_counted_over_the_message) {
    const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    const std::string chunk = "1;" + std::string(511, 'x') + "\r\na\r\n";
    EXPECT_EQ(read_requests(head + chunk + chunk + "0\r\n\r\n").text, "POST /|aa|end\n");
    EXPECT_EQ(read_requests(head + chunk + chunk + "0;x\r\n\r\n").text, "POST /|aa|413");
    EXPECT_EQ(read_requests(head + "1;" + std::string(1024, 'x') + "\r\na\r\n0\r\n\r\n").text, "POST /|413");
}

TEST(OnceHttp1Limits, a_body_is_at_most_so_long) {
    const Limits limits{.body = 4};
    const std::string head = "POST / HTTP/1.1\r\nHost: a\r\n";
    EXPECT_EQ(read_requests(head + "Content-Length: 4\r\n\r\nabcd", limits).text, "POST /|abcd|end\n");
    EXPECT_EQ(read_requests(head + "Content-Length: 5\r\n\r\n", limits).text, "413");
    EXPECT_EQ(read_requests(head + "Content-Length: 18446744073709551615\r\n\r\n").text, "413");
    EXPECT_EQ(read_requests(head + "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n", limits).text,
              "POST /|abcd|end\n");
    EXPECT_EQ(read_requests(head + "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n", limits).text,
              "POST /|ab|413");
    EXPECT_EQ(read_responses("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "GET", false, limits).text, "413");
    Transcript closing(Reads::responses, limits);
    EXPECT_EQ(closing.read("HTTP/1.1 200 OK\r\n\r\nabcde", 1).text, "200|abcd|413");
}

TEST(OnceHttp1Limits, a_requests_body_has_a_limit_by_default) {
    EXPECT_EQ(read_requests("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1048577\r\n\r\n").text, "413");
    EXPECT_EQ(read_requests("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1048576\r\n\r\n").text, "POST /");
    EXPECT_EQ(read_responses("HTTP/1.1 200 OK\r\nContent-Length: 1048577\r\n\r\n").text, "200");
}

TEST(OnceHttp1Limits, there_are_at_most_so_many_informational_responses) {
    std::string many;
    for (int i = 0; i < 16; ++i) many += "HTTP/1.1 100 Continue\r\n\r\n";
    EXPECT_EQ(read_responses(many + "HTTP/1.1 204 No Content\r\n\r\n").text, "204|end\n");
    EXPECT_EQ(read_responses(many + "HTTP/1.1 102 Processing\r\n\r\n").text, "400");
}

TEST(OnceHttp1Limits, many_tiny_chunks_cost_no_more_than_their_bytes) {
    std::string body = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (int i = 0; i < 100000; ++i) body += "1\r\nx\r\n";
    const Transcript t = read_requests(body + "0\r\n\r\n");
    EXPECT_EQ(t.text.size(), std::string_view("POST /||end\n").size() + 100000);
}

}  // namespace
}  // namespace hocket::http
