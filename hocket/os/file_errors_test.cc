// SPDX-License-Identifier: MIT
// What may go wrong with files: full disks, files that vanish, permissions, places and sizes that there are not.
#include <hocket/os/file.h>

#include <hocket/os/file_system.h>
#include <hocket/os/in_folder_test.h>

#include <gtest/gtest.h>

#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <tests/support/trace.h>
#include <unistd.h>

namespace hocket::fs {
namespace {

using testing::content_of;
using testing::ending_of;
using testing::put_file;

class FileErrors : public testing::InFolder {};

/// Makes this process's mounts its own; who is not root becomes, for mounts alone, the root of a namespace, where the system lets him.
void own_the_mounts() {
    if (::geteuid() == 0) {
        if (::unshare(CLONE_NEWNS) == 0) ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
        return;
    }
    const std::string user = std::to_string(::geteuid()), group = std::to_string(::getegid());
    if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return;
    put_file("/proc/self/setgroups", "deny");
    put_file("/proc/self/uid_map", user + " " + user + " 1");
    put_file("/proc/self/gid_map", group + " " + group + " 1");
}

/// A disk of 64 KiB at `disk`, where one may be mounted.
class SmallDisk {
public:
    SmallDisk() {
        std::filesystem::create_directory("disk");
        own_the_mounts();
        mounted_ = ::mount("none", "disk", "tmpfs", 0, "size=64k") == 0;
    }
    SmallDisk(const SmallDisk&) = delete;
    SmallDisk& operator=(const SmallDisk&) = delete;
    ~SmallDisk() {
        if (mounted_) ::umount2("disk", MNT_DETACH);
    }
    bool mounted() const noexcept { return mounted_; }

private:
    bool mounted_ = false;
};

TEST_F(FileErrors, what_a_full_disk_refuses_is_written_when_there_is_room) {
    const SmallDisk disk;
    if (!disk.mounted()) GTEST_SKIP() << "no disk may be mounted";
    run([]() -> Coro<> {
        put_file("disk/ballast", std::string(30'000, 'b'));
        auto file = co_await open("disk/x", "w");
        EXPECT_EQ(co_await ending_of(file.write(std::string(60'000, 'x'))), "nothing");
        const std::string error = "hocket::OSError: write to disk/x: No space left on device";
        EXPECT_EQ(co_await ending_of(file.flush()), error);
        EXPECT_EQ(co_await ending_of(file.flush()), error);
        co_await remove("disk/ballast");
        co_await file.flush();
        co_await file.close();
        EXPECT_TRUE(content_of("disk/x") == std::string(60'000, 'x'));
    }());
}

TEST_F(FileErrors, a_full_disk_is_told_by_whole_writes_too) {
    const SmallDisk disk;
    run([](bool mounted) -> Coro<> {
        if (mounted) {
            EXPECT_EQ(co_await ending_of(write_bytes("disk/x", std::string(300'000, 'x'))),
                      "hocket::OSError: write to disk/x: No space left on device");
        }
        EXPECT_EQ(co_await ending_of(write_text("/dev/full", "x")),
                  "hocket::OSError: write to /dev/full: No space left on device");
        EXPECT_EQ(co_await ending_of(write_bytes("/dev/full", std::string(300'000, 'x'))),
                  "hocket::OSError: write to /dev/full: No space left on device");
    }(disk.mounted()));
}

TEST_F(FileErrors, what_an_unbuffered_file_could_not_write_is_not_tried_again) {
    run([]() -> Coro<> {
        auto unbuffered = co_await open("/dev/full", "wb", {.buffering = 0});
        EXPECT_EQ(co_await ending_of(unbuffered.write("x")),
                  "hocket::OSError: write to /dev/full: No space left on device");
        EXPECT_EQ(co_await ending_of(unbuffered.close()), "nothing");
        auto buffered = co_await open("/dev/full", "wb");
        co_await buffered.write("x");
        EXPECT_EQ(co_await ending_of(buffered.flush()), "hocket::OSError: write to /dev/full: No space left on device");
        EXPECT_EQ(co_await ending_of(buffered.close()), "hocket::OSError: write to /dev/full: No space left on device");
    }());
}

TEST_F(FileErrors, a_file_that_vanishes_is_read_to_its_end) {
    put_file("x", "still there");
    run([]() -> Coro<> {
        auto file = co_await open("x", "r+");
        co_await remove("x");
        EXPECT_EQ(co_await file.read(), "still there");
        co_await file.write("!");
        co_await file.flush();
        co_await file.close();
        EXPECT_FALSE(std::filesystem::exists("x"));
        EXPECT_EQ(co_await ending_of(open("x")), "hocket::OSError: open x: No such file or directory");
    }());
}

TEST_F(FileErrors, a_file_that_shrinks_ends_sooner) {
    put_file("x", std::string(200'000, 'x'));
    run([]() -> Coro<> {
        auto file = co_await open("x");
        EXPECT_EQ((co_await file.read(10)).size(), 10U);
        std::filesystem::resize_file("x", 5);
        EXPECT_EQ((co_await file.read()).size(), 65536U - 10);  // what was read ahead
        EXPECT_EQ(co_await file.read(), "");
    }());
}

/// While it lives, this process is nobody's, in a folder of its own, if it was root's before.
class AsNobody {
public:
    AsNobody() {
        constexpr uid_t nobody = 65534;
        was_root_ = ::geteuid() == 0 && ::chown(".", nobody, nobody) == 0 && ::seteuid(nobody) == 0;
    }
    AsNobody(const AsNobody&) = delete;
    AsNobody& operator=(const AsNobody&) = delete;
    ~AsNobody() {
        if (was_root_ && ::seteuid(0) < 0) ADD_FAILURE() << "not root again";
    }

private:
    bool was_root_ = false;
};

TEST_F(FileErrors, permissions_are_told) {
    const AsNobody nobody;
    if (::geteuid() == 0) GTEST_SKIP() << "everything is permitted to root";
    put_file("x", "");
    std::filesystem::permissions("x", std::filesystem::perms::owner_read);
    std::filesystem::create_directory("closed");
    std::filesystem::permissions("closed", std::filesystem::perms::none);
    run([]() -> Coro<> {
        EXPECT_EQ(co_await ending_of(open("x", "r+")), "hocket::OSError: open x: Permission denied");
        EXPECT_EQ(co_await ending_of(open("x", "w")), "hocket::OSError: open x: Permission denied");
        EXPECT_EQ(co_await ending_of(open("closed/x")), "hocket::OSError: open closed/x: Permission denied");
        EXPECT_EQ(co_await ending_of(write_text("closed/x", "")), "hocket::OSError: open closed/x: Permission denied");
        EXPECT_EQ(co_await ending_of(stat("closed/x")), "hocket::OSError: stat closed/x: Permission denied");
        EXPECT_EQ(co_await ending_of(listdir("closed")), "hocket::OSError: read the folder closed: Permission denied");
    }());
    std::filesystem::permissions("closed", std::filesystem::perms::owner_all);
}

TEST_F(FileErrors, a_program_that_runs_is_not_written_to) {
    run([]() -> Coro<> {
        EXPECT_EQ(co_await ending_of(open("/proc/self/exe", "r+")),
                  "hocket::OSError: open /proc/self/exe: Text file busy");
    }());
}

TEST_F(FileErrors, no_place_is_before_the_beginning_and_no_size_below_nothing) {
    put_file("x", "0123");
    run([]() -> Coro<> {
        auto file = co_await open("x", "r+b");
        EXPECT_EQ(co_await file.read(2), "01");
        EXPECT_EQ(co_await ending_of(file.seek(-1)), "hocket::OSError: seek in x: Invalid argument");
        EXPECT_EQ(co_await ending_of(file.seek(-3, SEEK_CUR)), "hocket::OSError: seek in x: Invalid argument");
        EXPECT_EQ(co_await ending_of(file.seek(-5, SEEK_END)), "hocket::OSError: seek in x: Invalid argument");
        EXPECT_EQ(co_await ending_of(file.seek(0, 77)), "hocket::OSError: seek in x: Invalid argument");
        const auto negative = static_cast<std::uint64_t>(-1);
        EXPECT_EQ(co_await ending_of(file.truncate(negative)), "hocket::OSError: truncate x: Invalid argument");
        EXPECT_EQ(co_await file.tell(), 2);
        EXPECT_EQ(co_await file.read(static_cast<std::size_t>(-1)), "23");  // as in Python: all
    }());
}

TEST_F(FileErrors, a_limit_on_the_size_of_files_is_told) {
    rlimit before{};
    ::getrlimit(RLIMIT_FSIZE, &before);
    const auto handler = ::signal(SIGXFSZ, SIG_IGN);
    const rlimit small{.rlim_cur = 1000, .rlim_max = before.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &small);
    run([]() -> Coro<> {
        auto file = co_await open("x", "wb");
        co_await file.write(std::string(2000, 'x'));
        EXPECT_EQ(co_await ending_of(file.close()), "hocket::OSError: write to x: File too large");
        EXPECT_TRUE(file.closed());
    }());
    ::setrlimit(RLIMIT_FSIZE, &before);
    ::signal(SIGXFSZ, handler);
    EXPECT_EQ(content_of("x").size(), 1000U);
}

TEST_F(FileErrors, a_pipe_has_no_positions) {
    run([]() -> Coro<> {
        int ends[2];
        EXPECT_EQ(::pipe(ends), 0);
        auto in = co_await open(ends[0], "rb");
        auto out = co_await open(ends[1], "wb");
        EXPECT_FALSE(in.seekable());
        EXPECT_EQ(co_await ending_of(in.seek(0)),
                  "hocket::OSError: seek in descriptor " + std::to_string(ends[0]) + ": Illegal seek");
        EXPECT_EQ(co_await ending_of(in.tell()),
                  "hocket::OSError: tell the position in descriptor " + std::to_string(ends[0]) + ": Illegal seek");
        EXPECT_EQ(co_await ending_of(out.truncate(0)),
                  "hocket::OSError: truncate descriptor " + std::to_string(ends[1]) + ": Invalid argument");
    }());
}

TEST_F(FileErrors, bad_text_in_a_pipe_is_told_by_its_place_in_the_stream) {
    run([]() -> Coro<> {
        int ends[2];
        EXPECT_EQ(::pipe(ends), 0);
        auto in = co_await open(ends[0]);
        EXPECT_EQ(::write(ends[1], "ab\ncd\xff", 6), 6);
        ::close(ends[1]);
        EXPECT_EQ(co_await in.readline(), "ab\n");
        EXPECT_EQ(co_await ending_of(in.readline()), "hocket::UnicodeDecodeError: read from descriptor " +
                                                         std::to_string(ends[0]) + ": no UTF-8 at byte 5: 0xff");
    }());
}

TEST_F(FileErrors, nobody_reads_what_is_written_to_a_pipe) {
    run([]() -> Coro<> {
        int ends[2];
        EXPECT_EQ(::pipe(ends), 0);
        ::close(ends[0]);
        auto out = co_await open(ends[1], "wb");
        co_await out.write("lost");
        EXPECT_EQ(co_await ending_of(out.close()),
                  "hocket::OSError: write to descriptor " + std::to_string(ends[1]) + ": Broken pipe");
    }());
}

TEST_F(FileErrors, nobody_reads_what_is_sent_to_a_pipe) {
    run([]() -> Coro<> {
        int ends[2];
        EXPECT_EQ(::pipe(ends), 0);
        ::close(ends[0]);
        co_await write_text("x", "lost");
        auto in = co_await open("x");
        EXPECT_EQ(co_await ending_of(sendfile(ends[1], in.fileno(), 0, 4)),
                  "hocket::OSError: send a file from descriptor " + std::to_string(in.fileno()) + " to descriptor " +
                      std::to_string(ends[1]) + ": Broken pipe");
        ::close(ends[1]);
        co_await in.close();
    }());
}

TEST_F(FileErrors, every_operation_of_a_closed_file_is_refused) {
    run([]() -> Coro<> {
        auto file = co_await open("x", "w+b");
        co_await file.close();
        std::vector<std::string> lines{"a"};
        char byte = 0;
        EXPECT_EQ(co_await ending_of(file.readline()), "hocket::ValueError: read from x: the file is closed");
        EXPECT_EQ(co_await ending_of(file.next()), "hocket::ValueError: read from x: the file is closed");
        EXPECT_EQ(co_await ending_of(file.readlines()), "hocket::ValueError: read from x: the file is closed");
        EXPECT_EQ(co_await ending_of(file.read1()), "hocket::ValueError: read bytes from x: the file is closed");
        EXPECT_EQ(co_await ending_of(file.readinto({&byte, 1})),
                  "hocket::ValueError: read bytes from x: the file is closed");
        EXPECT_EQ(co_await ending_of(file.writelines(lines)), "hocket::ValueError: write to x: the file is closed");
        EXPECT_EQ(co_await ending_of(file.flush()), "hocket::ValueError: write to x: the file is closed");
        EXPECT_EQ(co_await ending_of(file.fsync()), "hocket::ValueError: sync x: the file is closed");
        EXPECT_EQ(co_await ending_of(file.seek(0)), "hocket::ValueError: seek in x: the file is closed");
        EXPECT_EQ(co_await ending_of(file.truncate()), "hocket::ValueError: truncate x: the file is closed");
        EXPECT_EQ(co_await ending_of(file.aenter()), "hocket::ValueError: enter x: the file is closed");
    }());
}

}  // namespace
}  // namespace hocket::fs
