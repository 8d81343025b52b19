// SPDX-License-Identifier: MIT
// How folders are made, removed and read.
#include <hocket/os/file_system.h>

#include <hocket/os/in_folder_test.h>

#include <gtest/gtest.h>

#include <tests/support/trace.h>
#include <unistd.h>
#include <algorithm>

namespace hocket::fs {
namespace {

using testing::ending_of;
using testing::put_file;

class Directories : public testing::InFolder {};

TEST_F(Directories, folders_are_made_one_by_one_or_with_those_above) {
    put_file("x", "");
    run([]() -> Coro<> {
        co_await mkdir("a");
        EXPECT_EQ(co_await ending_of(mkdir("a")), "hocket::OSError: make the folder a: File exists");
        EXPECT_EQ(co_await ending_of(mkdir("b/c")), "hocket::OSError: make the folder b/c: No such file or directory");
        co_await makedirs("b/c//d/");
        EXPECT_TRUE(co_await isdir("b/c/d"));
        EXPECT_EQ(co_await ending_of(makedirs("b/c/d")), "hocket::OSError: make the folder b/c/d: File exists");
        co_await makedirs("b/c/d", {.exist_ok = true});
        EXPECT_EQ(co_await ending_of(makedirs("x", {.exist_ok = true})),
                  "hocket::OSError: make the folder x: File exists");
        EXPECT_EQ(co_await ending_of(makedirs("x/y")), "hocket::OSError: make the folder x: File exists");
        co_await mkdir("private", 0700);
        EXPECT_EQ((co_await stat("private")).mode & 07777, 0700U);
        co_await makedirs("p/q", {.mode = 0700});
        EXPECT_EQ((co_await stat("p/q")).mode & 07777, 0700U);
    }());
}

TEST_F(Directories, empty_folders_are_removed_and_those_above) {
    run([]() -> Coro<> {
        co_await makedirs("a/b/c");
        EXPECT_EQ(co_await ending_of(rmdir("a")), "hocket::OSError: remove the folder a: Directory not empty");
        co_await rmdir("a/b/c");
        EXPECT_TRUE(co_await exists("a/b"));
        co_await makedirs("a/b/c/d");
        put_file("a/x", "");
        co_await removedirs("a/b/c/d");
        EXPECT_FALSE(co_await exists("a/b"));
        EXPECT_TRUE(co_await exists("a/x"));
        EXPECT_EQ(co_await ending_of(removedirs("missing")),
                  "hocket::OSError: remove the folder missing: No such file or directory");
    }());
}

TEST_F(Directories, a_folder_is_removed_with_all_that_is_in_it) {
    run([]() -> Coro<> {
        co_await makedirs("a/b");
        put_file("a/b/x", "");
        put_file("outside", "");
        co_await symlink("../outside", "a/link");
        co_await rmtree("a");
        EXPECT_FALSE(co_await exists("a"));
        EXPECT_TRUE(co_await exists("outside"));
        EXPECT_EQ(co_await ending_of(rmtree("a")), "hocket::OSError: remove the folder a: No such file or directory");
        EXPECT_EQ(co_await ending_of(rmtree("outside")), "hocket::OSError: remove the folder outside: Not a directory");
    }());
}

// Nobody who may pass over permissions.
class Ordinary {
public:
    Ordinary() : done_(::geteuid() != 0 || ::seteuid(65534) == 0) {}
    Ordinary(const Ordinary&) = delete;
    Ordinary& operator=(const Ordinary&) = delete;
    ~Ordinary() { EXPECT_EQ(::seteuid(::getuid()), 0); }
    bool done() const { return done_; }

private:
    bool done_;
};

TEST_F(Directories, what_cannot_be_removed_with_a_folder_is_named_and_stays_with_what_is_around_it) {
    if (!Ordinary().done()) GTEST_SKIP() << "this process may be nobody else";
    run([]() -> Coro<> {
        co_await makedirs("a/b/kept");
        put_file("a/b/kept/x", "");
        std::filesystem::permissions(".", std::filesystem::perms::all);
        for (const char* open : {"a", "a/b"}) std::filesystem::permissions(open, std::filesystem::perms::all);
        std::filesystem::permissions("a/b/kept", std::filesystem::perms(0555));
        {
            const Ordinary somebody;
            EXPECT_EQ(co_await ending_of(rmtree("a")), "hocket::OSError: remove a/b/kept/x: Permission denied");
            EXPECT_TRUE(co_await exists("a/b/kept/x"));
        }
        std::filesystem::permissions("a/b/kept", std::filesystem::perms(0111));
        {
            const Ordinary somebody;
            EXPECT_EQ(co_await ending_of(rmtree("a/")), "hocket::OSError: read the folder a/b/kept: Permission denied");
        }
        std::filesystem::permissions("a/b/kept", std::filesystem::perms::all);
        co_await rmtree("a");
        EXPECT_FALSE(co_await exists("a"));
    }());
}

TEST_F(Directories, a_folder_with_more_than_a_few_entries_is_removed) {
    run([]() -> Coro<> {
        for (int i = 0; i < 30; ++i) {
            const std::string folder = "a/" + std::to_string(i);
            co_await makedirs(folder + "/b");
            for (int j = 0; j < 30; ++j) put_file(folder + "/" + std::to_string(j), "");
        }
        co_await rmtree("a");
        EXPECT_FALSE(co_await exists("a"));
    }());
}

TEST_F(Directories, renames_makes_and_removes_folders_around) {
    put_file("x", "");
    run([]() -> Coro<> {
        co_await makedirs("old/deep");
        put_file("old/deep/x", "");
        co_await renames("old/deep/x", "new/place/y");
        EXPECT_TRUE(co_await exists("new/place/y"));
        EXPECT_FALSE(co_await exists("old"));
        EXPECT_EQ(co_await ending_of(renames("missing", "z")),
                  "hocket::OSError: rename missing to z: No such file or directory");
    }());
}

TEST_F(Directories, the_names_in_a_folder) {
    run([]() -> Coro<> {
        EXPECT_TRUE((co_await listdir()).empty());
        co_await mkdir("folder");
        for (const char* name : {"b", "a", ".hidden"}) put_file(std::string("folder/") + name, "");
        std::vector<std::string> names = co_await listdir("folder");
        std::ranges::sort(names);
        const std::vector<std::string> expected{".hidden", "a", "b"};
        EXPECT_EQ(names, expected);
        EXPECT_EQ(co_await ending_of(listdir("missing")),
                  "hocket::OSError: read the folder missing: No such file or directory");
        EXPECT_EQ(co_await ending_of(scandir("folder/a")),
                  "hocket::OSError: read the folder folder/a: Not a directory");
    }());
}

TEST_F(Directories, the_entries_of_a_folder_say_what_they_are) {
    std::filesystem::create_directory("folder");
    put_file("x", "");
    std::filesystem::create_symlink("folder", "link");
    std::filesystem::create_symlink("nowhere", "broken");
    run([]() -> Coro<> {
        std::vector<DirEntry> entries = co_await scandir();
        std::ranges::sort(entries, {}, &DirEntry::name);
        std::string all;
        for (const DirEntry& e : entries) {
            all += e.name + " " + e.path + (e.is_dir ? " folder" : "") + (e.is_file ? " file" : "") +
                   (e.is_symlink ? " link" : "") + "\n";
        }
        EXPECT_EQ(all, "broken ./broken link\nfolder ./folder folder\nlink ./link folder link\nx ./x file\n");
        EXPECT_EQ(entries.back().inode, (co_await stat("x")).ino);
    }());
}

}  // namespace
}  // namespace hocket::fs
