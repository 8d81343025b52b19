// SPDX-License-Identifier: MIT
// Readers and writers: when they are called, in which context, and how they are replaced and removed.
#include <hocket/net/readiness.h>

#include <gtest/gtest.h>
#include <hocket/core/sleep.h>
#include <hocket/io/runner.h>
#include <hocket/net/sockets_test.h>

#include <sys/wait.h>
#include <tests/support/trace.h>
#include <chrono>
#include <string>
#include <thread>

using namespace std::chrono_literals;

namespace hocket {
namespace {

using testing::Census, testing::LoopErrors, testing::Trace, testing::socket_pair, testing::send_now,
    testing::receive_now, testing::thrown_by;

// The loop looks at what is ready, and runs it.
void iterate(EventLoop& loop, int n = 1) {
    for (; n > 0; --n) loop.run_once(0s);
}

class RealReadiness : public ::testing::Test {
protected:
    Trace trace;
    Unique<EventLoop> loop = new_event_loop();
    testing::OwnPair pair = socket_pair();
    const int a = pair.a;
    const int b = pair.b;
};

// ---- When they are called

TEST_F(RealReadiness, a_reader_is_called_when_something_has_come_and_at_the_end) {
    std::string received;
    bool ended = false;
    add_reader(*loop, a, [&] {
        const std::string bytes = receive_now(a);
        received += bytes;
        if (!bytes.empty()) return;
        ended = true;
        EXPECT_TRUE(remove_reader(*loop, a));
        pair.a.close();
    });
    loop->call_soon([this] { send_now(b, "abc"); });
    while (received.size() < 3) loop->run_once(10s);
    loop->call_soon([this] { send_now(b, "def"); });
    while (received.size() < 6) loop->run_once(10s);
    EXPECT_FALSE(ended);
    loop->call_soon([this] { pair.b.close(); });
    while (!ended) loop->run_once(10s);
    EXPECT_EQ(received, "abcdef");
}

TEST_F(RealReadiness, a_writer_is_called_while_there_is_room_until_it_is_removed) {
    const std::string data(1024, 'x');
    add_writer(*loop, b, [&] {
        send_now(b, data);
        loop->stop();
    });
    loop->run_forever();
    EXPECT_TRUE(remove_writer(*loop, b));
    EXPECT_FALSE(remove_writer(*loop, b));
    iterate(*loop, 3);
    EXPECT_EQ(receive_now(a, 4096), data);
}

TEST_F(RealReadiness, a_reader_is_called_again_as_long_as_something_is_left) {
    std::string received;
    add_reader(*loop, a, [&] { received += receive_now(a, 1); });
    send_now(b, "abc");
    while (received.size() < 3) loop->run_once(10s);
    iterate(*loop, 3);
    EXPECT_EQ(received, "abc");
    send_now(b, "d");
    while (received.size() < 4) loop->run_once(10s);
    EXPECT_EQ(received, "abcd");
}

TEST_F(RealReadiness, one_that_is_always_called_leaves_tasks_and_timers_their_turns) {
    int calls = 0, turns = 0;
    add_writer(*loop, b, [&] { ++calls; });
    loop->run_until_complete([](int& count) -> Coro<> {
        for (; count < 10; ++count) co_await hocket::sleep(0);
        co_await hocket::sleep(1ms);
    }(turns));
    EXPECT_EQ(turns, 10);
    EXPECT_GT(calls, 0);
    const int before = calls;
    while (calls < before + 3) loop->run_once(10s);
}

TEST_F(RealReadiness, another_thread_wakes_a_loop_that_waits) {
    add_reader(*loop, a, [this] { loop->stop(); });
    loop->run_once(0s);
    std::thread writer([this] { send_now(b, "x"); });
    loop->run_forever();
    writer.join();
}

TEST_F(RealReadiness, a_hang_up_calls_both) {
    pair.b.close();
    add_reader(*loop, a, [&] {
        trace.note("reader");
        remove_reader(*loop, a);
    });
    add_writer(*loop, a, [&] {
        trace.note("writer");
        remove_writer(*loop, a);
    });
    iterate(*loop, 3);
    const std::string called = trace.taken();
    EXPECT_TRUE(called == "reader writer" || called == "writer reader") << called;
}

TEST_F(RealReadiness, a_file_is_always_ready) {
    const testing::Own file(open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
    int calls = 0;
    add_reader(*loop, file, [&] { ++calls; });
    while (calls < 2) loop->run_once(10s);
    EXPECT_TRUE(remove_reader(*loop, file));
}

// ---- Reader and writer of one descriptor

TEST_F(RealReadiness, a_descriptor_may_have_both_and_loses_one_alone) {
    add_writer(*loop, a, [&] { trace.note("writer"); });
    add_reader(*loop, a, [&] { trace.note("reader"); });
    iterate(*loop, 2);
    EXPECT_NE(trace.taken().find("writer"), std::string::npos);
    EXPECT_TRUE(remove_writer(*loop, a));
    EXPECT_FALSE(remove_writer(*loop, a));
    send_now(b, "x");
    iterate(*loop, 3);
    std::string called = trace.taken();
    EXPECT_NE(called.find("reader"), std::string::npos);
    EXPECT_EQ(called.find("writer"), std::string::npos);
    add_writer(*loop, a, [&] { trace.note("writer"); });
    EXPECT_TRUE(remove_reader(*loop, a));
    EXPECT_FALSE(remove_reader(*loop, a));
    iterate(*loop, 3);
    called = trace.taken();
    EXPECT_NE(called.find("writer"), std::string::npos);
    EXPECT_EQ(called.find("reader"), std::string::npos);
}

TEST_F(RealReadiness, the_latest_replaces_the_one_before_and_leaves_the_other_kind) {
    Census census;
    const auto called = [this](const char* name) {
        trace.taken();
        iterate(*loop, 3);
        return trace.taken().find(name) != std::string::npos;
    };
    send_now(b, "x");
    add_reader(*loop, a, [&, m = census.member()] { trace.note("r1"); });
    add_writer(*loop, a, [&, m = census.member()] { trace.note("w1"); });
    EXPECT_TRUE(called("r1"));
    EXPECT_TRUE(called("w1"));
    add_reader(*loop, a, [&] { trace.note("r2"); });
    EXPECT_EQ(census.alive(), 1);
    EXPECT_TRUE(called("r2"));
    EXPECT_FALSE(called("r1"));
    EXPECT_TRUE(called("w1"));
    add_writer(*loop, a, [&] { trace.note("w2"); });
    EXPECT_EQ(census.alive(), 0);
    EXPECT_TRUE(called("w2"));
    EXPECT_FALSE(called("w1"));
    EXPECT_TRUE(called("r2"));
    EXPECT_TRUE(remove_reader(*loop, a));
    EXPECT_TRUE(remove_writer(*loop, a));
}

// ---- Removing

TEST_F(RealReadiness, what_was_never_added_cannot_be_removed) {
    EXPECT_FALSE(remove_reader(*loop, a));
    EXPECT_FALSE(remove_writer(*loop, a));
    add_reader(*loop, a, [] {});
    EXPECT_FALSE(remove_writer(*loop, a));
    EXPECT_FALSE(remove_reader(*loop, b));
}

TEST_F(RealReadiness, one_that_is_removed_or_replaced_while_it_is_queued_does_not_run) {
    auto [c, d] = socket_pair();
    auto [e, f] = socket_pair();
    send_now(a, "x");
    send_now(d, "x");
    // All three become ready in one iteration, and whichever is first takes the others out.
    const auto take_all_out = [&, &reading = c, &writing = e] {
        trace.note("first");
        EXPECT_TRUE(remove_reader(*loop, reading));
        EXPECT_TRUE(remove_writer(*loop, writing));
        add_reader(*loop, b, [&] {
            trace.note("new");
            remove_reader(*loop, b);
        });
    };
    Census census;
    add_reader(*loop, c, [&, m = census.member()] { take_all_out(); });
    add_writer(*loop, e, [&, m = census.member()] { take_all_out(); });
    add_reader(*loop, b, [&, m = census.member()] { take_all_out(); });
    iterate(*loop, 5);
    EXPECT_EQ(trace.taken(), "first new");
    EXPECT_EQ(census.alive(), 0);
}

TEST_F(RealReadiness, a_callback_may_remove_and_replace_itself) {
    send_now(b, "x");
    add_reader(*loop, a, [&, text = std::string("a text that stands on the heap")] {
        add_reader(*loop, a, [&] {
            trace.note("second");
            EXPECT_TRUE(remove_reader(*loop, a));
            trace.note("removed");
        });
        trace.note(text.size());
    });
    iterate(*loop, 6);
    EXPECT_EQ(trace.taken(), "30 second removed");
}

TEST_F(RealReadiness, a_descriptor_may_be_closed_right_after_its_removal_and_its_number_used_again) {
    for (int i = 0; i < 10; ++i) {
        testing::OwnPair other = socket_pair();
        const int number = other.a;
        int calls = 0;
        add_reader(*loop, number, [&] { ++calls; });
        if (i % 2 == 0) iterate(*loop, 2);
        EXPECT_TRUE(remove_reader(*loop, number));
        other.a.close();
        other.b.close();
        const testing::OwnPair next = socket_pair();
        EXPECT_EQ(next.a, number);
        int next_calls = 0;
        add_reader(*loop, number, [&, &from = next.a] {
            ++next_calls;
            EXPECT_EQ(receive_now(from), "x");
        });
        send_now(next.b, "x");
        while (next_calls == 0) loop->run_once(10s);
        EXPECT_EQ(next_calls, 1);
        EXPECT_EQ(calls, 0);
        EXPECT_TRUE(remove_reader(*loop, number));
    }
}

TEST_F(RealReadiness, what_a_removed_callback_holds_may_remove_others) {
    struct Remover {
        EventLoop* loop;
        int fd;
        Remover(EventLoop& l, int descriptor) : loop(&l), fd(descriptor) {}
        Remover(Remover&& other) noexcept : loop(other.loop), fd(std::exchange(other.fd, -1)) {}
        ~Remover() {
            if (fd >= 0) remove_writer(*loop, fd);
        }
    };
    add_writer(*loop, a, [&] { trace.note("writer"); });
    add_reader(*loop, a, [remover = Remover(*loop, a)] {});
    EXPECT_TRUE(remove_reader(*loop, a));
    EXPECT_FALSE(remove_writer(*loop, a));
    iterate(*loop, 2);
    EXPECT_EQ(trace.taken(), "");
}

// ---- Context and errors

TEST_F(RealReadiness, it_runs_in_a_copy_of_the_context_in_which_it_was_added) {
    static ContextVar<int> number("number", 0);
    loop->run_until_complete([](int from, int to) -> Coro<> {
        EventLoop& l = get_running_loop();
        number.set(1);
        const Future<> called;
        Trace seen;
        add_reader(l, from, [&] {
            EXPECT_FALSE(current_task());
            seen.note(number.get());
            number.set(number.get() + 1);  // its next call finds it
            if (number.get() < 4) return;
            remove_reader(l, from);
            called.set_result();
        });
        number.set(100);
        send_now(to, "x");
        co_await called;
        EXPECT_EQ(seen.taken(), "1 2 3");
        EXPECT_EQ(number.get(), 100);
    }(a, b));
}

TEST_F(RealReadiness, what_it_throws_goes_to_the_exception_handler_and_it_stays) {
    LoopErrors errors(*loop);
    int calls = 0;
    add_reader(*loop, a, [&] {
        if (++calls == 2) receive_now(a);
        throw RuntimeError("trouble");
    });
    send_now(b, "x");
    while (calls < 2) loop->run_once(10s);
    const std::string error = "Exception in callback | hocket::RuntimeError: trouble";
    EXPECT_EQ(errors.taken(), error + "\n" + error);
    send_now(b, "x");
    while (calls < 3) loop->run_once(10s);
    EXPECT_EQ(errors.taken(), error);
}

TEST_F(RealReadiness, one_that_ends_the_program_ends_the_run) {
    add_reader(*loop, a, [] { throw SystemExit{3}; });
    send_now(b, "x");
    EXPECT_THROW(loop->run_forever(), SystemExit);
    EXPECT_TRUE(remove_reader(*loop, a));
}

TEST_F(RealReadiness, a_descriptor_that_is_closed_beneath_it_is_reported_and_watched_no_more) {
    LoopErrors errors(*loop);
    int calls = 0;
    add_reader(*loop, a, [&] {
        ++calls;
        pair.a.close();
    });
    send_now(b, "x");
    iterate(*loop, 5);
    EXPECT_EQ(calls, 1);
    EXPECT_EQ(errors.taken(), "A descriptor cannot be watched any more | hocket::OSError: watch descriptor " +
                                  std::to_string(a) + ": Bad file descriptor");
    EXPECT_TRUE(remove_reader(*loop, a));
}

TEST_F(RealReadiness, what_cannot_be_watched_is_refused) {
    EXPECT_EQ(thrown_by([&] { add_reader(*loop, -1, [] {}); }), "hocket::ValueError: Invalid file descriptor: -1");
    EXPECT_EQ(thrown_by([&] { add_writer(*loop, -1, [] {}); }), "hocket::ValueError: Invalid file descriptor: -1");
    EXPECT_EQ(thrown_by([&] { remove_reader(*loop, -1); }), "hocket::ValueError: Invalid file descriptor: -1");
    EXPECT_EQ(thrown_by([&] { remove_writer(*loop, -1); }), "hocket::ValueError: Invalid file descriptor: -1");
    pair.a.close();
    EXPECT_EQ(thrown_by([&] { add_reader(*loop, a, [] {}); }),
              "hocket::OSError: watch descriptor " + std::to_string(a) + ": Bad file descriptor");
    EXPECT_EQ(thrown_by([&] { add_writer(*loop, b, nullptr); }),
              "hocket::ValueError: add_writer: there is no callback for descriptor " + std::to_string(b));
    EXPECT_FALSE(remove_writer(*loop, b));
}

TEST_F(RealReadiness, a_wrong_thread_is_refused_in_debug_mode) {
    const std::string wrong = " was called from another thread than the loop's: use call_soon_threadsafe";
    loop->set_debug(true);
    loop->run_until_complete([](int fd, std::string said) -> Coro<> {
        EventLoop& l = get_running_loop();
        add_reader(l, fd, [] {});
        std::thread([&] {
            EXPECT_EQ(thrown_by([&] { add_reader(l, fd, [] {}); }), "hocket::RuntimeError: add_reader" + said);
            EXPECT_EQ(thrown_by([&] { remove_reader(l, fd); }), "hocket::RuntimeError: remove_reader" + said);
        }).join();
        EXPECT_TRUE(remove_reader(l, fd));
        co_return;
    }(a, wrong));
}

// ---- The end of the loop

TEST_F(RealReadiness, the_end_of_the_loop_drops_them_and_leaves_the_descriptors) {
    Census census;
    send_now(b, "x");
    add_reader(*loop, a, [m = census.member()] {});
    add_writer(*loop, a, [m = census.member()] {});
    add_reader(*loop, b, [m = census.member()] {});
    iterate(*loop, 2);
    add_writer(*loop, b, [m = census.member()] {});
    EXPECT_EQ(census.alive(), 4);
    loop->close();
    EXPECT_EQ(census.alive(), 0);
    EXPECT_FALSE(remove_reader(*loop, a));
    EXPECT_FALSE(remove_writer(*loop, a));
    EXPECT_EQ(receive_now(a), "x");
}

TEST_F(RealReadiness, a_closed_loop_takes_none) {
    loop->close();
    const std::string closed = "hocket::RuntimeError: Event loop is closed";
    EXPECT_EQ(thrown_by([&] { add_reader(*loop, a, [] {}); }), closed);
    EXPECT_EQ(thrown_by([&] { add_writer(*loop, a, [] {}); }), closed);
    EXPECT_FALSE(remove_reader(*loop, a));
    EXPECT_FALSE(remove_writer(*loop, a));
}

TEST_F(RealReadiness, they_go_on_in_parent_and_child_after_a_fork) {
    int calls = 0;
    add_reader(*loop, a, [&] {
        receive_now(a);
        ++calls;
    });
    iterate(*loop, 2);
    const auto call_me = [&] {
        send_now(b, "x");
        while (calls == 0) loop->run_once(10s);
        return calls;
    };
    const pid_t child = ::fork();
    if (child == 0) {
        ::alarm(20);
        ::_exit(call_me() == 1 ? 0 : 1);
    }
    int status = -1;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
    EXPECT_EQ(call_me(), 1);
}

TEST(VirtualReadiness, virtual_time_has_no_descriptors) {
    const auto loop = new_event_loop();
    EXPECT_EQ(thrown_by([&] { add_reader(*loop, 0, [] {}); }),
              "hocket::OSError: watch descriptor 0: Operation not supported");
    EXPECT_FALSE(remove_reader(*loop, 0));
}

}  // namespace
}  // namespace hocket
