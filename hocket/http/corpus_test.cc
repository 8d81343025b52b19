// SPDX-License-Identifier: MIT
// The corpus of hostile bytes against the HTTP/1 state machine, however the bytes are divided.
#include <hocket/http/corpus_test.h>

#include <hocket/http/http1_test.h>

#include <random>

namespace hocket::http {

using testing::CorpusCase, testing::CorpusReader;

namespace {

std::string expected_text(const CorpusCase& of) {
    if (of.status == 0) return of.found;
    return of.found + (of.is_partial() ? "|" : "") + std::to_string(of.status);
}

// Long texts are cut: a difference shows at their beginning or in their size.
std::string shown(const std::string& text) {
    return escaped(text, 200) + " (" + std::to_string(text.size()) + " bytes)";
}

void check(const CorpusCase& of, const Transcript& t) {
    EXPECT_EQ(shown(t.text), shown(expected_text(of))) << t.error;
    EXPECT_NE(t.error.find(of.why), std::string::npos) << t.error;
    const Headers& head = of.is_request ? t.request.headers : t.response.headers;
    for (const auto& [name, value] : of.fields) EXPECT_EQ(head.combined(name), value) << name;
    for (const auto& [name, value] : of.trailers) EXPECT_EQ(t.trailers.combined(name), value) << name;
    if (!of.is_kept) return;
    EXPECT_EQ(of.is_request ? t.request.keep_alive : t.response.keep_alive, *of.is_kept);
}

// Reads it in pieces as long as `size()` says.
template <class Size>
Transcript replayed(const CorpusCase& of, Size size) {
    Transcript t(of.is_request ? Reads::requests : Reads::responses);
    if (!of.is_request) t.parser.expect_response_to(of.method);
    // What has been read may not be looked at again: each piece is in memory of its own.
    for (std::string_view rest = of.bytes; !rest.empty();) {
        const std::string piece(rest.substr(0, size()));
        rest.remove_prefix(piece.size());
        t.read(piece, piece.size());
    }
    if (of.is_closed) t.eof();
    return t;
}

}  // namespace

TEST(OnceHttpCorpus, each_case_has_its_verdict_whole) {
    for (const CorpusCase& of : CorpusReader::all()) {
        const ::testing::ScopedTrace trace(__FILE__, __LINE__, of.name);
        check(of, replayed(of, [&] { return of.bytes.size(); }));
    }
}

TEST(OnceHttpCorpus, each_case_has_its_verdict_byte_by_byte) {
    for (const CorpusCase& of : CorpusReader::all()) {
        const ::testing::ScopedTrace trace(__FILE__, __LINE__, of.name);
        check(of, replayed(of, [] { return std::size_t{1}; }));
    }
}

TEST(OnceHttpCorpus, each_case_has_its_verdict_in_random_pieces) {
    std::minstd_rand random(7);  // the same in each run
    for (const CorpusCase& of : CorpusReader::all()) {
        const ::testing::ScopedTrace trace(__FILE__, __LINE__, of.name);
        for (int i = 0; i < 3; ++i) check(of, replayed(of, [&] { return 1 + random() % 40; }));
    }
}

// A policy that refuses everything, or nothing, does not pass for one.
TEST(OnceHttpCorpus, there_are_accepted_and_refused_cases_of_both_sides) {
    int count[2][2] = {};
    for (const CorpusCase& of : CorpusReader::all()) ++count[of.is_request][of.status == 0];
    EXPECT_GT(count[0][0], 50);
    EXPECT_GT(count[0][1], 30);
    EXPECT_GT(count[1][0], 200);
    EXPECT_GT(count[1][1], 80);
}

TEST(OnceHttpCorpus, escapes_are_undone) {
    EXPECT_EQ(CorpusReader::unescaped("a\\r\\n\\t\\\\\\x41{}"), "a\r\n\t\\A{}");
    EXPECT_EQ(CorpusReader::unescaped("\\{3*a\\{2*b}}c"), "abbabbabbc");
    EXPECT_EQ(CorpusReader::unescaped("\\0x"), std::string_view("\0x", 2));
    EXPECT_THROW(CorpusReader::unescaped("\\q"), std::runtime_error);
    EXPECT_THROW(CorpusReader::unescaped("\\{3*a"), std::runtime_error);
}

}  // namespace hocket::http
