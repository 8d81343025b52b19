// SPDX-License-Identifier: MIT
// What the tests of child processes share: a run that leaves neither descriptors nor children, and small programs.
#pragma once

#include <hocket/flow/gather.h>
#include <hocket/net/connect_pipe.h>
#include <hocket/net/net_test.h>
#include <hocket/process/create_subprocess.h>

#include <sys/wait.h>
#include <cerrno>
#include <string>
#include <utility>

namespace hocket::testing {

/// Whether this process has a child, living or ended, that nobody waited for.
inline bool has_children() {
    siginfo_t info{};
    return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 || errno != ECHILD;
}

/// Runs `main` and checks that no descriptor and no child is left behind.
inline void run_processes(Coro<> main) {
    run_net(std::move(main));
    EXPECT_FALSE(has_children());
}

/// A program that does nothing until it is killed.
inline Coro<Process> start_sleeper(SubprocessOptions options = {}) {
    return create_subprocess_exec("sleep", {"1000"}, std::move(options));
}

/// What a shell writes to its standard output for `command`.
inline Coro<std::string> output_of(std::string command, SubprocessOptions options = {}) {
    options.stdout = subprocess::PIPE;
    const Process process = co_await create_subprocess_shell(std::move(command), std::move(options));
    auto [out, err] = co_await process.communicate();
    EXPECT_EQ(process.returncode(), 0);
    co_return std::move(out);
}

}  // namespace hocket::testing
