// SPDX-License-Identifier: MIT
// Closing a loop with work in it: tasks that wait in every way, callbacks that are ready, timers that are due.
#include <hocket/core/event_loop.h>

#include <hocket/core/gate.h>
#include <hocket/core/operation.h>
#include <hocket/io/runner.h>

#include <tests/support/manual_backend.h>
#include <tests/support/trace.h>

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>

namespace hocket {
namespace {

using namespace std::chrono_literals;
using testing::Census;
using testing::ManualBackend;
using testing::Reports;
using testing::thrown_by;
using testing::Trace;

class LoopClose : public ::testing::Test {
protected:
    // Starts `coro` and gives it some turns.
    template <class T>
    Task<T> begin(Coro<T> coro, int iterations = 1) {
        auto task = loop->create_task(std::move(coro), {});
        for (; iterations > 0; --iterations) loop->run_once(0s);
        return task;
    }

    Reports reports;
    Census census;
    ManualBackend* backend = new ManualBackend;
    Unique<EventLoop> loop = Unique<EventLoop>::make(Unique<Backend>(backend));
};
using OnceLoopClose = LoopClose;

Coro<> waiting_in_line(Census::Member, Future<> f) { co_await f; }
Coro<> sleeping(Census::Member, Duration d) { co_await hocket::sleep(d); }
Coro<> operating(Census::Member) { co_await PendingOperation(Opcode::read, 3); }
template <class A>
Coro<> awaiting(Census::Member, A awaitable) {
    co_await std::move(awaitable);
}

TEST_F(OnceLoopClose, reports_pending_tasks_and_destroys_their_frames) {
    const auto task = begin(waiting_in_line(census.member(), Future<>(*loop)));
    EXPECT_EQ(census.alive(), 1);
    loop->close();
    EXPECT_EQ(census.alive(), 0);
    EXPECT_TRUE(reports.taken().starts_with("Task was destroyed but it is pending!\n  task: Task-1"));
    EXPECT_TRUE(task.cancelled());
}

TEST_F(OnceLoopClose, destroys_tasks_that_wait_for_each_other) {
    const Future<> f(*loop);
    auto inner = begin(waiting_in_line(census.member(), f));
    begin(awaiting(census.member(), inner));
    begin(awaiting(census.member(), awaiting(census.member(), inner)));
    inner = Task<>();
    loop->close();
    EXPECT_EQ(census.alive(), 0);
}

// What stands inside refers to what stands outside.
TEST_F(OnceLoopClose, destroys_frames_from_the_innermost_outwards) {
    Trace trace;
    struct Noting {
        Trace& trace;
        const char* name;
        ~Noting() { trace.note(name); }
    };
    const auto inner = [&](const Noting& outer) -> Coro<> {
        const Noting n{trace, outer.name[0] == 'o' ? "inner" : "?"};
        co_await testing::forever();
    };
    const auto middle = [&](const Noting& outer) -> Coro<> {
        const Noting n{trace, "middle"};
        co_await inner(outer);
    };
    begin([&]() -> Coro<> {
        const Noting n{trace, "outer"};
        co_await middle(n);
    }());
    loop->close();
    EXPECT_EQ(trace.taken(), "inner middle outer");
}

// One that closes in a frame that a closing loop destroys.
TEST_F(OnceLoopClose, may_be_nested) {
    const auto held = [&]() -> Coro<> {
        const EventLoop other{Unique<Backend>(new ManualBackend)};
        static_cast<void>(const_cast<EventLoop&>(other).create_task(sleeping(census.member(), 1h), {}));
        co_await sleeping(census.member(), 1h);
    };
    begin(held());
    loop->close();
    EXPECT_EQ(census.alive(), 0);
}

TEST_F(OnceLoopClose, destroys_tasks_that_have_not_begun) {
    begin(waiting_in_line(census.member(), Future<>(*loop)), 0);
    begin(waiting_in_line(census.member(), Future<>(*loop)), 0);
    loop->close();
    EXPECT_EQ(census.alive(), 0);
}

TEST_F(OnceLoopClose, destroys_tasks_that_are_ready) {
    const Future<> f(*loop);
    begin(waiting_in_line(census.member(), f));
    begin(awaiting(census.member(), testing::turns(10)));
    f.set_result();
    loop->close();
    EXPECT_EQ(census.alive(), 0);
}

TEST_F(OnceLoopClose, destroys_sleeping_tasks_and_forgets_their_timers) {
    begin(sleeping(census.member(), 1h));
    begin(sleeping(census.member(), 2h));
    loop->close();
    EXPECT_EQ(census.alive(), 0);
    EXPECT_TRUE(loop->timers().empty());
}

// KeyboardInterrupt leaves the rest of the batch in the queue: here, timers that stand in the frames of tasks.
TEST_F(OnceLoopClose, destroys_tasks_whose_due_timers_stand_in_the_ready_queue) {
    loop->call_later(1ms, [] { throw KeyboardInterrupt(); });
    for (int i = 0; i < 5; ++i) begin(sleeping(census.member(), 1ms));
    EXPECT_EQ(thrown_by([&] { loop->run_forever(); }), "hocket::KeyboardInterrupt");
    loop->close();
    EXPECT_EQ(census.alive(), 0);
}

TEST_F(OnceLoopClose, waits_for_operations_in_flight_before_their_memory_goes) {
    begin(operating(census.member()));
    int alive_at_cancel = -1;
    backend->on_cancel = [&](Operation&) { alive_at_cancel = census.alive(); };
    backend->on_idle = [&] { backend->complete(4); };  // later, and with a result
    loop->close();
    EXPECT_EQ(alive_at_cancel, 1);
    EXPECT_EQ(census.alive(), 0);
    EXPECT_EQ(backend->cancels, 1);
}

TEST_F(OnceLoopClose, frees_callbacks_and_timers_that_did_not_run) {
    Handle soon = loop->call_soon([m = census.member()] {});
    Handle later = loop->call_later(1h, [m = census.member()] {});
    loop->call_soon_threadsafe([m = census.member()] {});
    EXPECT_EQ(census.alive(), 3);
    loop->close();
    EXPECT_EQ(census.alive(), 0) << "whether or not a handle is kept";
    soon.cancel();
    later.cancel();
}

TEST_F(OnceLoopClose, frees_a_callback_that_holds_its_own_handle) {
    const auto handle = std::make_shared<Handle>();
    *handle = loop->call_later(1h, [handle] {});
    loop->close();
    EXPECT_EQ(handle.use_count(), 1);
}

TEST_F(OnceLoopClose, frees_a_callback_whose_destructor_cancels_it) {
    struct Guard {
        Census::Member member;
        std::shared_ptr<Handle> handle;
        Guard(Census::Member m, std::shared_ptr<Handle> h) : member(std::move(m)), handle(std::move(h)) {}
        Guard(Guard&&) = default;
        ~Guard() {
            if (handle) handle->cancel();
        }
    };
    const auto soon = std::make_shared<Handle>();
    const auto later = std::make_shared<Handle>();
    *soon = loop->call_soon([guard = Guard(census.member(), soon)] {});
    *later = loop->call_later(1h, [guard = Guard(census.member(), later)] {});
    EXPECT_EQ(census.alive(), 2);
    loop->close();
    EXPECT_EQ(census.alive(), 0);
    EXPECT_EQ(soon.use_count(), 1);
    EXPECT_EQ(later.use_count(), 1);
}

TEST_F(OnceLoopClose, destructors_may_still_use_the_loop) {
    struct User {
        Future<>& f;
        Census& census;
        ~User() {
            if (!f.done()) f.set_result();
            static_cast<void>(create_task(waiting_in_line(census.member(), Future<>())));
            get_running_loop().call_soon([m = census.member()] {});
        }
    };
    Future<> f(*loop);
    begin([](Future<>& x, Census& c) -> Coro<> {
        const User user{x, c};
        co_await testing::forever();
    }(f, census));
    begin(waiting_in_line(census.member(), f));
    loop->close();
    EXPECT_TRUE(f.done());
    EXPECT_EQ(census.alive(), 0);
}

TEST_F(OnceLoopClose, a_handle_may_outlive_the_loop) {
    Task<int> done = loop->create_task(testing::value_after(0, 4), {});
    loop->run_until_complete(done);
    Task<> pending = begin(testing::forever());
    const Handle handle = loop->call_later(1h, [] {});
    loop.reset();
    EXPECT_EQ(done.result(), 4);
    EXPECT_TRUE(pending.cancelled());
    EXPECT_FALSE(pending.cancel());
    EXPECT_FALSE(handle.cancelled());
}

TEST_F(OnceLoopClose, the_handler_may_look_at_the_task) {
    std::string seen;
    loop->set_exception_handler(
        [&](EventLoop&, const ErrorContext& context) { seen = context.message + " " + context.handle().get_name(); });
    begin(testing::forever());
    loop->close();
    EXPECT_EQ(seen, "Task was destroyed but it is pending! Task-1");
}

struct ClosingNoted : LoopResource {
    Trace& trace;
    const char* name;
    ClosingNoted(EventLoop& l, Trace& t, const char* n) : LoopResource(l), trace(t), name(n) {}
    void loop_closing() noexcept override { trace.note(name); }
};

TEST_F(OnceLoopClose, ends_resources_the_newest_first) {
    Trace trace;
    const ClosingNoted a(*loop, trace, "a");
    {
        const ClosingNoted gone(*loop, trace, "gone");
    }
    const ClosingNoted b(*loop, trace, "b");
    loop->close();
    loop.reset();
    EXPECT_EQ(trace.taken(), "b a");
}

TEST(LoopOnEveryBackend, closes_with_tasks_in_it) {
    Reports reports;
    Census census;
    {
        const auto loop = new_event_loop();
        loop->create_task(sleeping(census.member(), 1h), {});
        loop->create_task(waiting_in_line(census.member(), Future<>(*loop)), {});
        loop->run_once(0s);
    }
    EXPECT_EQ(census.alive(), 0);
    EXPECT_EQ(reports.count(), 2U);
}

}  // namespace
}  // namespace hocket
