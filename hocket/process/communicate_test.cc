// SPDX-License-Identifier: MIT
// A conversation with a child process: input and outputs at once, children that do not listen, cancels.
#include <hocket/process/process_test.h>

#include <hocket/flow/wait_for.h>

#include <fcntl.h>
#include <csignal>

namespace hocket {
namespace {

using namespace std::chrono_literals;
using subprocess::PIPE;
using testing::a_while;
using testing::ending_of;
using testing::much;
using testing::pattern;
using testing::run_processes;

TEST(RealCommunicate, it_writes_the_input_and_reads_both_outputs) {
    run_processes([]() -> Coro<> {
        const Process process = co_await create_subprocess_shell("cat; echo errors >&2; exit 3",
                                                                 {.stdin = PIPE, .stdout = PIPE, .stderr = PIPE});
        auto [out, err] = co_await process.communicate("some data");
        EXPECT_EQ(out, "some data");
        EXPECT_EQ(err, "errors\n");
        EXPECT_EQ(process.returncode(), 3);
    }());
}

TEST(RealCommunicate, more_than_pipes_hold_goes_through) {
    run_processes([]() -> Coro<> {
        const Process process =
            co_await create_subprocess_exec("tee", {"/dev/stderr"}, {.stdin = PIPE, .stdout = PIPE, .stderr = PIPE});
        const std::string data = pattern(much);
        auto [out, err] = co_await process.communicate(data);
        EXPECT_TRUE(out == data);
        EXPECT_TRUE(err == data);
        EXPECT_EQ(process.returncode(), 0);
    }());
}

TEST(RealCommunicate, without_input_the_child_reads_an_end) {
    run_processes([]() -> Coro<> {
        const Process process = co_await create_subprocess_exec("wc", {"-c"}, {.stdin = PIPE, .stdout = PIPE});
        auto [out, err] = co_await process.communicate();
        EXPECT_EQ(out, "0\n");
        EXPECT_EQ(process.returncode(), 0);
        const Process other = co_await create_subprocess_exec("wc", {"-c"}, {.stdin = PIPE, .stdout = PIPE});
        auto [other_out, other_err] = co_await other.communicate("");
        EXPECT_EQ(other_out, "0\n");
    }());
}

TEST(RealCommunicate, an_output_may_be_longer_than_the_limit_of_its_reader) {
    run_processes([]() -> Coro<> {
        const Process process =
            co_await create_subprocess_shell("printf %021d 7", {.stdin = PIPE, .stdout = PIPE, .limit = 10});
        auto [out, err] = co_await process.communicate();
        EXPECT_EQ(out, "000000000000000000007");
    }());
}

// 82
TEST(RealCommunicate, a_child_that_does_not_listen_is_no_error) {
    run_processes([]() -> Coro<> {
        const Process process = co_await create_subprocess_exec("true", {}, {.stdin = PIPE});
        co_await process.communicate(pattern(much));
        EXPECT_EQ(co_await process.wait(), 0);
        const Process gone = co_await create_subprocess_exec("true", {}, {.stdin = PIPE, .stdout = PIPE});
        EXPECT_EQ(co_await gone.wait(), 0);
        co_await a_while();
        auto [out, err] = co_await gone.communicate("nobody reads this");
        EXPECT_EQ(out, "");
    }());
}

TEST(RealCommunicate, a_write_to_a_child_that_has_ended_is_an_error_of_its_own) {
    run_processes([]() -> Coro<> {
        int gate[2];
        EXPECT_EQ(pipe2(gate, O_CLOEXEC), 0);
        SubprocessOptions options{.stdin = PIPE};
        options.pass_fds = {gate[0]};
        const Process process =
            co_await create_subprocess_shell("read line </dev/fd/" + std::to_string(gate[0]), options);
        close(gate[0]);
        process.stdin().write_nowait(pattern(much));
        const Task<> draining = create_task(process.stdin().drain());
        co_await a_while();
        EXPECT_FALSE(draining.done());
        EXPECT_EQ(::write(gate[1], "\n", 1), 1);
        close(gate[1]);
        EXPECT_EQ(co_await ending_of(draining), "hocket::OSError: write to the stdin of process " +
                                                    std::to_string(process.pid()) + " (/bin/sh): Broken pipe");
        EXPECT_EQ(co_await process.wait(), 0);
    }());
}

TEST(RealCommunicate, input_without_a_pipe_is_refused) {
    run_processes([]() -> Coro<> {
        const Process process = co_await create_subprocess_exec("true");
        EXPECT_EQ(co_await ending_of(process.communicate("lost")), "hocket::ValueError: communicate: process " +
                                                                       std::to_string(process.pid()) +
                                                                       " (true) has no pipe for its input");
        auto [out, err] = co_await process.communicate();
        EXPECT_EQ(out + err, "");
        EXPECT_EQ(process.returncode(), 0);
    }());
}

TEST(RealCommunicate, it_goes_on_from_where_others_have_read_and_written) {
    run_processes([]() -> Coro<> {
        const Process process = co_await create_subprocess_exec("cat", {}, {.stdin = PIPE, .stdout = PIPE});
        co_await process.stdin().write("first\nsecond\n");
        EXPECT_EQ(co_await process.stdout().readline(), "first\n");
        process.stdin().close();
        auto [out, err] = co_await process.communicate();
        EXPECT_EQ(out, "second\n");
    }());
}

TEST(RealCommunicate, a_cancel_loses_neither_input_nor_output) {
    run_processes([]() -> Coro<> {
        int gate[2];
        EXPECT_EQ(pipe2(gate, O_CLOEXEC), 0);
        SubprocessOptions options{.stdin = PIPE, .stdout = PIPE};
        options.pass_fds = {gate[0]};
        const Process process = co_await create_subprocess_shell(
            "echo begun; read line </dev/fd/" + std::to_string(gate[0]) + "; cat", options);
        close(gate[0]);
        const std::string data = pattern(much);
        EXPECT_EQ(co_await ending_of(wait_for(process.communicate(data), 20ms)), "hocket::TimeoutError: timed out");
        EXPECT_EQ(process.returncode(), std::nullopt);
        EXPECT_EQ(::write(gate[1], "\n", 1), 1);
        close(gate[1]);
        auto [out, err] = co_await process.communicate();
        EXPECT_TRUE(out == "begun\n" + data);
        EXPECT_EQ(process.returncode(), 0);
    }());
}

TEST(RealCommunicate, what_it_has_said_is_not_lost_when_the_wait_for_its_end_is_cancelled) {
    run_processes([]() -> Coro<> {
        int gate[2];
        EXPECT_EQ(pipe2(gate, O_CLOEXEC), 0);
        SubprocessOptions options{.stdout = PIPE};
        options.pass_fds = {gate[0]};
        const Process process = co_await create_subprocess_shell(
            "echo said; exec >&-; read line </dev/fd/" + std::to_string(gate[0]), options);
        close(gate[0]);
        const Task<std::pair<std::string, std::string>> talking = create_task(process.communicate());
        co_await testing::until([&] { return process.stdout().transport()->eof(); });
        co_await testing::turns(10);
        EXPECT_FALSE(talking.done());
        talking.cancel();
        EXPECT_EQ(co_await ending_of(talking), "hocket::CancelledError");
        EXPECT_EQ(::write(gate[1], "\n", 1), 1);
        close(gate[1]);
        auto [out, err] = co_await process.communicate();
        EXPECT_EQ(out, "said\n");
    }());
}

TEST(RealCommunicate, a_cancel_at_any_moment_leaves_nothing_behind) {
    run_processes([]() -> Coro<> {
        for (int turns = 0; turns < 12; ++turns) {
            const Process process = co_await create_subprocess_exec("cat", {}, {.stdin = PIPE, .stdout = PIPE});
            const Task<std::pair<std::string, std::string>> talking =
                create_task(process.communicate(pattern(100'000)));
            co_await testing::turns(turns);
            talking.cancel();
            co_await ending_of(talking);
            process.close();
            co_await process.wait();
        }
    }());
}

}  // namespace
}  // namespace hocket
