// SPDX-License-Identifier: MIT
// A file's descriptor on loan: where its position is, and who waits.
#include <hocket/os/file.h>

#include <hocket/os/files_test.h>

#include <gtest/gtest.h>
#include <hocket/io/runner.h>

#include <tests/support/trace.h>
#include <unistd.h>

namespace hocket::fs {
namespace {

using testing::content_of, testing::put_file, testing::ending_of, testing::turns;

class FileLoan : public ::testing::Test {
protected:
    testing::InNewFolder folder_;
};

TEST_F(FileLoan, the_descriptor_stands_where_the_file_does) {
    put_file("x.txt", "one\ntwo\nthree\n");
    run([]() -> Coro<> {
        auto file = co_await open("x.txt");
        EXPECT_EQ(co_await file.readline(), "one\n");
        {
            const File::Loan loan = co_await file.lend();
            EXPECT_EQ(loan.fd(), file.fileno());
            EXPECT_EQ(::lseek(loan.fd(), 0, SEEK_CUR), 4);
            EXPECT_EQ(::lseek(loan.fd(), 8, SEEK_SET), 8);
        }
        EXPECT_EQ(co_await file.tell(), 8);
        EXPECT_EQ(co_await file.readline(), "three\n");
        co_await file.close();
    }());
}

TEST_F(FileLoan, what_was_written_is_there) {
    run([]() -> Coro<> {
        auto file = co_await open("x.txt", "w");
        co_await file.write("written");
        const File::Loan loan = co_await file.lend();
        EXPECT_EQ(content_of("x.txt"), "written");
    }());
}

TEST_F(FileLoan, other_operations_wait_until_it_is_over) {
    put_file("x.txt", "text");
    run([]() -> Coro<> {
        auto file = co_await open("x.txt");
        std::optional<File::Loan> loan = co_await file.lend();
        const Task<std::string> reading = create_task(file.read());
        const Task<> closing = create_task(file.close());
        co_await turns(5);
        EXPECT_FALSE(reading.done());
        EXPECT_FALSE(closing.done());
        EXPECT_EQ(::lseek(loan->fd(), 0, SEEK_CUR), 0);
        loan.reset();
        EXPECT_EQ(co_await reading, "text");
        co_await closing;
        EXPECT_TRUE(file.closed());
    }());
}

TEST_F(FileLoan, a_closed_file_is_not_lent) {
    put_file("x.txt", "text");
    run([]() -> Coro<> {
        auto file = co_await open("x.txt");
        co_await file.close();
        EXPECT_EQ(co_await ending_of(file.lend()), "hocket::ValueError: lend x.txt: the file is closed");
    }());
}

}  // namespace
}  // namespace hocket::fs
