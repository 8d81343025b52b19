// SPDX-License-Identifier: MIT
// Iterations: their snapshot, their order, stopping, running once and again, and what may not be done.
#include <hocket/core/event_loop.h>

#include <hocket/core/operation.h>
#include <hocket/io/runner.h>

#include <tests/support/manual_backend.h>
#include <tests/support/trace.h>

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace hocket {
namespace {

using namespace std::chrono_literals;
using testing::Census;
using testing::ending_of;
using testing::LoopErrors;
using testing::ManualBackend;
using testing::Reports;
using testing::thrown_by;
using testing::Trace;

struct ManualLoop {
    ManualBackend* backend = new ManualBackend;
    EventLoop loop{Unique<Backend>(backend)};
};

// An operation that notes its completion.
struct Noted : Operation {
    Trace& trace;
    explicit Noted(Trace& t) : trace(t) {
        completed = [](Operation& op) noexcept {
            get_running_loop().call_soon([&t = static_cast<Noted&>(op).trace] { t.note("io"); });
        };
    }
};

// 1
TEST(OnceIteration, runs_the_snapshot_and_polls_before_what_was_added_meanwhile) {
    Trace trace;
    ManualLoop m;
    Noted op(trace);
    m.backend->submit(op);
    m.loop.call_soon([&] {
        trace.note("a");
        m.backend->complete(0);
        m.loop.call_soon([&] {
            trace.note("b");
            m.loop.call_soon([&] { m.loop.stop(); });
        });
    });
    m.loop.call_soon([&] { trace.note("a2"); });
    m.loop.run_forever();
    EXPECT_EQ(trace.taken(), "a a2 b io");
}

// 2
TEST(OnceIteration, takes_what_was_ready_then_completions_then_due_timers) {
    Trace trace;
    ManualLoop m;
    Noted op(trace);
    m.backend->submit(op);
    m.loop.call_soon([&] {
        m.loop.call_later(1ms, [&] { trace.note("timer"); });
        m.loop.call_soon([&] { trace.note("ready"); });
        m.backend->advance(2'000'000);
        m.backend->complete(0);
    });
    m.loop.run_once(0s);
    m.loop.run_once(0s);
    EXPECT_EQ(trace.taken(), "ready io timer");
}

// 3
TEST(OnceIteration, looks_once_for_timers_that_are_due) {
    Trace trace;
    ManualLoop m;
    m.loop.call_later(1ms, [&] {
        trace.note("first");
        m.backend->advance(10'000'000);
        m.loop.call_soon([&] { trace.note("soon"); });
    });
    m.loop.call_later(5ms, [&] {
        trace.note("second");
        m.loop.stop();
    });
    m.loop.run_forever();
    EXPECT_EQ(trace.taken(), "first soon second");
}

TEST(OnceIteration, a_completion_that_comes_with_a_stop_is_called_once) {
    Trace trace;
    ManualLoop m;
    Noted op(trace);
    m.backend->submit(op);
    m.backend->complete(0);
    for (int i = 0; i < 3; ++i) {
        m.loop.call_soon([&] { m.loop.stop(); });
        m.loop.run_forever();
        trace.note("|");
    }
    EXPECT_EQ(trace.taken(), "io | | |");
}

TEST(EventLoop, runs_callbacks_first_in_first_out) {
    Trace trace;
    run([&]() -> Coro<> {
        for (int i = 0; i < 5; ++i) get_running_loop().call_soon([&trace, i] { trace.note(i); });
        co_await hocket::sleep(0);
    }());
    EXPECT_EQ(trace.taken(), "0 1 2 3 4");
}

// 6
TEST(EventLoop, stop_ends_after_the_batch_and_keeps_the_rest) {
    Trace trace;
    const auto loop = new_event_loop();
    loop->call_soon([&] {
        trace.note("a");
        loop->stop();
        loop->call_soon([&] {
            trace.note("c");
            loop->stop();
        });
    });
    loop->call_soon([&] { trace.note("b"); });
    loop->run_forever();
    EXPECT_EQ(trace.taken(), "a b");
    loop->run_forever();
    EXPECT_EQ(trace.taken(), "c");
}

// 6
TEST(EventLoop, stopped_before_it_runs_makes_one_iteration_that_does_not_wait) {
    Trace trace;
    const auto loop = new_event_loop();
    loop->call_later(1h, [] {});
    loop->call_soon([&] {
        trace.note("a");
        loop->call_soon([&] { trace.note("b"); });
    });
    loop->stop();
    loop->run_forever();
    EXPECT_EQ(trace.taken(), "a");
    loop->stop();
    loop->run_forever();
    EXPECT_EQ(trace.taken(), "b");
    loop->stop();
    loop->run_forever();  // nothing is ready: it returns all the same
}

TEST(EventLoop, run_once_runs_one_iteration) {
    Trace trace;
    const auto loop = new_event_loop();
    loop->call_soon([&] {
        trace.note("a");
        loop->call_soon([&] { trace.note("b"); });
    });
    loop->run_once(0s);
    EXPECT_EQ(trace.taken(), "a");
    loop->run_once(1h);
    EXPECT_EQ(trace.taken(), "b");
    loop->call_later(1ms, [&] { trace.note("timer"); });
    const TimePoint before = loop->time();
    loop->run_once(1h);
    EXPECT_EQ(trace.taken(), "timer");
    loop->run_once(1ms);
    EXPECT_GE(loop->time() - before, 2ms);
}

TEST(EventLoop, runs_while_run_once_does) {
    const auto loop = new_event_loop();
    int calls = 0;
    loop->call_soon([&] {
        ++calls;
        EXPECT_TRUE(loop->is_running());
        EXPECT_EQ(&get_running_loop(), loop.get());
    });
    for (int i = 0; i < 10; ++i) loop->run_once(0s);
    EXPECT_EQ(calls, 1);
    EXPECT_FALSE(loop->is_running());
    EXPECT_EQ(thrown_by([] { get_running_loop(); }), "hocket::RuntimeError: no running event loop");
}

// 10
TEST(EventLoop, run_until_complete_stopped_early_is_an_error) {
    const auto loop = new_event_loop();
    const auto task = loop->create_task(testing::turns(10), {});
    loop->call_soon([&] { loop->stop(); });
    EXPECT_EQ(thrown_by([&] { loop->run_until_complete(task); }),
              "hocket::RuntimeError: Event loop stopped before Future completed.");
    EXPECT_FALSE(task.done());
    loop->run_until_complete(task);
    EXPECT_TRUE(task.done());
}

TEST(EventLoop, run_until_complete_gives_the_result) {
    const auto loop = new_event_loop();
    EXPECT_EQ(loop->run_until_complete(loop->create_task(testing::value_after(1ms, 3), {})), 3);
    EXPECT_EQ(thrown_by([&] { loop->run_until_complete(loop->create_task(testing::failure_after(1, "x"), {})); }),
              "hocket::RuntimeError: x");
    const auto done = loop->create_task(testing::value_after(0, 4), {});
    loop->run_until_complete(done);
    EXPECT_EQ(loop->run_until_complete(done), 4);
}

// 10
TEST(EventLoop, that_runs_cannot_be_closed_nor_run) {
    run([]() -> Coro<> {
        EventLoop& loop = get_running_loop();
        EXPECT_EQ(thrown_by([&] { loop.close(); }), "hocket::RuntimeError: Cannot close a running event loop");
        EXPECT_EQ(thrown_by([&] { loop.run_forever(); }), "hocket::RuntimeError: This event loop is already running");
        const auto other = new_event_loop();
        EXPECT_EQ(thrown_by([&] { other->run_forever(); }),
                  "hocket::RuntimeError: Cannot run the event loop while another loop is running");
        co_return;
    }());
}

TEST(EventLoop, that_is_closed_takes_no_work) {
    Reports reports;
    const auto loop = new_event_loop();
    loop->close();
    loop->close();
    const std::string closed = "hocket::RuntimeError: Event loop is closed";
    EXPECT_TRUE(loop->is_closed());
    EXPECT_EQ(thrown_by([&] { loop->call_soon([] {}); }), closed);
    EXPECT_EQ(thrown_by([&] { loop->call_later(1s, [] {}); }), closed);
    EXPECT_EQ(thrown_by([&] { loop->call_at(TimePoint::min(), [] {}); }), closed);
    EXPECT_EQ(thrown_by([&] { loop->call_soon_threadsafe([] {}); }), closed);
    EXPECT_EQ(thrown_by([&] { loop->run_forever(); }), closed);
    EXPECT_EQ(thrown_by([&] { loop->run_once(0s); }), closed);
    EXPECT_EQ(thrown_by([&] { static_cast<void>(loop->create_task(testing::turns(0), {})); }), closed);
    EXPECT_EQ(thrown_by([&] { loop->run_until_complete(testing::turns(0)); }), closed);
}

TEST(EventLoop, that_is_closed_closes_the_coroutines_that_it_does_not_take) {
    const Reports reports;
    Census census;
    const auto held = [](Census::Member) -> Coro<> { co_return; };
    const auto loop = new_event_loop();
    loop->close();
    const std::string closed = "hocket::RuntimeError: Event loop is closed";
    EXPECT_EQ(thrown_by([&] { static_cast<void>(loop->create_task(held(census.member()))); }), closed);
    EXPECT_EQ(thrown_by([&] { loop->run_until_complete(held(census.member())); }), closed);
    EXPECT_EQ(census.alive(), 0);
    EXPECT_TRUE(all_tasks(*loop).empty());
    EXPECT_EQ(reports.count(), 0U);  // of coroutines that nobody awaited
}

TEST(EventLoop, knows_whether_it_runs) {
    const auto loop = new_event_loop();
    EXPECT_FALSE(loop->is_running());
    loop->call_soon([&] {
        EXPECT_TRUE(loop->is_running());
        EXPECT_EQ(&get_running_loop(), loop.get());
        loop->stop();
    });
    loop->run_forever();
    EXPECT_FALSE(loop->is_running());
    EXPECT_EQ(thrown_by([] { get_running_loop(); }), "hocket::RuntimeError: no running event loop");
}

// ---- From other threads

TEST(CallSoonThreadsafe, wakes_a_loop_that_waits) {
    run([]() -> Coro<> {
        EventLoop& loop = get_running_loop();
        const OutsideWork outside(loop);
        const Future<int> f;
        std::thread thread([&] { loop.call_soon_threadsafe([&f] { f.set_result(7); }); });
        EXPECT_EQ(co_await f, 7);
        thread.join();
    }());
}

TEST(CallSoonThreadsafe, keeps_the_order_of_each_thread) {
    run([]() -> Coro<> {
        EventLoop& loop = get_running_loop();
        const OutsideWork outside(loop);
        constexpr int count = 2000;
        std::vector<int> last(3, -1);
        int left = 3 * count;
        bool ordered = true;
        const Future<> all;
        std::vector<std::thread> threads;
        for (std::size_t t = 0; t < 3; ++t) {
            threads.emplace_back([&, t] {
                for (int i = 0; i < count; ++i) {
                    loop.call_soon_threadsafe([&, t, i] {
                        ordered = ordered && last[t] == i - 1;
                        last[t] = i;
                        if (--left == 0) all.set_result();
                    });
                }
            });
        }
        co_await all;
        EXPECT_TRUE(ordered);
        for (std::thread& t : threads) t.join();
    }());
}

// The posting thread goes on to use its context while the loop frees its copy: they share nothing.
TEST(CallSoonThreadsafe, keeps_its_place_among_call_soons_of_the_loops_own_thread) {
    Trace trace;
    run([&]() -> Coro<> {
        EventLoop& loop = get_running_loop();
        loop.call_soon_threadsafe([&] { trace.note("a"); });
        loop.call_soon([&] { trace.note("b"); });
        co_await testing::turns(2);
    }());
    EXPECT_EQ(trace.taken(), "a b");
}

// As in one queue, though there are two: what a thread has left already is ahead of what the loop's own thread calls next.
TEST(CallSoonThreadsafe, is_ahead_of_a_call_soon_that_comes_after_it) {
    Trace trace;
    const auto loop = new_event_loop();
    const auto post = [&](const char* what) {
        std::thread([&] { loop->call_soon_threadsafe([&trace, what] { trace.note(what); }); }).join();
    };
    post("before");
    loop->call_soon([&] {
        post("a");
        loop->call_soon([&] { trace.note("b"); });
        post("c");
        loop->call_soon([&] { loop->stop(); });
    });
    loop->run_forever();
    EXPECT_EQ(trace.taken(), "before a b c");
}

// Only call_soon looks what threads have left; in asyncio there is one queue, and "a" comes first.
TEST(CallSoonThreadsafe, is_behind_what_becomes_ready_otherwise_in_the_same_iteration) {
    Trace trace;
    run([&]() -> Coro<> {
        EventLoop& loop = get_running_loop();
        const Future<> future;
        const Task<> waits = create_task([&]() -> Coro<> {
            co_await future;
            trace.note("woken");
        });
        co_await testing::turns(1);
        std::thread([&] { loop.call_soon_threadsafe([&] { trace.note("a"); }); }).join();
        const Task<> made = create_task([&]() -> Coro<> {
            trace.note("made");
            co_return;
        });
        future.set_result();
        co_await testing::turns(3);
        EXPECT_TRUE(waits.done() && made.done());
    }());
    EXPECT_EQ(trace.taken(), "made woken a");
}

TEST(CallSoonThreadsafe, brings_a_copy_of_the_callers_context) {
    static ContextVar<std::string> text("text");
    run([]() -> Coro<> {
        EventLoop& loop = get_running_loop();
        const OutsideWork outside(loop);
        const Future<> done;
        int seen = 0;
        std::thread thread([&] {
            for (int i = 0; i < 5000; ++i) {
                text.set(std::string(30, 'x') + std::to_string(i));
                loop.call_soon_threadsafe([&, i] { seen += text.get() == std::string(30, 'x') + std::to_string(i); });
                static_cast<void>(text.get().size());
            }
            loop.call_soon_threadsafe([&] { done.set_result(); });
        });
        co_await done;
        EXPECT_EQ(seen, 5000);
        thread.join();
    }());
}

TEST(VirtualDeadlock, is_an_error_that_shows_who_waits) {
    const std::string said = thrown_by([] {
        run([]() -> Coro<> {
            const auto task = create_task(testing::forever(), {.name = "waiter"});
            co_await task;
        }());
    });
    EXPECT_TRUE(said.starts_with("hocket::RuntimeError: deadlock: every task waits")) << said;
    EXPECT_NE(said.find("waiter: waits for a future"), std::string::npos) << said;
}

// ---- Numbers

TEST(LoopId, is_given_anew_to_300_loops_one_after_the_other) {
    Future<int> of_the_first = nullptr;
    for (int i = 0; i < 300; ++i) {
        run([&]() -> Coro<> {
            if (i == 0) of_the_first = Future<int>();
            const Future<int> f;
            get_running_loop().call_soon([&] { f.set_result(i); });
            EXPECT_EQ(co_await f, i);
            if (i == 1) {
                EXPECT_NE((co_await ending_of(of_the_first)).find("different loop"), std::string::npos);
            }
        }());
    }
    of_the_first.set_result(1);
    EXPECT_EQ(of_the_first.result(), 1);
}

TEST(LoopId, many_loops_may_live_at_once) {
    std::vector<std::unique_ptr<EventLoop>> loops;
    for (int i = 0; i < 300; ++i) loops.push_back(std::make_unique<EventLoop>(std::make_unique<ManualBackend>()));
    for (const auto& loop : loops)
        EXPECT_EQ(loop->run_until_complete(loop->create_task(testing::value_after(1, 2), {})), 2);
}

}  // namespace
}  // namespace hocket
