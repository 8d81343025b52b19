// SPDX-License-Identifier: MIT
// What the torture tests share: a loop whose system misbehaves, a source of chances, tasks that are cancelled at any moment, and memory that
// nobody may touch any more.
#pragma once

#include <gtest/gtest.h>
#include <hocket/core/sleep.h>
#include <hocket/flow/as_result.h>
#include <hocket/io/backend_factory.h>
#include <hocket/io/runner.h>

#include <tests/support/descriptors.h>
#include <tests/support/faulty_backend.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <utility>

namespace hocket::testing {

/// Short transfers, late completions, cancels that lose.
inline constexpr Faults all_faults{.shorter = 40, .late = 30, .late_cancel = 30};

/// So many cancels in all, for each backend; HOCKET_TORTURE multiplies them.
inline std::size_t cancels_wanted(std::size_t n) {
    const char* times = std::getenv("HOCKET_TORTURE");
    return times ? n * std::strtoul(times, nullptr, 10) : n;
}

/// Runs `main` on a loop around a FaultyBackend, and checks that no descriptor is left behind.
inline void run_tortured(Faults faults, std::uint64_t seed, Coro<> main) {
    const auto before = open_descriptors();
    Runner runner({.loop_factory = [&]() -> Unique<EventLoop> {
        return Unique<EventLoop>::make(Unique<FaultyBackend>::make(make_backend(), faults, seed));
    }});
    runner.run(std::move(main));
    runner.close();
    EXPECT_EQ(open_descriptors(), before);
}

/// The byte at `position` of an endless stream, in which lost, doubled and swapped bytes are seen.
inline char byte_at(std::uint64_t position) { return static_cast<char>((position * 0x9e3779b97f4a7c15) >> 56); }
inline std::string bytes_from(std::uint64_t position, std::size_t n) {
    std::string bytes(n, '\0');
    for (std::size_t i = 0; i < n; ++i) bytes[i] = byte_at(position + i);
    return bytes;
}
/// Whether `bytes` are those that stand there.
inline bool are_bytes_from(std::uint64_t position, std::string_view bytes) {
    for (const char c : bytes) {
        if (c != byte_at(position++)) return false;
    }
    return true;
}

/// Draws, and cancels.
class Torturer {
public:
    /// Cancels come after so many turns at the most, half of them after a few.
    explicit Torturer(std::uint64_t seed, std::size_t most_turns = few) : random_(seed), most_turns_(most_turns) {}

    std::size_t cancels() const { return cancels_; }
    std::size_t below(std::size_t n) { return random_() % n; }
    /// Runs `coro` as a task and cancels it after a few turns, unless it is done by then; what it gave or ended with.
    template <class T>
    Coro<Result<T>> torture(Coro<T> coro) {
        const Task<T> task = create_task(std::move(coro));
        const std::size_t patience = below(1 + (below(2) == 0 ? few : most_turns_));
        for (std::size_t i = 0; i < patience && !task.done(); ++i) co_await hocket::sleep(0);
        cancels_ += task.cancel();
        co_return co_await as_result(task);
    }

private:
    static constexpr std::size_t few = 5;

    std::mt19937_64 random_;
    std::size_t most_turns_;
    std::size_t cancels_ = 0;
};

/// Fails the test unless `result` is a value or a cancel; whether it is a value.
template <class T>
bool only_cancelled(const Result<T>& result) {
    EXPECT_TRUE(result.ok() || result.cancelled()) << result.error();
    return result.ok();
}

/// Memory whose operation has returned, watched for a while: nobody may touch it any more.
class Quarantine {
public:
    using Buffer = std::array<char, 256>;

    Quarantine() = default;
    Quarantine(const Quarantine&) = delete;
    Quarantine& operator=(const Quarantine&) = delete;
    ~Quarantine() {
        while (!buffers_.empty()) check_oldest();
    }

    /// One in which nothing was written yet.
    static std::unique_ptr<Buffer> fresh() {
        auto buffer = std::make_unique<Buffer>();
        buffer->fill(mark);
        return buffer;
    }
    static bool is_fresh(const Buffer& buffer) {
        for (const char c : buffer) {
            if (c != mark) return false;
        }
        return true;
    }
    void add(std::unique_ptr<Buffer> buffer) {
        buffer->fill(mark);
        buffers_.push_back(std::move(buffer));
        if (buffers_.size() > 200) check_oldest();
    }

private:
    static constexpr char mark = '\x5a';

    void check_oldest() {
        EXPECT_TRUE(is_fresh(*buffers_.front())) << "the memory of an operation that had returned was written to";
        buffers_.pop_front();
    }
    std::deque<std::unique_ptr<Buffer>> buffers_;
};

}  // namespace hocket::testing
