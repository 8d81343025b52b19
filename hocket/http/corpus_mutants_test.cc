// SPDX-License-Identifier: MIT
// Thousands of variations of the corpus against parser and server: nobody has judged them, but some things hold for all.
#include <hocket/http/corpus_test.h>

#include <hocket/http/http1_test.h>
#include <hocket/http/server_test.h>

#include <random>

namespace hocket::http {

using testing::CorpusCase, testing::CorpusReader;

namespace {

/// Makes variations, the same in each run.
class Mutants {
public:
    explicit Mutants(bool of_requests) {
        constexpr std::size_t most = 500;
        for (CorpusCase& of : CorpusReader::all()) {
            if (of.is_request == of_requests && of.bytes.size() <= most) originals_.push_back(std::move(of.bytes));
        }
    }

    std::size_t below(std::size_t end) { return static_cast<std::size_t>(random_()) % end; }

    std::string next() {
        std::string bytes = originals_[below(originals_.size())];
        for (std::size_t i = 1 + below(3); i > 0; --i) change(bytes);
        return bytes;
    }

private:
    void change(std::string& bytes) {
        constexpr std::string_view favourites("\r\n\t :;,=\"%/#0aFx\0\x7f\x80\xff", 21);
        const std::size_t at = below(bytes.size() + 1);
        const std::string& other = originals_[below(originals_.size())];
        switch (below(6)) {
            case 0: bytes.insert(at, 1, favourites[below(favourites.size())]); break;
            case 1: bytes.replace(at, 1, 1, favourites[below(favourites.size())]); break;
            case 2: bytes.erase(at, 1 + below(4)); break;
            case 3: bytes.insert(at, bytes.substr(below(bytes.size() + 1), below(30))); break;
            case 4: bytes = bytes.substr(0, at) + other.substr(below(other.size())); break;
            default: bytes += other;
        }
    }

    std::vector<std::string> originals_;
    std::minstd_rand random_{11};
};

std::string in_pieces(Reads what, const std::string& bytes, Mutants& random) {
    Transcript t(what);
    for (std::string_view rest = bytes; !rest.empty();) {
        const std::string piece(rest.substr(0, 1 + random.below(30)));
        rest.remove_prefix(piece.size());
        t.read(piece, piece.size());
    }
    return t.text + t.error;
}

std::size_t count(std::string_view text, std::string_view of) {
    std::size_t found = 0;
    for (std::size_t at = text.find(of); at != std::string_view::npos; at = text.find(of, at + 1)) ++found;
    return found;
}

// The heads of all answers, whatever the requests were.
std::vector<ResponseHead> heads_of(std::string_view answers, bool& is_whole) {
    Http1Parser parser(Reads::responses);
    std::vector<ResponseHead> heads;
    for (;;) {
        const Event event = parser.next(answers);
        if (const auto* head = std::get_if<ResponseHead>(&event)) heads.push_back(*head);
        if (std::holds_alternative<MessageEnd>(event) && !heads.back().keep_alive) break;
        if (std::holds_alternative<std::monostate>(event)) break;
    }
    is_whole = answers.empty();
    return heads;
}

Coro<> attack(Shared<HttpServerState> server, std::string bytes, Mutants& random) {
    Transcript t(Reads::requests);
    t.piece(bytes);
    const std::uint64_t before = server->requests;
    HandFed connection(server);
    for (std::string_view rest = bytes; !rest.empty() && !connection.wire.closed;) {
        const std::string_view piece = rest.substr(0, 1 + random.below(200));
        rest.remove_prefix(piece.size());
        connection.wire.feed_data(piece);
        for (int turn = 0; turn < 5; ++turn) co_await hocket::sleep(0);
    }
    const std::string answers = co_await connection.exchange("");
    bool is_whole = false;
    const std::vector<ResponseHead> heads = heads_of(answers, is_whole);
    EXPECT_TRUE(is_whole) << "bytes behind the last answer: " << escaped(answers, 1000);
    const std::uint64_t found = count(t.text, "/") + count(t.text, "*");  // at least one in each request's target
    EXPECT_LE(server->requests - before, found + count(t.text, "CONNECT"));
    EXPECT_LE(heads.size(), server->requests - before + 1) << escaped(answers, 1000);
    for (std::size_t i = 0; i + 1 < heads.size(); ++i) EXPECT_TRUE(heads[i].keep_alive) << escaped(answers, 1000);
    if (!t.error.empty()) {
        EXPECT_TRUE(connection.wire.closed) << t.error;
    }
    // What is wrong with a body that no handler reads shows when its answer has been given.
    const bool is_told = !heads.empty() && !heads.back().keep_alive;
    EXPECT_TRUE(!connection.wire.closed || is_told || t.text.ends_with("|400") || t.text.ends_with("|413") ||
                t.text.ends_with("|431"))
        << escaped(answers, 1000);
    connection.wire.abort();
    co_await connection.exchange("");

    HandFed next(server);
    EXPECT_EQ(status_of(co_await next.exchange("GET / HTTP/1.1\r\nHost: a\r\n\r\n")), "200");
    next.wire.abort();
    co_await next.exchange("");
}

Coro<> attack_often() {
    Application app;
    for (const char* method : {"GET", "POST", "OPTIONS"}) {
        app.route(method, "/", [](Request& request) -> Coro<std::string> { co_return co_await request.body(); });
    }
    app.post("/nobody", [] { return std::string("not read"); });
    const auto server = Shared<HttpServerState>::make(app, ServeOptions());
    Mutants random(true);
    for (int i = 0; i < 3000; ++i) {
        const std::string bytes = random.next();
        const ::testing::ScopedTrace trace(__FILE__, __LINE__, escaped(bytes, 2000));
        co_await attack(server, bytes, random);
    }
}

}  // namespace

TEST(OnceHttpCorpusMutants, pieces_are_read_as_the_whole) {
    for (const Reads what : {Reads::requests, Reads::responses}) {
        Mutants random(what == Reads::requests);
        for (int i = 0; i < 10'000; ++i) {
            const std::string bytes = random.next();
            Transcript whole(what);
            whole.piece(bytes);
            EXPECT_EQ(in_pieces(what, bytes, random), whole.text + whole.error) << escaped(bytes, 2000);
        }
    }
}

TEST(HttpCorpusMutants, are_answered_no_more_than_they_ask) { run(attack_often()); }

}  // namespace hocket::http
