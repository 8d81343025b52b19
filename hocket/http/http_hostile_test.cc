// SPDX-License-Identifier: MIT
// What a hostile client sends, and that each of it is answered once, with the right status, and the connection closed.
#include <hocket/http/server_test.h>

#include <ostream>
#include <vector>

namespace hocket::http {

namespace {

struct Attack {
    const char* name;
    std::string bytes;
    const char* status;

    friend void PrintTo(const Attack& attack, std::ostream* to) { *to << attack.name; }
};

const std::string ends = "Host: x\r\n\r\n";
const std::string smuggled = "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n";

std::string post(const std::string& fields, const std::string& body = "0\r\n\r\n") {
    return "POST / HTTP/1.1\r\nHost: x\r\n" + fields + "\r\n\r\n" + body + smuggled;
}

std::string chunks(const std::string& body) { return post("Transfer-Encoding: chunked", body); }

std::string get(const std::string& fields) { return "GET / HTTP/1.1\r\nHost: x\r\n" + fields + "\r\n\r\n" + smuggled; }

const std::vector<Attack>& attacks() {
    using namespace std::string_literals;
    static const std::vector<Attack> all = {
        {"length_and_coding", post("Content-Length: 5\r\nTransfer-Encoding: chunked"), "400"},
        {"coding_and_length", post("Transfer-Encoding: chunked\r\nContent-Length: 5"), "400"},
        {"two_lengths", post("Content-Length: 5\r\nContent-Length: 6"), "400"},
        {"the_same_length_twice", post("Content-Length: 5\r\nContent-Length: 5"), "400"},
        {"a_list_of_lengths", post("Content-Length: 5, 6"), "400"},
        {"a_length_with_a_sign", post("Content-Length: +5"), "400"},
        {"a_negative_length", post("Content-Length: -5"), "400"},
        {"a_length_in_hex", post("Content-Length: 0x5"), "400"},
        {"a_length_beyond_64_bits", post("Content-Length: 18446744073709551621"), "400"},
        {"an_empty_length", post("Content-Length: "), "400"},
        {"other_digits", post("Content-Length: \xd9\xa5"), "400"},
        {"an_unknown_coding", post("Transfer-Encoding: xchunked"), "400"},
        {"a_quoted_coding", post("Transfer-Encoding: \"chunked\""), "400"},
        {"chunked_not_last", post("Transfer-Encoding: chunked, identity"), "400"},
        {"chunked_twice", post("Transfer-Encoding: chunked, chunked"), "400"},
        {"chunked_twice_in_two_fields", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), "400"},
        {"coding_in_http_1_0", "POST / HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"},
        {"an_empty_coding", post("Transfer-Encoding: "), "400"},
        {"a_tab_in_the_coding", post("Transfer-Encoding:\tchunked"), "400"},
        {"a_bare_lf", "GET / HTTP/1.1\nHost: x\n\n", "400"},
        {"a_bare_lf_after_a_field", "GET / HTTP/1.1\r\nHost: x\nX: y\r\n\r\n", "400"},
        {"a_bare_cr", "GET / HTTP/1.1\r\nHost: x\r\nX: a\rY: b\r\n\r\n", "400"},
        {"a_folded_line", get("X: a\r\n b"), "400"},
        {"a_space_before_the_colon", get("Content-Length : 5"), "400"},
        {"a_space_before_the_first_field", "GET / HTTP/1.1\r\n Host: x\r\n\r\n", "400"},
        {"an_empty_name", get(": x"), "400"},
        {"a_name_that_is_no_token", get("X(y): z"), "400"},
        {"a_nul_in_a_value", get("X: a"s + '\0' + "b"), "400"},
        {"a_control_byte_in_a_value", get("X: a\x01"), "400"},
        {"no_host", "GET / HTTP/1.1\r\n\r\n", "400"},
        {"two_hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "400"},
        {"a_host_that_is_none", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", "400"},
        {"http_2_0", "GET / HTTP/2.0\r\n" + ends, "505"},
        {"http_0_9", "GET /\r\n", "400"},
        {"http_1_10", "GET / HTTP/1.10\r\n" + ends, "400"},
        {"no_http", "hello\r\n\r\n", "400"},
        {"a_method_that_is_no_token", "G@T / HTTP/1.1\r\n" + ends, "400"},
        {"a_control_byte_in_the_target", "GET /\x01 HTTP/1.1\r\n" + ends, "400"},
        {"a_chunk_size_with_a_sign", chunks("+3\r\nabc\r\n0\r\n\r\n"), "400"},
        {"a_chunk_size_in_c_style", chunks("0x3\r\nabc\r\n0\r\n\r\n"), "400"},
        {"a_chunk_size_beyond_64_bits", chunks("10000000000000003\r\nabc\r\n0\r\n\r\n"), "400"},
        {"a_huge_chunk", chunks("fffffffffffffff0\r\nabc"), "413"},
        {"a_malformed_chunk_extension", chunks("3;=x\r\nabc\r\n0\r\n\r\n"), "400"},
        {"long_chunk_extensions", chunks("3;" + std::string(2000, 'x') + "\r\nabc\r\n0\r\n\r\n"), "413"},
        {"no_crlf_after_a_chunk", chunks("3\r\nabcd\r\n0\r\n\r\n"), "400"},
        {"a_bare_lf_after_a_chunk", chunks("3\r\nabc\n0\r\n\r\n"), "400"},
        {"framing_in_a_trailer", chunks("0\r\nContent-Length: 5\r\n\r\n"), "400"},
        {"authentication_in_a_trailer", chunks("0\r\nAuthorization: x\r\n\r\n"), "400"},
        {"too_many_trailers",
         chunks("0\r\n" +
                [] {
                    std::string fields;
                    for (int i = 0; i < 200; ++i) fields += "X: y\r\n";
                    return fields;
                }() +
                "\r\n"),
         "431"},
        {"a_long_request_line", "GET /" + std::string(9000, 'a') + " HTTP/1.1\r\n" + ends, "414"},
        {"a_long_field", get("X: " + std::string(9000, 'a')), "431"},
        {"too_many_fields", get([] {
             std::string fields = "X: y";
             for (int i = 0; i < 200; ++i) fields += "\r\nX: y";
             return fields;
         }()),
         "431"},
        {"a_long_head", get([] {
             std::string fields = "X: y";
             for (int i = 0; i < 20; ++i) fields += "\r\nX: " + std::string(8000, 'y');
             return fields;
         }()),
         "431"},
        {"a_long_body", post("Content-Length: 1048577"), "413"},
    };
    return all;
}

struct Outcome {
    std::string answer;
    bool closed;
    int handled;
};

Coro<Outcome> attacked(std::string bytes, std::size_t piece) {
    Outcome outcome{};
    int smuggling = 0;
    Application app;
    app.post("/", [](Request& request) -> Coro<std::string> { co_return co_await request.body(); });
    app.get("/", [] { return std::string("fine"); });
    app.get("/smuggled", [&smuggling] {
        ++smuggling;
        return std::string("smuggled");
    });
    HandFed connection(app);
    for (std::size_t i = 0; i < bytes.size() && !connection.wire.closed; i += piece) {
        connection.wire.feed_data(std::string_view(bytes).substr(i, piece));
        for (int turn = 0; turn < 5; ++turn) co_await hocket::sleep(0);
    }
    outcome.answer = co_await connection.exchange("");
    outcome.closed = connection.wire.closed;
    outcome.handled = smuggling;
    connection.wire.abort();
    co_await connection.exchange("");
    co_return outcome;
}

}  // namespace

class HttpHostile : public testing::TestWithParam<Attack> {};

TEST_P(HttpHostile, is_answered_once_and_the_connection_closed) {
    const Attack& attack = GetParam();
    for (const std::size_t piece : {attack.bytes.size(), std::size_t{1}}) {
        if (piece == 1 && attack.bytes.size() > 3000) continue;
        const Outcome outcome = run(attacked(attack.bytes, piece));
        EXPECT_EQ(status_of(outcome.answer), attack.status) << outcome.answer;
        EXPECT_EQ(outcome.answer.find("}HTTP/1."), std::string::npos) << outcome.answer;
        EXPECT_NE(outcome.answer.find("\r\nConnection: close\r\n"), std::string::npos) << outcome.answer;
        EXPECT_TRUE(outcome.closed);
        EXPECT_EQ(outcome.handled, 0) << "the bytes of one request were taken for another";
    }
}

INSTANTIATE_TEST_SUITE_P(Attacks, HttpHostile, testing::ValuesIn(attacks()),
                         [](const testing::TestParamInfo<Attack>& attack) { return std::string(attack.param.name); });

namespace {

Coro<> tiny_chunks() {
    Application app;
    app.post("/", [](Request& request) -> Coro<std::string> {
        const std::string body = co_await request.body();
        co_return std::to_string(body.size());
    });
    HandFed connection(app);
    std::string bytes = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (int i = 0; i < 100'000; ++i) bytes += "1\r\nx\r\n";
    EXPECT_EQ(body_of(co_await connection.exchange(bytes + "0\r\n\r\n")), "100000");
}

Coro<> repeated_fields() {
    Application app;
    app.get("/", [](Request& request) { return request.headers().combined("X"); });
    HandFed connection(app);
    EXPECT_EQ(body_of(co_await connection.exchange("GET / HTTP/1.1\r\nHost: x\r\nX: a\r\nx: b\r\n\r\n")), "a, b");
}

Coro<> forwarding() {
    Application app;
    app.get("/",
            [](Request& request) { return request.url() + ' ' + (request.peername().str().empty() ? "" : "known"); });
    HandFed connection(app);
    const std::string plain = co_await connection.exchange("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    const std::string forwarded = co_await connection.exchange(
        "GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 10.0.0.1\r\nX-Forwarded-Host: y\r\nX-Forwarded-Proto: https\r\n"
        "Forwarded: for=10.0.0.1;host=y;proto=https\r\nX-Real-IP: 10.0.0.1\r\nX-HTTP-Method-Override: DELETE\r\n"
        "X-Original-URL: /y\r\nX-Rewrite-URL: /y\r\n\r\n");
    EXPECT_EQ(status_of(plain), "200");
    EXPECT_EQ(body_of(plain), body_of(forwarded));
}

}  // namespace

TEST(HttpHostileBodies, what_a_client_says_of_forwarding_means_nothing) { run(forwarding()); }
TEST(HttpHostileBodies, many_tiny_chunks_cost_no_more_than_their_bytes) { run(tiny_chunks()); }
TEST(HttpHostileBodies, repeated_fields_are_all_seen) { run(repeated_fields()); }

}  // namespace hocket::http
