// SPDX-License-Identifier: MIT
// The corpus of hostile bytes against the running server: what is refused is answered once, and nobody else suffers.
#include <hocket/http/corpus_test.h>

#include <hocket/http/http1_test.h>
#include <hocket/http/server_test.h>
#include <hocket/net/net_test.h>
#include <hocket/net/open_connection.h>

#include <utility>

namespace hocket::http {

using hocket::testing::run_net;
using testing::CorpusCase, testing::CorpusReader;

namespace {

const std::string smuggled = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";

// Reads every body, and counts who must never come.
Application target(int& smuggling) {
    Application app;
    for (const char* method : {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY"}) {
        app.route(method, "/", [](Request& request) -> Coro<std::string> { co_return co_await request.body(); });
    }
    app.post("/nobody", [] { return std::string("not read"); });
    app.get("/smuggled", [&smuggling] {
        ++smuggling;
        return std::string("smuggled");
    });
    return app;
}

// What the bytes of a case are to bring.
struct Expected {
    std::vector<std::string> methods;  // of the requests that are answered
    bool is_open = false;              // the connection outlives them
};

Expected expected_of(const CorpusCase& of) {
    Expected expected;
    const std::vector<std::string> messages = of.messages();
    for (const std::string& message : messages) expected.methods.push_back(message.substr(0, message.find(' ')));
    Transcript t(Reads::requests);
    t.piece(of.bytes);
    const bool is_last = !messages.empty() && !of.is_partial() && !t.request.keep_alive;
    if (of.status != 0 && !is_last && !of.is_partial()) expected.methods.emplace_back("GET");
    expected.is_open = of.status == 0 && !is_last;
    return expected;
}

// The heads of answers to requests with these methods; there must be no byte more.
std::vector<ResponseHead> heads_of(std::string_view answers, const std::vector<std::string>& methods) {
    Http1Parser parser(Reads::responses);
    std::vector<ResponseHead> heads;
    for (const std::string& method : methods) {
        parser.expect_response_to(method);
        for (;;) {
            const Event event = parser.next(answers);
            if (const auto* head = std::get_if<ResponseHead>(&event)) heads.push_back(*head);
            if (std::holds_alternative<std::monostate>(event)) return heads;
            if (std::holds_alternative<MessageEnd>(event)) break;
        }
    }
    EXPECT_EQ(escaped(answers), "") << "more answers than requests";
    return heads;
}

void check_answers(const CorpusCase& of, const std::string& answers, const std::vector<std::string>& methods,
                   bool is_open) {
    const std::vector<ResponseHead> heads = heads_of(answers, methods);
    EXPECT_EQ(heads.size(), methods.size()) << escaped(answers, 1000);
    const bool is_answered = of.status != 0 && of.why != "bytes after the last message";
    for (std::size_t i = 0; i < heads.size(); ++i) {
        const int status = heads[i].status;
        const bool is_refusal = is_answered && i + 1 == heads.size();
        EXPECT_TRUE(is_refusal ? status == of.status : status == 200 || status == 404 || status == 405)
            << i << ": " << status;
    }
    if (!heads.empty()) {
        EXPECT_EQ(heads.back().keep_alive, is_open) << answers;
    }
}

// Gives the server the bytes of a case in pieces.
Coro<> attack(Shared<HttpServerState> server, const CorpusCase& of, std::size_t piece, int& smuggling) {
    Expected expected = expected_of(of);
    HandFed connection(server);
    const std::string bytes = of.bytes + (expected.is_open ? "" : smuggled);
    for (std::size_t i = 0; i < bytes.size() && !connection.wire.closed; i += piece) {
        connection.wire.feed_data(std::string_view(bytes).substr(i, piece));
        for (int turn = 0; turn < 5; ++turn) co_await hocket::sleep(0);
    }
    std::string answers = co_await connection.exchange("");
    EXPECT_EQ(connection.wire.closed, !expected.is_open);
    if (expected.is_open && !of.is_partial()) {
        answers += co_await connection.exchange("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        expected.methods.emplace_back("GET");
    }
    if (of.status != 0 || !of.is_partial()) check_answers(of, answers, expected.methods, expected.is_open);
    EXPECT_EQ(smuggling, 0) << "bytes of one request were taken for another";
    connection.wire.abort();
    co_await connection.exchange("");

    HandFed next(server);
    EXPECT_EQ(status_of(co_await next.exchange("GET / HTTP/1.1\r\nHost: a\r\n\r\n")), "200");
    next.wire.abort();
    co_await next.exchange("");
}

Coro<> attack_by_hand(bool in_bytes) {
    constexpr std::size_t most_in_bytes = 700;  // of each of which the server has several turns
    const std::vector<CorpusCase> cases = CorpusReader::all();
    int smuggling = 0;
    const auto server = Shared<HttpServerState>::make(target(smuggling), ServeOptions());
    for (const CorpusCase& of : cases) {
        if (!of.is_request || (in_bytes && of.bytes.size() > most_in_bytes)) continue;
        const ::testing::ScopedTrace trace(__FILE__, __LINE__, of.name);
        co_await attack(server, of, in_bytes ? 1 : of.bytes.size() + smuggled.size(), smuggling);
    }
}

// What the server at `port` sends for `bytes` until it closes.
Coro<std::string> exchange(std::uint16_t port, std::string bytes) {
    auto [reader, writer] = co_await open_connection("127.0.0.1", port);
    writer.write_nowait(bytes);
    std::string answers = co_await reader.read();
    writer.close();
    co_return answers;
}

Coro<> attack_by_socket() {
    const std::vector<CorpusCase> cases = CorpusReader::all();
    int smuggling = 0;
    const HttpServer server = co_await serve(target(smuggling), "127.0.0.1", 0);
    const std::string last = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    for (const CorpusCase& of : cases) {
        if (!of.is_request || (of.is_partial() && of.status == 0)) continue;
        const ::testing::ScopedTrace trace(__FILE__, __LINE__, of.name);
        Expected expected = expected_of(of);
        if (expected.is_open) expected.methods.emplace_back("GET");
        const std::string answers = co_await exchange(server.port(), of.bytes + (expected.is_open ? last : smuggled));
        check_answers(of, answers, expected.methods, false);
        const std::string next = co_await exchange(server.port(), last);
        EXPECT_EQ(status_of(next), "200");
    }
    EXPECT_EQ(smuggling, 0) << "bytes of one request were taken for another";
    server.close();
    co_await server.wait_closed();
}

}  // namespace

TEST(HttpCorpusServer, each_case_is_answered_as_it_should_be_whole) { run(attack_by_hand(false)); }
TEST(HttpCorpusServer, each_case_is_answered_as_it_should_be_byte_by_byte) { run(attack_by_hand(true)); }
TEST(RealHttpCorpusServer, each_case_is_answered_as_it_should_be_over_a_socket) { run_net(attack_by_socket()); }

}  // namespace hocket::http
