// SPDX-License-Identifier: MIT
// What the kernel has not in memory is read by a thread: the loop does not wait for a disk.
#include <hocket/os/file.h>

#include <hocket/io/runner.h>
#include <hocket/os/busy_thread_test.h>
#include <hocket/os/file_system.h>
#include <hocket/os/files_test.h>

#include <fcntl.h>
#include <sys/mman.h>
#include <tests/support/trace.h>
#include <unistd.h>
#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace hocket::fs {
namespace {

using testing::BusyThread;
using testing::turns;

class FileUncached : public ::testing::Test {
public:
    FileUncached() : content_(200'000, 'x') { testing::put_file("x", content_); }

    /// Whether the kernel has dropped all of it, which not every file system does. Looks at it without a read: that would bring it back.
    bool dropped() const {
        const int fd = ::open("x", O_RDWR | O_CLOEXEC);
        EXPECT_EQ(::fsync(fd), 0);
        EXPECT_EQ(::posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED), 0);
        void* const pages = ::mmap(nullptr, content_.size(), PROT_READ, MAP_SHARED, fd, 0);
        ::close(fd);
        EXPECT_NE(pages, MAP_FAILED);
        const auto page_size = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
        std::vector<unsigned char> in_memory((content_.size() + page_size - 1) / page_size);
        EXPECT_EQ(::mincore(pages, content_.size(), in_memory.data()), 0);
        ::munmap(pages, content_.size());
        return std::ranges::none_of(in_memory, [](unsigned char page) { return (page & 1) != 0; });
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
    hocket::run([](const FileUncached& test, const std::string& content) -> Coro<> {
        auto file = co_await open("x", "rb");
        if (!test.dropped()) co_return;
        BusyThread thread;
        thread.occupy();
        const Task<std::string> reading = create_task(file.read());
        co_await waits_for(thread, reading, content);
    }(*this, content_));
    if (!dropped()) GTEST_SKIP() << "this file system keeps every file in memory";
}

TEST_F(FileUncached, a_whole_file_too) {
    hocket::run([](const FileUncached& test, const std::string& content) -> Coro<> {
        co_await read_bytes("x");  // from here on it is known who serves the file
        if (!test.dropped()) co_return;
        BusyThread thread;
        thread.occupy();
        const Task<std::string> reading = create_task(read_bytes("x"));
        co_await waits_for(thread, reading, content);
    }(*this, content_));
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
