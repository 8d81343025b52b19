// SPDX-License-Identifier: MIT
// Connections whose handles, or whose tasks, are there when their loop ends: the same is expected of all kinds of them.
#pragma once

#include <hocket/net/net_test.h>

#include <vector>

namespace hocket::testing {

/// `connect` makes a connection in a loop, which then ends before the handles do.
inline void expect_handles_to_outlive_the_loop(Coro<Connected> (*connect)()) {
    const auto before = open_descriptors();
    {
        std::vector<Connected> kept;
        run([](std::vector<Connected>& k, Coro<Connected> connecting) -> Coro<> {
            k.push_back(co_await std::move(connecting));
            co_await k[0].writer.write("x");
        }(kept, connect()));
        EXPECT_TRUE(kept[0].writer.is_closing());
        EXPECT_EQ(kept[0].writer.fileno(), -1);
        EXPECT_EQ(open_descriptors(), before);
    }
    EXPECT_EQ(open_descriptors(), before);
}

/// A loop is closed, and no Runner ends its tasks before: one reads, one writes, one waits for what another has written.
inline void expect_a_closed_loop_to_leave_nothing(Coro<Connected> (*connect)()) {
    const auto before = open_descriptors();
    {
        const auto loop = new_event_loop();
        loop->set_exception_handler([](EventLoop&, const ErrorContext&) {});  // "Task was destroyed but it is pending!"
        static std::string data;
        data = pattern(much);
        loop->run_until_complete([](Coro<Connected> connecting) -> Coro<> {
            using namespace std::chrono_literals;
            auto c = co_await std::move(connecting);
            create_task([](Connected k) -> Coro<> { co_await k.reader.read(10); }, c);
            create_task([](Connected k) -> Coro<> { co_await k.writer.write(data); }, c);
            create_task(
                [](Connected k) -> Coro<> {
                    k.server_writer.write_nowait(data);
                    co_await k.server_writer.drain();
                },
                c);
            co_await hocket::sleep(2ms);
        }(connect()));
        loop->close();
    }
    EXPECT_EQ(open_descriptors(), before);
}

}  // namespace hocket::testing
