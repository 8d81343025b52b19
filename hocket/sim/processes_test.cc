// SPDX-License-Identifier: MIT
// Child processes of simulated programs, played by coroutines.
#include <hocket/core/sleep.h>
#include <hocket/flow/wait_for.h>
#include <hocket/os/file.h>
#include <hocket/os/file_system.h>
#include <hocket/process/create_subprocess.h>
#include <hocket/sim/cancel_everywhere.h>
#include <hocket/sim/child_process.h>
#include <hocket/sim/run_in_world_test.h>

#include <gmock/gmock.h>

#include <chrono>
#include <csignal>
#include <string>
#include <string_view>
#include <utility>

namespace hocket::sim {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using testing::run_calmly;

constexpr auto pipe = subprocess::PIPE;

Coro<int> greets(ChildProcess self) {
    co_await self.stdout.write("hello " + self.args.at(1) + "\n");
    co_await self.stderr.write("warning\n");
    co_return 3;
}

Coro<int> cat(ChildProcess self) {
    while (true) {
        const std::string piece = co_await self.stdin.read(1000);
        if (piece.empty()) co_return 0;
        co_await self.stdout.write(piece);
    }
}

Coro<int> sleeps(ChildProcess) {
    co_await hocket::sleep(24h);
    co_return 0;
}

Coro<Process> start(std::string name) { return create_subprocess_exec(std::move(name), {}, {.stdout = pipe}); }

TEST(OnceSimProcesses, its_output_and_its_exit_status_reach_its_parent) {
    run_calmly([](World& world) -> Coro<> {
        world.program("greets", greets);
        const Process process = co_await create_subprocess_exec("greets", {"you"}, {.stdout = pipe, .stderr = pipe});
        const auto [out, err] = co_await process.communicate();
        EXPECT_EQ(out, "hello you\n");
        EXPECT_EQ(err, "warning\n");
        EXPECT_EQ(process.returncode(), 3);
        EXPECT_GT(process.pid(), 5'000'000);
    });
}

TEST(OnceSimProcesses, it_reads_what_it_is_written_also_more_than_a_pipe_holds) {
    run_calmly([](World& world) -> Coro<> {
        world.program("cat", cat);
        const Process process = co_await create_subprocess_exec("/bin/cat", {}, {.stdin = pipe, .stdout = pipe});
        const std::string text(300'000, 'x');
        const auto [out, err] = co_await process.communicate(text);
        EXPECT_EQ(out, text);
        EXPECT_EQ(co_await process.wait(), 0);
    });
}

TEST(OnceSimProcesses, it_knows_how_it_was_started) {
    run_calmly([](World& world) -> Coro<> {
        std::vector<std::string> args;
        world.program("sh", [&](ChildProcess self) -> Coro<int> {
            args = self.args;
            EXPECT_EQ(self.env.get("LANG"), "C");
            EXPECT_EQ(self.env.entries().size(), 1U);
            EXPECT_EQ(self.cwd, "/tmp");
            EXPECT_EQ(self.host.name(), "main");
            co_return 0;
        });
        const Process process =
            co_await create_subprocess_shell("git log", {.cwd = "/tmp", .env = subprocess::Environment{{"LANG", "C"}}});
        EXPECT_EQ(co_await process.wait(), 0);
        EXPECT_THAT(args, ElementsAre("/bin/sh", "-c", "git log"));
    });
}

TEST(OnceSimProcesses, a_program_that_nobody_plays_is_refused) {
    run_calmly([](World& world) -> Coro<> {
        EXPECT_EQ(co_await testing::error_of(start("git")),
                  "simulated host main: no program \"git\": give it one with World::program");
        world.program("git", {});
        EXPECT_EQ(co_await testing::error_of(start("git")), "start process git: No such file or directory");
        world.program("git", greets);
        EXPECT_EQ(co_await testing::error_of(create_subprocess_exec("git", {}, {.cwd = "/none"})),
                  "start process git in /none: No such file or directory");
        EXPECT_EQ(co_await testing::error_of(create_subprocess_exec("git", {}, {.stdout = 7})),
                  "start process git: Bad file descriptor");
        EXPECT_EQ(co_await testing::error_of(create_subprocess_exec("git", {}, {.pass_fds = {7}})),
                  "start process git with descriptor 7: Operation not supported");
        EXPECT_THROW(world.program("/bin/git", greets), ValueError);
    });
}

TEST(OnceSimProcesses, a_signal_ends_it) {
    run_calmly([](World& world) -> Coro<> {
        world.program("sleeps", sleeps);
        for (const int number : {SIGTERM, SIGKILL, SIGINT}) {
            const Process process = co_await start("sleeps");
            EXPECT_THROW(co_await wait_for(process.wait(), 1s), TimeoutError);
            process.send_signal(number);
            EXPECT_EQ(co_await process.wait(), -number);
            EXPECT_EQ(co_await process.stdout().read(), "");
            EXPECT_THROW(process.kill(), OSError);
        }
        const Process process = co_await start("sleeps");
        process.kill();  // before it has begun
        EXPECT_EQ(co_await process.wait(), -SIGKILL);
    });
}

TEST(OnceSimProcesses, others_do_not) {
    run_calmly([](World& world) -> Coro<> {
        world.program("sleeps", sleeps);
        const Process process = co_await start("sleeps");
        for (const int number : {0, SIGCHLD, SIGCONT}) process.send_signal(number);
        EXPECT_THROW(process.send_signal(65), OSError);
        EXPECT_THROW(process.send_signal(SIGSTOP), OSError);
        EXPECT_THROW(co_await wait_for(process.wait(), 1s), TimeoutError);
        process.close();
        EXPECT_EQ(co_await process.wait(), -SIGKILL);
    });
}

TEST(OnceSimProcesses, it_may_deal_with_a_signal_but_not_with_SIGKILL) {
    run_calmly([](World& world) -> Coro<> {
        world.program("careful", [](ChildProcess self) -> Coro<int> {
            try {
                co_await hocket::sleep(1h);
            } catch (const CancelledError&) {
                self.stdout.write_nowait("saved\n");
            }
            co_return 7;
        });
        const Process first = co_await start("careful");
        co_await hocket::sleep(1s);
        first.terminate();
        EXPECT_EQ(co_await first.stdout().read(), "saved\n");
        EXPECT_EQ(co_await first.wait(), 7);
        const Process second = co_await start("careful");
        co_await hocket::sleep(1s);
        second.terminate();
        second.kill();
        EXPECT_EQ(co_await second.wait(), -SIGKILL);
    });
}

TEST(OnceSimProcesses, one_that_does_not_read_its_input_is_no_error) {
    run_calmly([](World& world) -> Coro<> {
        world.program("deaf", [](ChildProcess) -> Coro<int> { co_return 0; });
        const Process process = co_await create_subprocess_exec("deaf", {}, {.stdin = pipe});
        co_await process.communicate(std::string(300'000, 'x'));
        EXPECT_EQ(process.returncode(), 0);
    });
}

TEST(OnceSimProcesses, writing_where_nobody_reads_ends_it) {
    run_calmly([](World& world) -> Coro<> {
        world.program("yes", [](ChildProcess self) -> Coro<int> {
            while (true) co_await self.stdout.write("y\n");
        });
        const Process process = co_await start("yes");
        EXPECT_EQ(co_await process.stdout().readline(), "y\n");
        co_await hocket::sleep(1s);  // until the pipe is full
        process.stdout().transport()->close();
        EXPECT_EQ(co_await process.wait(), -SIGPIPE);
    });
}

TEST(OnceSimProcesses, what_is_no_pipe_is_the_null_device_or_what_was_given) {
    run_calmly([](World& world) -> Coro<> {
        world.program("greets", greets);
        world.program("cat", cat);
        const Process null = co_await create_subprocess_exec("cat");
        EXPECT_EQ(co_await null.wait(), 0);
        const Process both =
            co_await create_subprocess_exec("greets", {"you"}, {.stdout = pipe, .stderr = subprocess::STDOUT});
        EXPECT_EQ((co_await both.communicate()).first, "hello you\nwarning\n");
        {
            const fs::File log = co_await fs::open("/log", "w");
            const Process process = co_await create_subprocess_exec("greets", {"you"}, {.stdout = log.fileno()});
            EXPECT_EQ(co_await process.wait(), 3);
        }
        EXPECT_EQ(world.main().files().read("/log"), "hello you\n");
    });
}

TEST(OnceSimProcesses, what_cannot_be_written_at_its_end_makes_its_status_1) {
    Config config = Config::calm();
    config.disk.enospc = 1;
    const Outcome outcome = run(config, [](World& world) -> Coro<> {
        world.program("hasty", [](ChildProcess self) -> Coro<int> {
            self.stdout.write_nowait("text");
            co_return 0;
        });
        world.main().files().write("/log", "");
        const fs::File log = co_await fs::open("/log", "r+");
        const Process process = co_await create_subprocess_exec("hasty", {}, {.stdout = log.fileno()});
        EXPECT_EQ(co_await process.wait(), 1);
    });
    EXPECT_TRUE(outcome.ok) << outcome.error;
}

TEST(OnceSimProcesses, what_it_throws_fails_the_run) {
    const Outcome outcome = run(Config::calm(), [](World& world) -> Coro<> {
        world.program("git", [](ChildProcess) -> Coro<int> {
            throw ValueError("no");
            co_return 0;
        });
        const Process process = co_await start("git");
        co_await process.wait();
    });
    EXPECT_EQ(outcome.error, "main: git: hocket::ValueError: no");
}

// Ends only with its host.
Coro<> parent(int& ended) {
    const Process process = co_await start("sleeps");
    co_await process.wait();
    ++ended;
}

TEST(OnceSimProcesses, it_goes_with_its_host) {
    run_calmly([](World& world) -> Coro<> {
        int begun = 0, left = 0, ended = 0;
        world.program("sleeps", [&](ChildProcess self) -> Coro<int> {
            struct Counts {
                int& count;
                ~Counts() { ++count; }
            };
            ++begun;
            const Counts counts{left};
            co_return co_await sleeps(std::move(self));
        });
        const Host a = world.host("a", [&] { return parent(ended); });
        co_await hocket::sleep(1s);
        world.crash(a);
        world.restart(a);
        co_await hocket::sleep(1s);
        world.kill(a);
        world.restart(a);
        co_await hocket::sleep(1s);
        world.signal(a, SIGINT);
        co_await hocket::sleep(1s);
        EXPECT_FALSE(a.running());
        EXPECT_EQ(begun, 3);
        EXPECT_EQ(left, 3);
        EXPECT_EQ(ended, 0);
    });
}

TEST(OnceSimProcesses, one_that_is_left_ends_with_its_parent) {
    bool cancelled = false;
    run_calmly([&](World& world) -> Coro<> {
        world.program("sleeps", [&](ChildProcess self) -> Coro<int> {
            return [](ChildProcess given, bool& mark) -> Coro<int> {
                try {
                    co_return co_await sleeps(std::move(given));
                } catch (const CancelledError&) {
                    mark = true;
                    throw;
                }
            }(std::move(self), cancelled);
        });
        co_await start("sleeps");
        co_await hocket::sleep(1s);
    });
    EXPECT_TRUE(cancelled);
}

TEST(OnceSimProcesses, a_story_tells_of_it) {
    Config config = Config::calm();
    config.tell = Tell::story;
    const std::string story = run(config, [](World& world) -> Coro<> {
                                  world.program("greets", greets);
                                  const Process process = co_await create_subprocess_exec("greets", {"you"});
                                  co_await process.wait();
                              }).story;
    EXPECT_THAT(story, ::testing::HasSubstr("  main      starts greets, greets ends with status 3"));
}

// ---- With faults

Coro<> conversation(World& world) {
    world.program("cat", cat);
    world.program("sleeps", sleeps);
    const std::string text(1 + world.choose(20'000), 'x');
    for (int i = 0; i < 3; ++i) {
        try {
            const Process process = co_await create_subprocess_exec("cat", {}, {.stdin = pipe, .stdout = pipe});
            const auto [out, err] = co_await process.communicate(text);
            EXPECT_EQ(out, text);
            EXPECT_EQ(process.returncode(), 0);
            const Process sleeper = co_await start("sleeps");
            co_await hocket::sleep(std::chrono::microseconds(world.choose(1000)));
            sleeper.kill();
            EXPECT_EQ(co_await sleeper.wait(), -SIGKILL);
        } catch (const OSError& e) {
            EXPECT_EQ(e.error_number(), EMFILE) << e.what();
        }
    }
}

TEST(OnceSimProcesses, in_any_weather_it_gets_all_and_gives_all) {
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        const Outcome outcome = run(Config::swarm(seed), conversation);
        ASSERT_TRUE(outcome.ok) << "seed " << seed << ": " << outcome.error;
    }
    EXPECT_EQ(check_determinism(Config::swarm(7), conversation), "");
}

TEST(OnceSimProcesses, nothing_is_left_wherever_its_parent_is_cancelled) {
    const auto body = [](World& world) -> Coro<> {
        world.program("cat", cat);
        const Process process = co_await create_subprocess_exec("cat", {}, {.stdin = pipe, .stdout = pipe});
        co_await process.stdin().write("text\n");
        EXPECT_EQ(co_await process.stdout().readline(), "text\n");
        process.stdin().close();
        EXPECT_EQ(co_await process.wait(), 0);
    };
    const CancelReport report = cancel_everywhere(body);
    EXPECT_TRUE(report.ok) << report.error;
    EXPECT_GE(report.points, 2U);
}

TEST(OnceSimProcesses, a_cancelled_parent_that_leaves_its_child_alive_is_found) {
    const CancelReport report = cancel_everywhere([](World& world) -> Coro<> {
        world.program("sleeps", sleeps);
        const Process process = co_await start("sleeps");
        co_await hocket::sleep(1s);
        process.kill();
        co_await process.wait();
    });
    EXPECT_FALSE(report.ok);
    EXPECT_THAT(report.error, ::testing::HasSubstr("process sleeps"));
}

}  // namespace
}  // namespace hocket::sim
