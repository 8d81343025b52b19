// SPDX-License-Identifier: MIT
// Packets of connections that do not get through: which are on their way, which are sent again, and what is heard of them.
#include <hocket/core/sleep.h>
#include <hocket/flow/wait_for.h>
#include <hocket/sim/run_in_world_test.h>

#include <gmock/gmock.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hocket::sim {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using testing::echo_server;
using ::testing::ElementsAre;
using testing::error_of;
using ::testing::Ge;
using ::testing::HasSubstr;
using ::testing::Le;
using testing::run_calmly;

double seconds_of(const World& world) { return static_cast<double>(world.now().count()) / 1e9; }

using Log = std::shared_ptr<std::string>;

/// Takes what comes on port 7, and says nothing; `|` is an end, `!` an error.
Coro<> listen_silently(Log log) {
    const auto take = [log](StreamReader reader, StreamWriter) -> Coro<> {
        try {
            while (true) {
                const std::string bytes = co_await reader.read(65536);
                if (bytes.empty()) break;
                *log += bytes;
            }
            *log += "|";
        } catch (const OSError&) {
            *log += "!";
        }
    };
    const Server server = co_await start_server(take, "", 7);
    co_await server.serve_forever();
}

Coro<> say_hello_when_asked(Host to, std::shared_ptr<bool> asked) {
    auto [reader, writer] = co_await open_connection(to.address().host(), 7);
    while (!*asked) co_await hocket::sleep(10ms);
    co_await writer.write("hel");
    co_await writer.write("lo");
    co_await hocket::sleep(1h);
}

struct Heard {
    std::string before_the_heal, after_it;
};

/// A host says hello over a link that `stop` has stopped, and crashes.
template <class F>
Heard hello_of_a_host_that_crashes(F stop) {
    Heard heard;
    run_calmly([&](World& world) -> Coro<> {
        const auto log = std::make_shared<std::string>();
        const auto asked = std::make_shared<bool>(false);
        const Host to = world.host("to", [&] { return listen_silently(log); });
        co_await hocket::sleep(1s);
        const Host from = world.host("from", [&] { return say_hello_when_asked(to, asked); });
        co_await hocket::sleep(1s);
        stop(world, from, to);
        *asked = true;
        co_await hocket::sleep(2s);
        world.crash(from);
        co_await hocket::sleep(1s);
        heard.before_the_heal = *log;
        world.heal(from, to);
        co_await hocket::sleep(1s);
        heard.after_it = *log;
    });
    return heard;
}

TEST(OnceSimRetransmission, what_a_crashed_host_sent_over_a_cut_link_is_lost) {
    const Heard heard =
        hello_of_a_host_that_crashes([](World& world, Host from, Host to) { world.partition(from, to); });
    EXPECT_EQ(heard.before_the_heal, "");
    EXPECT_EQ(heard.after_it, "");
}

TEST(OnceSimRetransmission, what_it_sent_over_a_link_that_is_held_is_on_its_way) {
    const Heard heard = hello_of_a_host_that_crashes([](World& world, Host from, Host to) { world.hold(from, to); });
    EXPECT_EQ(heard.before_the_heal, "");
    EXPECT_EQ(heard.after_it, "hello");
}

TEST(OnceSimRetransmission, what_was_lost_before_its_sender_crashed_is_lost_with_all_behind_it) {
    run_calmly([](World& world) -> Coro<> {
        const auto log = std::make_shared<std::string>();
        const auto asked = std::make_shared<bool>(false);
        const Host to = world.host("to", [&] { return listen_silently(log); });
        co_await hocket::sleep(1s);
        const Host from = world.host("from", [&] { return say_hello_when_asked(to, asked); });
        co_await hocket::sleep(1s);
        world.rule([first = true](Host, Host, std::string_view) mutable {
            return std::exchange(first, false) ? Verdict::drop : Verdict::pass;
        });
        *asked = true;
        co_await hocket::sleep(100ms);
        world.crash(from);
        co_await hocket::sleep(1min);
        EXPECT_EQ(*log, "");
    });
}

TEST(OnceSimRetransmission, what_a_program_sent_that_was_killed_is_its_kernel_s_to_send_again) {
    run_calmly([](World& world) -> Coro<> {
        const auto log = std::make_shared<std::string>();
        const auto asked = std::make_shared<bool>(false);
        const Host to = world.host("to", [&] { return listen_silently(log); });
        co_await hocket::sleep(1s);
        const Host from = world.host("from", [&] { return say_hello_when_asked(to, asked); });
        co_await hocket::sleep(1s);
        world.partition(from, to);
        *asked = true;
        co_await hocket::sleep(2s);
        world.kill(from);
        world.heal(from, to);
        co_await hocket::sleep(1s);
        EXPECT_EQ(*log, "hello|");
    });
}

TEST(OnceSimRetransmission, a_connection_that_was_given_up_sends_nothing_again) {
    run_calmly([](World& world) -> Coro<> {
        const auto log = std::make_shared<std::string>();
        const Host a = world.host("a", [&] { return listen_silently(log); });
        co_await hocket::sleep(1s);
        auto [reader, writer] = co_await open_connection("a", 7);
        world.partition(world.main(), a);
        co_await writer.write("hello");
        EXPECT_THAT(co_await error_of(reader.read(1)), HasSubstr("Connection timed out"));
        world.heal(world.main(), a);
        co_await hocket::sleep(1s);
        EXPECT_EQ(*log, "");
    });
}

// ---- Rules that drop

TEST(OnceSimRetransmission, what_a_rule_drops_is_sent_again_after_twice_as_long_each_time) {
    run_calmly([](World& world) -> Coro<> {
        world.host("a", echo_server);
        co_await hocket::sleep(1s);
        auto [reader, writer] = co_await open_connection("a", 7);
        std::vector<std::int64_t> asked;
        const std::int64_t start = world.now().count();
        world.rule([&](Host from, Host, std::string_view) {
            if (from.name() != "main") return Verdict::pass;
            asked.push_back((world.now().count() - start) / 1'000'000);
            return asked.size() < 5 ? Verdict::drop : Verdict::pass;
        });
        co_await writer.write("hello");
        EXPECT_EQ(co_await reader.readexactly(5), "hello");
        EXPECT_THAT(asked, ElementsAre(0, 200, 600, 1400, 3000));
    });
}

TEST(OnceSimRetransmission, a_connection_of_which_a_rule_drops_all_times_out) {
    run_calmly([](World& world) -> Coro<> {
        world.host("a", echo_server);
        co_await hocket::sleep(1s);
        auto [reader, writer] = co_await open_connection("a", 7);
        world.rule([](Host, Host, std::string_view) { return Verdict::drop; });
        co_await writer.write("hello");
        EXPECT_THAT(co_await error_of(reader.read(1)), HasSubstr("Connection timed out"));
        EXPECT_THAT(seconds_of(world), AllOf(Ge(924), Le(930)));
    });
}

TEST(OnceSimRetransmission, what_is_sent_behind_a_packet_that_is_dropped_comes_behind_it) {
    run_calmly([](World& world) -> Coro<> {
        const auto log = std::make_shared<std::string>();
        world.host("a", [&] { return listen_silently(log); });
        co_await hocket::sleep(1s);
        auto [reader, writer] = co_await open_connection("a", 7);
        world.rule([a_times = 1, c_times = 2](Host, Host, std::string_view data) mutable {
            const bool drop = (data == "a" && a_times-- > 0) || (data == "c" && c_times-- > 0);
            return drop ? Verdict::drop : Verdict::pass;
        });
        for (const char* letter : {"a", "b", "c", "d"}) co_await writer.write(letter);
        writer.write_eof();
        co_await hocket::sleep(300ms);  // "a" has come through, "c" was dropped twice
        EXPECT_EQ(*log, "ab");
        co_await hocket::sleep(200ms);
        EXPECT_EQ(*log, "abcd|");
    });
}

TEST(OnceSimRetransmission, what_a_rule_has_dropped_waits_for_a_link_that_is_cut_meanwhile) {
    run_calmly([](World& world) -> Coro<> {
        const auto log = std::make_shared<std::string>();
        const Host a = world.host("a", [&] { return listen_silently(log); });
        co_await hocket::sleep(1s);
        auto [reader, writer] = co_await open_connection("a", 7);
        world.rule([first = true](Host, Host, std::string_view) mutable {
            return std::exchange(first, false) ? Verdict::drop : Verdict::pass;
        });
        co_await writer.write("a");
        co_await writer.write("b");
        world.partition(world.main(), a);
        co_await writer.write("c");
        co_await hocket::sleep(1min);
        co_await writer.write("d");
        EXPECT_EQ(*log, "");
        world.heal(world.main(), a);
        co_await writer.write("e");
        co_await hocket::sleep(1s);
        EXPECT_EQ(*log, "abcde");
    });
}

TEST(OnceSimRetransmission, what_a_rule_delays_takes_at_most_the_longest_time_more) {
    Config config = Config::calm();
    config.network.slowest = 10ms;
    const Outcome outcome = run(config, [](World& world) -> Coro<> {
        world.host("a", echo_server);
        co_await hocket::sleep(1s);
        auto [reader, writer] = co_await open_connection("a", 7);
        world.rule([](Host, Host, std::string_view) { return Verdict::delay; });
        const double start = seconds_of(world);
        for (int i = 0; i < 50; ++i) {
            co_await writer.write("x");
            co_await reader.readexactly(1);
        }
        EXPECT_LE(seconds_of(world) - start, 50 * 0.022);
    });
    EXPECT_TRUE(outcome.ok) << outcome.error;
}

// ---- Acknowledgements

TEST(OnceSimRetransmission, a_connection_times_out_when_no_acknowledgement_gets_back) {
    run_calmly([](World& world) -> Coro<> {
        const auto log = std::make_shared<std::string>();
        const Host a = world.host("a", [&] { return listen_silently(log); });
        co_await hocket::sleep(1s);
        auto [reader, writer] = co_await open_connection("a", 7);
        world.partition(a, world.main(), false);
        co_await writer.write("hello");
        EXPECT_THAT(co_await error_of(reader.read(1)), HasSubstr("Connection timed out"));
        EXPECT_EQ(*log, "hello");
        EXPECT_GE(seconds_of(world), 924);
    });
}

TEST(OnceSimRetransmission, one_that_comes_in_time_is_enough) {
    run_calmly([](World& world) -> Coro<> {
        const Host a = world.host("a", [] { return listen_silently(std::make_shared<std::string>()); });
        co_await hocket::sleep(1s);
        auto [reader, writer] = co_await open_connection("a", 7);
        world.partition(a, world.main(), false);
        co_await writer.write("hello");
        co_await hocket::sleep(900s);
        world.heal(a, world.main(), false);
        EXPECT_THROW(co_await wait_for(reader.read(1), 30min), TimeoutError);
    });
}

TEST(OnceSimRetransmission, an_end_that_nobody_acknowledges_times_out_too) {
    run_calmly([](World& world) -> Coro<> {
        const Host a = world.host("a", echo_server);
        co_await hocket::sleep(1s);
        auto [reader, writer] = co_await open_connection("a", 7);
        world.partition(world.main(), a);
        writer.write_eof();
        EXPECT_THAT(co_await error_of(reader.read(1)), HasSubstr("Connection timed out"));
    });
}

TEST(OnceSimRetransmission, what_was_on_its_way_to_a_host_that_crashed_is_missed) {
    run_calmly([](World& world) -> Coro<> {
        const Host a = world.host("a", echo_server);
        co_await hocket::sleep(1s);
        auto [reader, writer] = co_await open_connection("a", 7);
        co_await writer.write("hello");
        world.crash(a);
        EXPECT_THAT(co_await error_of(reader.read(1)), HasSubstr("Connection timed out"));
        EXPECT_GE(seconds_of(world), 924);
    });
}

TEST(OnceSimRetransmission, a_host_that_has_started_again_resets_what_it_does_not_know) {
    run_calmly([](World& world) -> Coro<> {
        const Host a = world.host("a", echo_server);
        co_await hocket::sleep(1s);
        auto [reader, writer] = co_await open_connection("a", 7);
        world.partition(a, world.main(), false);
        co_await writer.write("hello");
        co_await hocket::sleep(1s);
        world.crash(a);
        world.restart(a);
        world.heal(a, world.main(), false);
        EXPECT_THAT(co_await error_of(reader.read(1)), HasSubstr("Connection reset by peer"));
        EXPECT_LT(seconds_of(world), 60);
    });
}

TEST(OnceSimRetransmission, what_was_read_is_told_to_the_sender_over_the_link) {
    run_calmly([](World& world) -> Coro<> {
        const auto log = std::make_shared<std::string>();
        const Host a = world.host("a", [&] { return listen_silently(log); });
        co_await hocket::sleep(1s);
        auto [reader, writer] = co_await open_connection("a", 7);
        world.partition(a, world.main(), false);
        const std::size_t window = NetworkConfig::calm().buffer;
        co_await writer.write(std::string(window, 'x'));
        co_await hocket::sleep(1min);
        EXPECT_EQ(log->size(), window);
        const Task<> writing = create_task(writer.write("more"));
        co_await hocket::sleep(1min);
        EXPECT_EQ(log->size(), window);
        world.heal(a, world.main(), false);
        co_await writing;
        co_await hocket::sleep(1s);
        EXPECT_EQ(log->size(), window + 4);
    });
}

TEST(OnceSimRetransmission, an_answer_tells_it_as_well_and_costs_no_packet) {
    const auto events_with = [](std::size_t buffer) {
        Config config = Config::calm();
        config.network.buffer = buffer;
        const Outcome outcome = run(config, [](World& world) -> Coro<> {
            world.host("a", echo_server);
            co_await hocket::sleep(1s);
            auto [reader, writer] = co_await open_connection("a", 7);
            for (int i = 0; i < 100; ++i) {
                co_await writer.write("abc");
                EXPECT_EQ(co_await reader.readexactly(3), "abc");
            }
        });
        EXPECT_TRUE(outcome.ok) << outcome.error;
        return outcome.events;
    };
    EXPECT_EQ(events_with(10), events_with(65536));
}

// ---- Hosts that come and go

TEST(OnceSimRetransmission, a_host_that_crashes_as_it_comes_back_says_nothing) {
    run_calmly([](World& world) -> Coro<> {
        const Host a = world.host("a", echo_server);
        co_await hocket::sleep(1s);
        auto [reader, writer] = co_await open_connection("a", 7);
        world.crash(a);
        co_await writer.write("hello");
        co_await hocket::sleep(1s);
        world.restart(a);
        world.crash(a);
        EXPECT_THROW(co_await wait_for(reader.read(1), 1min), TimeoutError);
        world.restart(a);
        EXPECT_THAT(co_await error_of(reader.read(1)), HasSubstr("Connection reset by peer"));
    });
}

TEST(OnceSimRetransmission, a_client_asks_again_when_the_server_starts_again_before_it_is_answered) {
    run_calmly([](World& world) -> Coro<> {
        const Host a = world.host("a", echo_server);
        co_await hocket::sleep(1s);
        world.partition(a, world.main(), false);
        const auto connecting = create_task(open_connection(a.address().host(), 7));
        co_await hocket::sleep(1s);
        world.crash(a);
        world.restart(a);
        co_await hocket::sleep(1s);
        world.heal(a, world.main(), false);
        auto [reader, writer] = co_await connecting;
        co_await writer.write("hello");
        EXPECT_EQ(co_await reader.readexactly(5), "hello");
    });
}

}  // namespace
}  // namespace hocket::sim
