// SPDX-License-Identifier: MIT
// Child processes where the system lacks some of the calls that start them.
#include <gtest/gtest.h>
#include <hocket/io/operations_test.h>
#include <hocket/io/spawn_internal.h>

#include <poll.h>
#include <sched.h>
#include <sys/syscall.h>
#include <tests/support/refused_calls.h>

namespace hocket {
namespace {

using testing::expect_success_without;

/// Has a shell run `command`, and gives its exit status, or minus an error number.
int run_shell(const char* command, int passed = -1) {
    const char* const programs[] = {"/bin/sh", nullptr};
    const char* const arguments[] = {"sh", "-c", command, nullptr};
    Spawn spawn;
    spawn.programs = programs;
    spawn.arguments = arguments;
    spawn.pass_fds = &passed;
    spawn.pass_fds_count = passed >= 0 ? 1 : 0;
    if (const int error = spawn_process(spawn); error < 0) return error;
    pollfd ended{.fd = spawn.pidfd, .events = POLLIN, .revents = 0};
    siginfo_t end{};
    if (poll(&ended, 1, -1) != 1 || waitid(P_PID, static_cast<id_t>(spawn.pid), &end, WEXITED) < 0) return -errno;
    const bool closes_on_exec = (fcntl(spawn.pidfd, F_GETFD) & FD_CLOEXEC) != 0;
    close(spawn.pidfd);
    return closes_on_exec ? end.si_status : -1;
}

// Descriptors that are not closed at an exec, with numbers up to which the limit, once it is lowered, does not reach.
constexpr int ordinary = 900, passed_on = 901;
constexpr const char* only_the_second_is_open = "[ ! -e /proc/self/fd/900 ] && [ -e /proc/self/fd/901 ]";

void open_both() {
    EXPECT_EQ(dup2(STDERR_FILENO, ordinary), ordinary);
    EXPECT_EQ(dup2(STDERR_FILENO, passed_on), passed_on);
}

TEST(OnceSpawnWithout, the_descriptor_of_a_child_is_made_with_it) {
    expect_success_without({{SYS_pidfd_open, ENOSYS}}, [] { return run_shell("exit 0"); });
}

TEST(OnceSpawnWithout, a_child_that_ends_at_once_and_leaves_no_status_has_its_descriptor_all_the_same) {
    EXPECT_EQ(in_child([] {
                  signal(SIGCHLD, SIG_IGN);
                  for (int i = 0; i < 50; ++i) {
                      if (run_shell("exit 0") != -ECHILD) return 1;
                  }
                  return 0;
              }),
              0);
}

TEST(OnceSpawnWithout, a_kernel_that_makes_none_with_the_child_is_asked_afterwards) {
    expect_success_without({{SYS_clone, EINVAL, 0, CLONE_PIDFD}}, [] { return run_shell("exit 0"); });
}

TEST(OnceSpawnWithout, descriptors_are_closed_by_the_list_of_those_that_are_open) {
    expect_success_without({{SYS_close_range, ENOSYS}}, [] {
        open_both();
        const rlimit lower{.rlim_cur = 100, .rlim_max = 100};
        setrlimit(RLIMIT_NOFILE, &lower);
        return run_shell(only_the_second_is_open, passed_on);
    });
}

TEST(OnceSpawnWithout, descriptors_are_closed_by_their_numbers_where_there_is_no_list) {
    expect_success_without({{SYS_close_range, ENOSYS}, {SYS_openat, ENOENT, 2, O_DIRECTORY}}, [] {
        open_both();
        return run_shell(only_the_second_is_open, passed_on);
    });
}

}  // namespace
}  // namespace hocket
