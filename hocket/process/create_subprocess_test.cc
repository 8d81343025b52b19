// SPDX-License-Identifier: MIT
// Starting programs: arguments, standard descriptors, folder, and what goes wrong.
#include <hocket/process/process_test.h>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>
#include <filesystem>

namespace hocket {
namespace {

using subprocess::DEVNULL;
using subprocess::PIPE;
using subprocess::STDOUT;
using testing::ending_of;
using testing::output_of;
using testing::run_processes;

// ---- programs and arguments

TEST(RealSubprocess, a_program_is_found_in_the_path_and_gets_its_arguments) {
    run_processes([]() -> Coro<> {
        const Process process = co_await create_subprocess_exec("printf", {"%s-%s", "a b", "$HOME"}, {.stdout = PIPE});
        auto [out, err] = co_await process.communicate();
        EXPECT_EQ(out, "a b-$HOME");
        EXPECT_EQ(err, "");
        EXPECT_EQ(process.returncode(), 0);
    }());
}

TEST(RealSubprocess, arguments_may_be_a_vector) {
    run_processes([]() -> Coro<> {
        std::vector<std::string> arguments{"%s,"};
        for (int i = 0; i < 100; ++i) arguments.push_back(std::to_string(i));
        const Process process = co_await create_subprocess_exec("printf", arguments, {.stdout = PIPE});
        auto [out, err] = co_await process.communicate();
        EXPECT_TRUE(out.starts_with("0,1,2,3,")) << out;
        EXPECT_TRUE(out.ends_with("98,99,")) << out;
    }());
}

TEST(RealSubprocess, a_path_is_a_program_and_an_argument) {
    run_processes([]() -> Coro<> {
        const std::filesystem::path program = "/bin/sh", file = "/dev/null";
        const Process shell = co_await create_subprocess_exec(program, {"-c", "exit 4"});
        EXPECT_EQ(co_await shell.wait(), 4);
        const Process of_a_file = co_await create_subprocess_exec(program, {file});
        EXPECT_EQ(co_await of_a_file.wait(), 0);
    }());
}

TEST(RealSubprocess, a_shell_runs_a_command) {
    run_processes([]() -> Coro<> {
        const Process process = co_await create_subprocess_shell("exit 7");
        EXPECT_GT(process.pid(), 0);
        EXPECT_EQ(co_await process.wait(), 7);
        EXPECT_EQ(process.returncode(), 7);
        const Process echo = co_await create_subprocess_shell("echo one; echo $((1 + 1))",
                                                              {.stdin = PIPE, .stdout = PIPE, .stderr = PIPE});
        echo.stdin().close();
        EXPECT_EQ(co_await echo.wait(), 0);
        EXPECT_EQ(co_await echo.stdout().read(), "one\n2\n");
        EXPECT_EQ(co_await echo.stderr().read(), "");
    }());
}

TEST(RealSubprocess, another_executable_may_run_under_the_programs_name) {
    run_processes([]() -> Coro<> {
        const Process process = co_await create_subprocess_exec("some name", {"-c", "echo \"$0\""},
                                                                {.stdout = PIPE, .executable = "/bin/sh"});
        auto [out, err] = co_await process.communicate();
        EXPECT_EQ(out, "some name\n");
    }());
}

// ---- standard descriptors

TEST(RealSubprocess, what_is_written_to_it_comes_back) {
    run_processes([]() -> Coro<> {
        const Process process = co_await create_subprocess_exec("cat", {}, {.stdin = PIPE, .stdout = PIPE});
        co_await process.stdin().write("some ");
        EXPECT_EQ(co_await process.stdout().read(100), "some ");
        co_await process.stdin().write("data\n");
        EXPECT_EQ(co_await process.stdout().readline(), "data\n");
        EXPECT_EQ(process.returncode(), std::nullopt);
        process.stdin().close();
        EXPECT_EQ(co_await process.stdout().read(), "");
        EXPECT_EQ(co_await process.wait(), 0);
    }());
}

TEST(RealSubprocess, both_outputs_may_be_pipes) {
    run_processes([]() -> Coro<> {
        const Process process = co_await create_subprocess_shell("read line; echo OUT:$line; echo ERR:$line >&2",
                                                                 {.stdin = PIPE, .stdout = PIPE, .stderr = PIPE});
        co_await process.stdin().write("test\n");
        EXPECT_EQ(co_await process.wait(), 0);
        EXPECT_EQ(co_await process.stdout().read(), "OUT:test\n");
        EXPECT_EQ(co_await process.stderr().read(), "ERR:test\n");
    }());
}

TEST(RealSubprocess, errors_may_go_where_the_output_goes) {
    run_processes([]() -> Coro<> {
        EXPECT_EQ(co_await output_of("echo out; echo err >&2; echo again", {.stderr = STDOUT}), "out\nerr\nagain\n");
        const Process process = co_await create_subprocess_shell("exit 0", {.stdout = PIPE, .stderr = STDOUT});
        const std::string none = "hocket::RuntimeError: process " + std::to_string(process.pid()) +
                                 " (/bin/sh) was not started with a pipe for ";
        EXPECT_EQ(testing::thrown_by([&] { process.stderr(); }), none + "stderr");
        EXPECT_EQ(testing::thrown_by([&] { process.stdin(); }), none + "stdin");
        EXPECT_EQ(co_await process.stdout().read(), "");
        co_await process.wait();
    }());
}

TEST(RealSubprocess, the_null_device_gives_and_takes_nothing) {
    run_processes([]() -> Coro<> {
        EXPECT_EQ(co_await output_of("wc -c", {.stdin = DEVNULL}), "0\n");
        const Process silent =
            co_await create_subprocess_shell("cat; echo error >&2", {.stdin = PIPE, .stdout = DEVNULL, .stderr = PIPE});
        auto [no_output, error] = co_await silent.communicate("abc");
        EXPECT_EQ(no_output, "");
        EXPECT_EQ(error, "error\n");
        EXPECT_EQ(silent.returncode(), 0);
        const Process careless =
            co_await create_subprocess_shell("cat; echo error >&2", {.stdin = PIPE, .stdout = PIPE, .stderr = DEVNULL});
        auto [output, no_error] = co_await careless.communicate("abc");
        EXPECT_EQ(output, "abc");
        EXPECT_EQ(no_error, "");
        EXPECT_EQ(careless.returncode(), 0);
    }());
}

TEST(RealSubprocess, a_descriptor_may_be_given_and_stays_the_callers) {
    run_processes([]() -> Coro<> {
        int fds[2];
        EXPECT_EQ(pipe2(fds, O_CLOEXEC), 0);
        const Process first =
            co_await create_subprocess_shell("echo one; echo two >&2", {.stdout = fds[1], .stderr = STDOUT});
        EXPECT_EQ(co_await first.wait(), 0);
        const Process second = co_await create_subprocess_shell("echo three >&2", {.stderr = fds[1]});
        EXPECT_EQ(co_await second.wait(), 0);
        close(fds[1]);
        const Process third = co_await create_subprocess_exec("cat", {}, {.stdin = fds[0], .stdout = PIPE});
        auto [out, err] = co_await third.communicate();
        EXPECT_EQ(out, "one\ntwo\nthree\n");
        close(fds[0]);
    }());
}

TEST(RealSubprocess, its_input_can_be_opened_by_name) {
    run_processes([]() -> Coro<> {
        const Process process = co_await create_subprocess_exec("wc", {"-c", "/dev/stdin"},
                                                                {.stdin = PIPE, .stdout = PIPE, .close_fds = false});
        auto [out, err] = co_await process.communicate("abc");
        EXPECT_EQ(out, "3 /dev/stdin\n");
    }());
}

TEST(RealSubprocess, a_child_does_not_hold_the_pipes_of_another) {
    run_processes([]() -> Coro<> {
        const Process first =
            co_await create_subprocess_exec("cat", {}, {.stdin = PIPE, .stdout = PIPE, .close_fds = false});
        const Process second =
            co_await create_subprocess_exec("cat", {}, {.stdin = PIPE, .stdout = PIPE, .close_fds = false});
        auto [out, err] = co_await first.communicate("abc");  // does not end as long as anybody holds its input
        EXPECT_EQ(out, "abc");
        auto [other_out, other_err] = co_await second.communicate();
        EXPECT_EQ(other_out, "");
    }());
}

TEST(RealSubprocess, it_can_be_started_where_a_standard_descriptor_is_closed) {
    run_processes([]() -> Coro<> {
        const int kept = fcntl(0, F_DUPFD_CLOEXEC, 3);
        close(0);
        const Process process =
            co_await create_subprocess_exec("cat", {}, {.stdin = PIPE, .stdout = PIPE, .stderr = 1});
        auto [out, err] = co_await process.communicate("through");
        EXPECT_EQ(out, "through");
        EXPECT_EQ(process.returncode(), 0);
        EXPECT_EQ(dup2(kept, 0), 0);
        close(kept);
    }());
}

// ---- what goes wrong

TEST(RealSubprocess, a_program_that_cannot_be_run_is_an_error_that_names_it) {
    run_processes([]() -> Coro<> {
        EXPECT_EQ(co_await ending_of(create_subprocess_exec("no-such-program")),
                  "hocket::OSError: start process no-such-program: No such file or directory");
        EXPECT_EQ(
            co_await ending_of(create_subprocess_exec("/no/such/program", {"-x"}, {.stdin = PIPE, .stdout = PIPE})),
            "hocket::OSError: start process /no/such/program: No such file or directory");
        EXPECT_EQ(co_await ending_of(create_subprocess_exec("/dev/null", {}, {.stderr = PIPE})),
                  "hocket::OSError: start process /dev/null: Permission denied");
        EXPECT_EQ(co_await ending_of(create_subprocess_exec("ls", {}, {.executable = "/no/such/ls"})),
                  "hocket::OSError: start process /no/such/ls: No such file or directory");
        EXPECT_EQ(co_await ending_of(create_subprocess_exec("ls", {std::string(3 << 20, 'x')})),
                  "hocket::OSError: start process ls: Argument list too long");
        EXPECT_FALSE(testing::has_children());
    }());
}

TEST(RealSubprocess, what_cannot_be_done_for_it_is_named_too) {
    run_processes([]() -> Coro<> {
        EXPECT_EQ(co_await ending_of(create_subprocess_exec("ls", {}, {.cwd = "/no/such/folder"})),
                  "hocket::OSError: start process ls in /no/such/folder: No such file or directory");
        EXPECT_EQ(co_await ending_of(create_subprocess_exec("ls", {}, {.stdout = 999})),
                  "hocket::OSError: start process ls with descriptor 999: Bad file descriptor");
        EXPECT_EQ(co_await ending_of(create_subprocess_exec("ls", {}, {.process_group = 99'999'999})),
                  "hocket::OSError: start process ls in process group 99999999: Operation not permitted");
        SubprocessOptions passing;
        passing.pass_fds = {998};
        EXPECT_EQ(co_await ending_of(create_subprocess_exec("ls", {}, passing)),
                  "hocket::OSError: start process ls with descriptor 998: Bad file descriptor");
    }());
}

// The numbers are those that the pipes of the start itself would get.
TEST(RealSubprocess, a_descriptor_that_was_just_closed_is_not_taken_for_another) {
    run_processes([]() -> Coro<> {
        for (int i = 0; i < 3; ++i) {
            int closed[3];
            for (int& fd : closed) fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
            for (const int fd : closed) ::close(fd);
            const int fd = closed[i];
            SubprocessOptions passing{.stdin = subprocess::PIPE};
            passing.pass_fds = {fd};
            const std::string error =
                "hocket::OSError: start process cat with descriptor " + std::to_string(fd) + ": Bad file descriptor";
            EXPECT_EQ(co_await ending_of(create_subprocess_exec("cat", {}, passing)), error);
            const SubprocessOptions into{.stdin = subprocess::PIPE, .stdout = fd};
            EXPECT_EQ(co_await ending_of(create_subprocess_exec("cat", {}, into)), error);
        }
    }());
}

TEST(RealSubprocess, what_nobody_may_ask_for_is_refused) {
    run_processes([]() -> Coro<> {
        const std::string nul("a\0b", 3);
        const std::string refused = "hocket::ValueError: start process ls: ";
        EXPECT_EQ(co_await ending_of(create_subprocess_exec("ls", {nul})), refused + "embedded null character");
        EXPECT_EQ(co_await ending_of(create_subprocess_exec("ls", {}, {.cwd = nul})),
                  refused + "embedded null character");
        EXPECT_NE(co_await ending_of(create_subprocess_exec(nul)), "nothing");
        EXPECT_EQ(co_await ending_of(create_subprocess_shell(nul)),
                  "hocket::ValueError: start process /bin/sh: embedded null character");
        EXPECT_EQ(co_await ending_of(create_subprocess_exec("")),
                  "hocket::ValueError: start process: the program has no name");
        EXPECT_EQ(co_await ending_of(create_subprocess_exec("ls", {}, {.stdout = STDOUT})),
                  refused + "STDOUT is for standard error alone");
        EXPECT_EQ(co_await ending_of(create_subprocess_exec("ls", {}, {.stdin = -7})),
                  refused + "there is no descriptor -7");
        EXPECT_EQ(co_await ending_of(create_subprocess_exec("ls", {}, {.process_group = -5})),
                  refused + "a process group is 0 or more");
        EXPECT_EQ(co_await ending_of(create_subprocess_exec("ls", {}, {.limit = 0})),
                  "hocket::ValueError: Limit cannot be <= 0");
        SubprocessOptions passing;
        passing.pass_fds = {-1};
        EXPECT_EQ(co_await ending_of(create_subprocess_exec("ls", {}, passing)), refused + "there is no descriptor -1");
    }());
}

TEST(RealSubprocess, a_want_of_descriptors_leaves_none_behind) {
    run_processes([]() -> Coro<> {
        rlimit usual{};
        getrlimit(RLIMIT_NOFILE, &usual);
        const auto before = testing::open_descriptors();
        const int lowest = dup(0);
        close(lowest);
        int failed = 0;
        for (int more = 0; more < 15; ++more) {
            const rlimit few{.rlim_cur = static_cast<rlim_t>(lowest + more), .rlim_max = usual.rlim_max};
            setrlimit(RLIMIT_NOFILE, &few);
            const Task<Process> starting = create_task(testing::start_sleeper({.stdin = PIPE, .stdout = PIPE}));
            const std::string end = co_await ending_of(starting);
            setrlimit(RLIMIT_NOFILE, &usual);
            if (end == "nothing") {
                starting.result().close();
                co_await starting.result().wait();
            } else {
                EXPECT_EQ(end, "hocket::OSError: start process sleep: Too many open files");
                ++failed;
            }
            co_await testing::until([&] { return testing::open_descriptors() == before; });
        }
        EXPECT_GE(failed, 6);  // two pipes, and one for what the child has to say
        EXPECT_LT(failed, 15);
    }());
}

TEST(RealSubprocess, a_cancel_leaves_neither_child_nor_descriptor) {
    run_processes([]() -> Coro<> {
        for (int turns = 0; turns < 3; ++turns) {
            const Task<Process> starting = create_task(testing::start_sleeper({.stdin = PIPE, .stdout = PIPE}));
            co_await testing::turns(turns);
            starting.cancel();
            co_await ending_of(starting);
            if (!starting.cancelled()) starting.result().kill();  // it had begun, and is there
        }
    }());
}

TEST(VirtualSubprocess, there_are_no_processes_in_virtual_time) {
    run([]() -> Coro<> {
        EXPECT_EQ(co_await ending_of(create_subprocess_exec("ls")),
                  "hocket::OSError: start process ls: Operation not supported");
    }());
}

}  // namespace
}  // namespace hocket
