// SPDX-License-Identifier: MIT
// What a child process finds around it: environment, folder, descriptors, groups, signals; and who may start it.
#include <hocket/process/process_test.h>

#include <hocket/os/executor.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <csignal>
#include <fstream>
#include <iterator>

namespace hocket {
namespace {

using subprocess::Environment;
using subprocess::PIPE;
using testing::ending_of;
using testing::output_of;
using testing::run_processes;

// ---- environment

TEST(RealSubprocess, its_environment_is_this_processs_unless_one_is_given) {
    run_processes([]() -> Coro<> {
        setenv("HOCKET_TEST_VARIABLE", "inherited", 1);
        EXPECT_EQ(co_await output_of("printf %s \"$HOCKET_TEST_VARIABLE\""), "inherited");
        Environment changed = Environment::current();
        changed.set("HOCKET_TEST_VARIABLE", "baz");
        EXPECT_EQ(co_await output_of("printf %s \"$HOCKET_TEST_VARIABLE\"", {.env = changed}), "baz");
        const Process process =
            co_await create_subprocess_exec("printenv", {"HOCKET_TEST_VARIABLE"}, {.stdout = PIPE, .env = changed});
        auto [out, err] = co_await process.communicate();
        EXPECT_EQ(out, "baz\n");
        unsetenv("HOCKET_TEST_VARIABLE");
    }());
}

TEST(RealSubprocess, an_environment_that_is_given_is_all_there_is) {
    run_processes([]() -> Coro<> {
        const Environment little{{"ONE", "1"}, {"TWO", "2"}};
        const Process process = co_await create_subprocess_exec("/usr/bin/env", {}, {.stdout = PIPE, .env = little});
        auto [out, err] = co_await process.communicate();
        EXPECT_EQ(out, "ONE=1\nTWO=2\n");
    }());
}

TEST(RealSubprocess, a_program_is_looked_for_in_the_path_of_its_environment) {
    run_processes([]() -> Coro<> {
        const Environment elsewhere{{"PATH", "/no/such/folder:/proc"}};
        EXPECT_EQ(co_await ending_of(create_subprocess_exec("ls", {}, {.env = elsewhere})),
                  "hocket::OSError: start process ls: No such file or directory");
        const Environment nothing;
        const Process process = co_await create_subprocess_exec("true", {}, {.env = nothing});
        EXPECT_EQ(co_await process.wait(), 0);
    }());
}

TEST(OnceEnvironment, variables_are_set_replaced_and_taken_out) {
    Environment environment{{"A", "1"}, {"AB", "2"}};
    environment.set("A", "3=4");
    EXPECT_EQ(environment.get("A"), "3=4");
    EXPECT_EQ(environment.get("AB"), "2");
    EXPECT_EQ(environment.get("B"), std::nullopt);
    environment.unset("A");
    environment.unset("B");
    EXPECT_EQ(environment.get("A"), std::nullopt);
    EXPECT_EQ(environment.entries(), std::vector<std::string>{"AB=2"});
    EXPECT_EQ(Environment::current().get("PATH"), std::getenv("PATH"));
}

TEST(OnceEnvironment, what_is_no_variable_is_refused) {
    Environment environment;
    EXPECT_EQ(testing::thrown_by([&] { environment.set("", "x"); }),
              "hocket::ValueError: \"\" is no name of an environment variable");
    EXPECT_EQ(testing::thrown_by([&] { environment.set("A=B", "x"); }),
              "hocket::ValueError: \"A=B\" is no name of an environment variable");
    EXPECT_EQ(testing::thrown_by([&] { environment.set("A", std::string("x\0y", 3)); }),
              "hocket::ValueError: the environment variable A has a null character in it");
}

// ---- folder and files

TEST(RealSubprocess, it_runs_in_the_folder_that_it_is_told) {
    run_processes([]() -> Coro<> {
        EXPECT_EQ(co_await output_of("pwd", {.cwd = "/usr"}), "/usr\n");
        const Process process = co_await create_subprocess_exec("./sh", {"-c", "exit 4"}, {.cwd = "/bin"});
        EXPECT_EQ(co_await process.wait(), 4);
    }());
}

TEST(RealSubprocess, its_files_have_the_mode_that_it_is_told) {
    run_processes([]() -> Coro<> {
        const mode_t before = umask(022);
        EXPECT_EQ(co_await output_of("umask", {.umask = 027}), "0027\n");
        EXPECT_EQ(umask(before), 022U);  // this process's is as it was
    }());
}

// ---- descriptors

TEST(RealSubprocess, it_inherits_no_other_descriptors_unless_they_are_passed) {
    run_processes([]() -> Coro<> {
        int fds[2];
        EXPECT_EQ(pipe(fds), 0);
        const int closed = dup(fds[1]);
        const std::string look = "test -e /proc/self/fd/" + std::to_string(fds[1]) +
                                 " && echo open; test -e /proc/self/fd/" + std::to_string(closed) +
                                 " && echo open; true";
        EXPECT_EQ(co_await output_of(look), "");
        EXPECT_EQ(co_await output_of(look, {.close_fds = false}), "open\nopen\n");
        fcntl(closed, F_SETFD, FD_CLOEXEC);
        EXPECT_EQ(co_await output_of(look, {.close_fds = false}), "open\n");
        SubprocessOptions passing;
        passing.pass_fds = {closed};
        EXPECT_EQ(co_await output_of(look, passing), "open\n");
        EXPECT_EQ(fcntl(closed, F_GETFD), FD_CLOEXEC);
        passing.pass_fds = {closed, fds[1], closed};
        EXPECT_EQ(co_await output_of(look, passing), "open\nopen\n");
        for (const int fd : {fds[0], fds[1], closed}) close(fd);
    }());
}

TEST(RealSubprocess, a_descriptor_that_is_passed_can_be_written) {
    run_processes([]() -> Coro<> {
        int fds[2];
        EXPECT_EQ(pipe2(fds, O_CLOEXEC), 0);
        const StreamReader reader = co_await connect_read_pipe(fds[0], {.limit = 1});
        SubprocessOptions passing;
        passing.pass_fds = {fds[1]};
        const Process process =
            co_await create_subprocess_shell("printf data >&" + std::to_string(fds[1]), std::move(passing));
        EXPECT_EQ(co_await process.wait(), 0);
        close(fds[1]);
        EXPECT_EQ(co_await reader.read(), "data");
    }());
}

// ---- groups and signals

/// The field of /proc/self/stat with this number, of the program that reads it.
Coro<int> own_field(int number, SubprocessOptions options, int& pid) {
    options.stdout = PIPE;
    const Process process = co_await create_subprocess_exec("cat", {"/proc/self/stat"}, std::move(options));
    pid = process.pid();
    auto [out, err] = co_await process.communicate();
    std::size_t at = 0;
    for (int i = 1; i < number; ++i) at = out.find(' ', at) + 1;
    co_return std::stoi(out.substr(at));
}

TEST(RealSubprocess, it_may_have_a_session_or_a_group_of_its_own) {
    run_processes([]() -> Coro<> {
        constexpr int group = 5, session = 6;
        int pid = 0;
        EXPECT_EQ(co_await own_field(group, {}, pid), getpgrp());
        EXPECT_EQ(co_await own_field(session, {}, pid), getsid(0));
        const int new_session = co_await own_field(session, {.start_new_session = true}, pid);
        EXPECT_EQ(new_session, pid);
        const int new_group = co_await own_field(group, {.process_group = 0}, pid);
        EXPECT_EQ(new_group, pid);
        const int old_session = co_await own_field(session, {.process_group = 0}, pid);
        EXPECT_EQ(old_session, getsid(0));
        const Process process = co_await create_subprocess_shell("exit 8", {.start_new_session = true});
        EXPECT_EQ(co_await process.wait(), 8);
    }());
}

std::string read_file(const char* path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// The mask behind a name in /proc/self/status.
std::uint64_t signals_of(const std::string& status, const std::string& name) {
    return std::stoull(status.substr(status.find(name + ":\t") + name.size() + 2), nullptr, 16);
}

TEST(RealSubprocess, signals_do_in_it_what_they_do_by_default) {
    run_processes([]() -> Coro<> {
        struct Signals {
            sigset_t mask;
            struct sigaction usr1, hup, pipe;
        } before{};
        sigset_t term;
        sigemptyset(&term);
        sigaddset(&term, SIGTERM);
        pthread_sigmask(SIG_BLOCK, &term, &before.mask);
        struct sigaction handled{}, ignored{};
        handled.sa_handler = [](int) {};
        ignored.sa_handler = SIG_IGN;
        sigaction(SIGUSR1, &handled, &before.usr1);
        sigaction(SIGHUP, &ignored, &before.hup);
        sigaction(SIGPIPE, &ignored, &before.pipe);
        const std::uint64_t ignored_here = signals_of(read_file("/proc/self/status"), "SigIgn");
        const Process process = co_await create_subprocess_exec("cat", {"/proc/self/status"}, {.stdout = PIPE});
        auto [status, err] = co_await process.communicate();
        sigaction(SIGUSR1, &before.usr1, nullptr);
        sigaction(SIGHUP, &before.hup, nullptr);
        sigaction(SIGPIPE, &before.pipe, nullptr);
        pthread_sigmask(SIG_SETMASK, &before.mask, nullptr);
        const std::uint64_t two = 1ULL << (SIGPIPE - 1) | 1ULL << (SIGXFSZ - 1);
        EXPECT_NE(ignored_here & two, 0U);
        EXPECT_EQ(signals_of(status, "SigIgn"), ignored_here & ~two);
        EXPECT_EQ(signals_of(status, "SigBlk"), 0U);
        EXPECT_EQ(signals_of(status, "SigCgt"), 0U);
    }());
}

// ---- who starts it

TEST(RealSubprocess, a_loop_on_another_thread_has_children_too) {
    run_processes([]() -> Coro<> {
        const std::string out = co_await to_thread([] {
            return run([]() -> Coro<std::string> {
                const Process process = co_await create_subprocess_exec("cat", {}, {.stdin = PIPE, .stdout = PIPE});
                auto [text, err] = co_await process.communicate("some data");
                EXPECT_EQ(process.returncode(), 0);
                co_return std::move(text);
            }());
        });
        EXPECT_EQ(out, "some data");
    }());
}

TEST(RealSubprocess, a_forked_process_has_children_too) {
    const pid_t forked = fork();
    if (forked == 0) {
        alarm(20);
        _exit(run([]() -> Coro<int> {
            const Process process = co_await create_subprocess_shell("exit 3");
            co_return co_await process.wait();
        }()));
    }
    int status = 0;
    EXPECT_EQ(waitpid(forked, &status, 0), forked);
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 3);
}

TEST(RealSubprocess, many_run_beside_each_other) {
    run_processes([]() -> Coro<> {
        std::vector<Coro<std::string>> running;
        for (int i = 0; i < 10; ++i) running.push_back(output_of("echo foo" + std::to_string(i)));
        const std::vector<std::string> outputs = co_await gather(std::move(running));
        for (std::size_t i = 0; i < 10; ++i) EXPECT_EQ(outputs[i], "foo" + std::to_string(i) + "\n");
    }());
}

}  // namespace
}  // namespace hocket
