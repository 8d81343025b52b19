// SPDX-License-Identifier: MIT
// What tests of process pools share: functions for workers, and a check of what is left behind.
#pragma once

#include <gtest/gtest.h>
#include <hocket/io/runner.h>
#include <hocket/os/files_test.h>

#include <sys/wait.h>
#include <unistd.h>
#include <cerrno>
#include <filesystem>
#include <string>
#include <utility>

namespace hocket::testing {

inline int own_pid() { return ::getpid(); }

inline void wait_for_file(const std::string& path) {
    while (!std::filesystem::exists(path)) ::usleep(1000);
}

/// Runs `main`, and checks that neither a process nor a descriptor is left.
inline void run_alone(Coro<> main) {
    const auto before = open_descriptors();
    run(std::move(main));
    EXPECT_EQ(open_descriptors(), before);
    EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
    EXPECT_EQ(errno, ECHILD);
}

}  // namespace hocket::testing
