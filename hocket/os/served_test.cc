// SPDX-License-Identifier: MIT
// Files of networks and of other processes: no call for them is made on the loop's thread.
#include <hocket/os/served_internal.h>

#include <hocket/os/busy_thread_test.h>
#include <hocket/os/in_folder_test.h>

#include <gtest/gtest.h>
#include <hocket/io/runner.h>
#include <hocket/os/file.h>
#include <hocket/os/file_system.h>
#include <hocket/os/temporary.h>

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <tests/support/trace.h>
#include <unistd.h>
#include <cstdio>
#include <filesystem>
#include <string>

namespace hocket::fs {
namespace {

TEST(OnceServed, networks_and_processes_are_others_and_disks_and_memory_are_not) {
    constexpr long smb_2 = 0xFE534D42, ceph = 0x00C36400, beegfs = 0x19830326, pan = 0xAAD7AAEA, stornext = 0xBEEFDEAD,
                   host = 0x00C0FFEE, xfs = 0x58465342;
    for (const long type : {long{NFS_SUPER_MAGIC}, long{SMB_SUPER_MAGIC}, long{FUSE_SUPER_MAGIC}, long{V9FS_MAGIC},
                            long{AFS_SUPER_MAGIC}, long{CODA_SUPER_MAGIC}, long{AUTOFS_SUPER_MAGIC},
                            long{ECRYPTFS_SUPER_MAGIC}, smb_2, ceph, beegfs, pan, stornext, host}) {
        EXPECT_EQ(served_of_type(type), Served::by_others) << type;
    }
    EXPECT_EQ(served_of_type(static_cast<std::int32_t>(smb_2)), Served::by_others);  // where a word has 32 bits
    for (const long type : {long{EXT4_SUPER_MAGIC}, long{TMPFS_MAGIC}, long{OVERLAYFS_SUPER_MAGIC},
                            long{BTRFS_SUPER_MAGIC}, long{PROC_SUPER_MAGIC}, xfs}) {
        EXPECT_EQ(served_of_type(type), Served::by_kernel) << type;
    }
}

/// A file, of whose device the tests say who serves it.
class ServedFiles : public testing::InFolder {
protected:
    ServedFiles() {
        testing::put_file("x.txt", "text");
        struct stat status{};
        ::stat("x.txt", &status);
        device_ = status.st_dev;
    }
    ~ServedFiles() override { say(Served::unknown); }
    void say(Served by) { remember_served(device_, by); }

    /// Whether it waits while the only thread is busy.
    template <class F>
    static Coro<bool> needs_a_thread(F operation) {
        testing::BusyThread thread;
        thread.occupy();
        const auto task = create_task(operation());
        co_await testing::turns(5);
        const bool waits = !task.done();
        thread.release();
        co_await task;
        co_return waits;
    }

    dev_t device_ = 0;
};

TEST_F(ServedFiles, those_of_others_are_opened_read_and_closed_by_threads) {
    say(Served::by_others);
    run([](dev_t device) -> Coro<> {
        EXPECT_TRUE(co_await needs_a_thread([] { return read_bytes("x.txt"); }));
        EXPECT_TRUE(co_await needs_a_thread([] { return open("x.txt"); }));
        auto file = co_await open("x.txt");
        EXPECT_TRUE(co_await needs_a_thread([&] { return file.read(1); }));
        EXPECT_TRUE(co_await needs_a_thread([&] { return file.close(); }));
        EXPECT_EQ(served(device), Served::by_others);
    }(device_));
}

TEST_F(ServedFiles, only_a_thread_opens_a_file_to_write) {
    say(Served::by_kernel);
    run([]() -> Coro<> {
        EXPECT_FALSE(co_await needs_a_thread([] { return open("x.txt"); }));
        for (const char* mode : {"r+", "w", "a", "a+"}) {
            EXPECT_TRUE(co_await needs_a_thread([mode] { return open("x.txt", mode); })) << mode;
        }
    }());
}

TEST_F(ServedFiles, a_thread_looks_for_what_only_the_file_system_knows_the_place_of) {
    run([]() -> Coro<> {
        auto file = co_await open("x.txt");
        for (const int whence : {SEEK_END, SEEK_DATA, SEEK_HOLE}) {
            EXPECT_TRUE(co_await needs_a_thread([&] { return file.seek(0, whence); })) << whence;
        }
        for (const int whence : {SEEK_SET, SEEK_CUR}) {
            EXPECT_FALSE(co_await needs_a_thread([&] { return file.seek(0, whence); })) << whence;
        }
        co_await file.close();
    }());
}

TEST_F(ServedFiles, a_thread_looks_for_the_end_at_which_a_descriptor_is_to_write) {
    run([]() -> Coro<> {
        const int fd = ::open("x.txt", O_RDWR | O_CLOEXEC);
        EXPECT_TRUE(co_await needs_a_thread([fd] { return open(fd, "a", {.closefd = false}); }));
        auto file = co_await open(fd, "a+");
        EXPECT_EQ(co_await file.tell(), 4);
        co_await file.close();
    }());
}

TEST_F(ServedFiles, a_spooled_file_on_the_disk_is_served_by_whoever_serves_that) {
    say(Served::by_others);
    run([]() -> Coro<> {
        auto file = co_await spooled_temporary_file({.dir = "."});
        co_await file.write("text");
        co_await file.seek(0);
        EXPECT_EQ(co_await file.read(), "text");  // now it is known who serves what is in memory
        co_await file.rollover();
        co_await file.seek(0);
        EXPECT_TRUE(co_await needs_a_thread([&] { return file.read(); }));
        co_await file.close();
    }());
}

// Of a name from the root on, only that no mount is crossed on its way tells that the root's file system has it.
TEST_F(ServedFiles, behind_a_mount_it_is_another_who_serves) {
    struct stat root{}, memory{};
    if (::stat("/", &root) != 0 || ::stat("/dev/shm", &memory) != 0 || root.st_dev == memory.st_dev)
        GTEST_SKIP() << "no file system of its own at /dev/shm";
    const std::string path = "/dev/shm/hocket_test_" + std::to_string(::getpid());
    testing::put_file(path, "text");
    run([](std::string name, dev_t root_device, dev_t device) -> Coro<> {
        co_await read_bytes(name);  // the root is known now
        remember_served(root_device, Served::by_kernel);
        remember_served(device, Served::by_others);
        EXPECT_EQ(served_root(), Served::by_kernel);
        EXPECT_TRUE(co_await needs_a_thread([&] { return read_bytes(name); }));
        remember_served(root_device, Served::unknown);
        remember_served(device, Served::unknown);
    }(path, root.st_dev, memory.st_dev));
    ::unlink(path.c_str());
}

TEST_F(ServedFiles, a_name_from_the_root_says_nothing_of_who_serves_its_file) {
    run([](const dev_t device, std::string path) -> Coro<> {
        EXPECT_EQ(co_await read_bytes(path), "text");  // the root is known now
        EXPECT_NE(served_root(), Served::unknown);
        remember_served(device, Served::by_others);
        EXPECT_TRUE(co_await needs_a_thread([&] { return read_bytes(path); }));
        remember_served(device, Served::by_kernel);
        EXPECT_FALSE(co_await needs_a_thread([&] { return read_bytes(path); }));
    }(device_, std::filesystem::current_path().string() + "/x.txt"));
}

TEST_F(ServedFiles, who_serves_a_device_is_asked_by_a_thread_and_once) {
    struct statfs status{};
    ASSERT_EQ(::statfs("x.txt", &status), 0);
    const Served truth = served_of_type(status.f_type);
    say(Served::unknown);
    run([](dev_t device, Served expected) -> Coro<> {
        auto file = co_await open(::open("x.txt", O_RDONLY | O_CLOEXEC));  // on the loop's thread
        EXPECT_EQ(served(device), Served::unknown);
        EXPECT_TRUE(co_await needs_a_thread([&] { return file.read(1); }));
        EXPECT_EQ(served(device), expected);
    }(device_, truth));
    say(Served::unknown);
    run([](dev_t device, Served expected) -> Coro<> {
        EXPECT_TRUE(co_await needs_a_thread([] { return read_bytes("x.txt"); }));
        EXPECT_EQ(served(device), expected);
    }(device_, truth));
}

}  // namespace
}  // namespace hocket::fs
