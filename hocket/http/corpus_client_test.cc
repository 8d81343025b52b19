// SPDX-License-Identifier: MIT
// The corpus of hostile bytes against the running client: what is refused is an error of that request, and of no other.
#include <hocket/http/corpus_test.h>

#include <hocket/http/client_connection_internal.h>
#include <hocket/http/client_test.h>
#include <hocket/http/http1_test.h>
#include <hocket/http/server_test.h>

#include <utility>

namespace hocket::http {

using testing::CorpusCase, testing::CorpusReader;

namespace {

// The first response and its body, as Transcript writes it.
Coro<std::string> first_response(TransportHandle transport, std::string method, std::string& error) {
    ClientConnection connection(transport);
    std::string text;
    try {
        ResponseHead head;
        co_await connection.read_head(method, true, head);
        text = std::to_string(head.status);
        for (bool in_body = false;;) {
            const Event event = connection.next_event();
            if (std::holds_alternative<MessageEnd>(event)) co_return text + "|end";
            if (const auto* data = std::get_if<BodyData>(&event)) {
                text.append(std::exchange(in_body, true) ? "" : "|").append(data->bytes);
            } else {
                co_await connection.more(1);
            }
        }
    } catch (const ProtocolError& e) {
        error = e.what();
    } catch (const Lost& lost) {
        error = lost.why;
    }
    co_return text;
}

// The same of a case: what is found of the first response, and whether that is refused.
std::string expected_response(const CorpusCase& of) {
    const std::vector<std::string> messages = of.messages();
    return messages.empty() ? std::string() : messages.front();
}

Coro<> answer_by_hand(bool in_bytes) {
    constexpr std::size_t most_in_bytes = 700;
    for (const CorpusCase& of : CorpusReader::all()) {
        if (of.is_request || (in_bytes && of.bytes.size() > most_in_bytes)) continue;
        const ::testing::ScopedTrace trace(__FILE__, __LINE__, of.name);
        auto& wire = *new Wire;
        const TransportHandle handle(&wire);
        std::string error;
        const Task<std::string> reading = create_task(first_response(handle, of.method, error));
        const std::size_t piece = in_bytes ? 1 : of.bytes.size();
        for (std::size_t i = 0; i < of.bytes.size() && !reading.done(); i += piece) {
            wire.feed_data(std::string_view(of.bytes).substr(i, piece));
            for (int turn = 0; turn < 5; ++turn) co_await hocket::sleep(0);
        }
        if (!reading.done()) wire.feed_eof();
        const std::string text = co_await reading;
        EXPECT_EQ(escaped(text, 200), escaped(expected_response(of), 200)) << error;
        EXPECT_EQ(error.empty(), text.ends_with("|end"));
        const bool is_judged = !error.empty() && !of.is_closed && of.status != 0;
        EXPECT_TRUE(!is_judged || error.find(of.why) != std::string::npos) << error;
    }
}

// What a server says to the first request; every other is answered with `fine`.
struct Scene {
    const CorpusCase* current = nullptr;
    int connections = 0;
};

Coro<> play(testing::Peer& peer, Scene& scene) {
    const bool is_hostile = ++scene.connections == 1;
    try {
        for (bool is_first = true;; is_first = false) {
            const std::string request = co_await peer.request();
            if (request.empty()) co_return;
            const bool is_due = is_hostile && is_first;
            co_await peer.send(is_due ? scene.current->bytes : testing::ok("fine"));
            if (is_due && scene.current->is_closed) co_return;
        }
    } catch (const OSError&) {  // the client has gone, as it may
        co_return;
    }
}

// Status and body of a request, as Transcript writes them; nothing if it failed.
Coro<std::string> ask(ClientSession& session, std::string method, std::string url, std::string& error) {
    try {
        const ClientResponse response = co_await session.request(std::move(method), std::move(url));
        const std::string body = co_await response.read();
        co_return std::to_string(response.status()) + (body.empty() ? "" : "|" + body) + "|end";
    } catch (const ClientError& e) {
        error = e.what();
    }
    co_return std::string();
}

// Whether the response leaves nothing behind it, and the connection open.
bool may_be_kept(const CorpusCase& of) {
    Transcript t(Reads::responses);
    t.parser.expect_response_to(of.method);
    t.piece(of.bytes);
    return of.messages().size() == 1 && of.status == 0 && !of.is_closed && t.response.keep_alive &&
           t.parser.between_messages();
}

Coro<> answer_by_socket() {
    const std::vector<CorpusCase> cases = CorpusReader::all();
    Scene scene;
    const testing::TestServer server =
        co_await testing::TestServer::start([&scene](testing::Peer& peer, int) { return play(peer, scene); });
    for (const CorpusCase& of : cases) {
        const bool never_ends = of.is_partial() && of.status == 0 && !of.is_closed;
        if (of.is_request || of.method == "CONNECT" || never_ends) continue;
        const ::testing::ScopedTrace trace(__FILE__, __LINE__, of.name);
        scene = {.current = &of};
        ClientSession session({.timeout = std::chrono::seconds(20)});
        std::string error;
        const std::string expected = expected_response(of);
        const bool is_fine = expected.ends_with("|end");
        const std::string text = co_await ask(session, of.method, server.url(), error);
        EXPECT_EQ(escaped(text, 200), is_fine ? escaped(expected, 200) : "") << error;
        EXPECT_EQ(error.empty(), is_fine);
        EXPECT_TRUE(is_fine || of.is_closed || error.find(of.why) != std::string::npos) << error;
        const std::string next = co_await ask(session, "GET", server.url(), error);
        EXPECT_EQ(next, "200|fine|end") << error;
        EXPECT_EQ(scene.connections, may_be_kept(of) ? 1 : 2) << "connections";
        co_await session.close();
    }
}

}  // namespace

TEST(HttpCorpusClient, each_case_is_read_as_it_should_be_whole) { run(answer_by_hand(false)); }
TEST(HttpCorpusClient, each_case_is_read_as_it_should_be_byte_by_byte) { run(answer_by_hand(true)); }
TEST(RealHttpCorpusClient, each_case_is_read_as_it_should_be_over_a_socket) { testing::run_http(answer_by_socket()); }

}  // namespace hocket::http
