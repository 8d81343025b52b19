// SPDX-License-Identifier: MIT
// Calls on sockets that are cancelled, that race, and that the loop's end overtakes: nothing is lost and nothing is left open.
#include <hocket/net/sock_calls.h>

#include <gtest/gtest.h>
#include <hocket/flow/gather.h>
#include <hocket/flow/wait_for.h>
#include <hocket/net/net_test.h>
#include <hocket/net/sockets_test.h>

#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace std::chrono_literals;

namespace hocket {
namespace {

using testing::run_net, testing::ending_of, testing::turns, testing::Own, testing::socket_pair, testing::new_socket,
    testing::bound_socket, testing::listening_socket, testing::sockname_of, testing::send_now, testing::receive_now,
    testing::fill_with_blanks;

using Accepted = std::pair<Descriptor, Address>;

TEST(RealSockCallsCancel, a_call_that_waits_ends_at_once) {
    run_net([]() -> Coro<> {
        auto [a, b] = socket_pair();
        const Task<std::string> receiving = create_task(sock_recv(a, 1));
        get_running_loop().call_soon([receiving] { receiving.cancel(); });
        EXPECT_EQ(co_await ending_of(receiving), "hocket::CancelledError");
        EXPECT_TRUE(receiving.cancelled());
        send_now(b, "x");
        EXPECT_EQ(co_await sock_recv(a, 1), "x");
    }());
}

TEST(RealSockCallsCancel, a_read_takes_the_place_of_one_that_was_just_cancelled) {
    run_net([]() -> Coro<> {
        const Server server = co_await start_server(testing::echo, "127.0.0.1", 0);
        const Own fd = new_socket();
        co_await sock_connect(fd, server.sockets().at(0));
        std::array<char, 1024> buffer{};

        const Task<std::string> receiving = create_task(sock_recv(fd, 1024));
        co_await turns(1);
        receiving.cancel();
        const Task<> sending = create_task(sock_sendall(fd, "one"));
        EXPECT_EQ(co_await sock_recv(fd, 1024), "one");
        EXPECT_TRUE(receiving.cancelled());
        co_await sending;

        const Task<std::size_t> into = create_task(sock_recv_into(fd, buffer));
        co_await turns(1);
        into.cancel();
        const Task<> again = create_task(sock_sendall(fd, "two"));
        const std::size_t n = co_await sock_recv_into(fd, buffer);
        EXPECT_EQ(std::string_view(buffer.data(), n), "two");
        EXPECT_TRUE(into.cancelled());
        co_await again;
    }());
}

Coro<std::string> receive_but_blanks(int fd) {
    std::string all;
    for (;;) {
        const std::string piece = co_await sock_recv(fd, 8192);
        if (piece.empty()) co_return all;
        for (const char c : piece) {
            if (c != ' ') all += c;
        }
    }
}

TEST(RealSockCallsCancel, what_was_cancelled_while_there_was_no_room_is_not_sent) {
    run_net([]() -> Coro<> {
        const Own listener = listening_socket(), fd = new_socket();
        const int little = 1024;
        setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &little, sizeof little);
        co_await sock_connect(fd, sockname_of(listener));
        const Accepted accepted = co_await sock_accept(listener);
        fill_with_blanks(fd);

        const Task<> first = create_task(sock_sendall(fd, "hello"));
        co_await turns(2);
        first.cancel();
        const Task<std::string> receiving = create_task(receive_but_blanks(accepted.first.get()));
        co_await sock_sendall(fd, "world");
        EXPECT_TRUE(first.cancelled());
        ::shutdown(fd, SHUT_WR);
        EXPECT_EQ(co_await receiving, "world");
    }());
}

TEST(RealSockCallsCancel, a_connection_can_be_tried_again) {
    run_net([]() -> Coro<> {
        const Own listener = bound_socket(), fd = new_socket();
        const Address address = sockname_of(listener);
        const Task<> first = create_task(sock_connect(fd, address));
        co_await turns(1);
        first.cancel();
        EXPECT_NE(co_await ending_of(first), "nothing");
        EXPECT_EQ(listen(listener, 1), 0);
        // The system may first tell how the attempt ended.
        std::string end = co_await ending_of(sock_connect(fd, address));
        if (end != "nothing") end = co_await ending_of(sock_connect(fd, address));
        EXPECT_EQ(end, "nothing");
    }());
}

TEST(RealSockCallsCancel, a_connection_that_gets_no_answer_ends_at_once) {
    run_net([]() -> Coro<> {
        const Own listener = listening_socket(0), first = new_socket(), second = new_socket();
        const Address address = sockname_of(listener);
        co_await sock_connect(first, address);  // the queue is full: the system answers no other
        const Task<> connecting = create_task(sock_connect(second, address));
        co_await testing::a_while();
        const bool waited = !connecting.done();
        connecting.cancel();
        EXPECT_EQ(co_await ending_of(connecting), waited ? "hocket::CancelledError" : "nothing");
    }());
}

TEST(RealSockCallsCancel, an_accept_that_timed_out_holds_the_listener_no_more) {
    run_net([]() -> Coro<> {
        Own listener = listening_socket(1);
        const Address address = sockname_of(listener);
        EXPECT_EQ(co_await ending_of(wait_for(sock_accept(listener), 1ms)), "hocket::TimeoutError: timed out");
        listener.close();
        const Own client = new_socket();
        EXPECT_EQ(co_await ending_of(sock_connect(client, address)),
                  "hocket::OSError: connect to " + address.str() + ": Connection refused");
    }());
}

Coro<> receive_and_wait(int fd, std::string& received) {
    received = co_await sock_recv(fd, 10);
    co_await hocket::sleep(0);
    received += ", and was not cancelled";
}

TEST(RealSockCallsCancel, what_has_come_is_delivered_and_the_next_wait_is_cancelled) {
    run_net([]() -> Coro<> {
        auto [a, b] = socket_pair();
        send_now(b, "x");
        std::string received;
        const Task<> task = create_task(receive_and_wait(a, received));
        co_await turns(1);
        task.cancel();  // the call is made by now, or will be before its cancel
        EXPECT_EQ(co_await ending_of(task), "hocket::CancelledError");
        EXPECT_EQ(received, "x");
    }());
}

// Whether the cancel or the connection comes first.
TEST(RealSockCallsCancel, an_accept_that_nobody_takes_leaves_no_connection_open) {
    run_net([]() -> Coro<> {
        const Own listener = listening_socket();
        for (int i = 0; i < 8; ++i) {
            const Task<Accepted> accepting = create_task(sock_accept(listener));
            if (i % 4 > 0) co_await turns(i % 4);
            const Own client = new_socket();
            co_await sock_connect(client, sockname_of(listener));
            accepting.cancel();
            const std::string end = co_await ending_of(accepting);
            EXPECT_TRUE(end == "nothing" || end == "hocket::CancelledError") << end;
        }
    }());
}

TEST(RealSockCallsCancel, several_tasks_wait_on_one_descriptor_and_one_of_them_is_cancelled) {
    run_net([]() -> Coro<> {
        auto [a, b] = socket_pair();
        const Task<std::string> one = create_task(sock_recv(a, 1)), two = create_task(sock_recv(a, 1)),
                                three = create_task(sock_recv(a, 1));
        co_await turns(2);
        two.cancel();
        EXPECT_EQ(co_await ending_of(two), "hocket::CancelledError");
        send_now(b, "xy");
        const std::string first = co_await one, second = co_await three;
        EXPECT_TRUE(first + second == "xy" || first + second == "yx") << first << second;
    }());
}

TEST(RealSockCallsCancel, a_descriptor_may_be_closed_between_calls_and_its_number_used_again) {
    run_net([]() -> Coro<> {
        for (int i = 0; i < 10; ++i) {
            auto [a, b] = socket_pair();
            const Task<std::string> receiving = create_task(sock_recv(a, 1024));
            co_await turns(2);
            if (i % 2 == 0) {
                send_now(b, "few");
                EXPECT_EQ(co_await receiving, "few");
            } else {
                receiving.cancel();
                EXPECT_EQ(co_await ending_of(receiving), "hocket::CancelledError");
            }
        }  // closed, and the next ones have the same numbers
    }());
}

TEST(RealSockCallsCancel, the_loop_may_be_closed_while_they_wait) {
    const auto before = testing::open_descriptors();
    {
        const Own listener = listening_socket();
        auto [a, b] = socket_pair();
        fill_with_blanks(b);
        const auto loop = new_event_loop();
        const testing::LoopErrors errors(*loop);  // "Task was destroyed but it is pending!"
        const Task<Accepted> accepting = loop->create_task(sock_accept(listener));
        const Task<std::string> receiving = loop->create_task(sock_recv(b, 1 << 16));
        const Task<> sending = loop->create_task(sock_sendall(b, "more"));
        loop->run_once(0s);
        loop->run_once(0s);
        loop->close();
        send_now(a, "x");
        EXPECT_EQ(receive_now(b), "x");
    }
    EXPECT_EQ(testing::open_descriptors(), before);
}

}  // namespace
}  // namespace hocket
