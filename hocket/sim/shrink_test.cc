// SPDX-License-Identifier: MIT
// A failing run becomes a small one that fails in the same way, with a story that a person reads.
#include <hocket/hocket.h>
#include <hocket/sim/shrink.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <string>
#include <string_view>

namespace hocket::sim {
namespace {

using namespace std::chrono_literals;

std::ptrdiff_t lines_of(const std::string& text) { return std::ranges::count(text, '\n'); }

Coro<> echo(StreamReader reader, StreamWriter writer) {
    try {
        while (true) {
            const std::string_view bytes = co_await reader.peek();
            if (bytes.empty()) co_return;
            const std::string copy(bytes);
            reader.consume(copy.size());
            co_await writer.write(copy);
        }
    } catch (const OSError&) {
        co_return;
    }
}

Coro<> echo_server() {
    const Server server = co_await start_server(echo, "0.0.0.0", 80);
    co_await server.serve_forever();
}

// Sends 40 messages to each of two servers, again where a connection is lost; wrong only if one was lost and a read was short.
Coro<> client_with_a_bug(World& world) {
    const Host servers[] = {world.host("one", echo_server), world.host("two", echo_server)};
    co_await hocket::sleep(1s);
    bool lost = false;
    for (int i = 0; i < 40; ++i) {
        try {
            auto [reader, writer] = co_await open_connection(servers[i % 2].address().host(), 80);
            const std::string message(300, 'm');
            co_await writer.write(message);
            std::size_t got = 0;
            bool is_short = false;
            while (got < message.size()) {
                const std::string part = co_await reader.read(message.size() - got);
                if (part.empty()) throw OSError(ECONNRESET, "read");
                is_short |= part.size() < message.size() - got;
                got += part.size();
            }
            if (lost && is_short) world.fail("an answer is taken for two, of message " + std::to_string(i));
        } catch (const OSError&) {
            world.note("begins anew");
            lost = true;
        }
    }
}

Outcome first_failure(const Main& main, Config& config) {
    for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
        config = Config::swarm(seed);
        Outcome outcome = run(config, main);
        if (!outcome.ok && outcome.error.starts_with("an answer")) return outcome;
    }
    return {};
}

TEST(OnceShrink, a_bug_that_takes_two_faults_is_left_with_these_two) {
    Config config;
    const Outcome failing = first_failure(client_with_a_bug, config);
    ASSERT_NE(failing.error, "");
    const Shrunk shrunk = shrink(config, failing, client_with_a_bug);
    EXPECT_FALSE(shrunk.ok);
    EXPECT_TRUE(same_failure(failing.error, shrunk.error)) << shrunk.error;
    EXPECT_LT(shrunk.choices.size(), failing.choices.size());
    EXPECT_LE(lines_of(shrunk.story), 10) << shrunk.story;
    EXPECT_NE(shrunk.story.find("* begins anew\n"), std::string::npos) << shrunk.story;
    EXPECT_NE(shrunk.story.find("the run fails: an answer is taken for two"), std::string::npos) << shrunk.story;
    EXPECT_EQ(shrunk.story.find(" late"), std::string::npos) << shrunk.story;
    EXPECT_EQ(shrunk.story.find(" more\n"), std::string::npos) << shrunk.story;
    const Outcome again = replay(shrunk.config, shrunk, client_with_a_bug);
    EXPECT_EQ(again.error, shrunk.error);
    EXPECT_EQ(again.story, shrunk.story);
}

TEST(OnceShrink, choices_of_the_program_become_small) {
    const Main main = [](World& world) -> Coro<> {
        std::uint32_t sum = 0;
        for (int i = 0; i < 50; ++i) {
            co_await hocket::sleep(1ms);
            sum += world.choose(100);
            if (sum > 1000) world.fail("the sum is " + std::to_string(sum));
        }
    };
    const Config config = Config::calm(7);
    const Outcome failing = run(config, main);
    ASSERT_FALSE(failing.ok);
    const Shrunk shrunk = shrink(config, failing, main);
    EXPECT_EQ(shrunk.error, "the sum is 1001");
    EXPECT_LT(shrunk.choices.size(), failing.choices.size());
}

TEST(OnceShrink, errors_are_the_same_but_for_numbers_and_what_follows_the_first_line) {
    EXPECT_TRUE(same_failure("fd 12 at 0xdeadbeef\nmore", "fd 7 at 0x12"));
    EXPECT_FALSE(same_failure("lost item 3", "lost items 3"));
}

TEST(OnceShrink, what_counts_as_the_same_failure_may_be_told) {
    const Main main = [](World& world) -> Coro<> {
        if (const std::uint32_t n = world.choose(1000); n > 10) world.fail(n % 2 == 0 ? "even" : "odd");
        co_return;
    };
    Config config = Config::calm(3);
    Outcome failing = run(config, main);
    ASSERT_FALSE(failing.ok);
    EXPECT_EQ(shrink(config, failing, main, {.same = [](const std::string& e) { return e == "odd"; }}).error,
              failing.error == "odd" ? "odd" : failing.error);
    const Shrunk any = shrink(config, failing, main, {.same = [](const std::string&) { return true; }});
    EXPECT_EQ(any.error, "odd");  // of 11
}

TEST(OnceShrink, it_stops_after_so_many_runs) {
    Config config;
    const Outcome failing = first_failure(client_with_a_bug, config);
    const Shrunk shrunk = shrink(config, failing, client_with_a_bug, {.max_runs = 5});
    EXPECT_EQ(shrunk.runs, 5U);
    EXPECT_FALSE(shrunk.ok);
}

}  // namespace
}  // namespace hocket::sim
