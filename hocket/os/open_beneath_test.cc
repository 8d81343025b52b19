// SPDX-License-Identifier: MIT
// Names that lead out of a folder do not.
#include <hocket/os/open_beneath_internal.h>

#include <gtest/gtest.h>
#include <hocket/os/files_test.h>
#include <hocket/os/temporary_internal.h>

#include <fcntl.h>
#include <sys/syscall.h>
#include <tests/support/refused_calls.h>
#include <cerrno>
#include <filesystem>

namespace hocket::fs {
namespace {

using hocket::testing::InNewFolder;
using hocket::testing::put_file;

/// A folder `in` with files, links and folders; beside it `secret`.
class OnceOpenBeneath : public ::testing::Test {
protected:
    OnceOpenBeneath() {
        std::filesystem::create_directories("in/sub/deep");
        put_file("secret", "s");
        put_file("in/a", "a");
        put_file("in/sub/b", "b");
        std::filesystem::create_symlink("../secret", "in/out");
        std::filesystem::create_symlink(std::filesystem::absolute("secret"), "in/absolute");
        std::filesystem::create_symlink("..", "in/up");
        std::filesystem::create_symlink("sub/b", "in/within");
        std::filesystem::create_symlink("loop", "in/loop");
    }
    /// 0, or what keeps it from being opened.
    static int error_of(const std::string& path, Looking looking = Looking::anywhere) {
        const ScopedDescriptor folder(::open("in", O_PATH | O_DIRECTORY | O_CLOEXEC));
        const ScopedDescriptor opened(open_beneath(folder.fd, path, O_RDONLY, looking));
        return opened.fd < 0 ? -opened.fd : 0;
    }
    static bool is_refused(const std::string& path) {
        const int error = error_of(path);
        return error == EXDEV || error == ELOOP || error == ENOTDIR;
    }

    InNewFolder folder_;
};

TEST_F(OnceOpenBeneath, what_is_in_the_folder_is_opened) {
    EXPECT_EQ(error_of("a"), 0);
    EXPECT_EQ(error_of("sub/b"), 0);
    EXPECT_EQ(error_of("sub"), 0);
    EXPECT_EQ(error_of("."), 0);
    EXPECT_EQ(error_of("within"), 0);
    EXPECT_EQ(error_of("c"), ENOENT);
    EXPECT_EQ(error_of("a/b"), ENOTDIR);
}

TEST_F(OnceOpenBeneath, nothing_leads_out_of_it) {
    for (const char* path :
         {"../secret", "sub/../../secret", "out", "absolute", "up/secret", "up", "loop", "/etc/passwd"}) {
        EXPECT_TRUE(is_refused(path)) << path << ": " << error_of(path);
    }
}

TEST_F(OnceOpenBeneath, what_is_at_hand_is_opened_at_once) {
    for (const char* path : {"a", "sub/b", "c"}) static_cast<void>(error_of(path));  // now the kernel knows
    const int of_file = error_of("a", Looking::at_hand);
    EXPECT_TRUE(of_file == 0 || of_file == EAGAIN) << of_file;
    const int of_nothing = error_of("c", Looking::at_hand);
    EXPECT_TRUE(of_nothing == ENOENT || of_nothing == EAGAIN) << of_nothing;
    EXPECT_NE(error_of("out", Looking::at_hand), 0);
}

TEST_F(OnceOpenBeneath, without_openat2_no_link_is_followed) {
    for (const int error : {ENOSYS, EPERM}) {
        hocket::testing::expect_success_without({{.number = SYS_openat2, .error = error}}, [] {
            const bool opens = error_of("a") == 0 && error_of("sub/b") == 0 && error_of("sub") == 0 &&
                               error_of(".") == 0 && error_of("c") == ENOENT && error_of("a/b") == ENOTDIR &&
                               error_of("a", Looking::at_hand) == EAGAIN;
            bool refuses = true;
            for (const char* path : {"../secret", "sub/../../secret", "out", "absolute", "up/secret", "up", "loop",
                                     "within", "/etc/passwd", "sub//b", ""}) {
                refuses = refuses && is_refused(path);
            }
            return opens && refuses ? 0 : 1;
        });
    }
}

}  // namespace
}  // namespace hocket::fs
