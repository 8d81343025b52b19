// SPDX-License-Identifier: MIT
// Temporary files and folders: what they are called, where they are, and that they are gone.
#include <hocket/os/temporary.h>

#include <hocket/os/file_system.h>
#include <hocket/os/in_folder_test.h>

#include <gtest/gtest.h>
#include <hocket/flow/with.h>
#include <hocket/io/runner.h>

#include <sys/stat.h>
#include <tests/support/trace.h>

namespace hocket::fs {
namespace {

using testing::content_of;
using testing::ending_of;
using testing::put_file;

class Temporary : public testing::InFolder {
protected:
    static auto entries() {
        return std::distance(std::filesystem::directory_iterator("."), std::filesystem::directory_iterator());
    }
    /// Where the descriptor's file is: `/memfd:...` of one in memory.
    static std::string place_of(const File& file) {
        return std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(file.fileno()));
    }
    static unsigned permissions_of(const std::string& path) {
        struct stat status{};
        EXPECT_EQ(::stat(path.c_str(), &status), 0);
        return status.st_mode & 0777;
    }
};

TEST_F(Temporary, a_file_without_a_name_is_written_and_read) {
    run([]() -> Coro<> {
        TemporaryOptions here{.dir = "."};
        co_await with(co_await temporary_file(here), [](File& file) -> Coro<> {
            EXPECT_EQ(file.mode(), "w+b");
            EXPECT_EQ(entries(), 0);
            EXPECT_EQ(co_await file.write("scratch"), 7U);
            co_await file.seek(0);
            EXPECT_EQ(co_await file.read(), "scratch");
        });
        EXPECT_EQ(entries(), 0);
    }());
}

TEST_F(Temporary, a_file_with_a_name_is_removed_when_it_is_closed) {
    run([]() -> Coro<> {
        TemporaryOptions options{.mode = "w+", .suffix = ".txt", .prefix = "job_", .dir = "."};
        auto file = co_await named_temporary_file(options);
        const std::string name = file.name();
        const std::string folder = std::filesystem::current_path();
        EXPECT_TRUE(name.starts_with(folder + "/job_") && name.ends_with(".txt")) << name;
        EXPECT_EQ(permissions_of(name), 0600U);
        co_await file.write("for others");
        co_await file.flush();
        EXPECT_EQ(content_of(name), "for others");
        co_await file.close();
        EXPECT_EQ(entries(), 0);
        {
            auto dropped = co_await named_temporary_file(options);
            EXPECT_EQ(entries(), 1);
        }
        EXPECT_EQ(entries(), 0);
    }());
}

TEST_F(Temporary, a_file_with_a_name_may_stay_or_be_removed_by_others) {
    run([]() -> Coro<> {
        TemporaryOptions staying{.dir = ".", .delete_ = false};
        auto file = co_await named_temporary_file(staying);
        co_await file.write("stays");
        co_await file.close();
        EXPECT_EQ(content_of(file.name()), "stays");
        TemporaryOptions options{.dir = "."};
        auto other = co_await named_temporary_file(options);
        co_await remove(other.name());
        co_await other.close();
    }());
}

TEST_F(Temporary, two_files_have_two_names) {
    run([]() -> Coro<> {
        TemporaryOptions options{.dir = "."};
        auto a = co_await named_temporary_file(options);
        auto b = co_await named_temporary_file(options);
        EXPECT_NE(a.name(), b.name());
    }());
}

TEST_F(Temporary, a_spooled_file_goes_to_the_disk_when_it_is_large) {
    run([]() -> Coro<> {
        TemporaryOptions options{.dir = ".", .max_size = 10};
        auto file = co_await spooled_temporary_file(options);
        co_await file.write("0123456789");
        co_await file.flush();
        EXPECT_TRUE(place_of(file).starts_with("/memfd:")) << place_of(file);
        const int fd = file.fileno();
        co_await file.write("ab");
        co_await file.flush();
        EXPECT_TRUE(place_of(file).starts_with(std::string(std::filesystem::current_path()))) << place_of(file);
        EXPECT_EQ(file.fileno(), fd);
        EXPECT_EQ(co_await file.tell(), 12);
        co_await file.seek(8);
        EXPECT_EQ(co_await file.read(), "89ab");
        co_await file.close();
        EXPECT_EQ(entries(), 0);
    }());
}

TEST_F(Temporary, a_spooled_file_goes_to_the_disk_when_it_is_told_to) {
    run([]() -> Coro<> {
        TemporaryOptions options{.mode = "w+", .dir = "."};
        auto file = co_await spooled_temporary_file(options);
        co_await file.write(std::string(100'000, 'x'));
        co_await file.write("not flushed");
        EXPECT_TRUE(place_of(file).starts_with("/memfd:"));
        co_await file.rollover();
        EXPECT_FALSE(place_of(file).starts_with("/memfd:"));
        co_await file.rollover();
        EXPECT_EQ(co_await file.tell(), 100'011);
        co_await file.seek(100'000);
        EXPECT_EQ(co_await file.read(), "not flushed");
        auto plain = co_await open("x", "w");
        co_await plain.rollover();
    }());
}

TEST_F(Temporary, a_spooled_file_that_is_extended_goes_to_the_disk) {
    run([]() -> Coro<> {
        TemporaryOptions options{.dir = ".", .max_size = 10};
        auto file = co_await spooled_temporary_file(options);
        co_await file.truncate(11);
        EXPECT_FALSE(place_of(file).starts_with("/memfd:"));
    }());
}

TEST_F(Temporary, a_spooled_file_that_finds_no_folder_stays_in_memory_with_all_that_was_written) {
    run([]() -> Coro<> {
        std::filesystem::create_directory("gone");
        TemporaryOptions options{.dir = "gone", .max_size = 3};
        auto file = co_await spooled_temporary_file(options);
        std::filesystem::remove("gone");
        co_await file.write("abcdef");
        const std::string folder = std::filesystem::current_path();
        EXPECT_EQ(co_await ending_of(file.flush()),
                  "hocket::OSError: make a temporary file in " + folder + "/gone: No such file or directory");
        co_await file.seek(0);
        EXPECT_EQ(co_await file.read(), "abcdef");
    }());
}

TEST_F(Temporary, a_folder_is_removed_with_all_that_is_in_it) {
    run([]() -> Coro<> {
        TemporaryDirectoryOptions options{.suffix = ".d", .prefix = "job_", .dir = "."};
        co_await with(co_await temporary_directory(options), [](const std::string& name) -> Coro<> {
            EXPECT_TRUE(name.starts_with(std::string(std::filesystem::current_path()) + "/job_")) << name;
            EXPECT_TRUE(name.ends_with(".d")) << name;
            EXPECT_EQ(permissions_of(name), 0700U);
            EXPECT_EQ(entries(), 1);
            std::filesystem::create_directories(name + "/a/b");
            put_file(name + "/a/b/x", "content");
            co_return;
        });
        EXPECT_EQ(entries(), 0);
    }());
}

TEST_F(Temporary, a_folder_is_removed_when_its_block_fails_or_its_owner_goes) {
    run([]() -> Coro<> {
        TemporaryDirectoryOptions options{.dir = "."};
        auto folder = co_await temporary_directory(options);
        EXPECT_EQ(co_await ending_of(with(folder,
                                          [](const std::string& name) -> Coro<> {
                                              put_file(name + "/x", "");
                                              throw ValueError("the block fails");
                                              co_return;
                                          })),
                  "hocket::ValueError: the block fails");
        EXPECT_EQ(entries(), 0);
        {
            auto dropped = co_await temporary_directory(options);
            put_file(dropped.name() + "/x", "");
            auto moved = std::move(dropped);
            EXPECT_EQ(entries(), 1);
        }
        EXPECT_EQ(entries(), 0);
    }());
}

TEST_F(Temporary, a_symbolic_link_in_a_folder_does_not_lead_its_end_astray) {
    put_file("precious", "kept");
    std::filesystem::create_directory("treasure");
    put_file("treasure/x", "kept");
    run([]() -> Coro<> {
        TemporaryDirectoryOptions options{.dir = "."};
        auto folder = co_await temporary_directory(options);
        std::filesystem::create_symlink("../treasure", folder.name() + "/link");
        co_await folder.cleanup();
        EXPECT_FALSE(std::filesystem::exists(folder.name()));
        co_await folder.cleanup();
        EXPECT_EQ(content_of("treasure/x"), "kept");
    }());
}

TEST_F(Temporary, a_folder_may_stay_and_may_be_gone_before) {
    run([]() -> Coro<> {
        TemporaryDirectoryOptions staying{.dir = ".", .delete_ = false}, options{.dir = "."};
        std::string name;
        {
            auto stays = co_await temporary_directory(staying);
            name = stays.name();
        }
        EXPECT_TRUE(std::filesystem::exists(name));
        auto folder = co_await temporary_directory(options);
        std::filesystem::remove(folder.name());
        co_await folder.cleanup();
    }());
}

TEST_F(Temporary, what_cannot_be_made_says_why) {
    run([]() -> Coro<> {
        TemporaryOptions nowhere{.dir = "/missing"}, no_mode{.mode = "q"}, null{.suffix = std::string("a\0b", 3)};
        EXPECT_EQ(co_await ending_of(temporary_file(nowhere)),
                  "hocket::OSError: make a temporary file in /missing: No such file or directory");
        EXPECT_EQ(co_await ending_of(named_temporary_file(nowhere)),
                  "hocket::OSError: make a temporary file in /missing: No such file or directory");
        EXPECT_EQ(
            co_await ending_of(spooled_temporary_file(no_mode)),
            "hocket::ValueError: open a temporary file: no mode is \"q\": it is one of r, w, a, x, and may have + "
            "and b");
        EXPECT_EQ(co_await ending_of(named_temporary_file(null)),
                  "hocket::ValueError: a null character in the name of a temporary file");
        TemporaryDirectoryOptions no_folder{.dir = "/missing"};
        EXPECT_EQ(co_await ending_of(temporary_directory(no_folder)),
                  "hocket::OSError: make a temporary folder in /missing: No such file or directory");
    }());
}

TEST_F(Temporary, the_environment_says_where) {
    const char* before = std::getenv("TMPDIR");
    const std::string kept = before ? before : "";
    const std::string here = std::filesystem::current_path();
    ::setenv("TMPDIR", here.c_str(), 1);
    run([](const std::string& folder) -> Coro<> {
        EXPECT_EQ(co_await gettempdir(), folder);
        auto file = co_await named_temporary_file();
        EXPECT_TRUE(file.name().starts_with(folder + "/tmp")) << file.name();
    }(here));
    if (before) {
        ::setenv("TMPDIR", kept.c_str(), 1);
    } else {
        ::unsetenv("TMPDIR");
    }
}

}  // namespace
}  // namespace hocket::fs
