// SPDX-License-Identifier: MIT
// What detectors find in a process that runs, and whom they tell.
#include <hocket/inspect/detectors.h>

#include <hocket/hocket.h>
#include <hocket/inspect/counters.h>

#include <tests/support/child.h>
#include <tests/support/patience.h>
#include <tests/support/stacks.h>
#include <tests/support/trace.h>

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace hocket::inspect {
namespace {

using namespace std::chrono_literals;
using testing::Reports;
using testing::thrown_by;
using Kind = Finding::Kind;

// Starts the detectors, and collects what they find.
class Detecting {
public:
    explicit Detecting(DetectorOptions options) {
        options.found = [this](const Finding& f) {
            const std::lock_guard lock(mutex_);
            all_.push_back(f);
            has_found_ = true;
            there_is_more_.notify_all();
        };
        start_detectors(std::move(options));
    }
    Detecting(const Detecting&) = delete;
    Detecting& operator=(const Detecting&) = delete;
    ~Detecting() { stop_detectors(); }

    std::vector<Finding> all() {
        const std::lock_guard lock(mutex_);
        return all_;
    }
    bool has_found() const noexcept { return has_found_; }
    /// Blocks until something has been found.
    Finding wait() {
        std::unique_lock lock(mutex_);
        const bool in_time = there_is_more_.wait_for(lock, testing::patience, [this] { return !all_.empty(); });
        EXPECT_TRUE(in_time) << "nothing is found";
        return in_time ? all_.front() : Finding();
    }

private:
    std::atomic<bool> has_found_ = false;
    std::mutex mutex_;
    std::condition_variable there_is_more_;
    std::vector<Finding> all_;
};

DetectorOptions none() {
    DetectorOptions options;
    options.blocked = options.interval = 0s;
    options.queue = options.frame = 0;
    return options;
}

DetectorOptions only_blocked() {
    DetectorOptions options;
    options.blocked = 20ms;
    options.interval = 0s;
    return options;
}

DetectorOptions only_looks() {
    DetectorOptions options;
    options.blocked = 0s;
    options.interval = 10ms;
    options.ignored_cancel = 1ms;
    return options;
}

Coro<> block(Detecting& detecting, Finding& found) {
    co_await hocket::sleep(0s);
    found = detecting.wait();
}

TEST(RealDetectors, a_step_that_blocks_is_found_while_it_blocks) {
    Detecting detecting(only_blocked());
    Finding found;
    const auto amain = [&]() -> Coro<> {
        co_await hocket::sleep(1ms);
        co_await create_task(block(detecting, found), {.name = "blocker"});
    };
    run(amain());
    EXPECT_EQ(found.kind, Kind::blocked_loop);
    EXPECT_EQ(found.task, "blocker");
    EXPECT_TRUE(found.text.starts_with("nothing else has run for ")) << found.text;
    EXPECT_NE(found.text.find(" ms\nblocker: running\n"), std::string::npos) << found.text;
    EXPECT_EQ(detecting.all().size(), 1U);  // one report for one step
}

Coro<> descend(int levels, Detecting& detecting, Finding& found) {
    if (levels > 0) {
        co_await descend(levels - 1, detecting, found);
    } else if (levels == 0) {
        Coro<> another = descend(3, detecting, found);
        found = detecting.wait();
        another.close();
    }
}

Coro<> go_down(Detecting& detecting, Finding& found) {
    co_await hocket::sleep(0s);
    co_await descend(3, detecting, found);
}

// Only the innermost is on the thread's stack. It has the frame of another of its kind at hand, which nothing awaits.
TEST(RealDetectors, of_a_step_that_blocks_all_coroutines_are_shown) {
    if (const char* why = testing::why_no_stacks()) GTEST_SKIP() << why;
    Detecting detecting(only_blocked());
    Finding found;
    const auto amain = [&]() -> Coro<> { co_await create_task(go_down(detecting, found), {.name = "blocker"}); };
    run(amain());
    std::vector<std::string> coroutines;
    for (std::size_t at = 0; (at = found.text.find("\n  at ", at)) != std::string::npos; ++at) {
        const std::string place = found.text.substr(at + 6, found.text.find('\n', at + 1) - at - 6);
        for (const std::string name : {"descend", "go_down"}) {
            if (place.starts_with("hocket::inspect::" + name + " (inspect/")) coroutines.push_back(name);
        }
    }
    EXPECT_EQ(coroutines, (std::vector<std::string>{"descend", "descend", "descend", "descend", "go_down"}))
        << found.text;
}

// A loop that is not a Runner's is looked at, too, and so is a callback.
TEST(RealDetectors, a_callback_that_computes_is_found) {
    Detecting detecting(only_blocked());
    const auto amain = [&]() -> Coro<> {
        co_await hocket::sleep(1ms);
        get_running_loop().call_soon([&] { EXPECT_TRUE(testing::comes_true([&] { return detecting.has_found(); })); });
        co_await hocket::sleep(1ms);
    };
    run(amain());
    ASSERT_EQ(detecting.all().size(), 1U);
    EXPECT_EQ(detecting.all().front().task, "");
    EXPECT_NE(detecting.all().front().text.find("a callback: running"), std::string::npos);
}

Coro<> transfer(Lock& from, Lock& to) {
    co_await from.acquire();
    co_await hocket::sleep(1ms);
    co_await to.acquire();
}

// Calls `then` in the loop when something has been found. No timer of the loop has an eye on that: it would be what may go on.
template <class F>
std::jthread when_found(Detecting& detecting, F then) {
    return std::jthread([&detecting, &loop = get_running_loop(), then] {
        detecting.wait();
        loop.call_soon_threadsafe(then);
    });
}

// Ends these tasks when something has been found.
Coro<> until_found(Detecting& detecting, std::vector<Task<>> tasks) {
    const std::jthread ending = when_found(detecting, [&tasks] {
        for (const Task<>& t : tasks) t.cancel();
    });
    co_await wait(tasks);
}

TEST(RealDetectors, what_they_look_at_is_not_counted) {
    Detecting detecting(only_blocked());
    const auto amain = []() -> Coro<> {
        co_await hocket::sleep(1ms);
        EXPECT_NE(get_running_loop().observer(), nullptr);
        EXPECT_EQ(counters_of(get_running_loop()).iterations, 0U);
        EXPECT_FALSE(snapshot_of(get_running_loop()).counters.has_value());
        start_counting(get_running_loop());
        co_await hocket::sleep(1ms);
        EXPECT_GE(counters_of(current_task()).resumes, 1U);
        stop_counting(get_running_loop());
        EXPECT_EQ(counters_of(current_task()).resumes, 0U);
        EXPECT_NE(get_running_loop().observer(), nullptr);
    };
    run(amain());
}

TEST(RealDetectors, two_that_wait_for_each_others_locks_are_found) {
    Detecting detecting(only_looks());
    const auto amain = [&]() -> Coro<> {
        Lock a, b;
        co_await until_found(detecting, {create_task(transfer(a, b), {.name = "rent"}),
                                         create_task(transfer(b, a), {.name = "interest"})});
    };
    run(amain());
    const Finding found = detecting.wait();
    EXPECT_EQ(found.kind, Kind::await_cycle);
    EXPECT_NE(found.text.find("rent: waits for Lock held by interest"), std::string::npos) << found.text;
    EXPECT_NE(found.text.find("interest: waits for Lock held by rent"), std::string::npos) << found.text;
}

TEST(RealDetectors, one_that_nothing_can_wake_is_found) {
    Detecting detecting(only_looks());
    const auto amain = [&]() -> Coro<> {
        Event event;
        const auto wait = [](Event& e) -> Coro<> { co_await e.wait(); };
        co_await until_found(detecting, {create_task(wait(event), {.name = "consumer"})});
    };
    run(amain());
    const Finding found = detecting.wait();
    EXPECT_EQ(found.kind, Kind::lost_wake);
    EXPECT_EQ(found.task, "consumer");
}

Coro<> refuse_to_end(Event& end) {
    try {
        co_await Event().wait();
    } catch (const CancelledError&) {
        current_task().set_name("stubborn");
    }
    co_await end.wait();
}

TEST(RealDetectors, one_that_goes_on_after_a_cancel_is_found) {
    Detecting detecting(only_looks());
    const auto amain = [&]() -> Coro<> {
        Event end;
        const Task<> task = create_task(refuse_to_end(end));
        co_await hocket::sleep(0s);
        task.cancel();
        const Task<> clock = create_task([]() -> Coro<> {
            for (;;) co_await hocket::sleep(1ms);  // so that something goes on
        }());
        const std::jthread ending = when_found(detecting, [&end] { end.set(); });
        co_await task;
        clock.cancel();
    };
    run(amain());
    const Finding found = detecting.wait();
    EXPECT_EQ(found.kind, Kind::ignored_cancel);
    EXPECT_EQ(found.task, "stubborn");
    EXPECT_TRUE(found.text.starts_with("a task was cancelled ")) << found.text;
}

TEST(Detectors, a_queue_without_a_limit_that_grows_is_found_once_for_each_place) {
    DetectorOptions options = none();
    options.queue = 100;
    Detecting detecting(std::move(options));
    const auto amain = []() -> Coro<> {
        current_task().set_name("producer");
        for (int round = 0; round < 2; ++round) {
            Queue<int> unlimited;
            Queue<int> limited(1000);
            PriorityQueue<int> ordered;
            LifoQueue<int> stack;
            for (int i = 0; i < 1000; ++i) {
                unlimited.put_nowait(i);
                limited.put_nowait(i);
                ordered.put_nowait(i);
                stack.put_nowait(i);
            }
        }
        co_return;
    };
    run(amain());
    const std::vector<Finding> all = detecting.all();
    ASSERT_FALSE(all.empty());
    EXPECT_LE(all.size(), 3U);
    EXPECT_EQ(all.front().kind, Kind::growing_queue);
    EXPECT_EQ(all.front().task, "producer");
    EXPECT_TRUE(all.front().text.starts_with("a queue without a limit has 128 items, and grows, at "))
        << all.front().text;
}

Coro<std::size_t> small() {
    std::array<char, 100> buffer{};
    co_await hocket::sleep(0s);
    co_return buffer.size();
}

Coro<char> large(std::size_t i) {
    std::array<char, 20'000> buffer{};
    buffer[i] = 'x';
    co_await hocket::sleep(0s);
    co_return buffer[i + 1];
}

TEST(Detectors, an_oversized_frame_is_found_once_for_each_place) {
    DetectorOptions options = none();
    options.frame = 16'000;
    Detecting detecting(std::move(options));
    const auto amain = []() -> Coro<> {
        co_await small();
        for (std::size_t i = 0; i < 3; ++i) co_await large(i);
    };
    run(amain());
    ASSERT_EQ(detecting.all().size(), 1U);
    const Finding found = detecting.all().front();
    EXPECT_EQ(found.kind, Kind::oversized_frame);
    EXPECT_EQ(found.task, "Task-1");
    EXPECT_TRUE(found.text.starts_with("a frame of 20")) << found.text;
}

TEST(Detectors, what_is_not_wanted_is_not_looked_for) {
    Detecting detecting(none());
    const auto amain = []() -> Coro<> {
        co_await large(0);
        Queue<int> queue;
        for (int i = 0; i < 10'000; ++i) queue.put_nowait(i);
    };
    run(amain());
    EXPECT_TRUE(detecting.all().empty());
}

// ---- Whom they tell

TEST(Detectors, a_finding_is_reported_where_nobody_else_wants_it) {
    Reports reports;
    DetectorOptions options = none();
    options.frame = 16'000;
    start_detectors(std::move(options));
    const auto amain = []() -> Coro<> { co_await large(0); };
    run(amain());
    stop_detectors();
    const std::string said = reports.taken();
    EXPECT_TRUE(said.starts_with("oversized frame: a frame of 20")) << said;
}

TEST(Detectors, what_throws_when_it_is_told_is_reported) {
    Reports reports;
    DetectorOptions options = none();
    options.frame = 16'000;
    options.found = [](const Finding&) { throw ValueError("no room"); };
    start_detectors(std::move(options));
    const auto amain = []() -> Coro<> { co_await large(0); };
    run(amain());
    stop_detectors();
    EXPECT_EQ(reports.taken(), "detectors: what is told of a finding threw hocket::ValueError: no room");
}

TEST(Detectors, there_is_a_limit_to_what_is_told_in_a_minute) {
    DetectorOptions options = none();
    options.frame = 2'000;
    options.most_in_a_minute = 1;
    Detecting detecting(std::move(options));
    const auto amain = []() -> Coro<> {
        const auto other = []() -> Coro<char> {
            std::array<char, 5'000> buffer{};
            co_await hocket::sleep(0s);
            co_return buffer[7];
        };
        co_await large(0);
        co_await other();
    };
    run(amain());
    EXPECT_EQ(detecting.all().size(), 1U);
}

TEST(OnceDetectors, options_that_make_no_sense_are_refused) {
    const auto refused = [](void (*edit)(DetectorOptions&)) {
        DetectorOptions options;
        edit(options);
        return thrown_by([&] { start_detectors(std::move(options)); });
    };
    EXPECT_EQ(refused([](DetectorOptions& o) { o.blocked = -1ms; }),
              "hocket::ValueError: start_detectors: blocked is -1000000 ns: a time is not negative");
    EXPECT_EQ(refused([](DetectorOptions& o) { o.interval = -1ns; }),
              "hocket::ValueError: start_detectors: interval is -1 ns: a time is not negative");
    EXPECT_EQ(refused([](DetectorOptions& o) { o.ignored_cancel = -1ns; }),
              "hocket::ValueError: start_detectors: ignored_cancel is -1 ns: a time is not negative");
    EXPECT_EQ(refused([](DetectorOptions& o) { o.frame = 512; }),
              "hocket::ValueError: start_detectors: frame is 512: frames of up to 1024 bytes cost the system nothing, "
              "and are not looked at");
}

TEST(OnceDetectors, are_started_once_and_may_be_stopped_twice) {
    stop_detectors();
    start_detectors();
    EXPECT_EQ(thrown_by([] { start_detectors(); }), "hocket::RuntimeError: start_detectors: they are started already");
    stop_detectors();
    stop_detectors();
    start_detectors();
    stop_detectors();
}

TEST(OnceDetectors, the_child_of_a_fork_may_have_its_own) {
    if (testing::starts_no_threads_in_children)
        GTEST_SKIP() << "ThreadSanitizer ends a forked child that starts a thread";
    start_detectors();
    EXPECT_EQ(testing::in_child([] {
                  start_detectors();
                  stop_detectors();
                  return 7;
              }),
              7);
    stop_detectors();
}

}  // namespace
}  // namespace hocket::inspect
