// SPDX-License-Identifier: MIT
// The end of a child process: waiting for it, signals, closing, and who takes care of one that nobody has.
#include <hocket/core/await_graph.h>
#include <hocket/process/process_test.h>

#include <fcntl.h>
#include <csignal>
#include <thread>

namespace hocket {
namespace {

using namespace std::chrono_literals;
using subprocess::PIPE;
using testing::a_while;
using testing::ending_of;
using testing::has_children;
using testing::run_processes;
using testing::start_sleeper;

// ---- waiting

// 83
TEST(RealProcess, any_number_of_tasks_wait_for_it) {
    run_processes([]() -> Coro<> {
        const Process process = co_await create_subprocess_shell("read line; exit 5", {.stdin = PIPE});
        std::vector<Task<int>> waiting;
        for (int i = 0; i < 10; ++i) waiting.push_back(create_task(process.wait()));
        co_await a_while();
        EXPECT_EQ(process.returncode(), std::nullopt);
        co_await process.stdin().write("\n");
        for (const Task<int>& task : waiting) EXPECT_EQ(co_await task, 5);
        EXPECT_EQ(process.returncode(), 5);
    }());
}

// 83
TEST(RealProcess, a_wait_for_one_that_has_ended_does_not_suspend) {
    run_processes([]() -> Coro<> {
        const Process process = co_await create_subprocess_exec("true");
        EXPECT_EQ(co_await process.wait(), 0);
        const testing::TurnWatch turn;
        EXPECT_EQ(co_await process.wait(), 0);
        EXPECT_FALSE(turn.passed());
        const std::vector<int> again = co_await gather([](const Process& p) {
            std::vector<Coro<int>> waits;
            for (int i = 0; i < 10; ++i) waits.push_back(p.wait());
            return waits;
        }(process));
        EXPECT_EQ(again, std::vector<int>(10, 0));
    }());
}

TEST(RealProcess, who_waits_for_it_or_for_its_output_says_so) {
    run_processes([]() -> Coro<> {
        const Process process = co_await create_subprocess_exec("cat", {}, {.stdin = PIPE, .stdout = PIPE});
        const std::string name = "process " + std::to_string(process.pid()) + " (cat)";
        const Task<int> waiting = create_task(process.wait());
        const Task<std::string> reading = create_task(process.stdout().read());
        co_await a_while();
        EXPECT_EQ(capture_call_graph(waiting).state, "waits for the end of " + name);
        const std::string descriptor = std::to_string(process.stdout().transport()->fileno());
        EXPECT_EQ(capture_call_graph(reading).state,
                  "waits for read from descriptor " + descriptor + ", pipe, the stdout of " + name);
        process.stdin().close();
        EXPECT_EQ(co_await reading, "");
        EXPECT_EQ(co_await waiting, 0);
    }());
}

TEST(RealProcess, a_cancelled_wait_leaves_it_alone) {
    run_processes([]() -> Coro<> {
        const Process process = co_await start_sleeper();
        const Task<int> waiting = create_task(process.wait()), other = create_task(process.wait());
        get_running_loop().call_soon([waiting] { waiting.cancel(); });
        EXPECT_EQ(co_await ending_of(waiting), "hocket::CancelledError");
        waiting.cancel();
        co_await a_while();
        EXPECT_EQ(process.returncode(), std::nullopt);
        process.kill();
        EXPECT_EQ(co_await other, -SIGKILL);
        EXPECT_EQ(co_await process.wait(), -SIGKILL);
    }());
}

TEST(RealProcess, it_has_ended_though_a_child_of_its_own_holds_its_output) {
    run_processes([]() -> Coro<> {
        const Process process = co_await create_subprocess_shell("sleep 1000 & echo $!; wait", {.stdout = PIPE});
        const int grandchild = std::stoi(co_await process.stdout().readline());
        process.kill();
        EXPECT_EQ(co_await process.wait(), -SIGKILL);
        ::kill(grandchild, SIGKILL);
        EXPECT_EQ(co_await process.stdout().read(), "");
    }());
}

TEST(RealProcess, its_output_can_be_read_after_its_end) {
    run_processes([]() -> Coro<> {
        const Process process = co_await create_subprocess_shell("head -c 50000 /dev/zero; exit 1", {.stdout = PIPE});
        EXPECT_EQ(co_await process.wait(), 1);
        std::size_t size = 0;
        for (;;) {
            const std::string some = co_await process.stdout().read(4096);
            if (some.empty()) break;
            size += some.size();
            co_await testing::turns(1);
        }
        EXPECT_EQ(size, 50'000U);
    }());
}

TEST(RealProcess, one_that_somebody_else_waited_for_has_an_unknown_status) {
    testing::Reports reports;
    run_processes([]() -> Coro<> {
        const Process process = co_await create_subprocess_shell("read line", {.stdin = PIPE});
        // From here until it was waited for, the loop does not look.
        EXPECT_EQ(::kill(process.pid(), SIGKILL), 0);
        EXPECT_EQ(waitpid(process.pid(), nullptr, 0), process.pid());
        EXPECT_EQ(co_await process.wait(), 255);
    }());
    const std::string told = reports.taken();
    EXPECT_NE(told.find("(/bin/sh) was waited for by somebody else"), std::string::npos) << told;
}

// ---- signals

TEST(RealProcess, a_signal_that_ends_it_is_its_negative_returncode) {
    run_processes([]() -> Coro<> {
        const Process killed = co_await start_sleeper(), terminated = co_await start_sleeper(),
                      hung_up = co_await start_sleeper();
        killed.kill();
        terminated.terminate();
        hung_up.send_signal(SIGHUP);
        EXPECT_EQ(co_await killed.wait(), -SIGKILL);
        EXPECT_EQ(co_await terminated.wait(), -SIGTERM);
        EXPECT_EQ(co_await hung_up.wait(), -SIGHUP);
    }());
}

TEST(RealProcess, a_signal_to_one_whose_end_is_known_is_an_error) {
    run_processes([]() -> Coro<> {
        const Process process = co_await create_subprocess_shell("exit 6");
        EXPECT_EQ(co_await process.wait(), 6);
        const std::string to = " to process " + std::to_string(process.pid()) + " (/bin/sh): No such process";
        EXPECT_EQ(testing::thrown_by([&] { process.send_signal(SIGHUP); }), "hocket::OSError: send signal 1" + to);
        EXPECT_EQ(testing::thrown_by([&] { process.terminate(); }), "hocket::OSError: send signal 15" + to);
        EXPECT_EQ(testing::thrown_by([&] { process.kill(); }), "hocket::OSError: send signal 9" + to);
        process.close();
        EXPECT_EQ(process.returncode(), 6);
    }());
}

TEST(RealProcess, a_signal_that_comes_just_after_its_end_changes_nothing) {
    run_processes([]() -> Coro<> {
        for (int i = 0; i < 10; ++i) {
            const Process process = co_await create_subprocess_exec("true");
            siginfo_t info{};
            EXPECT_EQ(waitid(P_PID, static_cast<id_t>(process.pid()), &info, WEXITED | WNOWAIT), 0);
            process.send_signal(SIGUSR1);
            EXPECT_EQ(co_await process.wait(), 0);
        }
    }());
}

TEST(RealProcess, a_signal_that_there_is_not_is_an_error) {
    run_processes([]() -> Coro<> {
        const Process process = co_await start_sleeper();
        EXPECT_EQ(testing::thrown_by([&] { process.send_signal(4711); }),
                  "hocket::OSError: send signal 4711 to process " + std::to_string(process.pid()) +
                      " (sleep): Invalid argument");
        process.kill();
        co_await process.wait();
    }());
}

TEST(RealProcess, one_that_catches_a_signal_goes_on) {
    run_processes([]() -> Coro<> {
        const Process process = co_await create_subprocess_shell(
            "trap 'echo caught' USR1; echo ready; read line; read line; exit 2", {.stdin = PIPE, .stdout = PIPE});
        EXPECT_EQ(co_await process.stdout().readline(), "ready\n");
        process.send_signal(SIGUSR1);
        EXPECT_EQ(co_await process.stdout().readline(), "caught\n");
        process.stdin().close();
        EXPECT_EQ(co_await process.wait(), 2);
    }());
}

// ---- closing

// 82
TEST(RealProcess, close_kills_one_that_runs) {
    run_processes([]() -> Coro<> {
        const Process process = co_await create_subprocess_exec("cat", {}, {.stdin = PIPE, .stdout = PIPE});
        co_await process.stdin().write("data");
        EXPECT_EQ(co_await process.stdout().readexactly(4), "data");
        const StreamReader reader = process.stdout();
        EXPECT_EQ(process.returncode(), std::nullopt);
        process.close();
        process.close();
        EXPECT_TRUE(process.stdin().is_closing());
        EXPECT_EQ(co_await process.wait(), -SIGKILL);
        EXPECT_EQ(co_await reader.read(), "");
    }());
}

TEST(RealProcess, close_does_not_kill_one_that_has_ended) {
    run_processes([]() -> Coro<> {
        const Process process = co_await create_subprocess_shell("exit 7");
        siginfo_t info{};
        EXPECT_EQ(waitid(P_PID, static_cast<id_t>(process.pid()), &info, WEXITED | WNOWAIT), 0);
        EXPECT_EQ(process.returncode(), std::nullopt);  // the loop has not seen it yet
        process.close();
        EXPECT_EQ(process.returncode(), 7);
        EXPECT_EQ(co_await process.wait(), 7);
    }());
}

TEST(RealProcess, a_reader_that_is_closed_breaks_its_output) {
    run_processes([]() -> Coro<> {
        const Process process = co_await create_subprocess_shell(
            "trap '' PIPE; read line; echo OUT:$line; read line; echo more || echo broken >&2; exit 0",
            {.stdin = PIPE, .stdout = PIPE, .stderr = PIPE});
        co_await process.stdin().write("test\n");
        EXPECT_EQ(co_await process.stdout().readline(), "OUT:test\n");
        process.stdout().transport()->close();
        co_await process.stdout().transport()->wait_closed();
        co_await process.stdin().write("xxx\n");
        const std::string error = co_await process.stderr().read();
        EXPECT_TRUE(error.ends_with("broken\n")) << error;
        EXPECT_EQ(co_await process.wait(), 0);
    }());
}

// ---- one that nobody has

Coro<int> start_and_forget(int gate, int answer) {
    SubprocessOptions options;
    options.pass_fds = {gate, answer};
    const Process process = co_await create_subprocess_shell(
        "read line </dev/fd/" + std::to_string(gate) + "; echo done >/dev/fd/" + std::to_string(answer),
        std::move(options));
    co_return process.pid();
}

TEST(RealProcess, one_without_a_handle_goes_on_and_is_waited_for) {
    run_processes([]() -> Coro<> {
        int gate[2], answer[2];
        EXPECT_EQ(pipe2(gate, O_CLOEXEC), 0);
        EXPECT_EQ(pipe2(answer, O_CLOEXEC), 0);
        co_await start_and_forget(gate[0], answer[1]);
        close(gate[0]);
        close(answer[1]);
        co_await a_while();
        EXPECT_TRUE(has_children());
        const StreamReader reader = co_await connect_read_pipe(answer[0]);
        EXPECT_EQ(::write(gate[1], "\n", 1), 1);
        close(gate[1]);
        EXPECT_EQ(co_await reader.read(), "done\n");
        co_await testing::until([] { return !has_children(); });
    }());
}

TEST(RealProcess, the_streams_of_one_without_a_handle_are_closed) {
    run_processes([]() -> Coro<> {
        co_await create_subprocess_exec("cat", {}, {.stdin = PIPE, .stdout = PIPE});
        co_await testing::until([] { return !has_children(); });  // it has read the end of its input
    }());
}

TEST(RealProcess, the_end_of_the_loop_kills_the_children) {
    std::optional<Process> process;
    run_processes([](std::optional<Process>& p) -> Coro<> { p = co_await start_sleeper({.stdin = PIPE}); }(process));
    EXPECT_EQ(process->returncode(), -SIGKILL);
    EXPECT_EQ(::kill(process->pid(), 0), -1);
    EXPECT_EQ(errno, ESRCH);
}

TEST(RealProcess, a_task_that_waits_when_the_loop_ends_is_cancelled) {
    run_processes([]() -> Coro<> {
        const Process process = co_await start_sleeper();
        static_cast<void>(create_task(process.wait()));
        static_cast<void>(create_task(process.communicate()));
        co_await testing::turns(2);
    }());
}

TEST(RealProcess, a_forked_copy_of_the_loop_kills_nobody) {
    run_processes([]() -> Coro<> {
        const Process process = co_await start_sleeper();
        const pid_t forked = fork();
        if (forked == 0) {
            alarm(20);
            set_report_sink([](std::string_view) {});
            process.close();  // this is no child of the copy
            _exit(process.returncode() == 255 ? 0 : 1);
        }
        int status = 0;
        EXPECT_EQ(waitpid(forked, &status, 0), forked);
        EXPECT_EQ(status, 0);
        co_await a_while();
        EXPECT_EQ(process.returncode(), std::nullopt);
        process.kill();
        EXPECT_EQ(co_await process.wait(), -SIGKILL);
    }());
}

TEST(RealProcess, in_debug_mode_a_wrong_thread_is_refused) {
    run_processes([]() -> Coro<> {
        const Process process = co_await start_sleeper();
        get_running_loop().set_debug(true);
        std::thread([&process] {
            const auto refused = [](const char* call) {
                return "hocket::RuntimeError: Process::" + std::string(call) +
                       " was called from another thread than the loop's: use call_soon_threadsafe";
            };
            EXPECT_EQ(testing::thrown_by([&] { process.kill(); }), refused("send_signal"));
            EXPECT_EQ(testing::thrown_by([&] { process.close(); }), refused("close"));
        }).join();
        process.kill();
        co_await process.wait();
    }());
}

TEST(RealProcess, cannot_be_waited_for_in_another_loop) {
    run_processes([]() -> Coro<> {
        const Process process = co_await start_sleeper();
        std::thread([&] {
            run([](const Process& p) -> Coro<> {
                const std::string error = "hocket::RuntimeError: process " + std::to_string(p.pid()) +
                                          " (sleep) belongs to a different event loop";
                EXPECT_EQ(co_await ending_of(p.wait()), error);
                EXPECT_EQ(co_await ending_of(p.communicate()), error);
                EXPECT_EQ(testing::thrown_by([&] { p.kill(); }), error);
                EXPECT_EQ(testing::thrown_by([&] { p.close(); }), error);
            }(process));
        }).join();
        process.kill();
        co_await process.wait();
    }());
}

}  // namespace
}  // namespace hocket
