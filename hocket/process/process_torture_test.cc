// SPDX-License-Identifier: MIT
// Processes whose tasks are cancelled at any moment: no zombie, no descriptor, no lost byte, and nothing hangs.
#include <hocket/process/process_test.h>

#include <tests/support/torture.h>
#include <csignal>
#include <cstdint>
#include <string>
#include <utility>

namespace hocket {
namespace {

using subprocess::PIPE;
using testing::all_faults;
using testing::bytes_from;
using testing::cancels_wanted;
using testing::has_children;
using testing::only_cancelled;
using testing::Torturer;

constexpr std::size_t turns_of_a_process = 8'000;

void run_tortured(std::uint64_t seed, Coro<> main) {
    testing::run_tortured(all_faults, seed, std::move(main));
    EXPECT_FALSE(has_children());
}

Coro<Process> start_cat() {
    const SubprocessOptions options{.stdin = PIPE, .stdout = PIPE};
    return create_subprocess_exec("cat", {}, options);
}

// ---- From the start to the end

Coro<> talk(std::string data) {
    const Process process = co_await start_cat();
    auto [out, err] = co_await process.communicate(data);
    EXPECT_TRUE(out == data);
    EXPECT_EQ(process.returncode(), 0);
}

Coro<> start_on(std::size_t cancels) {
    Torturer torturer(111, turns_of_a_process);
    while (torturer.cancels() < cancels)
        only_cancelled(co_await torturer.torture(talk(bytes_from(0, torturer.below(100'000)))));
    co_await talk("last");
    // Those whose task was cancelled have an end of file to read, end by it, and are waited for while the loop runs.
    co_await testing::until([] { return !has_children(); });
}

TEST(RealProcessTorture, one_whose_task_is_cancelled_ends_and_is_waited_for) {
    run_tortured(111, start_on(cancels_wanted(200)));
}

// ---- Waiting

Coro<> wait_on(std::size_t cancels) {
    Torturer torturer(113);
    while (torturer.cancels() < cancels) {
        const Process process = co_await testing::start_sleeper();
        for (std::size_t waits = torturer.below(30); waits > 0; --waits) {
            const auto result = co_await torturer.torture(process.wait());
            EXPECT_TRUE(result.cancelled()) << result.error();
        }
        process.kill();
        for (bool over = false; !over;) {
            const auto result = co_await torturer.torture(process.wait());
            over = only_cancelled(result);
            if (over) {
                EXPECT_EQ(*result, -SIGKILL);
            }
        }
    }
}

TEST(RealProcessTorture, a_wait_that_is_cancelled_leaves_the_process_alone) {
    run_tortured(113, wait_on(cancels_wanted(2'000)));
}

// ---- Conversations that are taken up again

/// What it says until the end, asked for until that is told.
Coro<std::string> all_that_it_says(Process process, Torturer& torturer) {
    for (;;) {
        auto result = co_await torturer.torture(process.communicate());
        if (only_cancelled(result)) co_return (*std::move(result)).first;
    }
}

Coro<> communicate_on(std::size_t cancels) {
    Torturer torturer(117, turns_of_a_process);
    while (torturer.cancels() < cancels) {
        const Process process = co_await start_cat();
        const std::string data = bytes_from(0, 1 + torturer.below(50'000));  // which a pipe holds
        if (torturer.below(2) == 0) {
            co_await process.stdin().write(data);
            EXPECT_TRUE(co_await all_that_it_says(process, torturer) == data);
        } else {  // the first may be cancelled before it has begun
            const auto result = co_await torturer.torture(process.communicate(data));
            std::string said;
            if (only_cancelled(result)) {
                said = result->first;
            } else {
                said = co_await all_that_it_says(process, torturer);
            }
            EXPECT_TRUE(said == data || (said.empty() && !result.ok())) << said.size() << " of " << data.size();
        }
        EXPECT_EQ(process.returncode(), 0);
    }
}

TEST(RealProcessTorture, a_conversation_that_is_cancelled_can_be_taken_up_again) {
    run_tortured(117, communicate_on(cancels_wanted(300)));
}

}  // namespace
}  // namespace hocket
