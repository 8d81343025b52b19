// SPDX-License-Identifier: MIT
// Several operations on one file, and operations that are cancelled while a thread works for them.
#include <hocket/os/file.h>

#include <hocket/os/busy_thread_test.h>
#include <hocket/os/in_folder_test.h>

#include <gtest/gtest.h>
#include <hocket/flow/gather.h>
#include <hocket/flow/wait_for.h>
#include <hocket/flow/with.h>
#include <hocket/io/runner.h>
#include <hocket/os/executor.h>
#include <hocket/os/file_system.h>

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <tests/support/trace.h>
#include <unistd.h>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <string>
#include <thread>

namespace hocket::fs {
namespace {

using namespace std::chrono_literals;
using testing::BusyThread;
using testing::content_of;
using testing::put_file;

/// A pipe with a name, on which a read blocks its thread until somebody writes.
class FileOrder : public testing::InFolder {
protected:
    FileOrder() { ::mkfifo("pipe", 0600); }

    static void feed(const File& pipe, std::string_view bytes) {
        EXPECT_EQ(::write(pipe.fileno(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
    }
    /// Has a thread take one byte for `reading`, which waits for more.
    static Coro<> begun(const Task<std::string>& reading, const File& pipe, std::string_view byte) {
        co_await testing::turns(2);
        feed(pipe, byte);
        for (int left = 1; left > 0; co_await testing::turns(1)) ::ioctl(pipe.fileno(), FIONREAD, &left);
        EXPECT_FALSE(reading.done());
    }
};

TEST_F(FileOrder, operations_are_done_in_the_order_in_which_they_were_begun) {
    put_file("x.txt", "0123456789");
    run([]() -> Coro<> {
        auto file = co_await open("x.txt", "r+");
        auto [a, b, c, d] = co_await gather(file.read(2), file.seek(8), file.read(), file.write("end"));
        EXPECT_EQ(a, "01");
        EXPECT_EQ(b, 8);
        EXPECT_EQ(c, "89");
        co_await file.close();
        EXPECT_EQ(content_of("x.txt"), "0123456789end");
    }());
}

TEST_F(FileOrder, lines_go_to_whoever_asked_first) {
    put_file("x.txt", "1\n2\n3\n");
    run([]() -> Coro<> {
        auto file = co_await open("x.txt");
        auto [a, b, c] = co_await gather(file.readline(), file.readline(), file.readline());
        EXPECT_EQ(a + b + c, "1\n2\n3\n");
    }());
}

// On the file system at the root it is opened without a thread once that is known.
TEST_F(FileOrder, a_fifo_that_nobody_writes_to_yet_is_read_when_somebody_does) {
    put_file("x.txt", "text");
    run([](std::string folder) -> Coro<> {
        EXPECT_EQ(co_await read_text(folder + "x.txt"), "text");  // now it is known who serves the root
        const auto whole = create_task(read_bytes(folder + "pipe"));
        const auto write = [](std::string path, std::string bytes) {
            const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
            EXPECT_EQ(::write(fd, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
            ::close(fd);
        };
        co_await testing::turns(5);
        EXPECT_FALSE(whole.done());
        std::thread first(write, folder + "pipe", "one");
        EXPECT_EQ(co_await whole, "one");
        first.join();
        const auto lines = create_task([](std::string path) -> Coro<std::string> {
            auto file = co_await open(path);
            const std::string line = co_await file.readline(), rest = co_await file.read();
            co_await file.close();
            co_return line + "| " + rest;
        }(folder + "pipe"));
        co_await testing::turns(5);
        EXPECT_FALSE(lines.done());
        std::thread second(write, folder + "pipe", "two\nlines\n");
        EXPECT_EQ(co_await lines, "two\n| lines\n");
        second.join();
    }(std::filesystem::current_path().string() + "/"));
}

TEST_F(FileOrder, what_is_appended_between_reads_is_read) {
    put_file("x.txt", "one\nt");
    run([]() -> Coro<> {
        auto reading = co_await open("x.txt"), writing = co_await open("x.txt", "a");
        EXPECT_EQ(co_await reading.readline(), "one\n");
        co_await writing.write("wo\n");
        co_await writing.flush();
        EXPECT_EQ(co_await reading.readline(), "two\n");
        EXPECT_EQ(co_await reading.read(), "");
        co_await writing.write("three");
        co_await writing.flush();
        EXPECT_EQ(co_await reading.read(100), "three");
        co_await writing.write("four");
        co_await writing.close();
        EXPECT_EQ(co_await reading.read(), "four");
        co_await reading.close();
    }());
}

TEST_F(FileOrder, what_a_cancelled_read_brings_is_the_next_readers) {
    run([]() -> Coro<> {
        auto pipe = co_await open("pipe", "r+");
        const auto reading = create_task(pipe.readline());
        co_await begun(reading, pipe, "N");
        reading.cancel();
        EXPECT_EQ(co_await testing::ending_of(reading), "hocket::CancelledError");
        const auto next = create_task(pipe.readline());
        co_await testing::turns(3);
        EXPECT_FALSE(next.done());
        feed(pipe, "othing is lost\n");
        EXPECT_EQ(co_await next, "Nothing is lost\n");
    }());
}

TEST_F(FileOrder, an_operation_cancelled_before_its_turn_has_no_effect) {
    run([]() -> Coro<> {
        auto pipe = co_await open("pipe", "r+");
        const auto reading = create_task(pipe.read(3));
        co_await begun(reading, pipe, "a");
        const auto writing = create_task(pipe.write("lost"));
        const auto closing = create_task(pipe.close());
        co_await testing::turns(1);
        writing.cancel();
        closing.cancel();
        co_await testing::ending_of(writing);
        co_await testing::ending_of(closing);
        EXPECT_FALSE(pipe.closed());
        feed(pipe, "bc");
        EXPECT_EQ(co_await reading, "abc");
    }());
}

TEST_F(FileOrder, what_a_cancelled_write_has_taken_is_written) {
    run([]() -> Coro<> {
        BusyThread thread;
        auto file = co_await open("x.txt", "w");
        thread.occupy();
        const auto writing = create_task(file.write(std::string(100'000, 'x')));
        co_await testing::turns(2);
        writing.cancel();
        EXPECT_EQ(co_await testing::ending_of(writing), "hocket::CancelledError");
        thread.release();
        co_await file.write("end");
        co_await file.close();
        EXPECT_EQ(content_of("x.txt").size(), 100'003U);
    }());
}

TEST_F(FileOrder, a_close_that_is_cancelled_before_it_begins_closes_all_the_same) {
    run([]() -> Coro<> {
        BusyThread thread;
        auto file = co_await open("x.txt", "w");
        co_await file.write("kept");
        thread.occupy();
        const auto closing = create_task(file.close());
        co_await testing::turns(2);
        closing.cancel();
        EXPECT_EQ(co_await testing::ending_of(closing), "hocket::CancelledError");
        EXPECT_TRUE(file.closed());
        EXPECT_EQ(content_of("x.txt"), "");  // that is for a thread to write, and not for the loop's
        thread.release();
    }());
    EXPECT_EQ(content_of("x.txt"), "kept");
}

TEST_F(FileOrder, whoever_waits_for_a_cancelled_close_and_is_cancelled_leaves_it_to_its_thread) {
    run([]() -> Coro<> {
        BusyThread thread;
        auto file = co_await open("x.txt", "w");
        co_await file.write("kept");
        thread.occupy();
        for (int i = 0; i < 3; ++i) {
            const auto closing = create_task(file.close());
            co_await testing::turns(2);
            closing.cancel();
            EXPECT_EQ(co_await testing::ending_of(closing), "hocket::CancelledError");
            EXPECT_EQ(content_of("x.txt"), "");
        }
        thread.release();
    }());
    EXPECT_EQ(content_of("x.txt"), "kept");
}

// However many closes were cancelled.
TEST_F(FileOrder, what_a_close_that_is_cancelled_cannot_write_is_reported_once) {
    if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "no /dev/full";
    for (const int closes : {1, 2}) {
        run([](int left) -> Coro<> {
            testing::LoopErrors errors(get_running_loop());
            BusyThread thread;
            auto file = co_await open("/dev/full", "w");
            co_await file.write("lost");
            thread.occupy();
            for (; left > 0; --left) {
                const auto closing = create_task(file.close());
                co_await testing::turns(2);
                closing.cancel();
                EXPECT_EQ(co_await testing::ending_of(closing), "hocket::CancelledError");
            }
            thread.release();
            co_await file.close();  // waits for the thread
            co_await testing::turns(2);
            EXPECT_EQ(
                errors.taken(),
                "Future exception was never retrieved | hocket::OSError: write to /dev/full: No space left on device");
        }(closes));
    }
}

TEST_F(FileOrder, a_file_that_is_opened_for_nobody_is_closed) {
    run([]() -> Coro<> {
        const auto opening = create_task(open("pipe", "r"));  // blocks until somebody opens the other end
        co_await testing::turns(3);
        opening.cancel();
        EXPECT_EQ(co_await testing::ending_of(opening), "hocket::CancelledError");
        auto other_end = co_await open("pipe", "r+");
    }());
}

TEST_F(FileOrder, a_thread_closes_a_file_that_is_opened_for_nobody) {
    run([]() -> Coro<> {
        BusyThread thread;
        const auto opening = create_task(open("pipe"));
        co_await testing::turns(3);
        pollfd writer{.fd = ::open("pipe", O_WRONLY | O_CLOEXEC), .events = POLLERR, .revents = 0};
        default_executor().submit([] {}).result();  // the thread has opened its end, which the loop has not seen
        thread.occupy();
        opening.cancel();
        EXPECT_EQ(co_await testing::ending_of(opening), "hocket::CancelledError");
        co_await testing::turns(5);
        EXPECT_EQ(::poll(&writer, 1, 0), 0);
        thread.release();
        EXPECT_EQ(::poll(&writer, 1, 5000), 1);  // the reader is gone
        ::close(writer.fd);
    }());
}

TEST_F(FileOrder, whoever_waits_at_the_other_end_of_a_pipe_meets_its_reader) {
    run([]() -> Coro<> {
        for (int i = 0; i < 20; ++i) {
            std::thread writer([] {
                const int fd = ::open("pipe", O_WRONLY | O_CLOEXEC);
                EXPECT_EQ(::write(fd, "met\n", 4), 4);
                ::close(fd);
            });
            auto pipe = co_await open("pipe");
            EXPECT_EQ(co_await pipe.read(), "met\n");
            writer.join();
        }
    }());
}

TEST_F(FileOrder, with_closes_a_file_whose_block_is_cancelled) {
    run([]() -> Coro<> {
        const Future<> written;
        const auto task = create_task(
            [](Future<> done) -> Coro<> {
                co_await with(co_await open("x.txt", "w"), [done](File& file) -> Coro<> {
                    co_await file.write("before");
                    done.set_result();
                    co_await testing::forever();
                });
            },
            written);
        co_await written;
        task.cancel();
        EXPECT_EQ(co_await testing::ending_of(task), "hocket::CancelledError");
        EXPECT_EQ(content_of("x.txt"), "before");
    }());
}

// Where the loop cannot wait for a pipe, a thread does.
using VirtualFileOrder = FileOrder;

TEST_F(VirtualFileOrder, a_signal_does_not_end_a_fifo_that_nobody_writes_to_yet) {
    struct sigaction action{}, before{};
    action.sa_handler = [](int) {};
    ::sigaction(SIGUSR1, &action, &before);
    run([]() -> Coro<> {
        const BusyThread thread;
        const pthread_t worker = co_await run_in_executor(::pthread_self);
        auto pipe = co_await open(::open("pipe", O_RDONLY | O_NONBLOCK | O_CLOEXEC));
        const auto reading = create_task(pipe.read());
        co_await testing::turns(5);
        for (int i = 0; i < 20; ++i) {  // by some of them the thread waits
            std::this_thread::sleep_for(1ms);
            ::pthread_kill(worker, SIGUSR1);
        }
        co_await testing::turns(5);
        EXPECT_FALSE(reading.done());
        const int writer = ::open("pipe", O_WRONLY | O_CLOEXEC);
        EXPECT_EQ(::write(writer, "x", 1), 1);
        ::close(writer);
        EXPECT_EQ(co_await reading, "x");
        co_await pipe.close();
    }());
    ::sigaction(SIGUSR1, &before, nullptr);
}

TEST_F(VirtualFileOrder, a_file_is_closed_after_a_cancelled_read_has_ended) {
    run([]() -> Coro<> {
        auto pipe = co_await open("pipe", "r+");
        const auto reading = create_task(pipe.read(2));
        co_await begun(reading, pipe, "x");
        reading.cancel();
        const auto closing = create_task(pipe.close());
        co_await testing::turns(5);
        EXPECT_FALSE(pipe.closed());
        feed(pipe, "x");
        co_await closing;
        EXPECT_TRUE(pipe.closed());
    }());
}

TEST_F(VirtualFileOrder, a_file_that_is_dropped_is_closed_when_its_thread_has_ended) {
    const auto before = testing::open_descriptors();
    hocket::run([](std::ptrdiff_t descriptors) -> Coro<> {
        const int writer = ::open("pipe", O_RDWR | O_CLOEXEC);
        {
            auto pipe = co_await open("pipe", "r+");
            const auto reading = create_task(pipe.read(2));
            co_await begun(reading, pipe, "x");
            reading.cancel();
            co_await testing::ending_of(reading);
        }
        EXPECT_GT(testing::open_descriptors(), descriptors + 1);
        EXPECT_EQ(::write(writer, "x", 1), 1);
        ::close(writer);
    }(before));
    EXPECT_EQ(testing::open_descriptors(), before);
}

using RealFileOrder = FileOrder;

TEST_F(RealFileOrder, a_pipe_is_waited_for_without_a_thread) {
    run([]() -> Coro<> {
        auto pipe = co_await open("pipe", "r+");
        BusyThread thread;
        thread.occupy();
        const auto reading = create_task(pipe.readline());
        co_await testing::turns(3);
        EXPECT_FALSE(reading.done());
        reading.cancel();
        EXPECT_EQ(co_await testing::ending_of(reading), "hocket::CancelledError");
        co_await pipe.close();
        EXPECT_TRUE(pipe.closed());
        thread.release();
    }());
}

TEST_F(RealFileOrder, a_task_that_waits_for_a_pipe_ends_with_the_loop) {
    run([]() -> Coro<> {
        auto pipe = co_await open("pipe", "r+");
        const auto reading = create_task(pipe.readline());
        co_await testing::turns(2);
    }());
}

TEST_F(RealFileOrder, a_line_comes_through_a_pipe_piece_by_piece) {
    run([]() -> Coro<> {
        auto pipe = co_await open("pipe", "r+");
        const auto reading = create_task(pipe.read());
        co_await begun(reading, pipe, "a");
        co_await begun(reading, pipe, "\nb\n");
        co_await begun(reading, pipe, "c");
        reading.cancel();
        co_await testing::ending_of(reading);
        EXPECT_EQ(co_await pipe.readline(), "a\n");
        EXPECT_EQ(co_await pipe.read(3), "b\nc");
    }());
}

TEST_F(RealFileOrder, a_read_has_a_time_limit_as_everything_else) {
    run([]() -> Coro<> {
        auto pipe = co_await open("pipe", "r+");
        const auto feeder = create_task(
            [](const File& file) -> Coro<> {
                co_await hocket::sleep(10ms);
                feed(file, "late\n");
            },
            std::cref(pipe));
        EXPECT_EQ(co_await testing::ending_of(wait_for(pipe.readline(), 1ms)), "hocket::TimeoutError: timed out");
        EXPECT_EQ(co_await pipe.readline(), "late\n");
        co_await feeder;
    }());
}

}  // namespace
}  // namespace hocket::fs
