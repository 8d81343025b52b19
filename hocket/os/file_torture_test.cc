// SPDX-License-Identifier: MIT
// Files whose operations are cancelled at any moment: a write is taken whole or not at all, and what was taken is in the file; no read loses a
// byte or touches memory later; no descriptor is left.
#include <hocket/os/file.h>

#include <hocket/os/file_system.h>
#include <hocket/os/files_test.h>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <tests/support/torture.h>
#include <unistd.h>
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace hocket::fs {
namespace {

using testing::all_faults;
using testing::are_bytes_from;
using testing::bytes_from;
using testing::cancels_wanted;
using testing::content_of;
using testing::only_cancelled;
using testing::put_file;
using testing::Quarantine;
using testing::run_tortured;
using testing::Torturer;

constexpr std::size_t turns_of_a_job = 60;

class RealFileTorture : public ::testing::Test {
protected:
    testing::InNewFolder folder_;
};

// ---- Writing

Coro<> hand_over(File& file, Torturer& torturer) {
    switch (torturer.below(80)) {
        case 0: only_cancelled(co_await torturer.torture(file.fsync())); break;
        case 1: only_cancelled(co_await torturer.torture(file.fdatasync())); break;
        default: only_cancelled(co_await torturer.torture(file.flush())); break;
    }
}

// A write that is cancelled says not whether it was taken. The position does.
Coro<> write_on(std::string path, std::uint64_t seed, std::size_t cancels) {
    Torturer torturer(seed, turns_of_a_job);
    auto file = co_await open(path, "wb");
    std::int64_t position = 0;
    while (torturer.cancels() < cancels && !::testing::Test::HasFailure()) {
        if (torturer.below(3) == 0) {
            co_await hand_over(file, torturer);
            continue;
        }
        const std::size_t size = 1 + torturer.below(torturer.below(16) == 0 ? 150'000 : 300);
        const auto result =
            co_await torturer.torture(file.write(bytes_from(static_cast<std::uint64_t>(position), size)));
        const bool written = only_cancelled(result);
        const std::int64_t now = co_await file.tell();
        EXPECT_TRUE(now == position + static_cast<std::int64_t>(size) || (!written && now == position))
            << position << ", " << size << " more, now " << now;
        position = now;
    }
    only_cancelled(co_await torturer.torture(file.close()));
    co_await file.close();
    EXPECT_TRUE(file.closed());
    EXPECT_TRUE(content_of(path) == bytes_from(0, static_cast<std::size_t>(position)));
}

TEST_F(RealFileTorture, what_was_taken_is_written) {
    for (std::uint64_t seed = 121; seed <= 123; ++seed)
        run_tortured(all_faults, seed, write_on("x", seed, cancels_wanted(500)));
}

// ---- Reading

constexpr std::size_t file_size = 500'000;

Coro<std::string> read_somehow(File& file, std::size_t how, std::size_t n) {
    if (how == 0) co_return co_await file.readline(n);
    if (how == 1) co_return co_await file.read1(n);
    co_return co_await file.read(n);
}

// A read that is cancelled leaves the caller's memory as it was.
Coro<std::string> read_into(File& file, Torturer& torturer, Quarantine& quarantine) {
    auto buffer = Quarantine::fresh();
    const auto result = co_await torturer.torture(file.readinto(std::span<char>(*buffer)));
    std::string got;
    if (only_cancelled(result)) {
        got.assign(buffer->data(), *result);
    } else {
        EXPECT_TRUE(Quarantine::is_fresh(*buffer));
    }
    quarantine.add(std::move(buffer));
    co_return got;
}

/// The next bytes of a binary file, or nothing where the read was cancelled.
Coro<std::string> read_next(File& file, Torturer& torturer, Quarantine& quarantine) {
    if (torturer.below(4) == 0) co_return co_await read_into(file, torturer, quarantine);
    const std::size_t size = 1 + torturer.below(torturer.below(8) == 0 ? 150'000 : 300);
    auto result = co_await torturer.torture(read_somehow(file, torturer.below(3), size));
    std::string got;
    if (only_cancelled(result)) got = *std::move(result);
    co_return got;
}

Coro<> read_on(std::uint64_t seed, std::size_t cancels) {
    Torturer torturer(seed, turns_of_a_job);
    Quarantine quarantine;
    auto file = co_await open("x", "r+b");
    co_await file.fsync();  // or nothing would be dropped from memory
    std::size_t position = 0;
    while (torturer.cancels() < cancels && !::testing::Test::HasFailure()) {
        if (torturer.below(20) == 0) {
            position = torturer.below(file_size);
            co_await file.seek(static_cast<std::int64_t>(position));
            ::posix_fadvise(file.fileno(), 0, 0, POSIX_FADV_DONTNEED);  // for a thread to have something to do
        }
        const std::string got = co_await read_next(file, torturer, quarantine);
        EXPECT_TRUE(are_bytes_from(position, got)) << "near " << position;
        position += got.size();
    }
}

TEST_F(RealFileTorture, reads_lose_no_byte_and_leave_memory_alone) {
    put_file("x", bytes_from(0, file_size));
    for (std::uint64_t seed = 131; seed <= 133; ++seed)
        run_tortured(all_faults, seed, read_on(seed, cancels_wanted(1'000)));
}

// The loop waits for a pipe by itself.
Coro<> read_pipe_on(std::size_t cancels) {
    Torturer torturer(135);
    Quarantine quarantine;
    auto pipe = co_await open("pipe", "r+b");
    std::size_t written = 0, position = 0;
    while (torturer.cancels() < cancels && !::testing::Test::HasFailure()) {
        int waiting = 0;
        ::ioctl(pipe.fileno(), FIONREAD, &waiting);
        if (torturer.below(2) == 0 && waiting < 1000) {
            const std::string bytes = bytes_from(written, 1 + torturer.below(300));
            EXPECT_EQ(::write(pipe.fileno(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
            written += bytes.size();
        }
        const std::string got = co_await read_next(pipe, torturer, quarantine);
        EXPECT_TRUE(are_bytes_from(position, got)) << "near " << position;
        position += got.size();
    }
    const std::string rest = co_await pipe.read(written - position);
    EXPECT_TRUE(are_bytes_from(position, rest));
}

TEST_F(RealFileTorture, reads_of_a_pipe_lose_no_byte) {
    ::mkfifo("pipe", 0600);
    run_tortured(all_faults, 135, read_pipe_on(cancels_wanted(1'000)));
}

// ---- Files that are opened and closed, and whole files

Coro<> open_and_close(std::string path, std::string mode) {
    auto file = co_await open(path, mode);
    if (file.writable()) co_await file.write("x");
    co_await file.close();
}

Coro<> open_on(std::size_t cancels) {
    Torturer torturer(137, turns_of_a_job);
    const std::string modes[] = {"r", "w", "a", "r+", "w+b"};
    while (torturer.cancels() < cancels) {
        const std::string mode = modes[torturer.below(std::size(modes))];
        only_cancelled(co_await torturer.torture(open_and_close("x", mode)));
        const std::string path = "whole" + std::to_string(torturer.below(10));
        only_cancelled(co_await torturer.torture(write_bytes(path, bytes_from(0, torturer.below(100'000)))));
        const auto result = co_await torturer.torture(read_bytes("y"));
        if (only_cancelled(result)) {
            EXPECT_TRUE(*result == bytes_from(0, 1000));
        }
    }
}

TEST_F(RealFileTorture, files_that_are_opened_for_nobody_are_closed) {
    put_file("x", "x");
    put_file("y", bytes_from(0, 1000));
    run_tortured(all_faults, 137, open_on(cancels_wanted(1'000)));
}

}  // namespace
}  // namespace hocket::fs
