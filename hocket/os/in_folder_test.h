// SPDX-License-Identifier: MIT
// The fixture of tests of files: each has a folder to itself.
#pragma once

#include <gtest/gtest.h>
#include <hocket/io/runner.h>
#include <hocket/os/files_test.h>

#include <utility>

namespace hocket::testing {

class InFolder : public ::testing::Test {
protected:
    /// Runs `main`, and checks that no descriptor is left.
    static void run(Coro<> main) {
        const auto before = open_descriptors();
        hocket::run(std::move(main));
        EXPECT_EQ(open_descriptors(), before);
    }
    InNewFolder folder_;
};

}  // namespace hocket::testing
