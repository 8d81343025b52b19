// SPDX-License-Identifier: MIT
// What the system of a simulated host writes to its disk unasked.
#include <hocket/io/sim_files_test.h>

#include <chrono>

namespace hocket::sim {
namespace {

using namespace testing;
using namespace std::chrono_literals;

TEST(OnceSimWriteback, a_sector_that_is_written_again_and_again_is_written_back_all_the_same) {
    Machine machine;
    make_file("/a", "0", Synced::yes);
    const int fd = open_new("/a");
    for (const char* const text : {"1", "2", "3", "4"}) {
        EXPECT_EQ(sys::lseek(fd, 0, SEEK_SET), 0);
        put(fd, text);
        machine.pass(10s);
    }
    machine.crash();
    EXPECT_EQ(contents("/a"), "3");  // it was there when 30 s had passed
}

TEST(OnceSimWriteback, what_grows_all_the_time_is_written_back) {
    Machine machine;
    make_file("/a", "", Synced::yes);
    const int fd = open_new("/a");
    for (int i = 0; i < 4; ++i) {
        put(fd, std::string(sector_size, static_cast<char>('a' + i)));
        machine.pass(10s);
    }
    machine.crash();
    EXPECT_EQ(contents("/a").size(), 3 * sector_size);
}

TEST(OnceSimWriteback, so_is_the_size_that_grows) {
    Machine machine;
    make_file("/a", "", Synced::yes);
    const int fd = open_new("/a");
    for (int i = 1; i <= 4; ++i) {
        EXPECT_EQ(sys::ftruncate(fd, off_t{1000} * i), 0);
        machine.pass(10s);
    }
    machine.crash();
    EXPECT_EQ(contents("/a").size(), 3000U);
}

TEST(OnceSimWriteback, and_one_that_is_cut_and_written_anew) {
    Machine machine;
    make_file("/a", std::string(2000, 'x'), Synced::yes);
    for (const char* const text : {"1", "2", "3", "4"}) {
        make_file("/a", text);
        machine.pass(10s);
    }
    machine.crash();
    EXPECT_EQ(contents("/a"), "3");
}

TEST(OnceSimWriteback, what_is_written_back_is_not_torn) {
    Machine machine({.torn = 1});
    make_file("/a", std::string(sector_size, 'a'), Synced::yes);
    const int fd = open_new("/a");
    put(fd, std::string(sector_size, 'b'));
    machine.pass(30s);
    machine.crash();
    EXPECT_EQ(contents("/a"), std::string(sector_size, 'b'));
}

}  // namespace
}  // namespace hocket::sim
