// SPDX-License-Identifier: MIT
// What goes out: heads and chunks, what is refused, and that our own parser reads it as it was meant.
#include <hocket/http/http1_writer.h>

#include <hocket/base/errors.h>
#include <hocket/http/http1_test.h>

#include <utility>

namespace hocket::http {
namespace {

template <class Head>
std::string written(const Head& head) {
    std::string text = "before";
    write_head(text, head);
    EXPECT_TRUE(text.starts_with("before"));
    return text.substr(6);
}

// Why it is refused; nothing must have been written.
template <class Head>
std::string refused(const Head& head) {
    std::string text;
    try {
        write_head(text, head);
    } catch (const ValueError& e) {
        EXPECT_EQ(text, "");
        return e.what();
    }
    return "not refused: " + text;
}

TEST(OnceHttp1Writer, a_request_has_a_line_and_fields) {
    EXPECT_EQ(written(RequestHead{.method = "GET", .target = "/x?y", .headers = {{"Host", "a"}, {"Accept", "*/*"}}}),
              "GET /x?y HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n");
}

TEST(OnceHttp1Writer, a_response_has_a_line_and_fields) {
    EXPECT_EQ(written(ResponseHead{.headers = {{"A", "b"}}, .content_length = 2}),
              "HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 2\r\n\r\n");
    EXPECT_EQ(written(ResponseHead{.status = 404, .reason = "Nope"}), "HTTP/1.1 404 Nope\r\n\r\n");
    EXPECT_EQ(written(ResponseHead{.status = 599}), "HTTP/1.1 599 \r\n\r\n");
}

TEST(OnceHttp1Writer, what_the_head_says_becomes_fields) {
    EXPECT_EQ(written(RequestHead{
                  .method = "PUT", .target = "/", .keep_alive = false, .chunked = true, .expects_continue = true}),
              "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_EQ(written(ResponseHead{.minor_version = 0, .content_length = 0}),
              "HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_EQ(written(ResponseHead{.minor_version = 0, .keep_alive = false}), "HTTP/1.0 200 OK\r\n\r\n");
}

TEST(OnceHttp1Writer, fields_that_are_there_are_not_written_twice) {
    const Headers headers{{"content-length", "3"}, {"connection", "x, Close"}, {"expect", "100-continue"}};
    EXPECT_EQ(written(RequestHead{.method = "PUT",
                                  .target = "/",
                                  .headers = headers,
                                  .keep_alive = false,
                                  .content_length = 3,
                                  .expects_continue = true}),
              "PUT / HTTP/1.1\r\ncontent-length: 3\r\nconnection: x, Close\r\nexpect: 100-continue\r\n\r\n");
    EXPECT_EQ(written(ResponseHead{.headers = {{"Transfer-Encoding", "Chunked"}}, .chunked = true}),
              "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n");
}

TEST(OnceHttp1Writer, framing_is_said_once_and_without_contradiction) {
    const auto post = [](const Headers& headers, std::optional<std::uint64_t> length, bool chunked, int version = 1) {
        return refused(RequestHead{.method = "POST",
                                   .target = "/",
                                   .minor_version = version,
                                   .headers = headers,
                                   .content_length = length,
                                   .chunked = chunked});
    };
    EXPECT_EQ(post({}, 3, true), "write HTTP request: chunked, and with a length");
    EXPECT_EQ(post({{"Content-Length", "3"}, {"content-length", "3"}}, 3, false),
              "write HTTP request: a framing field twice");
    EXPECT_EQ(post({{"Content-Length", "4"}}, 3, false),
              "write HTTP request: the field Content-Length is \"4\", the body's length 3");
    EXPECT_EQ(post({{"Content-Length", "4"}}, {}, false),
              "write HTTP request: the field Content-Length is \"4\", the body's length unknown");
    EXPECT_EQ(post({{"Content-Length", "4"}}, {}, true),
              "write HTTP request: the field Content-Length is \"4\", the body's length unknown");
    EXPECT_EQ(post({{"Transfer-Encoding", "chunked"}}, {}, false),
              "write HTTP request: the field Transfer-Encoding is \"chunked\", the body is not chunked");
    EXPECT_EQ(post({{"Transfer-Encoding", "gzip, chunked"}}, {}, true),
              "write HTTP request: the field Transfer-Encoding is \"gzip, chunked\", the body is chunked");
    EXPECT_EQ(post({}, {}, true, 0), "write HTTP request: HTTP/1.0 has no chunked bodies");
    EXPECT_EQ(post({}, {}, false, 2), "write HTTP request: the version is neither 1.0 nor 1.1");
}

TEST(OnceHttp1Writer, what_could_forge_a_message_is_refused) {
    for (const std::string method : {"", "GET /", "GET\r\n", "G\xc3\xa4T"}) {
        EXPECT_TRUE(refused(RequestHead{.method = method, .target = "/"}).starts_with("write HTTP request: the method"))
            << method;
    }
    for (const std::string target : {"", "/a b", "/\r\nX: y", "/\n", "/\x7f", "/\xc3\xa4", "/\t"}) {
        EXPECT_TRUE(
            refused(RequestHead{.method = "GET", .target = target}).starts_with("write HTTP request GET: a space,"))
            << target;
    }
    for (const std::string reason : {"a\r\nB: c", "\n", "\x01", "\x7f"}) {
        EXPECT_TRUE(refused(ResponseHead{.reason = reason}).starts_with("write HTTP response: a control character"))
            << reason;
    }
    for (const int status : {0, 99, 1000, -200}) {
        EXPECT_EQ(refused(ResponseHead{.status = status}),
                  "write HTTP response: the status " + std::to_string(status) + " has not three digits");
    }
}

TEST(OnceHttp1Writer, a_response_that_has_no_body_announces_none) {
    EXPECT_EQ(refused(ResponseHead{.status = 204, .content_length = 0}),
              "write HTTP response: a body of status 204, which has none");
    EXPECT_EQ(refused(ResponseHead{.status = 100, .chunked = true}),
              "write HTTP response: a body of status 100, which has none");
    EXPECT_EQ(written(ResponseHead{.status = 100}), "HTTP/1.1 100 Continue\r\n\r\n");
    EXPECT_EQ(written(ResponseHead{.status = 304, .content_length = 7}),
              "HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n");
}

TEST(OnceHttp1Writer, chunks_have_their_size_before_them) {
    std::string body;
    write_chunk(body, "hello");
    write_chunk(body, "");
    write_chunk(body, std::string(26, 'x'));
    write_last_chunk(body);
    EXPECT_EQ(body, "5\r\nhello\r\n1a\r\n" + std::string(26, 'x') + "\r\n0\r\n\r\n");
}

TEST(OnceHttp1Writer, what_is_written_is_read_as_it_was_meant) {
    std::string bytes;
    write_head(bytes, RequestHead{.method = "POST", .target = "/a", .headers = {{"Host", "a"}}, .chunked = true});
    write_chunk(bytes, "hel");
    write_chunk(bytes, "lo");
    write_last_chunk(bytes);
    write_head(
        bytes,
        RequestHead{
            .method = "PUT", .target = "/b", .headers = {{"Host", "a"}}, .keep_alive = false, .content_length = 2});
    bytes += "hi";
    const Transcript t = read_requests(bytes);
    EXPECT_EQ(t.text, "POST /a|hello|end\nPUT /b|hi|end\n");
    EXPECT_FALSE(t.request.keep_alive);
}

TEST(OnceHttp1Writer, what_was_read_can_be_written_again) {
    const std::string head = "HTTP/1.1 200 Fine\r\nA: b\r\nContent-Length: 2\r\nConnection: close\r\n\r\n";
    EXPECT_EQ(written(read_responses(head + "hi").response), head);
    const std::string request = "PUT / HTTP/1.0\r\nHost: a\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n";
    EXPECT_EQ(written(read_requests(request).request), request);
}

TEST(OnceHttp1Writer, statuses_have_names) {
    EXPECT_EQ(reason_phrase(200), "OK");
    EXPECT_EQ(reason_phrase(404), "Not Found");
    EXPECT_EQ(reason_phrase(511), "Network Authentication Required");
    EXPECT_EQ(reason_phrase(299), "");
    EXPECT_EQ(reason_phrase(-1), "");
}

}  // namespace
}  // namespace hocket::http
