// SPDX-License-Identifier: MIT
// Well-formed HTTP/1: each stream of bytes read whole and byte by byte.
#include <hocket/http/http1_parser.h>

#include <hocket/http/http1_test.h>

#include <utility>

namespace hocket::http {
namespace {

TEST(OnceHttp1Parser, a_request_has_a_method_a_target_and_fields) {
    const Transcript t = read_requests(
        "GET /a?b=c HTTP/1.1\r\nHost: example.org:8080\r\nX-Empty:\r\nx-two:  a\t b \t\r\nX-Two: c\r\n\r\n");
    EXPECT_EQ(t.text, "GET /a?b=c|end\n");
    EXPECT_EQ(t.request.minor_version, 1);
    const Headers expected{{"Host", "example.org:8080"}, {"X-Empty", ""}, {"x-two", "a\t b"}, {"X-Two", "c"}};
    EXPECT_EQ(t.request.headers, expected);
    EXPECT_FALSE(t.request.chunked || t.request.content_length || t.request.upgrade || t.request.expects_continue);
}

TEST(OnceHttp1Parser, a_response_has_a_status_a_reason_and_fields) {
    const Transcript t = read_responses("HTTP/1.1 404 Not F\xc3\xb6und\r\nContent-Length: 2\r\nA: b\r\n\r\nno");
    EXPECT_EQ(t.text, "404|no|end\n");
    EXPECT_EQ(t.response.reason, "Not F\xc3\xb6und");
    EXPECT_EQ(t.response.content_length, 2U);
    EXPECT_EQ(t.response.headers.get("a"), "b");
}

TEST(OnceHttp1Parser, a_reason_may_be_empty_or_missing) {
    EXPECT_EQ(read_responses("HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n").text, "200|end\n");
    EXPECT_EQ(read_responses("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n").text, "200|end\n");
}

TEST(OnceHttp1Parser, requests_follow_each_other) {
    const Transcript t = read_requests(
        "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
        "POST /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
        "POST /3 HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"
        "GET /4 HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(t.text, "POST /1|hello|end\nPOST /2|abc|end\nPOST /3|end\nGET /4|end\n");
}

TEST(OnceHttp1Parser, empty_lines_before_a_request_are_passed_over) {
    EXPECT_EQ(read_requests("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n").text,
              "GET /|end\nGET /2|end\n");
}

TEST(OnceHttp1Parser, a_chunked_body_may_have_extensions_and_trailers) {
    const Transcript t = read_requests(
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n"
        "5;a;b=c;d=\"e \\\" ;f\"\r\nhello\r\n00A\r\n0123456789\r\n0;last\r\nX-Sum: 1\r\nx-sum: 2\r\n\r\n");
    EXPECT_EQ(t.text, "POST /|hello0123456789|end\n");
    EXPECT_TRUE(t.request.chunked);
    EXPECT_EQ(t.trailers.combined("X-Sum"), "1, 2");
}

TEST(OnceHttp1Parser, a_chunk_may_hold_what_looks_like_framing) {
    EXPECT_EQ(
        read_requests("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n7\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n")
            .text,
        "POST /|\r\n0\r\n\r\n|end\n");
}

TEST(OnceHttp1Parser, a_response_without_framing_ends_with_the_connection) {
    const Transcript t = read_responses("HTTP/1.1 200 OK\r\n\r\nhello", "GET", true);
    EXPECT_EQ(t.text, "200|hello|end\n");
    EXPECT_FALSE(t.response.keep_alive);
    EXPECT_EQ(read_responses("HTTP/1.1 200 OK\r\n\r\n", "GET", true).text, "200|end\n");
}

TEST(OnceHttp1Parser, some_responses_have_no_body_whatever_they_say) {
    for (const auto& [method, status] :
         {std::pair("HEAD", "200 OK"), {"HEAD", "404 Not Found"}, {"GET", "304 Not Modified"}}) {
        const std::string head = std::string("HTTP/1.1 ") + status + "\r\nContent-Length: 20\r\n\r\n";
        const Transcript t = read_responses(head, method);
        EXPECT_EQ(t.text, std::string(status, 3) + "|end\n") << method;
        EXPECT_TRUE(t.response.keep_alive) << method;
        EXPECT_EQ(t.response.content_length, 20U) << method;
    }
    EXPECT_EQ(read_responses("HTTP/1.1 204 No Content\r\n\r\n").text, "204|end\n");
    EXPECT_EQ(read_responses("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "HEAD").text, "200|end\n");
}

TEST(OnceHttp1Parser, each_response_is_to_its_own_method) {
    Transcript t(Reads::responses);
    t.parser.expect_response_to("HEAD");
    t.piece("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n");
    t.piece("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
    EXPECT_EQ(t.text, "200|end\n200|hi|end\n");
}

TEST(OnceHttp1Parser, informational_responses_are_passed_over) {
    const Transcript t = read_responses(
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
    EXPECT_EQ(t.text, "200|hi|end\n");
    EXPECT_FALSE(t.response.headers.contains("Link"));
}

TEST(OnceHttp1Parser, the_connection_is_kept_as_version_and_fields_say) {
    const auto keeps = [](std::string_view version, std::string_view field) {
        return read_requests("GET / " + std::string(version) + "\r\nHost: a\r\n" + std::string(field) + "\r\n")
            .request.keep_alive;
    };
    EXPECT_TRUE(keeps("HTTP/1.1", ""));
    EXPECT_FALSE(keeps("HTTP/1.1", "Connection: close\r\n"));
    EXPECT_FALSE(keeps("HTTP/1.1", "Connection: x, Close\r\n"));
    EXPECT_FALSE(keeps("HTTP/1.0", ""));
    EXPECT_TRUE(keeps("HTTP/1.0", "Connection: keep-alive\r\n"));
}

TEST(OnceHttp1Parser, after_the_last_message_nothing_is_read) {
    const Transcript t =
        read_requests("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(t.text, "GET /|end\n400");
    EXPECT_EQ(t.error, "read HTTP request: bytes after the last message of the connection");
}

TEST(OnceHttp1Parser, bytes_of_the_next_protocol_are_left_alone) {
    const std::string_view answer = "HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n";
    const std::string_view tunnel = "HTTP/1.1 200 OK\r\n\r\n";
    for (const auto& [method, head] : {std::pair(std::string_view("GET"), answer), {"CONNECT", tunnel}}) {
        Http1Parser parser(Reads::responses);
        parser.expect_response_to(method);
        const std::string bytes = std::string(head) + "\x16\x03\n";
        std::string_view input = bytes;
        EXPECT_FALSE(std::get<ResponseHead>(parser.next(input)).keep_alive);
        EXPECT_TRUE(std::holds_alternative<MessageEnd>(parser.next(input)));
        EXPECT_EQ(input, "\x16\x03\n");
    }
}

TEST(OnceHttp1Parser, a_connect_that_was_refused_is_an_ordinary_response) {
    EXPECT_EQ(read_responses("HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno", "CONNECT").text, "403|no|end\n");
}

TEST(OnceHttp1Parser, a_request_may_ask_for_another_protocol) {
    const Transcript chat = read_requests(
        "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"
        "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(chat.text, "GET /chat|end\nGET /2|end\n");
    EXPECT_TRUE(
        read_requests("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n").request.upgrade);
    const Transcript tunnel = read_requests("CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n");
    EXPECT_TRUE(tunnel.request.upgrade);
    EXPECT_FALSE(tunnel.request.keep_alive);
}

TEST(OnceHttp1Parser, a_client_may_wait_before_it_sends_the_body) {
    const std::string_view rest = "Host: a\r\nContent-Length: 1\r\nExpect: 100-Continue\r\n\r\nx";
    EXPECT_TRUE(read_requests("PUT / HTTP/1.1\r\n" + std::string(rest)).request.expects_continue);
    EXPECT_FALSE(read_requests("PUT / HTTP/1.0\r\n" + std::string(rest)).request.expects_continue);
}

TEST(OnceHttp1Parser, an_end_in_the_midst_of_a_message_is_an_error) {
    const std::string request =
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX: y\r\n\r\n";
    for (std::size_t size = 1; size < request.size(); ++size) {
        Transcript t(Reads::requests);
        t.read(request.substr(0, size), size).eof();
        EXPECT_TRUE(t.text.ends_with("400")) << size << t.text;
        EXPECT_TRUE(t.error.starts_with("read HTTP request: the connection was closed within ")) << t.error;
    }
    EXPECT_EQ(read_responses("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi", "GET", true).error,
              "read HTTP response: the connection was closed within the body");
    EXPECT_EQ(read_responses("HTTP/1.1 100 Continue\r\n\r\n", "GET", true).error,
              "read HTTP response: the connection was closed before the final response");
}

TEST(OnceHttp1Parser, an_end_between_messages_is_none) {
    Transcript t(Reads::requests);
    EXPECT_EQ(t.eof().text, "");
    t.piece("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(t.eof().text, "GET /|end\n");
}

TEST(OnceHttp1Parser, it_knows_whether_it_is_between_messages) {
    Http1Parser parser(Reads::requests);
    EXPECT_TRUE(parser.between_messages());
    std::string_view input = "G";
    parser.next(input);
    EXPECT_FALSE(parser.between_messages());
    input = "ET / HTTP/1.1\r\nHost: a\r\n\r\n";
    parser.next(input);
    EXPECT_FALSE(parser.between_messages());
    parser.next(input);
    EXPECT_TRUE(parser.between_messages());

    Http1Parser answers(Reads::responses);
    input = "HTTP/1.1 100 Continue\r\n\r\n";
    answers.next(input);
    EXPECT_FALSE(answers.between_messages());
}

TEST(OnceHttp1Parser, an_error_is_for_ever) {
    Http1Parser parser(Reads::requests);
    std::string_view input = "nonsense\r\n";
    EXPECT_THROW(parser.next(input), ProtocolError);
    input = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    EXPECT_THROW(parser.next(input), ProtocolError);
    EXPECT_EQ(input.size(), 27U);
    EXPECT_THROW(parser.eof(), ProtocolError);
}

TEST(OnceHttp1Parser, it_can_be_moved_in_the_midst_of_a_message) {
    Http1Parser first(Reads::requests);
    std::string_view input = "POST / HTTP/1.1\r\nHost: a\r\nContent-Le";
    first.next(input);
    Http1Parser second = std::move(first);
    input = "ngth: 2\r\n\r\nhi";
    EXPECT_EQ(std::get<RequestHead>(second.next(input)).content_length, 2U);
    EXPECT_EQ(std::get<BodyData>(second.next(input)).bytes, "hi");
}

}  // namespace
}  // namespace hocket::http
