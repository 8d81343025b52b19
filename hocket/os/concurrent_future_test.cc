// SPDX-License-Identifier: MIT
// Concurrent futures: how they end, who is told, and what happens when threads meet there.
#include <hocket/os/concurrent_future.h>

#include <gtest/gtest.h>

#include <tests/support/trace.h>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

namespace hocket {
namespace {

TEST(OnceConcurrentFuture, result_waits_for_the_thread_that_sets_it) {
    ConcurrentFuture<std::string> future;
    std::thread setter([future] {
        std::this_thread::sleep_for(2ms);
        future.set_result("done");
    });
    EXPECT_EQ(future.result(), "done");
    EXPECT_TRUE(future.done());
    setter.join();
}

TEST(OnceConcurrentFuture, result_throws_what_was_set) {
    const ConcurrentFuture<int> future;
    future.set_exception(ValueError("no"));
    EXPECT_THROW(future.result(), ValueError);
    EXPECT_EQ(describe(future.exception()), "hocket::ValueError: no");
}

TEST(OnceConcurrentFuture, exception_is_null_where_there_is_a_result) {
    const ConcurrentFuture<> future;
    future.set_result();
    EXPECT_EQ(future.exception(), nullptr);
}

TEST(OnceConcurrentFuture, waiting_ends_after_the_timeout) {
    const ConcurrentFuture<int> future;
    EXPECT_THROW(future.result(1ms), TimeoutError);
    EXPECT_THROW(future.result(0ms), TimeoutError);
    EXPECT_THROW(future.result(-1s), TimeoutError);
    EXPECT_THROW(future.exception(1ms), TimeoutError);
    EXPECT_FALSE(future.done());
}

TEST(OnceConcurrentFuture, a_timeout_of_zero_is_enough_for_a_result_that_is_there) {
    const ConcurrentFuture<int> future;
    future.set_result(7);
    EXPECT_EQ(future.result(0ms), 7);
}

TEST(OnceConcurrentFuture, a_cancelled_one_throws_cancelled_error) {
    const ConcurrentFuture<int> future;
    EXPECT_TRUE(future.cancel());
    EXPECT_TRUE(future.cancel());
    EXPECT_TRUE(future.cancelled());
    EXPECT_TRUE(future.done());
    EXPECT_THROW(future.result(), CancelledError);
    EXPECT_THROW(future.exception(), CancelledError);
    EXPECT_FALSE(future.set_running_or_notify_cancel());
}

TEST(OnceConcurrentFuture, what_has_begun_cannot_be_cancelled) {
    const ConcurrentFuture<int> future;
    EXPECT_TRUE(future.set_running_or_notify_cancel());
    EXPECT_TRUE(future.running());
    EXPECT_FALSE(future.cancel());
    future.set_result(1);
    EXPECT_FALSE(future.cancel());
    EXPECT_FALSE(future.running());
    EXPECT_EQ(future.result(), 1);
}

TEST(OnceConcurrentFuture, it_ends_only_once) {
    const ConcurrentFuture<int> set, cancelled;
    set.set_result(1);
    EXPECT_THROW(set.set_result(2), InvalidStateError);
    EXPECT_THROW(set.set_exception(nullptr), InvalidStateError);
    EXPECT_THROW(set.set_running_or_notify_cancel(), InvalidStateError);
    cancelled.cancel();
    EXPECT_THROW(cancelled.set_result(2), InvalidStateError);
    EXPECT_EQ(set.result(), 1);
}

TEST(OnceConcurrentFuture, an_empty_one_throws_whatever_is_asked_of_it) {
    const std::string error =
        "hocket::RuntimeError: cannot use an empty concurrent future: it was moved from, or never set";
    ConcurrentFuture<int> future;
    const ConcurrentFuture<int> other = std::move(future);
    const ConcurrentFuture<int> empty(nullptr);
    EXPECT_FALSE(empty);
    EXPECT_EQ(testing::thrown_by([&] { std::move(future).result(); }), error);
    EXPECT_EQ(testing::thrown_by([&] { empty.result(); }), error);
    EXPECT_EQ(testing::thrown_by([&] { empty.exception(); }), error);
    EXPECT_EQ(testing::thrown_by([&] { empty.cancel(); }), error);
    EXPECT_EQ(testing::thrown_by([&] { empty.cancelled(); }), error);
    EXPECT_EQ(testing::thrown_by([&] { empty.running(); }), error);
    EXPECT_EQ(testing::thrown_by([&] { empty.done(); }), error);
    EXPECT_EQ(testing::thrown_by([&] { empty.add_done_callback([](const ConcurrentFuture<int>&) {}); }), error);
    EXPECT_EQ(testing::thrown_by([&] { empty.set_running_or_notify_cancel(); }), error);
    EXPECT_EQ(testing::thrown_by([&] { empty.set_result(1); }), error);
    EXPECT_EQ(testing::thrown_by([&] { empty.set_exception(ValueError("x")); }), error);
}

TEST(OnceConcurrentFuture, callbacks_run_in_their_order_when_it_ends_and_at_once_afterwards) {
    const ConcurrentFuture<int> future;
    std::string trace;
    future.add_done_callback([&](const ConcurrentFuture<int>& f) { trace += "a" + std::to_string(f.result()); });
    future.add_done_callback([&](const ConcurrentFuture<int>&) { trace += "b"; });
    EXPECT_EQ(trace, "");
    future.set_result(1);
    EXPECT_EQ(trace, "a1b");
    future.add_done_callback([&](const ConcurrentFuture<int>&) { trace += "c"; });
    EXPECT_EQ(trace, "a1bc");
}

TEST(OnceConcurrentFuture, a_cancel_calls_the_callbacks) {
    const ConcurrentFuture<> future;
    bool cancelled = false;
    future.add_done_callback([&](const ConcurrentFuture<>& f) { cancelled = f.cancelled(); });
    future.cancel();
    EXPECT_TRUE(cancelled);
}

TEST(OnceConcurrentFuture, what_a_callback_throws_is_reported_and_the_next_one_runs) {
    testing::Reports reports;
    const ConcurrentFuture<> future;
    bool next_ran = false;
    future.add_done_callback([](const ConcurrentFuture<>&) { throw ValueError("bad callback"); });
    future.add_done_callback([&](const ConcurrentFuture<>&) { next_ran = true; });
    future.set_result();
    const std::string reported = reports.taken();
    EXPECT_TRUE(next_ran);
    EXPECT_NE(reported.find("bad callback"), std::string::npos) << reported;
}

TEST(OnceConcurrentFuture, a_result_that_cannot_be_copied_is_moved_out) {
    ConcurrentFuture<std::unique_ptr<int>> future;
    future.set_result(std::make_unique<int>(5));
    EXPECT_EQ(*future.result(), 5);
    const std::unique_ptr<int> mine = std::move(future).result();
    EXPECT_EQ(*mine, 5);
}

TEST(OnceConcurrentFuture, it_can_hold_a_reference) {
    int value = 1;
    const ConcurrentFuture<int&> future;
    future.set_result(value);
    EXPECT_EQ(&future.result(), &value);
}

TEST(OnceConcurrentFuture, all_threads_that_wait_are_woken) {
    const ConcurrentFuture<int> future;
    std::atomic<int> sum = 0;
    std::vector<std::thread> waiting;
    for (int i = 0; i < 8; ++i) waiting.emplace_back([&, future] { sum += future.result(); });
    std::this_thread::sleep_for(2ms);
    future.set_result(3);
    for (std::thread& t : waiting) t.join();
    EXPECT_EQ(sum, 24);
}

TEST(OnceConcurrentFuture, of_a_cancel_and_a_result_at_the_same_time_one_wins) {
    int cancelled = 0, called = 0;
    for (int i = 0; i < 500; ++i) {
        ConcurrentFuture<std::string> future;
        std::atomic<int> told = 0;
        std::thread worker([future, &told] {
            future.add_done_callback([&told](const ConcurrentFuture<std::string>&) { ++told; });
            if (future.set_running_or_notify_cancel()) future.set_result("a result that needs memory of its own");
        });
        const bool won = future.cancel();
        EXPECT_EQ(won, future.cancelled());
        if (!won) {
            EXPECT_EQ(future.result().size(), 37U);
        }
        cancelled += won;
        worker.join();
        called += told;
    }
    EXPECT_EQ(called, 500);
    RecordProperty("cancelled", cancelled);
}

}  // namespace
}  // namespace hocket
