// SPDX-License-Identifier: MIT
// Connecting: names, errors, addresses of one's own, and cancels.
#include <hocket/net/open_connection.h>

#include <gtest/gtest.h>
#include <hocket/core/sleep.h>
#include <hocket/net/net_test.h>

#include <string>
#include <vector>

using namespace std::chrono_literals;

namespace hocket {
namespace {

using testing::run_net, testing::ending_of, testing::RawPeer;

Coro<> greet(StreamReader, StreamWriter writer) { co_await writer.write("hello"); }

TEST(RealOpenConnection, a_refused_connection_names_the_address) {
    run_net([]() -> Coro<> {
        EXPECT_EQ(co_await ending_of(open_connection("127.0.0.1", 1)),
                  "hocket::OSError: connect to 127.0.0.1:1: Connection refused");
        try {
            co_await open_connection("127.0.0.1", 1);
        } catch (const OSError& e) {
            EXPECT_EQ(e.code(), std::errc::connection_refused);
        }
    }());
}

TEST(RealOpenConnection, a_name_is_resolved) {
    run_net([]() -> Coro<> {
        const Server server = co_await start_server(greet, "127.0.0.1", 0);
        auto [reader, writer] = co_await open_connection("localhost", server.port());
        EXPECT_EQ(co_await reader.read(), "hello");
    }());
}

TEST(RealOpenConnection, a_name_that_does_not_exist_is_an_error) {
    run_net([]() -> Coro<> {
        const std::string end = co_await ending_of(open_connection("no such host", 80));
        EXPECT_TRUE(end.starts_with("hocket::GaiError: resolve no such host: ")) << end;
    }());
}

TEST(RealOpenConnection, every_address_of_a_name_is_tried) {
    run_net([]() -> Coro<> {
        const std::string end = co_await ending_of(open_connection("", 1));  // 127.0.0.1 and ::1
        EXPECT_NE(end.find("127.0.0.1:1: "), std::string::npos) << end;
        EXPECT_NE(end.find("[::1]:1: "), std::string::npos) << end;
    }());
}

TEST(RealOpenConnection, this_sides_address_can_be_chosen) {
    run_net([]() -> Coro<> {
        const Server server = co_await start_server(
            [](StreamReader, StreamWriter w) -> Coro<> { co_await w.write(w.peername().host()); }, "127.0.0.1", 0);
        auto [reader, writer] =
            co_await open_connection("127.0.0.1", server.port(), {.local_address = Address::parse("127.0.0.2:0")});
        EXPECT_EQ(co_await reader.read(), "127.0.0.2");
    }());
}

TEST(RealOpenConnection, the_limit_is_the_readers) {
    run_net([]() -> Coro<> {
        const Server server = co_await start_server(
            [](StreamReader, StreamWriter w) -> Coro<> { co_await w.write("a long line\n"); }, "127.0.0.1", 0);
        auto [reader, writer] = co_await open_connection("127.0.0.1", server.port(), {.limit = 4});
        EXPECT_NE((co_await ending_of(reader.readline())).find("ValueError"), std::string::npos);
    }());
}

TEST(RealOpenConnection, a_limit_of_nothing_is_refused_before_it_connects) {
    run_net([]() -> Coro<> {
        const std::string refused = "hocket::ValueError: Limit cannot be <= 0";
        EXPECT_EQ(co_await ending_of(open_connection("127.0.0.1", 1, {.limit = 0})), refused);
        const Server server = co_await start_server(greet, "127.0.0.1", 0);
        EXPECT_EQ(co_await ending_of(open_connection(server.sockets().at(0), {.limit = 0})), refused);
    }());
}

TEST(RealOpenConnection, a_cancel_closes_what_was_opened) {
    run_net([]() -> Coro<> {
        // A queue that is full: the system answers no further connection.
        const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        RawAddress raw = Address::parse("127.0.0.1:0").raw();
        EXPECT_EQ(bind(fd, raw.get(), raw.size), 0);
        EXPECT_EQ(listen(fd, 0), 0);
        getsockname(fd, raw.get(), &raw.size);
        const Address address = Address::from_raw(raw);
        const RawPeer first(address);
        const Task<Streams> connecting = create_task(open_connection(address));
        co_await hocket::sleep(3ms);
        const bool waited = !connecting.done();
        connecting.cancel();
        EXPECT_EQ(co_await ending_of(connecting), waited ? "hocket::CancelledError" : "nothing");
        close(fd);
    }());
}

TEST(RealOpenConnection, the_loop_may_be_closed_while_it_connects) {
    const auto before = testing::open_descriptors();
    {
        const auto loop = new_event_loop();
        const testing::LoopErrors errors(*loop);  // "Task was destroyed but it is pending!"
        const Task<Streams> connecting = loop->create_task(open_connection(Address::parse("127.0.0.1:1")), {});
        loop->run_once(0s);
        EXPECT_FALSE(connecting.done());
        loop->close();
    }
    EXPECT_EQ(testing::open_descriptors(), before);
}

TEST(VirtualOpenConnection, virtual_time_has_no_network) {
    run([]() -> Coro<> {
        EXPECT_EQ(co_await ending_of(open_connection("127.0.0.1", 80)),
                  "hocket::OSError: open a socket for 127.0.0.1:80: Operation not supported");
    }());
}

}  // namespace
}  // namespace hocket
