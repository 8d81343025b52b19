// SPDX-License-Identifier: MIT
// Whole files, and what is done by their names.
#include <hocket/os/file_system.h>

#include <hocket/os/files_test.h>

#include <gtest/gtest.h>
#include <hocket/io/runner.h>

#include <tests/support/trace.h>

namespace hocket::fs {
namespace {

using testing::ending_of;

class FileSystem : public ::testing::Test {
protected:
    static void run(Coro<> main) {
        const auto before = testing::open_descriptors();
        hocket::run(std::move(main));
        EXPECT_EQ(testing::open_descriptors(), before);
    }
    testing::InNewFolder folder_;
};

TEST_F(FileSystem, a_whole_file_is_written_and_read) {
    run([]() -> Coro<> {
        const std::string bytes = std::string("a\0b\r\n", 5) + std::string(1 << 20, 'x');
        EXPECT_EQ(co_await write_bytes("x", bytes), bytes.size());
        EXPECT_TRUE(co_await read_bytes("x") == bytes);
        EXPECT_EQ(co_await write_text("x", "short"), 5U);
        EXPECT_EQ(co_await read_text("x"), "short");
        EXPECT_EQ(co_await getsize("x"), 5U);
    }());
}

TEST_F(FileSystem, a_path_of_the_standard_library_is_a_path) {
    run([]() -> Coro<> {
        const std::filesystem::path path = std::filesystem::current_path() / "x";
        co_await write_text(path, "found");
        EXPECT_EQ(co_await read_text(path), "found");
    }());
}

TEST_F(FileSystem, files_are_renamed_and_removed) {
    run([]() -> Coro<> {
        co_await write_text("a", "1");
        co_await mkdir("folder");
        co_await rename("a", "folder/b");
        EXPECT_FALSE(co_await exists("a"));
        EXPECT_TRUE(co_await exists("folder/b"));
        co_await remove("folder/b");
        EXPECT_FALSE(co_await exists("folder/b"));
        EXPECT_TRUE(co_await exists("folder"));
    }());
}

TEST_F(FileSystem, errors_say_what_was_attempted_on_what) {
    run([]() -> Coro<> {
        co_await write_text("x", "");
        EXPECT_EQ(co_await ending_of(read_text("missing")), "hocket::OSError: open missing: No such file or directory");
        EXPECT_EQ(co_await ending_of(write_text("no/x", "")), "hocket::OSError: open no/x: No such file or directory");
        EXPECT_EQ(co_await ending_of(write_text("/dev/full", "x")),
                  "hocket::OSError: write to /dev/full: No space left on device");
        EXPECT_EQ(co_await ending_of(remove("missing")), "hocket::OSError: remove missing: No such file or directory");
        EXPECT_EQ(co_await ending_of(rename("missing", "y")),
                  "hocket::OSError: rename missing to y: No such file or directory");
        EXPECT_EQ(co_await ending_of(mkdir("x")), "hocket::OSError: make the folder x: File exists");
        EXPECT_EQ(co_await ending_of(getsize("missing")),
                  "hocket::OSError: take the size of missing: No such file or directory");
    }());
}

}  // namespace
}  // namespace hocket::fs
