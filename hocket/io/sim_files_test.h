// SPDX-License-Identifier: MIT
// A machine of the simulation whose files a test uses by the system's calls.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <hocket/io/file_calls_internal.h>
#include <hocket/io/sim_file_calls_internal.h>
#include <hocket/io/sim_kernel_internal.h>
#include <hocket/sim/config.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hocket::sim::testing {

/// While it lives, the calls of this thread go to it.
struct Machine {
    Choices choices;
    Network network;
    Kernel& kernel;
    SimFileCalls calls;
    sys::WithFileCalls in_force;

    explicit Machine(const DiskConfig& disk = {}, std::uint64_t seed = 1)
        : choices(seed),
          network(choices, Config::calm().network),
          kernel(network.add_host("a")),
          calls(kernel),
          in_force(&calls) {
        network.disk = disk;
    }
    void crash() {
        kernel.crash();
        kernel.boot();
    }
    void pass(Duration time) { network.schedule.advance_to(network.schedule.now() + time.count()); }
};

/// -1, and errno: it does not open.
inline int open_new(const char* path, int flags = 0) { return sys::open(path, O_RDWR | O_CREAT | flags, 0666); }

inline void put(int fd, std::string_view data) {
    ASSERT_EQ(sys::write(fd, data.data(), data.size()), static_cast<ssize_t>(data.size()));
}

enum class Synced : bool { no, yes };
inline void make_file(const char* path, std::string_view data, Synced synced = Synced::no) {
    const int fd = open_new(path, O_TRUNC);
    ASSERT_GE(fd, 0) << path;
    put(fd, data);
    if (synced == Synced::yes) {
        ASSERT_EQ(sys::fsync(fd), 0);
    }
    ASSERT_EQ(sys::close(fd), 0);
}

inline void sync_folder(const char* path) {
    const int fd = sys::open(path, O_RDONLY | O_DIRECTORY);
    ASSERT_GE(fd, 0);
    ASSERT_EQ(sys::fsync(fd), 0);
    ASSERT_EQ(sys::close(fd), 0);
}

inline std::string contents(int fd) {
    std::string all;
    char piece[1000];
    sys::lseek(fd, 0, SEEK_SET);
    for (ssize_t n = 0; (n = sys::read(fd, piece, sizeof piece)) > 0;) all.append(piece, static_cast<std::size_t>(n));
    return all;
}

/// Or "none".
inline std::string contents(const char* path) {
    const int fd = sys::open(path, O_RDONLY);
    if (fd < 0) return "none";
    std::string all = contents(fd);
    sys::close(fd);
    return all;
}

inline std::vector<std::string> names_in(const char* path) {
    std::vector<std::string> names;
    sys::FolderReader folder(path);
    while (const sys::FolderItem* const item = folder.next()) names.emplace_back(item->name);
    return names;
}

/// The errno of a call that failed, or 0.
template <class R>
int error_of(R result) {
    return result < 0 ? errno : 0;
}

}  // namespace hocket::sim::testing
