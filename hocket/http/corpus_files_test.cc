// SPDX-License-Identifier: MIT
// The corpus of hostile paths against a server that shows a folder.
#include <hocket/http/corpus_test.h>

#include <hocket/http/static_files_test.h>

namespace hocket::http {

using testing::CorpusCase, testing::CorpusReader;

namespace {

/// Links lead out of the folder.
class HttpCorpusFiles : public InPublic {
protected:
    HttpCorpusFiles() {
        hocket::testing::put_file("public/c d%41", "c");
        std::filesystem::create_symlink("../secret", "public/out");
        std::filesystem::create_symlink(std::filesystem::absolute("secret"), "public/absolute");
        std::filesystem::create_symlink("..", "public/up");
        std::filesystem::create_symlink("loop", "public/loop");
        std::filesystem::create_symlink("/proc/self/cwd/secret", "public/magic");
    }
};

// The case's bytes are a target. The request comes in pieces of that size.
Coro<> ask(Shared<HttpServerState> server, const CorpusCase& of, std::size_t size) {
    const ::testing::ScopedTrace trace(__FILE__, __LINE__, of.name);
    HandFed connection(std::move(server));
    const std::string request = "GET " + of.bytes + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    for (std::size_t i = 0; i < request.size() && !connection.wire.closed; i += size) {
        connection.wire.feed_data(std::string_view(request).substr(i, size));
        co_await hocket::sleep(0);
    }
    co_await connection.task;
    const std::string answer = connection.take();
    EXPECT_EQ(status_of(answer), std::to_string(of.is_refused ? of.status : 200));
    EXPECT_FALSE(answer.ends_with("secret"));
    if (!of.is_refused) {
        EXPECT_EQ(body_of(answer), of.found);
    }
}

Coro<> ask_for_all(bool byte_by_byte) {
    Application app;
    app.static_files("/files", "public");
    const auto server = Shared<HttpServerState>::make(app, ServeOptions());
    int asked = 0;
    for (const CorpusCase& of : CorpusReader::parts()) {
        if (of.reader != "static") continue;
        ++asked;
        co_await ask(server, of, byte_by_byte ? 1 : of.bytes.size() + 1000);
    }
    EXPECT_GT(asked, 50);
}

}  // namespace

TEST_F(HttpCorpusFiles, each_case_is_answered_as_it_should_be_whole) { run(ask_for_all(false)); }
TEST_F(HttpCorpusFiles, each_case_is_answered_as_it_should_be_byte_by_byte) { run(ask_for_all(true)); }

}  // namespace hocket::http
