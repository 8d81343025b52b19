// SPDX-License-Identifier: MIT
// Whole files, and what is done by their names.
#include <hocket/os/file_system.h>

#include <hocket/os/file.h>
#include <hocket/os/in_folder_test.h>

#include <gtest/gtest.h>

#include <sys/stat.h>
#include <tests/support/trace.h>
#include <unistd.h>

namespace hocket::fs {
namespace {

using testing::ending_of;

class FileSystem : public testing::InFolder {};

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

TEST_F(FileSystem, text_is_checked_and_its_newlines_translated) {
    testing::put_file("x", "a\r\nb\xc3\xa9");
    testing::put_file("bad", "a\xff");
    run([]() -> Coro<> {
        EXPECT_EQ(co_await read_text("x"), "a\nb\xc3\xa9");
        EXPECT_EQ(co_await read_bytes("x"), "a\r\nb\xc3\xa9");
        EXPECT_EQ(co_await write_text("x", "\xc3\xa9"), 1U);
        EXPECT_EQ(co_await ending_of(read_text("bad")),
                  "hocket::UnicodeDecodeError: read from bad: no UTF-8 at byte 1: 0xff");
        EXPECT_EQ(co_await ending_of(write_text("x", "a\xff")),
                  "hocket::UnicodeEncodeError: write to x: no UTF-8 at byte 1 of what is to be written");
        EXPECT_EQ(co_await read_text("x"), "\xc3\xa9");  // it was not emptied
    }());
}

TEST_F(FileSystem, files_of_the_kernel_and_large_ones_are_whole) {
    testing::put_file("large", std::string(5 << 20, 'x'));
    run([]() -> Coro<> {
        EXPECT_TRUE((co_await read_text("/proc/self/status")).starts_with("Name:"));
        EXPECT_EQ((co_await read_bytes("large")).size(), std::size_t{5} << 20);
        EXPECT_EQ(co_await read_bytes("/dev/null"), "");
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
        EXPECT_EQ(co_await ending_of(getsize("missing")),
                  "hocket::OSError: take the size of missing: No such file or directory");
    }());
}

TEST_F(FileSystem, what_is_known_of_a_file) {
    testing::put_file("x", "12345");
    std::filesystem::permissions("x", std::filesystem::perms(0640));
    std::filesystem::create_symlink("x", "link");
    std::filesystem::create_directory("folder");
    run([]() -> Coro<> {
        const StatResult x = co_await stat("x");
        EXPECT_TRUE(x.is_file() && !x.is_dir() && !x.is_symlink());
        EXPECT_EQ(x.mode & 07777, 0640U);
        EXPECT_EQ(x.size, 5U);
        EXPECT_EQ(x.nlink, 1U);
        EXPECT_EQ(x.uid, ::geteuid());
        struct ::stat expected{};
        EXPECT_EQ(::stat("x", &expected), 0);
        EXPECT_EQ(x.ino, expected.st_ino);
        EXPECT_EQ(x.dev, expected.st_dev);
        EXPECT_EQ(x.mtime.count(), expected.st_mtim.tv_sec * 1'000'000'000 + expected.st_mtim.tv_nsec);
        EXPECT_EQ((co_await getmtime("x")).count(), x.mtime.count());
        EXPECT_EQ((co_await getatime("x")).count(), x.atime.count());
        EXPECT_EQ((co_await getctime("x")).count(), x.ctime.count());
        EXPECT_EQ((co_await stat("link")).ino, x.ino);
        EXPECT_TRUE((co_await lstat("link")).is_symlink());
        EXPECT_TRUE((co_await stat("folder")).is_dir());
        EXPECT_EQ(co_await ending_of(stat("missing")), "hocket::OSError: stat missing: No such file or directory");
        EXPECT_EQ(co_await ending_of(lstat("x/y")), "hocket::OSError: lstat x/y: Not a directory");
    }());
}

TEST_F(FileSystem, what_a_name_stands_for) {
    testing::put_file("x", "");
    std::filesystem::create_symlink("nowhere", "broken");
    std::filesystem::create_symlink("x", "link");
    std::filesystem::create_directory("folder");
    run([]() -> Coro<> {
        EXPECT_TRUE(co_await isfile("x"));
        EXPECT_TRUE(co_await isfile("link"));
        EXPECT_FALSE(co_await isfile("folder"));
        EXPECT_TRUE(co_await isdir("folder"));
        EXPECT_FALSE(co_await isdir("missing"));
        EXPECT_TRUE(co_await islink("link"));
        EXPECT_FALSE(co_await islink("x"));
        EXPECT_FALSE(co_await exists("broken"));
        EXPECT_TRUE(co_await lexists("broken"));
        EXPECT_TRUE(co_await ismount("/"));
        EXPECT_TRUE(co_await ismount("/proc"));
        EXPECT_FALSE(co_await ismount("folder"));
        EXPECT_TRUE(co_await access("x", R_OK | W_OK));
        EXPECT_FALSE(co_await access("x", X_OK));
        EXPECT_FALSE(co_await access("missing", F_OK));
        EXPECT_TRUE(co_await samefile("x", "link"));
        EXPECT_FALSE(co_await samefile("x", "folder"));
        EXPECT_EQ(co_await ending_of(samefile("x", "missing")),
                  "hocket::OSError: stat missing: No such file or directory");
    }());
}

TEST_F(FileSystem, the_disk_tells_of_itself) {
    run([]() -> Coro<> {
        const StatvfsResult disk = co_await statvfs(".");
        EXPECT_GT(disk.frsize, 0U);
        EXPECT_GT(disk.namemax, 0U);
        EXPECT_LE(disk.bavail, disk.blocks);
        EXPECT_EQ(co_await ending_of(statvfs("missing")),
                  "hocket::OSError: statvfs missing: No such file or directory");
    }());
}

TEST_F(FileSystem, links_of_both_kinds) {
    testing::put_file("x", "1");
    run([]() -> Coro<> {
        co_await link("x", "hard");
        EXPECT_TRUE(co_await samefile("x", "hard"));
        co_await symlink("x", "soft");
        EXPECT_EQ(co_await readlink("soft"), "x");
        EXPECT_EQ(co_await ending_of(readlink("x")), "hocket::OSError: read the link x: Invalid argument");
        EXPECT_EQ(co_await ending_of(link("missing", "y")),
                  "hocket::OSError: link missing to y: No such file or directory");
        EXPECT_EQ(co_await ending_of(symlink("y", "x")), "hocket::OSError: make the symbolic link x to y: File exists");
        co_await unlink("soft");
        co_await replace("hard", "x2");
        EXPECT_TRUE(co_await exists("x2"));
        const std::string deep(200, 'd');
        co_await symlink(deep + "/" + deep, "long");
        EXPECT_EQ(co_await readlink("long"), deep + "/" + deep);
    }());
}

TEST_F(FileSystem, descriptors_of_one_file_are_told_from_those_of_two) {
    testing::put_file("x", "");
    testing::put_file("y", "");
    run([]() -> Coro<> {
        auto a = co_await open("x"), b = co_await open("x"), c = co_await open("y");
        EXPECT_TRUE(co_await sameopenfile(a.fileno(), b.fileno()));
        EXPECT_FALSE(co_await sameopenfile(a.fileno(), c.fileno()));
        EXPECT_EQ(co_await ending_of(sameopenfile(a.fileno(), 9999)),
                  "hocket::OSError: stat descriptor 9999: Bad file descriptor");
    }());
}

TEST_F(FileSystem, a_file_is_sent_by_the_kernel) {
    testing::put_file("x", "0123456789");
    run([]() -> Coro<> {
        auto in = co_await open("x", "rb"), out = co_await open("y", "wb");
        EXPECT_EQ(co_await sendfile(out.fileno(), in.fileno(), 2, 3), 3U);
        EXPECT_EQ(co_await sendfile(out.fileno(), in.fileno(), {}, 2), 2U);
        EXPECT_EQ(co_await sendfile(out.fileno(), in.fileno(), {}, 100), 8U);
        EXPECT_EQ(co_await sendfile(out.fileno(), in.fileno(), {}, 100), 0U);
        EXPECT_EQ(testing::content_of("y"), "2340123456789");
        const int pair[] = {out.fileno(), in.fileno()};
        EXPECT_EQ(co_await ending_of(sendfile(pair[1], pair[0], 0, 1)),
                  "hocket::OSError: send a file from descriptor " + std::to_string(pair[0]) + " to descriptor " +
                      std::to_string(pair[1]) + ": Bad file descriptor");
    }());
}

TEST_F(FileSystem, paths_from_the_root_on) {
    run([]() -> Coro<> {
        const std::string here = co_await getcwd();
        EXPECT_EQ(here, std::filesystem::current_path());
        EXPECT_EQ(co_await abspath("x"), here + "/x");
        EXPECT_EQ(co_await abspath("a/./b/../c/"), here + "/a/c");
        EXPECT_EQ(co_await abspath(""), here);
        EXPECT_EQ(co_await abspath("/.."), "/");
    }());
}

TEST_F(FileSystem, a_null_character_is_refused_and_nothing_has_such_a_name) {
    testing::put_file("a", "");
    run([]() -> Coro<> {
        const std::string name("a\0b", 3);
        const std::string why = ": a null character in the name of a file";
        EXPECT_EQ(co_await ending_of(remove(name)), "hocket::ValueError: remove" + why);
        EXPECT_EQ(co_await ending_of(stat(name)), "hocket::ValueError: stat" + why);
        EXPECT_EQ(co_await ending_of(rename("a", name)), "hocket::ValueError: rename" + why);
        EXPECT_EQ(co_await ending_of(mkdir(name)), "hocket::ValueError: make the folder" + why);
        EXPECT_EQ(co_await ending_of(rmtree(name)), "hocket::ValueError: remove the folder" + why);
        EXPECT_EQ(co_await ending_of(listdir(name)), "hocket::ValueError: read the folder" + why);
        EXPECT_EQ(co_await ending_of(read_text(name)), "hocket::ValueError: open" + why);
        EXPECT_FALSE(co_await exists(name));
        EXPECT_FALSE(co_await access(name, F_OK));
        EXPECT_TRUE(co_await exists("a"));
    }());
}

}  // namespace
}  // namespace hocket::fs
