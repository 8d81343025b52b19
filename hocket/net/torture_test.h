// SPDX-License-Identifier: MIT
// What the torture tests share: a loop whose system misbehaves, a source of chances, and tasks that are cancelled at any moment.
#pragma once

#include <hocket/flow/as_result.h>
#include <hocket/io/backend_factory.h>
#include <hocket/net/net_test.h>

#include <tests/support/faulty_backend.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <utility>

namespace hocket::testing {

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

/// Draws, and cancels.
class Torturer {
public:
    explicit Torturer(std::uint64_t seed) : random_(seed) {}

    std::size_t cancels() const { return cancels_; }
    std::size_t below(std::size_t n) { return random_() % n; }
    /// Runs `coro` as a task and cancels it after a few turns, unless it is done by then; what it gave or ended with.
    template <class T>
    Coro<Result<T>> torture(Coro<T> coro) {
        const Task<T> task = create_task(std::move(coro));
        const std::size_t patience = below(6);
        for (std::size_t i = 0; i < patience && !task.done(); ++i) co_await hocket::sleep(0);
        cancels_ += task.cancel();
        co_return co_await as_result(task);
    }

private:
    std::mt19937_64 random_;
    std::size_t cancels_ = 0;
};

/// Fails the test unless `result` is a value or a cancel; whether it is a value.
template <class T>
bool only_cancelled(const Result<T>& result) {
    EXPECT_TRUE(result.ok() || result.cancelled()) << result.error();
    return result.ok();
}

}  // namespace hocket::testing
