// SPDX-License-Identifier: MIT
// What a run says of itself: its story, line by line, and why it cannot go on.
#include <hocket/hocket.h>
#include <hocket/sim/run.h>

#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <string>
#include <string_view>

namespace hocket::sim {
namespace {

using namespace std::chrono_literals;

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

Coro<> two_messages(World& world) {
    const Host kv = world.host("kv", echo_server);
    co_await hocket::sleep(1s);
    auto [reader, writer] = co_await open_connection(kv.address().host(), 80);
    world.note("writes");
    co_await writer.write("hello");
    co_await reader.readexactly(5);
    world.partition(world.main(), kv);
    co_await writer.write("again");
    if (world.chance(1)) world.fail("there is no answer");
}

Config calm(Tell tell) {
    Config config = Config::calm();
    config.tell = tell;
    return config;
}

TEST(OnceStory, it_has_what_is_of_import_and_the_data_between) {
    EXPECT_EQ(run(calm(Tell::story), two_messages).story,
              "   0.000000  kv        listens on port 80\n"
              "   1.001000  main      * writes\n"
              "   1.002000  -         main > kv 5 bytes, kv > main 5 bytes\n"
              "   1.002000  -         no way from main to kv and back\n"
              "   1.002000  -         the run fails: there is no answer\n");
}

TEST(OnceStory, everything_has_a_line_for_each_thing) {
    EXPECT_EQ(run(calm(Tell::everything), two_messages).story,
              "   0.000000  main      starts\n"
              "   0.000000  kv        starts\n"
              "   0.000000  kv        listens on port 80\n"
              "   1.000000  main      connects to kv:80\n"
              "   1.000500  kv        accepts main:32768\n"
              "   1.001000  main      is connected to kv:80\n"
              "   1.001000  main      * writes\n"
              "   1.001500  kv        gets 5 bytes from main:32768\n"
              "   1.002000  main      gets 5 bytes from kv:80\n"
              "   1.002000  -         no way from main to kv and back\n"
              "   1.002000  -         the run fails: there is no answer\n");
}

TEST(OnceStory, it_has_what_is_done_to_the_world) {
    const Outcome outcome = run(calm(Tell::story), [](World& world) -> Coro<> {
        const Host kv = world.host("kv", echo_server);
        co_await hocket::sleep(1s);
        world.latency(world.main(), kv, {2ms, 30500us});
        world.latency(world.main(), kv, {2ms, 2ms});
        EXPECT_THROW(world.latency(world.main(), kv, {5ms, 1ms}), ValueError);
        world.rule([](Host, Host, std::string_view) { return Verdict::pass; });
        world.rule({});
        world.skew(kv, -1s);
        world.skew(kv, 1s);
        world.skew(kv, 0s);
        world.resume(kv);
        world.pause(kv);
        world.resume(kv);
        world.signal(kv, 15);
        co_await hocket::sleep(1s);
    });
    EXPECT_TRUE(outcome.ok) << outcome.error;
    EXPECT_EQ(outcome.story,
              "   0.000000  kv        listens on port 80\n"
              "   1.000000  -         packets take 2.0 ms to 30.5 ms from main to kv and back\n"
              "   1.000000  -         packets take 2.0 ms from main to kv and back\n"
              "   1.000000  -         a rule judges packets\n"
              "   1.000000  -         no rule judges packets any more\n"
              "   1.000000  -         the clock of kv is 1000.0 ms behind\n"
              "   1.000000  -         the clock of kv is 1000.0 ms ahead\n"
              "   1.000000  -         the clock of kv is right\n"
              "   1.000000  -         kv is paused\n"
              "   1.000000  -         kv is resumed\n"
              "   1.000000  -         kv gets signal 15\n"
              "   1.000000  kv        is killed\n"
              "   2.000000  main      ends\n");
}

TEST(OnceStory, what_happens_several_times_in_a_row_is_one_line) {
    const Outcome outcome = run(calm(Tell::story), [](World& world) -> Coro<> {
        for (int i = 0; i < 3; ++i, co_await hocket::sleep(1s)) {
            try {
                co_await open_connection(world.main().address().host(), 80);
            } catch (const OSError& e) {
                EXPECT_EQ(e.error_number(), ECONNREFUSED);
            }
        }
        for (int i = 0; i < 2; ++i) world.note("says it again");
    });
    EXPECT_EQ(outcome.story,
              "   0.000020  main      cannot reach main:80: Connection refused (3 times)\n"
              "   3.000060  main      * says it again\n"
              "   3.000060  main      * says it again\n"
              "   3.000060  main      ends\n");
}

TEST(OnceStory, a_server_on_ipv4_and_ipv6_listens_once) {
    const Outcome outcome = run(calm(Tell::story), [](World&) -> Coro<> {
        const Server web = co_await start_server(echo, "", 80);
        const Server other = co_await start_server(echo, "", 81);
    });
    EXPECT_EQ(outcome.story, "   0.000000  main      listens on port 80, listens on port 81, ends\n");
}

TEST(OnceStory, there_is_none_unless_it_is_asked_for) { EXPECT_EQ(run(calm(Tell::off), two_messages).story, ""); }

TEST(OnceStory, a_crash_and_a_new_start_are_told) {
    const Outcome outcome = run(calm(Tell::story), [](World& world) -> Coro<> {
        const Host kv = world.host("kv", echo_server);
        co_await hocket::sleep(1s);
        world.crash(kv);
        co_await hocket::sleep(1s);
        world.restart(kv);
        co_await hocket::sleep(1s);
    });
    EXPECT_TRUE(outcome.ok) << outcome.error;
    EXPECT_EQ(outcome.story,
              "   0.000000  kv        listens on port 80\n"
              "   1.000000  kv        crashes\n"
              "   2.000000  kv        starts again, listens on port 80\n"
              "   3.000000  main      ends\n");
}

TEST(OnceStory, the_same_seed_has_the_same_story) {
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        const std::string differs = check_determinism(Config::swarm(seed), [](World& world) -> Coro<> {
            const Host server = world.host("server", echo_server);
            co_await hocket::sleep(1s);
            for (int i = 0; i < 3; ++i) {
                try {
                    auto [reader, writer] = co_await open_connection(server.address().host(), 80);
                    const std::string message(1 + world.choose(50), 'x');
                    co_await writer.write(message);
                    co_await reader.readexactly(message.size());
                } catch (const OSError&) {
                    continue;
                } catch (const IncompleteReadError&) {
                    continue;
                }
            }
        });
        EXPECT_EQ(differs, "");
    }
}

TEST(OnceStory, two_runs_that_differ_are_told_by_the_lines_that_do) {
    int runs = 0;
    const std::string differs = check_determinism(Config::calm(3), [&runs](World& world) -> Coro<> {
        ++runs;
        world.note("begins");
        world.note("run " + std::to_string(runs));
        co_return;
    });
    EXPECT_EQ(differs,
              "the stories of two runs of seed 3 differ from line 3 on:\n"
              "   0.000000  main      * run 1\n"
              "   0.000000  main      * run 2");
    const std::string one_is_longer = check_determinism(Config::calm(3), [&runs](World& world) -> Coro<> {
        if (++runs == 4) world.fail("the second");
        co_return;
    });
    EXPECT_TRUE(
        one_is_longer.ends_with("   0.000000  main      ends\n   0.000000  -         the run fails: the second"))
        << one_is_longer;
}

TEST(OnceStory, a_note_is_of_the_program_that_says_it_also_while_another_waits) {
    const std::string story = run(calm(Tell::story), [](World& world) -> Coro<> {
                                  world.host("a", [&world]() -> Coro<> {
                                      return [](World& w) -> Coro<> {
                                          ThreadPoolExecutor pool;
                                          pool.submit([&w] { w.note("in a job of a"); }).result();
                                          w.note("in a");
                                          co_return;
                                      }(world);
                                  });
                                  world.host("b", [&world]() -> Coro<> {
                                      return [](World& w) -> Coro<> {
                                          co_await hocket::sleep(50us);
                                          w.note("in b");
                                      }(world);
                                  });
                                  co_await hocket::sleep(1s);
                              }).story;
    for (const char* const line : {"  b         * in b\n", "  a         * in a job of a\n", "  a         * in a\n"})
        EXPECT_NE(story.find(line), std::string::npos) << line << story;
}

TEST(OnceStory, a_server_that_lacks_descriptors_is_a_line_and_no_failure) {
    Config config = calm(Tell::story);
    config.network.descriptors = 3;
    const Outcome outcome = run(config, [](World& world) -> Coro<> {
        world.host("kv", echo_server);
        co_await hocket::sleep(1s);
        {
            auto first = co_await open_connection("kv", 80), second = co_await open_connection("kv", 80);
            auto third = co_await open_connection("kv", 80);
            co_await hocket::sleep(100ms);
            first.second.close();
            co_await third.second.write("hello");
            EXPECT_EQ(co_await third.first.readexactly(5), "hello");
        }
    });
    EXPECT_TRUE(outcome.ok) << outcome.error;
    EXPECT_NE(outcome.story.find("  kv        accepts nothing for a second\n"), std::string::npos) << outcome.story;
}

// ---- What does not go on

TEST(OnceDeadlock, two_locks_taken_in_two_orders_are_named) {
    Lock first, second;
    const auto takes = [](Lock& one, Lock& other) -> Coro<> {
        const auto guard = co_await one.scoped();
        co_await hocket::sleep(1ms);
        const auto second_guard = co_await other.scoped();
    };
    const Outcome outcome = run(Config::calm(), [&](World&) -> Coro<> {
        auto a = create_task(takes(first, second), {.name = "a"});
        auto b = create_task(takes(second, first), {.name = "b"});
        co_await a;
        co_await b;
    });
    EXPECT_FALSE(outcome.ok);
    EXPECT_TRUE(outcome.error.starts_with("deadlock: everybody waits, and nothing can wake one\nmain:\n"))
        << outcome.error;
    EXPECT_NE(outcome.error.find("Lock held by b"), std::string::npos) << outcome.error;
    EXPECT_NE(outcome.error.find("Lock held by a"), std::string::npos) << outcome.error;
}

// Sets its own timer again, as a library's upkeep does.
void keep_up() { get_running_loop().call_later(10s, keep_up); }

TEST(OnceDeadlock, upkeep_does_not_hide_one) {
    const Outcome outcome = run(Config::calm(), [](World&) -> Coro<> {
        keep_up();
        co_await get_running_loop().create_future<void>();
    });
    EXPECT_TRUE(outcome.error.starts_with("deadlock: for 12")) << outcome.error;
    EXPECT_NE(outcome.error.find("nothing has run but callbacks of timers, and no task\nmain:\n"), std::string::npos)
        << outcome.error;
}

TEST(OnceDeadlock, a_long_sleep_beside_upkeep_is_none) {
    const Outcome outcome = run(Config::calm(), [](World&) -> Coro<> {
        keep_up();
        co_await hocket::sleep(50min);
    });
    EXPECT_TRUE(outcome.ok) << outcome.error;
}

TEST(OnceDeadlock, a_program_that_is_never_idle_is_a_livelock) {
    const Outcome outcome = run(Config::calm(), [](World&) -> Coro<> {
        while (true) co_await hocket::sleep(0);
    });
    EXPECT_TRUE(outcome.error.starts_with("livelock: 1000000 steps in which nothing was waited for\nmain:\n"))
        << outcome.error;
}

// It has ten answers while a task of it is never idle.
Coro<> ten_answers(World& world) {
    world.host("kv", echo_server);
    co_await hocket::sleep(1s);
    const Task<> busy = create_task([]() -> Coro<> {
        while (true) co_await hocket::sleep(0);
    });
    auto [reader, writer] = co_await open_connection("kv", 80);
    for (int i = 0; i < 10; ++i) {
        co_await writer.write("hello");
        co_await reader.readexactly(5);
    }
    busy.cancel();
}

TEST(OnceDeadlock, one_to_which_packets_come_is_none) {
    Config config = Config::calm();
    config.max_spins = 20'000;  // 2 ms; an answer takes half of that
    const Outcome outcome = run(config, ten_answers);
    EXPECT_TRUE(outcome.ok) << outcome.error;
    EXPECT_GT(outcome.steps, 100'000U);
    config.max_spins = 1000;
    EXPECT_TRUE(run(config, ten_answers).error.starts_with("livelock: 1000 steps in which nothing was waited for"));
}

TEST(OnceDeadlock, too_many_steps_are_a_livelock) {
    Config config = Config::calm();
    config.max_steps = 1000;
    const Outcome outcome = run(config, [](World&) -> Coro<> {
        while (true) co_await hocket::sleep(1us);
    });
    EXPECT_TRUE(outcome.error.starts_with("livelock: 1000 steps, and no end\n")) << outcome.error;
}

TEST(OnceStory, two_runs_that_send_other_bytes_differ) {
    int runs = 0;
    const auto talks = [&runs](World& world) -> Coro<> {
        world.host("server", []() -> Coro<> {
            const Server server = co_await start_server(
                [](StreamReader reader, StreamWriter) -> Coro<> { co_await reader.readline(); }, "", 80);
            co_await server.serve_forever();
        });
        co_await hocket::sleep(1s);
        auto [reader, writer] = co_await open_connection("server", 80);
        co_await writer.write(std::to_string(++runs) + " is sent\n");
        co_await reader.read();
    };
    EXPECT_EQ(check_determinism(Config::calm(3), talks),
              "two runs of seed 3 differ in their choices, or in what they send");
}

}  // namespace
}  // namespace hocket::sim
