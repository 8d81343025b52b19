// SPDX-License-Identifier: MIT
// What the kernel has not in memory is read by a thread: the loop does not wait for a disk.
#include <hocket/os/file.h>

#include <hocket/io/runner.h>
#include <hocket/os/busy_thread_test.h>
#include <hocket/os/file_system.h>
#include <hocket/os/files_test.h>

#include <fcntl.h>
#include <sys/uio.h>
#include <tests/support/trace.h>
#include <unistd.h>
#include <memory>
#include <string>
#include <string_view>

namespace hocket::fs {
namespace {

using testing::BusyThread;
using testing::turns;

class FileUncached : public ::testing::Test {
protected:
    FileUncached() : content_(200'000, 'x') { testing::put_file("x", content_); }

    /// Whether the kernel has dropped it, which not every file system does.
    static bool dropped() {
        const int fd = ::open("x", O_RDWR | O_CLOEXEC);
        EXPECT_EQ(::fsync(fd), 0);
        EXPECT_EQ(::posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED), 0);
        char byte = 0;
        const iovec piece{.iov_base = &byte, .iov_len = 1};
        const bool is_there = ::preadv2(fd, &piece, 1, 100'000, RWF_NOWAIT) == 1;
        ::close(fd);
        return !is_there;
    }
    testing::InNewFolder folder_;
    std::string content_;
};

// While the thread is busy, `reading` is not done; the loop goes on.
Coro<> waits_for(BusyThread& thread, const Task<std::string>& reading, std::string_view content) {
    co_await turns(100);
    EXPECT_FALSE(reading.done());
    thread.release();
    EXPECT_TRUE(co_await reading == content);
}

TEST_F(FileUncached, a_read_waits_for_a_thread_and_not_the_loop_for_the_disk) {
    hocket::run([](const std::string& content) -> Coro<> {
        auto file = co_await open("x", "rb");
        if (!dropped()) co_return;
        BusyThread thread;
        thread.occupy();
        const Task<std::string> reading = create_task(file.read());
        co_await waits_for(thread, reading, content);
    }(content_));
    if (!dropped()) GTEST_SKIP() << "this file system keeps every file in memory";
}

TEST_F(FileUncached, a_whole_file_too) {
    hocket::run([](const std::string& content) -> Coro<> {
        co_await read_bytes("x");  // from here on it is known who serves the file
        if (!dropped()) co_return;
        BusyThread thread;
        thread.occupy();
        const Task<std::string> reading = create_task(read_bytes("x"));
        co_await waits_for(thread, reading, content);
    }(content_));
    if (!dropped()) GTEST_SKIP() << "this file system keeps every file in memory";
}

TEST_F(FileUncached, what_is_in_memory_needs_no_thread) {
    hocket::run([](const std::string& content) -> Coro<> {
        EXPECT_TRUE(co_await read_bytes("x") == content);  // from here on it is, and it is known who serves it
        BusyThread thread;
        thread.occupy();
        const Task<std::string> reading = create_task(read_bytes("x"));
        co_await turns(100);
        EXPECT_TRUE(reading.done());
        thread.release();
        EXPECT_TRUE(co_await reading == content);
    }(content_));
}

}  // namespace
}  // namespace hocket::fs
