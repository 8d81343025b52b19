// SPDX-License-Identifier: MIT
// What a hostile peer tries: each stream of bytes given whole and byte by byte, and what a server answers.
#include <hocket/http/http1_policy_internal.h>

#include <hocket/http/http1_test.h>

namespace hocket::http {
namespace {

// What becomes of a request with these lines of header, and of what follows it.
std::string post(std::string_view fields, std::string_view body = "", std::string_view version = "HTTP/1.1") {
    return read_requests("POST / " + std::string(version) + "\r\nHost: a\r\n" + std::string(fields) + "\r\n" +
                         std::string(body))
        .text;
}

std::string request(std::string_view bytes) { return read_requests(bytes).text; }
std::string chunked(std::string_view body) { return post("Transfer-Encoding: chunked\r\n", body); }
std::string response(std::string_view bytes) { return read_responses(bytes).text; }

TEST(OnceHttp1Policy, a_length_beside_chunks_is_refused) {
    EXPECT_EQ(post("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), "400");
    EXPECT_EQ(post("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", "0\r\n\r\n"), "400");
    EXPECT_EQ(post("Content-Length: 3\r\nTransfer-Encoding: identity\r\n", "abc"), "400");
    EXPECT_EQ(post("Content-Length: 3\r\nTransfer-Encoding:\r\n", "abc"), "400");
    EXPECT_EQ(response("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), "400");
}

TEST(OnceHttp1Policy, two_lengths_are_refused) {
    EXPECT_EQ(post("Content-Length: 3\r\nContent-Length: 4\r\n", "abcd"), "400");
    EXPECT_EQ(post("Content-Length: 3\r\ncontent-length: 3\r\n", "abc"), "400");
    EXPECT_EQ(post("Content-Length: 3, 3\r\n", "abc"), "400");
    EXPECT_EQ(response("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"), "400");
}

TEST(OnceHttp1Policy, a_length_is_a_number_in_digits) {
    for (const std::string_view length : {"+5", "-5", "5 5", "0x5", "5.", "\t5", "5\t", "", "five", "5;", "5,",
                                          "18446744073709551616", "99999999999999999999999", "\xd9\xa5"}) {
        EXPECT_EQ(post("Content-Length: " + std::string(length) + "\r\n", "hello"), "400") << length;
    }
    EXPECT_EQ(post("Content-Length: 005\r\n", "hello"), "POST /|hello|end\n");
}

TEST(OnceHttp1Policy, the_one_transfer_coding_is_chunked) {
    for (const std::string_view coding :
         {"xchunked", "chunkedx", "\"chunked\"", "chunked, identity", "identity", "chunked, chunked", "", ",",
          "chunked,", "\tchunked", "chunked\t", "chunked;q=1", "gzip", "chunked, gzip",
          "\x0b"
          "chunked",
          "ch\xc3\xbcnked"}) {
        EXPECT_EQ(post("Transfer-Encoding: " + std::string(coding) + "\r\n", "0\r\n\r\n"), "400") << coding;
    }
    EXPECT_EQ(post("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "0\r\n\r\n"), "400");
    EXPECT_EQ(post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), "400");
    EXPECT_EQ(post("Transfer-Encoding: CHUNKED \r\n", "0\r\n\r\n"), "POST /|end\n");
}

TEST(OnceHttp1Policy, a_coding_that_we_do_not_have_is_said_to_be_so) {
    EXPECT_EQ(post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), "501");
    EXPECT_EQ(post("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), "501");
}

TEST(OnceHttp1Policy, http_1_0_has_no_chunks) {
    EXPECT_EQ(post("Transfer-Encoding: chunked\r\n", "0\r\n\r\n", "HTTP/1.0"), "400");
    EXPECT_EQ(response("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), "400");
}

TEST(OnceHttp1Policy, a_bare_lf_is_refused_everywhere) {
    EXPECT_EQ(request("GET / HTTP/1.1\nHost: a\r\n\r\n"), "400");
    EXPECT_EQ(request("GET / HTTP/1.1\r\nHost: a\n\r\n"), "400");
    EXPECT_EQ(request("GET / HTTP/1.1\r\nHost: a\r\n\n"), "400");
    EXPECT_EQ(request("\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"), "400");
    EXPECT_EQ(chunked("3\nabc\r\n0\r\n\r\n"), "POST /|400");
    EXPECT_EQ(chunked("3\r\nabc\n0\r\n\r\n"), "POST /|abc|400");
    EXPECT_EQ(chunked("0\n\r\n"), "POST /|400");
    EXPECT_EQ(chunked("0\r\n\n"), "POST /|400");
    EXPECT_EQ(chunked("0\r\nX: y\n\r\n"), "POST /|400");
    EXPECT_EQ(response("HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n"), "400");
}

TEST(OnceHttp1Policy, a_bare_cr_is_refused_everywhere) {
    EXPECT_EQ(request("GET / HTTP/1.1\rHost: a\r\n\r\n"), "400");
    EXPECT_EQ(request("GET /\r HTTP/1.1\r\nHost: a\r\n\r\n"), "400");
    EXPECT_EQ(request("GET / HTTP/1.1\r\r\nHost: a\r\n\r\n"), "400");
    EXPECT_EQ(request("GET / HTTP/1.1\r\nHost: a\rX: y\r\n\r\n"), "400");
    EXPECT_EQ(request("GET / HTTP/1.1\r\nHost: a\r\nX: \r\r\n\r\n"), "400");
    EXPECT_EQ(request("GET / HTTP/1.1\r\nHost: a\r\n\r\r\n"), "400");
    EXPECT_EQ(chunked("3\r\r\nabc\r\n0\r\n\r\n"), "POST /|400");
    EXPECT_EQ(chunked("3;a=\"\r\"\r\nabc\r\n0\r\n\r\n"), "POST /|400");
    EXPECT_EQ(chunked("0\r\n\rX"), "POST /");
    EXPECT_EQ(chunked("0\r\n\rX: y\r\n\r\n"), "POST /|400");
    EXPECT_EQ(response("HTTP/1.1 200 OK\rX\r\nContent-Length: 0\r\n\r\n"), "400");
}

TEST(OnceHttp1Policy, folded_lines_are_refused) {
    EXPECT_EQ(post("X: a\r\n b\r\n"), "400");
    EXPECT_EQ(post("X: a\r\n\tb\r\n"), "400");
    EXPECT_EQ(post("Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n"), "400");
    EXPECT_EQ(post("Content-Length:\r\n 3\r\n", "abc"), "400");
    EXPECT_EQ(response("HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n"), "400");
    EXPECT_EQ(chunked("0\r\nX: a\r\n b\r\n\r\n"), "POST /|400");
}

TEST(OnceHttp1Policy, space_around_a_name_is_refused) {
    EXPECT_EQ(request("GET / HTTP/1.1\r\nHost : a\r\n\r\n"), "400");
    EXPECT_EQ(request("GET / HTTP/1.1\r\nHost\t: a\r\n\r\n"), "400");
    EXPECT_EQ(request("GET / HTTP/1.1\r\n Host: a\r\n\r\n"), "400");
    EXPECT_EQ(post("Content-Length : 3\r\n", "abc"), "400");
    EXPECT_EQ(response("HTTP/1.1 200 OK\r\n Content-Length: 3\r\n\r\nabc"), "400");
}

TEST(OnceHttp1Policy, a_name_is_a_token) {
    for (const std::string_view line : {": a", "a b: c", "a", "a@b: c", "\"a\": b", "(a): b", "\xc3\xa4: b", "a\x01: b",
                                        "a/b: c", "a,b: c", "a;b: c", "a=b: c", "{a}: b", "a\x7f: b"}) {
        EXPECT_EQ(post(std::string(line) + "\r\n"), "400") << line;
    }
    EXPECT_EQ(post("!#$%&'*+-.^_`|~09azAZ: b\r\n"), "POST /|end\n");
}

TEST(OnceHttp1Policy, control_bytes_in_values_are_refused) {
    for (int byte = 0; byte < 256; ++byte) {
        const bool allowed = byte == '\t' || (byte >= ' ' && byte != 0x7f);
        if (byte == '\r' || byte == '\n') continue;
        const std::string field = std::string("X: a") + static_cast<char>(byte) + "b\r\n";
        EXPECT_EQ(post(field), allowed ? "POST /|end\n" : "400") << byte;
        EXPECT_EQ(response("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" + field + "\r\n"), allowed ? "200|end\n" : "400")
            << byte;
        EXPECT_EQ(response(std::string("HTTP/1.1 200 O") + static_cast<char>(byte) + "K\r\nContent-Length: 0\r\n\r\n"),
                  allowed ? "200|end\n" : "400")
            << byte;
    }
}

TEST(OnceHttp1Policy, http_1_1_has_one_valid_host) {
    EXPECT_EQ(request("GET / HTTP/1.1\r\n\r\n"), "400");
    EXPECT_EQ(request("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"), "400");
    EXPECT_EQ(request("GET / HTTP/1.0\r\nHost: a\r\nhost: b\r\n\r\n"), "400");
    EXPECT_EQ(request("GET / HTTP/1.0\r\n\r\n"), "GET /|end\n");
    const auto host = [](std::string_view value) {
        return request("GET / HTTP/1.1\r\nHost: " + std::string(value) + "\r\n\r\n");
    };
    for (const std::string_view bad : {"", "a b", "a/b", "user@a", "a:b", "a:80:80", "a:123456", "[::1", "[]", "[::g]",
                                       "[::1]x", "a?b", "a#b", "a\\b", "\xc3\xa4", "<a>", ":80"}) {
        EXPECT_EQ(host(bad), "400") << bad;
    }
    for (const std::string_view good :
         {"a", "a:", "a:80", "127.0.0.1:8080", "[::1]", "[::1]:80", "xn--a.example", "a_b"}) {
        EXPECT_EQ(host(good), "GET /|end\n") << good;
    }
}

TEST(OnceHttp1Policy, versions_are_1_0_and_1_1) {
    for (const std::string_view version : {"HTTP/0.9", "HTTP/2.0", "HTTP/1.2", "HTTP/3.0", "HTTP/9.9"}) {
        EXPECT_EQ(request("GET / " + std::string(version) + "\r\nHost: a\r\n\r\n"), "505") << version;
    }
    for (const std::string_view version : {"HTTP/1", "HTTP/1.10", "HTTP/01.1", "http/1.1", "HTTP/1,1", "HTTP 1.1",
                                           "HTTPS/1.1", "RTSP/1.0", "ICE/1.0", "HTTP/1.1x", "HTTP/x.1", ""}) {
        EXPECT_EQ(request("GET / " + std::string(version) + "\r\nHost: a\r\n\r\n"), "400") << version;
    }
    EXPECT_EQ(request("GET /\r\n"), "400");
    EXPECT_EQ(request("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), "505");
    EXPECT_EQ(response("HTTP/2.0 200 OK\r\n\r\n"), "505");
}

TEST(OnceHttp1Policy, a_request_line_has_three_parts_and_two_spaces) {
    for (const std::string_view line :
         {"GET  / HTTP/1.1", "GET /  HTTP/1.1", " GET / HTTP/1.1", "GET / HTTP/1.1 ", "GET\t/ HTTP/1.1",
          "GET /\tHTTP/1.1", "GET / x HTTP/1.1", "GET HTTP/1.1", "G@T / HTTP/1.1", "/ HTTP/1.1", "GET /\x01 HTTP/1.1",
          "GET /\x7f HTTP/1.1", "GET /\xc3\xa4 HTTP/1.1", "\x16\x03\x01"}) {
        EXPECT_EQ(request(std::string(line) + "\r\nHost: a\r\n\r\n"), "400") << line;
    }
}

TEST(OnceHttp1Policy, an_unknown_method_is_said_to_be_so) {
    EXPECT_EQ(request("FROBNICATE / HTTP/1.1\r\nHost: a\r\n\r\n"), "501");
    EXPECT_EQ(request("get / HTTP/1.1\r\nHost: a\r\n\r\n"), "501");
}

TEST(OnceHttp1Policy, a_status_line_has_a_version_and_three_digits) {
    for (const std::string_view line : {"HTTP/1.1 20 OK", "HTTP/1.1 2000 OK", "HTTP/1.1 099 OK", "HTTP/1.1  200 OK",
                                        "HTTP/1.1 OK", "HTTP/1.1", "HTTP/1.1200 OK", "200 OK", "HTTP/1.1 +20 OK",
                                        "HTTP/1.1 200OK", "", "ICY 200 OK", "HTTP/1.1\t200 OK", " HTTP/1.1 200 OK"}) {
        EXPECT_EQ(response(std::string(line) + "\r\nContent-Length: 0\r\n\r\n"), "400") << line;
    }
}

TEST(OnceHttp1Policy, the_size_of_a_chunk_is_hexadecimal) {
    for (const std::string_view size : {"", "x", "0x3", "+3", "-3", " 3", "3 ", "3g", "g", "\xd9\xa3", "3 ;a", "\t3",
                                        "00000000000000003", "10000000000000003", "fffffffffffffffff"}) {
        EXPECT_EQ(chunked(std::string(size) + "\r\nabc\r\n0\r\n\r\n"), "POST /|400") << size;
    }
}

TEST(OnceHttp1Policy, a_huge_chunk_exceeds_the_limit_of_the_body) {
    EXPECT_EQ(chunked("ffffffffffffffff\r\nabc"), "POST /|413");
    EXPECT_EQ(chunked("3\r\nabc\r\nffffffffffffffff\r\nabc"), "POST /|abc|413");
}

TEST(OnceHttp1Policy, chunk_extensions_have_a_grammar) {
    for (const std::string_view extension : {";", ";;", ";=a", "; a", ";a ", ";a =b", ";a=", ";a=\"b", ";a=\"b\"c",
                                             ";a=b c", " ;a", ";a=\"\x01\"", ";\x01", "x", ";a=\"\\", ";a\x7f"}) {
        EXPECT_EQ(chunked("3" + std::string(extension) + "\r\nabc\r\n0\r\n\r\n"), "POST /|400") << extension;
    }
}

TEST(OnceHttp1Policy, a_chunk_ends_with_crlf_where_its_size_says) {
    EXPECT_EQ(chunked("3\r\nabcd\r\n0\r\n\r\n"), "POST /|abc|400");
    EXPECT_EQ(chunked("3\r\nabcXX0\r\n\r\n"), "POST /|abc|400");
    EXPECT_EQ(chunked("3\r\nabc0\r\n\r\n"), "POST /|abc|400");
    EXPECT_EQ(chunked("3\r\nab\r\n0\r\n\r\n"), "POST /|ab\r|400");
    EXPECT_EQ(chunked("0\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"), "POST /|400");
}

TEST(OnceHttp1Policy, trailers_cannot_change_the_message) {
    for (const std::string_view name : {"Content-Length", "Transfer-Encoding", "host", "Authorization", "Cookie",
                                        "Set-Cookie", "Connection", "Content-Type", "Proxy-Authorization", "Trailer"}) {
        EXPECT_EQ(chunked("0\r\n" + std::string(name) + ": 1\r\n\r\n"), "POST /|400") << name;
    }
    EXPECT_EQ(chunked("0\r\nX : y\r\n\r\n"), "POST /|400");
    EXPECT_EQ(chunked(std::string_view("0\r\nX: \0\r\n\r\n", 11)), "POST /|400");
}

TEST(OnceHttp1Policy, a_response_that_has_no_body_announces_none) {
    EXPECT_EQ(response("HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\nabc"), "400");
    EXPECT_EQ(response("HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), "400");
    EXPECT_EQ(response("HTTP/1.1 100 Continue\r\nContent-Length: 3\r\n\r\nabc"), "400");
    EXPECT_EQ(response("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"), "204|end\n");
}

TEST(OnceHttp1Policy, a_smuggled_request_is_never_read) {
    const Transcript t = read_requests(
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n"
        "0\r\n\r\nGET /admin HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(t.text, "400");
    EXPECT_EQ(t.error, "read HTTP request: Content-Length beside Transfer-Encoding");
}

TEST(OnceHttp1Policy, messages_show_a_peers_bytes_escaped_and_cut) {
    EXPECT_EQ(read_requests("GET / HTTP/1.1\r\nHo\x1b[31mst: a\r\n\r\n").error,
              "read HTTP request: the header name \"Ho\\x1b[31mst\" is no token");
    const std::string longest = read_requests("GET / HTTP/1.1\r\n" + std::string(2000, '"') + ": a\r\n\r\n").error;
    EXPECT_LT(longest.size(), 250U);
}

}  // namespace
}  // namespace hocket::http
