// SPDX-License-Identifier: MIT
// Debug mode (11): calls from a wrong thread, callbacks and steps that take too long.
#include <hocket/core/event_loop.h>

#include <hocket/base/symbols.h>
#include <hocket/io/runner.h>
#include <hocket/io/virtual_backend.h>

#include <tests/support/trace.h>

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

namespace hocket {
namespace {

using namespace std::chrono_literals;
using testing::Reports;
using testing::thrown_by;

// `amain (debug_test.cc:`, or nothing where addresses have no names.
std::string place_without_line(const void* address) {
    const std::string place = code_location(address);
    return place.substr(0, place.find('(') == std::string::npos ? 0 : place.rfind(':') + 1);
}

// 11
TEST(Debug, a_call_from_a_wrong_thread_throws) {
    run([]() -> Coro<> {
        EventLoop& loop = get_running_loop();
        loop.set_debug(true);
        std::string soon, later, threadsafe;
        std::thread([&] {
            soon = thrown_by([&] { loop.call_soon([] {}); });
            later = thrown_by([&] { loop.call_later(1s, [] {}); });
            threadsafe = thrown_by([&] { loop.call_soon_threadsafe([] {}); });
        }).join();
        EXPECT_EQ(
            soon,
            "hocket::RuntimeError: call_soon was called from another thread than the loop's: use call_soon_threadsafe");
        EXPECT_NE(later.find("from another thread"), std::string::npos);
        EXPECT_EQ(threadsafe, "nothing");
        co_return;
    }());
}

// 11
TEST(Debug, a_thread_that_has_a_loop_of_its_own_is_a_wrong_one_for_others) {
    run([]() -> Coro<> {
        EventLoop& loop = get_running_loop();
        loop.set_debug(true);
        std::string soon, later, at;
        std::thread([&] {
            const auto own = new_event_loop();
            own->call_soon([&] {
                soon = thrown_by([&] { loop.call_soon([] {}); });
                later = thrown_by([&] { loop.call_later(1s, [] {}); });
                at = thrown_by([&] { loop.call_at(loop.time(), [] {}); });
            });
            own->run_once(0s);
        }).join();
        for (const std::string& said : {soon, later, at})
            EXPECT_NE(said.find("from another thread than the loop's"), std::string::npos) << said;
        co_return;
    }());
}

// The loop's thread waits meanwhile, so that there is no race.
TEST(Debug, switched_off_no_thread_is_looked_at) {
    testing::Trace trace;
    run([&]() -> Coro<> {
        EventLoop& loop = get_running_loop();
        loop.set_debug(true);
        EXPECT_TRUE(loop.get_debug());
        loop.set_debug(false);
        EXPECT_FALSE(loop.get_debug());
        std::string said;
        std::thread([&] {
            said = thrown_by([&] {
                loop.call_soon([&] { trace.note("soon"); });
                loop.call_later(1ms, [&] { trace.note("later"); });
                loop.call_at(loop.time_after(2ms), [&] { trace.note("at"); });
            });
        }).join();
        EXPECT_EQ(said, "nothing");
        co_await hocket::sleep(5ms);
    }());
    EXPECT_EQ(trace.taken(), "soon later at");
}

// 11
TEST(Debug, a_change_of_a_future_or_handle_on_a_wrong_thread_throws) {
    run([]() -> Coro<> {
        EventLoop& loop = get_running_loop();
        loop.set_debug(true);
        const Future<int> f;
        const auto task = create_task(testing::turns(2));
        Handle soon = loop.call_soon([] {}), later = loop.call_later(1h, [] {});
        std::vector<std::string> said;
        std::thread([&] {
            said = {thrown_by([&] { f.set_result(1); }),
                    thrown_by([&] { f.set_exception(RuntimeError("x")); }),
                    thrown_by([&] { f.add_done_callback([](const Future<int>&) {}); }),
                    thrown_by([&] { f.cancel(); }),
                    thrown_by([&] { task.cancel("x"); }),
                    thrown_by([&] { soon.cancel(); }),
                    thrown_by([&] { later.cancel(); })};
        }).join();
        const char* const calls[] = {"set_result", "set_exception", "add_done_callback", "cancel", "cancel",
                                     "cancel",     "cancel"};
        for (std::size_t i = 0; i < said.size(); ++i) {
            EXPECT_EQ(said[i], std::string("hocket::RuntimeError: ") + calls[i] +
                                   " was called from another thread than the loop's: use call_soon_threadsafe");
        }
        EXPECT_FALSE(f.done());
        EXPECT_FALSE(soon.cancelled());
        co_await task;
        later.cancel();
    }());
}

TEST(Debug, a_loop_that_does_not_run_may_be_prepared_on_any_thread) {
    const auto loop = new_event_loop();
    loop->set_debug(true);
    std::string said;
    std::thread([&] { said = thrown_by([&] { loop->call_soon([&] { loop->stop(); }); }); }).join();
    EXPECT_EQ(said, "nothing");
    const Future<> f(*loop);
    std::thread([&] { said = thrown_by([&] { f.set_result(); }); }).join();
    EXPECT_EQ(said, "nothing");
    loop->run_forever();
}

// 11
TEST(VirtualDebug, slow_steps_and_callbacks_are_reported) {
    Reports reports;
    run(
        [&]() -> Coro<> {
            EventLoop& loop = get_running_loop();
            const auto busy = [&loop](Duration d) { static_cast<VirtualBackend&>(loop.backend()).advance(d.count()); };
            std::string from;
            const auto task = create_task(TaskOptions{.name = "cruncher"}, [busy, &from]() -> Coro<> {
                busy(100ms);  // not longer than the limit
                from = place_without_line(here());
                co_await hocket::sleep(0);
                busy(1234ms);
            });
            co_await task;
            std::string said = reports.taken();
            EXPECT_TRUE(said.starts_with("executing cruncher took 1.234 seconds, from " + from)) << said;
            EXPECT_TRUE(said.ends_with(" on")) << said;
            const std::string created =
                "executing a callback took 0.101 seconds, created at " + place_without_line(here());
            loop.call_soon([busy] { busy(101ms); });
            co_await testing::turns(1);
            said = reports.taken();
            EXPECT_TRUE(said.starts_with(created)) << said;
            const Future<> done;
            done.set_result();
            done.add_done_callback([busy](const Future<>&) { busy(101ms); });
            co_await testing::turns(2);
            said = reports.taken();
            EXPECT_TRUE(said.starts_with(created)) << said;
            loop.slow_callback_duration = 2s;
            loop.call_soon([busy] { busy(1999ms); });
            co_await testing::turns(1);
            EXPECT_EQ(reports.taken(), "");
        }(),
        {.debug = true});
}

TEST(RealDebug, a_slow_callback_is_reported) {
    Reports reports;
    run(
        [&]() -> Coro<> {
            EventLoop& loop = get_running_loop();
            loop.slow_callback_duration = 5ms;
            loop.call_soon([] { std::this_thread::sleep_for(10ms); });
            co_await testing::turns(1);
            EXPECT_TRUE(reports.taken().starts_with("executing a callback took 0.0"));
        }(),
        {.debug = true});
}

TEST(Debug, is_off_unless_asked_for) {
    ::unsetenv("HOCKET_DEBUG");
    EXPECT_FALSE(new_event_loop()->get_debug());
    ::setenv("HOCKET_DEBUG", "", 1);
    EXPECT_FALSE(new_event_loop()->get_debug());
    ::setenv("HOCKET_DEBUG", "0", 1);
    EXPECT_FALSE(new_event_loop()->get_debug());
    ::setenv("HOCKET_DEBUG", "1", 1);
    EXPECT_TRUE(new_event_loop()->get_debug());
    run(
        []() -> Coro<> {
            EXPECT_FALSE(get_running_loop().get_debug());
            co_return;
        }(),
        {.debug = false});
    ::unsetenv("HOCKET_DEBUG");
}

}  // namespace
}  // namespace hocket
